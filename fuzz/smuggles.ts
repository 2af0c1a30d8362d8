/** One input of the corpus. */
export type Smuggle = {
  readonly kind: string;
  readonly name: string;
  /** latin1 */
  readonly bytes: string;
  /** Requests that it holds for a strict reader: a service may see no more, and with 0 it must be refused. */
  readonly requests: number;
  /** `METHOD /path` that may be seen. */
  readonly paths: readonly string[];
};

const INNER = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

const post = (fields: string, body: string): string => `POST /outer HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

function refused(kind: string, name: string, bytes: string): Smuggle {
  return { kind, name, bytes, requests: 0, paths: [] };
}

function passed(kind: string, name: string, bytes: string, paths: readonly string[]): Smuggle {
  return { kind, name, bytes, requests: paths.length, paths };
}

const shown = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Two framings at once. */
function framings(): Smuggle[] {
  const kind = 'content-length beside transfer-encoding';
  const inner = `0\r\n\r\n${INNER}`;
  const length = `Content-Length: ${inner.length}\r\n`;
  return [
    refused(kind, 'CL.TE', post(length + CHUNKED, inner)),
    refused(kind, 'TE.CL', post(CHUNKED + length, inner)),
    refused(kind, 'CL 0 and TE', post(`Content-Length: 0\r\n${CHUNKED}`, inner)),
    refused(kind, 'in HTTP/1.0', post(CHUNKED, inner).replace('HTTP/1.1', 'HTTP/1.0')),
    refused(kind, 'with a GET', post(length + CHUNKED, inner).replace('POST', 'GET')),
    refused(kind, 'on CONNECT', `CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n${length}\r\n${inner}`),
  ];
}

function lengths(): Smuggle[] {
  const kind = 'content-length';
  const wrong = [
    '',
    '-1',
    '+5',
    '0x5',
    '5_0',
    '5.0',
    '5e0',
    '5 5',
    '5;',
    '"5"',
    '5, 6',
    '5,',
    ',5',
    '99999999999999999999',
    '１',
    '5\x00',
    '5\x0b',
    '5\xa0',
    'five',
  ];
  return [
    ...wrong.map((value) =>
      refused(kind, `value ${shown(value)}`, post(`Content-Length: ${value}\r\n`, `hello${INNER}`)),
    ),
    refused(kind, 'two that differ', post('Content-Length: 5\r\nContent-Length: 6\r\n', `hello${INNER}`)),
    refused(
      kind,
      'two that differ, apart',
      post('Content-Length: 0\r\nX: y\r\nContent-Length: 5\r\n', `hello${INNER}`),
    ),
    passed(kind, 'the same twice', post('Content-Length: 5\r\nContent-Length: 5\r\nConnection: close\r\n', 'hello'), [
      'POST /outer',
    ]),
    passed(kind, 'none, with a body behind it', post('', INNER), ['POST /outer', 'GET /smuggled']),
  ];
}

function codings(): Smuggle[] {
  const kind = 'transfer-encoding';
  const inner = `0\r\n\r\n${INNER}`;
  const wrong = [
    '',
    'identity',
    'gzip',
    'chunked, gzip',
    'gzip, chunked',
    'chunked, chunked',
    'xchunked',
    'chunkedx',
    'x chunked',
    'chunked;q=1',
    '"chunked"',
    "'chunked'",
    'chunked,identity',
    '\x0bchunked',
    'chunked\x0b',
    '\x00chunked',
    'chunk\x00ed',
    '\x85chunked',
    '\xa0chunked',
    'chunked\xa0',
    'ch\xfcnked',
  ];
  return [
    ...wrong.map((value) => refused(kind, `value ${shown(value)}`, post(`Transfer-Encoding: ${value}\r\n`, inner))),
    refused(kind, 'twice', post(CHUNKED + CHUNKED, inner)),
    refused(kind, 'twice, one unknown', post(`${CHUNKED}Transfer-Encoding: x\r\n`, inner)),
    refused(kind, 'with a field name in two', post('Transfer\r\n-Encoding: chunked\r\n', inner)),
    refused(kind, 'folded', post('Transfer-Encoding:\r\n chunked\r\n', inner)),
    passed(
      kind,
      'with an underscore is another field',
      post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\nConnection: close\r\n', 'hello'),
      ['POST /outer'],
    ),
    ...[',chunked', 'chunked,', 'CHUNKED', ' \tchunked'].map((value) =>
      passed(
        kind,
        `value ${shown(value)}`,
        post(`Transfer-Encoding: ${value}\r\nConnection: close\r\n`, '5\r\nhello\r\n0\r\n\r\n'),
        ['POST /outer'],
      ),
    ),
  ];
}

function chunks(): Smuggle[] {
  const kind = 'chunks';
  const wrongSizes = [
    '0x5',
    '+5',
    '-5',
    '5_0',
    '',
    ' 5',
    '\t5',
    '5.',
    'g',
    '00000000000000000000005g',
    'fffffffffffffffff',
    '100000000000000000',
    '5\x00',
    '5\x0b',
    '\xb5',
  ];
  const wrongEnds = ['\n', '\r', '\r\r\n', '\n\n'];
  return [
    ...wrongSizes.map((size) =>
      refused(kind, `size ${shown(size)}`, post(CHUNKED, `${size}\r\nhello\r\n0\r\n\r\n${INNER}`)),
    ),
    ...wrongEnds.map((end) =>
      refused(kind, `size line ended by ${shown(end)}`, post(CHUNKED, `5${end}hello\r\n0\r\n\r\n${INNER}`)),
    ),
    ...wrongEnds.map((end) =>
      refused(kind, `data ended by ${shown(end)}`, post(CHUNKED, `5\r\nhello${end}0\r\n\r\n${INNER}`)),
    ),
    refused(kind, 'data longer than its size', post(CHUNKED, `5\r\nhello!\r\n0\r\n\r\n${INNER}`)),
    refused(kind, 'an empty line before the last chunk', post(CHUNKED, `5\r\nhello\r\n\r\n0\r\n\r\n${INNER}`)),
    refused(kind, 'a CR in an extension', post(CHUNKED, `5;a\rb\r\nhello\r\n0\r\n\r\n${INNER}`)),
    refused(kind, 'an LF in an extension', post(CHUNKED, `5;a\n6\r\nhello\r\n0\r\n\r\n${INNER}`)),
    refused(kind, 'an extension without end', post(CHUNKED, `5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n${INNER}`)),
    refused(kind, 'trailers ended by LF', post(CHUNKED, `0\nX: y\n\n${INNER}`)),
    refused(kind, 'a trailer without colon', post(CHUNKED, `0\r\nX\r\n\r\n${INNER}`)),
    passed(kind, 'leading zeros', post(`${CHUNKED}Connection: close\r\n`, '0005\r\nhello\r\n000\r\n\r\n'), [
      'POST /outer',
    ]),
    passed(kind, 'an extension', post(`${CHUNKED}Connection: close\r\n`, '5;a="b\\"c"\r\nhello\r\n0\r\n\r\n'), [
      'POST /outer',
    ]),
    passed(
      kind,
      'framing in trailers',
      post(CHUNKED, `0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${INNER}`),
      ['POST /outer', 'GET /smuggled'],
    ),
  ];
}

function lines(): Smuggle[] {
  const kind = 'line ends and white space';
  const get = 'GET /outer HTTP/1.1';
  const before = ['\x20', '\t', '\x0b', '\x0c', '\x85', '\xa0', '\x00'];
  return [
    ...['\n', '\r', '\r\r\n', '\n\r', '\0\r\n'].map((end) =>
      refused(kind, `start line ended by ${shown(end)}`, `${get}${end}Host: a\r\n\r\n${INNER}`),
    ),
    ...['\n', '\r', '\r\r\n', '\n\r'].map((end) =>
      refused(kind, `field ended by ${shown(end)}`, `${get}\r\nHost: a${end}X: y\r\n\r\n${INNER}`),
    ),
    ...['\n\n', '\r\r', '\r\n\r', '\r\n\n'].map((end) =>
      refused(kind, `head ended by ${shown(end)}`, `${get}\r\nHost: a${end}${INNER}`),
    ),
    ...before.map((space) =>
      refused(
        kind,
        `${shown(space)} before the colon`,
        `${get}\r\nHost: a\r\nContent-Length${space}: ${INNER.length}\r\n\r\n${INNER}`,
      ),
    ),
    ...before.map((space) =>
      refused(kind, `${shown(space)} before the first field`, `${get}\r\n${space}Host: a\r\n\r\n${INNER}`),
    ),
    ...before.map((space) =>
      refused(
        kind,
        `${shown(space)} before a later field`,
        `${get}\r\nHost: a\r\n${space}Content-Length: ${INNER.length}\r\n\r\n${INNER}`,
      ),
    ),
    ...['\0', '\r', '\n'].map((byte) =>
      refused(kind, `${shown(byte)} in a value`, `${get}\r\nHost: a\r\nX: y${byte}Content-Length: 5\r\n\r\n${INNER}`),
    ),
    refused(kind, 'folded value', `${get}\r\nHost: a\r\nX: y\r\n Content-Length: 5\r\n\r\n${INNER}`),
    refused(kind, 'a line without colon', `${get}\r\nHost: a\r\nContent-Length\r\n\r\n${INNER}`),
    refused(kind, 'an empty name', `${get}\r\nHost: a\r\n: 5\r\n\r\n${INNER}`),
    passed(kind, 'bytes above 127 in a value', `${get}\r\nHost: a\r\nX: \x85\xa0\r\nConnection: close\r\n\r\n`, [
      'GET /outer',
    ]),
    passed(
      kind,
      'white space around a value',
      `POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: \t 5\t \r\nConnection: close\r\n\r\nhello`,
      ['POST /outer'],
    ),
  ];
}

function starts(): Smuggle[] {
  const kind = 'start line, target and host';
  const rest = `\r\nHost: a\r\n\r\n${INNER}`;
  const wrong = [
    'GET /outer HTTP/1.10',
    'GET /outer HTTP/1.2',
    'GET /outer HTTP/2.0',
    'GET /outer HTTP/0.9',
    'GET /outer HTTP/1',
    'GET /outer HTTP/01.1',
    'GET /outer HTTP/1.1 ',
    'GET  /outer HTTP/1.1',
    'GET\t/outer HTTP/1.1',
    'GET /outer\tHTTP/1.1',
    'GET /outer',
    'GET',
    ' GET /outer HTTP/1.1',
    'G(T /outer HTTP/1.1',
    'GET /outer http/1.1',
    'GET /outer HTTP/1.1\0',
    'GET /out\x80er HTTP/1.1',
    'GET /outer#x HTTP/1.1',
    'GET outer HTTP/1.1',
    'GET * HTTP/1.1',
    'GET ftp://a/outer HTTP/1.1',
    'GET http://b/outer HTTP/1.1',
    'GET /a b HTTP/1.1',
  ];
  const get = 'GET /outer HTTP/1.1\r\n';
  const hosts = [
    '',
    'Host: a\r\nHost: a\r\n',
    'Host: a\r\nHost: b\r\n',
    'Host: a b\r\n',
    'Host: a/b\r\n',
    'Host: a@b\r\n',
    'Host: a:b\r\n',
    'Host: a,b\r\n',
    'Host : a\r\n',
  ];
  return [
    ...wrong.map((line) => refused(kind, shown(line), line + rest)),
    ...hosts.map((host) => refused(kind, `host ${shown(host)}`, `${get}${host}\r\n${INNER}`)),
    passed(kind, 'absolute form', `GET http://a/outer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, [
      'GET /outer',
    ]),
    passed(kind, 'a method longer than GET', 'GETX /outer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', [
      'GETX /outer',
    ]),
  ];
}

function sequences(): Smuggle[] {
  const kind = 'pipelines and hops';
  const get = 'GET /outer HTTP/1.1\r\nHost: a\r\n';
  return [
    passed(kind, 'two that are good', `${get}\r\n${INNER}`, ['GET /outer', 'GET /smuggled']),
    passed(kind, 'behind `connection: close`', `${get}Connection: close\r\n\r\n${INNER}`, ['GET /outer']),
    passed(kind, 'behind one that is refused', `${get}\r\nGET / HTTP/9.9\r\n\r\n${INNER}`, ['GET /outer']),
    passed(
      kind,
      'a body that looks like a request',
      post(`Content-Length: ${INNER.length}\r\nConnection: close\r\n`, INNER),
      ['POST /outer'],
    ),
    passed(
      kind,
      'a GET with a body that looks like a request',
      `${get}Content-Length: ${INNER.length}\r\nConnection: close\r\n\r\n${INNER}`,
      ['GET /outer'],
    ),
    passed(
      kind,
      'an upgrade to h2c with a request behind it',
      `${get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n${INNER}`,
      ['GET /outer', 'GET /smuggled'],
    ),
    passed(
      kind,
      '`connection` naming framing',
      `POST /outer HTTP/1.1\r\nHost: a\r\nConnection: close, content-length, host, transfer-encoding\r\nContent-Length: 5\r\n\r\nhello`,
      ['POST /outer'],
    ),
    passed(
      kind,
      'an expectation',
      post(`Expect: 100-continue\r\nContent-Length: ${INNER.length}\r\nConnection: close\r\n`, INNER),
      ['POST /outer'],
    ),
    refused(kind, 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  ];
}

/** Every class of reference works on smuggling, made by rule: what one reader takes for an end and another does not. */
export const CORPUS: readonly Smuggle[] = [
  framings(),
  lengths(),
  codings(),
  chunks(),
  lines(),
  starts(),
  sequences(),
].flat();
