import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { playedServer } from './played-callers.testing.ts';
import { statusesIn } from './raw-caller.testing.ts';

/** What a connection came to: the requests handed over with their bodies, and the statuses sent. */
type Course = {
  readonly requests: readonly string[];
  readonly statuses: readonly number[];
  readonly isClosed: boolean;
  /** The words of refusals. */
  readonly words: readonly string[];
};

/** Plays the pieces to a server that reads every body and answers 200. */
async function courseOf(pieces: readonly string[]): Promise<Course> {
  const requests: string[] = [];
  const { call } = await playedServer((request, response) => {
    let body = '';
    request.read({
      part: (bytes) => {
        body += Buffer.from(bytes).toString('latin1');
      },
      end() {
        requests.push(`${request.method} ${request.target} ${body}`);
        response.send(200, ['date', 'x'], '');
      },
      fail: ({ word }) => requests.push(`${request.method} ${request.target} failed: ${word}`),
    });
  });
  const wire = call();
  for (const piece of pieces) wire.says(piece);
  const words = [...wire.sent.matchAll(/close\r\n\r\n([a-z-]+[0-9.]*)/g)].map((match) => match[1] ?? '');
  return { requests, statuses: statusesIn(wire.sent), isClosed: wire.isHalfClosed, words };
}

const POST = 'POST /one HTTP/1.1\r\nHost: a\r\n';
/** The request that a smuggler would have us, or whoever stands behind us, see. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

/**
 * The classes of the smuggling corpus. Each is a request with a second one hidden where a lax reader would find it; what is refused closes
 * the connection, so that the hidden one is never read.
 */
const REFUSED: readonly (readonly [string, string, number])[] = [
  // Length against chunks
  ['CL.TE', `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE.CL', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n${HIDDEN}\r\n0\r\n\r\n`, 400],
  ['CL.0', `${POST}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${HIDDEN}`, 400],
  ['CL.CL', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello${HIDDEN}`, 400],
  ['CL list', `${POST}Content-Length: 5, 6\r\n\r\nhello${HIDDEN}`, 400],
  ['CL empty', `${POST}Content-Length:\r\n\r\n${HIDDEN}`, 400],
  ['CL sign', `${POST}Content-Length: +5\r\n\r\nhello${HIDDEN}`, 400],
  ['CL minus', `${POST}Content-Length: -1\r\n\r\n${HIDDEN}`, 400],
  ['CL underscore', `${POST}Content-Length: 1_0\r\n\r\nhello${HIDDEN}`, 400],
  ['CL hex', `${POST}Content-Length: 0x5\r\n\r\nhello${HIDDEN}`, 400],
  ['CL wraps at 64 bits', `${POST}Content-Length: 18446744073709551621\r\n\r\nhello${HIDDEN}`, 400],
  ['CL with a space inside', `${POST}Content-Length: 5 0\r\n\r\nhello${HIDDEN}`, 400],
  // Names of transfer codings
  ['TE xchunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE identity', `${POST}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`, 400],
  ['TE chunked twice', `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE on two lines', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE ,chunked', `${POST}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE not last', `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE unknown', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 501],
  ['TE in HTTP/1.0', `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['TE quoted', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  // White space and control characters about a name or value
  ...[' ', '\t', '\x0b', '\x0c', '\x85', '\xa0', '\0'].flatMap((space): [string, string, number][] => [
    [
      `space ${JSON.stringify(space)} before colon`,
      `${POST}Transfer-Encoding${space}: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
      400,
    ],
    [
      `space ${JSON.stringify(space)} at line start`,
      `${POST}${space}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
      400,
    ],
  ]),
  ...['\x0b', '\x0c', '\x85', '\xa0', '\0', '\x7f'].map((space): [string, string, number] => [
    `${JSON.stringify(space)} before the value`,
    `${POST}Transfer-Encoding: ${space}chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    400,
  ]),
  ['a folded value', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['space before the first field', `POST / HTTP/1.1\r\n Host: a\r\n\r\n${HIDDEN}`, 400],
  ['an empty name', `${POST}: chunked\r\n\r\n${HIDDEN}`, 400],
  ['no colon', `${POST}Transfer-Encoding chunked\r\n\r\n${HIDDEN}`, 400],
  // Line ends
  ['LF for CRLF', `${POST.replaceAll('\r\n', '\n')}\n${HIDDEN}`, 400],
  ['one bare LF', `${POST}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['one bare CR', `${POST}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['CR CR LF', `${POST}X: y\r\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['LF LF in the head', `${POST}X: y\n\n${HIDDEN}`, 400],
  // Start lines
  ['HTTP/0.9', `GET /one\r\n${HIDDEN}`, 400],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['version of two digits', `POST / HTTP/1.10\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
  ['a space in the target', `POST /a b HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
  ['a tab for a space', `POST\t/\tHTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
  ['a NUL in the method', `PO\0ST / HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
  ['five empty lines', `\r\n\r\n\r\n\r\n\r\n${HIDDEN}`, 400],
  ['two hosts', `${POST}Host: b\r\n\r\n${HIDDEN}`, 400],
  ['no host', `POST / HTTP/1.1\r\n\r\n${HIDDEN}`, 400],
  ['another host in the target', `GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`, 400],
  ['a CONNECT with a body', `CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${HIDDEN}`, 400],
];

for (const [name, text, status] of REFUSED) {
  test(`${name} is refused with ${status}, and what is hidden behind it is not read`, async () => {
    const course = await courseOf([text]);
    assert.deepEqual([course.requests, course.statuses, course.isClosed, course.words.length], [[], [status], true, 1]);
    assert.deepEqual(await courseOf([...text]), course);
  });
}

const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

/** Chunked bodies that break in the middle: the request fails, and the connection with it. */
const BROKEN_BODIES: readonly (readonly [string, string, number])[] = [
  ['size 0x', `0x5\r\nhello\r\n0\r\n\r\n`, 400],
  ['size with underscore', `1_0\r\nhello\r\n0\r\n\r\n`, 400],
  ['size with sign', `+5\r\nhello\r\n0\r\n\r\n`, 400],
  ['size negative', `-5\r\nhello\r\n0\r\n\r\n`, 400],
  ['size empty', `\r\nhello\r\n0\r\n\r\n`, 400],
  ['size with space', `5 \r\nhello\r\n0\r\n\r\n`, 400],
  ['size wraps at 64 bits', `10000000000000005\r\nhello\r\n0\r\n\r\n`, 400],
  ['size wraps at 32 bits', `100000005;\r\nhello\r\n0\r\n\r\n`, 413],
  ['CR inside an extension', `5;a\rb\r\nhello\r\n0\r\n\r\n`, 400],
  ['LF inside an extension', `5;a\nb\r\nhello\r\n0\r\n\r\n`, 400],
  ['LF ends the size line', `5\nhello\r\n0\r\n\r\n`, 400],
  ['no line end behind the data', `5\r\nhelloX0\r\n\r\n`, 400],
  ['two CRLFs before the last chunk', `5\r\nhello\r\n\r\n0\r\n\r\n`, 400],
  ['LF ends the last chunk', `0\r\n\n`, 400],
  ['a folded trailer', `0\r\nA: b\r\n c\r\n\r\n`, 400],
  ['extensions without end', `1;${'x'.repeat(5000)}\r\na\r\n0\r\n\r\n`, 413],
  ['trailers without end', `0\r\n${'A: b\r\n'.repeat(5000)}\r\n`, 431],
];

for (const [name, body, status] of BROKEN_BODIES) {
  test(`a body with ${name} fails with ${status}, and nothing behind it is read`, async () => {
    const text = `${CHUNKED}${body}${HIDDEN}`;
    const course = await courseOf([text]);
    assert.deepEqual([course.statuses, course.isClosed, course.requests.length], [[status], true, 1]);
    assert.match(course.requests[0] ?? '', /^POST \/one failed: /);
    assert.deepEqual(await courseOf([...text]), course);
  });
}

/** What looks odd but is well framed: read as one meaning, and the request behind it is the next. */
const TAKEN: readonly (readonly [string, string, string])[] = [
  ['the same length twice', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'hello'],
  ['a list of one length', `${POST}Content-Length: 5,5\r\n\r\nhello`, 'hello'],
  ['leading zeros', `${POST}Content-Length: 0005\r\n\r\nhello`, 'hello'],
  ['a request in a body', `${POST}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`, HIDDEN],
  ['a request in a chunk', `${CHUNKED}${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`, HIDDEN],
  ['a coding in capitals', `${POST}tRANSFER-eNCODING: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'hello'],
  ['space about a value', `${POST}Transfer-Encoding:\t chunked \t\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'hello'],
  ['zeros before a chunk size', `${CHUNKED}0005\r\nhello\r\n000\r\n\r\n`, 'hello'],
  ['an extension that looks like an end', `${CHUNKED}5;0\r\nhello\r\n0;5\r\n\r\n`, 'hello'],
  ['a length in the trailers', `${CHUNKED}5\r\nhello\r\n0\r\nContent-Length: 100\r\n\r\n`, 'hello'],
  ['a body on GET', `GET /one HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`, 'hello'],
  [
    'another field named like it',
    `${POST}X-Transfer-Encoding: chunked\r\nContent_Length: 9\r\nContent-Length: 5\r\n\r\nhello`,
    'hello',
  ],
];

for (const [name, text, body] of TAKEN) {
  test(`${name} is one request, and the next is the one behind it`, async () => {
    const course = await courseOf([text + HIDDEN]);
    assert.deepEqual(course.statuses, [200, 200]);
    assert.match(course.requests[0] ?? '', /^(POST|GET) \/one /);
    assert.equal(course.requests[0]?.slice(course.requests[0].indexOf('/one ') + 5), body);
    assert.equal(course.requests[1], 'GET /hidden ');
    assert.deepEqual(await courseOf([...(text + HIDDEN)]), course);
  });
}

const GOOD = [
  `${POST}Content-Length: 5\r\n\r\nhello`,
  `${CHUNKED}5\r\nhello\r\n0\r\nT: u\r\n\r\n`,
  'GET /two HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n',
  'HEAD /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
];
const TRICKS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '0',
  '5',
  ';',
  'x',
  '\x16',
  '\xff',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  HIDDEN,
];

test('a spoilt session: the same course however it is cut, one answer a request, nothing after a refusal', async () => {
  const spoilt = fc
    .tuple(
      fc.array(fc.constantFrom(...GOOD), { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...TRICKS), fc.constantFrom(0, 0, 1, 3)), { maxLength: 3 }),
    )
    .map(([parts, changes]) =>
      changes.reduce((text, [at, trick, removed]) => {
        const cut = at % text.length;
        return text.slice(0, cut) + trick + text.slice(cut + removed);
      }, parts.join('')),
    );
  await fc.assert(
    fc.asyncProperty(
      spoilt,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      async (text, lengths) => {
        const course = await courseOf([text]);
        const pieces: string[] = [];
        let at = 0;
        for (let i = 0; at < text.length; i += 1) {
          const length = lengths[i % lengths.length] ?? 1;
          pieces.push(text.slice(at, at + length));
          at += length;
        }
        assert.deepEqual(await courseOf(pieces), course);
        const refusals = course.statuses.filter((status) => status >= 400);
        assert.ok(refusals.length <= 1 && course.statuses.slice(0, -1).every((status) => status === 200));
        assert.equal(refusals.length === 1, course.statuses.at(-1) !== 200 && course.statuses.length > 0);
        if (refusals.length === 1) assert.equal(course.isClosed, true);
        const answered = course.requests.filter((request) => !request.includes(' failed: '));
        assert.equal(answered.length, course.statuses.filter((status) => status === 200).length);
      },
    ),
    { numRuns: 400 },
  );
});
