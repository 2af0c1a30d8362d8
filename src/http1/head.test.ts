import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFault } from './fault.ts';
import {
  HEAD_LIMITS,
  parseRequestHead,
  parseResponseHead,
  parseTrailers,
  type RequestMemory,
  type ResponseMemory,
} from './head.ts';
import { CHANGING, HeadMemory } from './head-memory.ts';

/** The word a request head is refused with, or `ok`. */
function requestWord(text: string): string {
  const head = parseRequestHead(text);
  return isFault(head) ? head.word : 'ok';
}

function responseWord(text: string): string {
  const head = parseResponseHead(text);
  return isFault(head) ? head.word : 'ok';
}

test('a request head is read into method, target, version and lower-case fields in their order', () => {
  const text = 'POST /v1/chat?x=1 HTTP/1.1\r\nHost: a\r\nX-Odd:\t v  w \t\r\nx-odd:2\r\nEmpty:\r\n\r\n';
  const expected = {
    method: 'POST',
    target: '/v1/chat?x=1',
    minorVersion: 1,
    fields: ['host', 'a', 'x-odd', 'v  w', 'x-odd', '2', 'empty', ''],
  };
  assert.deepEqual(parseRequestHead(text), expected);
  assert.deepEqual(parseRequestHead(text.slice(0, -4)), expected);
});

test('a head without fields is whole', () => {
  assert.deepEqual(parseRequestHead('OPTIONS * HTTP/1.0\r\n\r\n'), {
    method: 'OPTIONS',
    target: '*',
    minorVersion: 0,
    fields: [],
  });
  assert.deepEqual(parseResponseHead('HTTP/1.1 204 No Content'), {
    status: 204,
    reason: 'No Content',
    minorVersion: 1,
    fields: [],
  });
});

const START_LINES: readonly (readonly [string, string])[] = [
  ['GET / HTTP/1.1', 'ok'],
  ['GET / HTTP/1.0', 'ok'],
  ['M-SEARCH * HTTP/1.1', 'ok'],
  ['GET /a|b{c}"<>\\^` HTTP/1.1', 'ok'],
  ['GET  / HTTP/1.1', 'start-line'],
  ['GET /  HTTP/1.1', 'start-line'],
  ['GET / HTTP/1.1 ', 'start-line'],
  ['GET / HTTP/1.10', 'start-line'],
  ['GET / HTTP/1.', 'start-line'],
  ['GET / http/1.1', 'start-line'],
  ['GET / HTTP 1.1', 'start-line'],
  ['GET / ', 'start-line'],
  ['GET /', 'start-line'],
  ['GET ', 'start-line'],
  ['GET', 'method'],
  ['', 'method'],
  [' GET / HTTP/1.1', 'method'],
  ['G@T / HTTP/1.1', 'method'],
  ['"GET" / HTTP/1.1', 'method'],
  ['GET\t/ HTTP/1.1', 'method'],
  ['GÉT / HTTP/1.1', 'method'],
  ['GET /\tHTTP/1.1', 'target'],
  ['GET /a\tb HTTP/1.1', 'target'],
  ['GET /é HTTP/1.1', 'target'],
  ['GET /#x HTTP/1.1', 'target'],
  ['GET /a b HTTP/1.1', 'start-line'],
  ['GET / HTTP/2.0', 'version'],
  ['GET / HTTP/0.9', 'version'],
  ['GET / HTTP/1.2', 'version'],
  ['PRI * HTTP/2.0', 'version'],
  [`${'A'.repeat(25)} / HTTP/1.1`, 'method-length'],
  [`GET /${'a'.repeat(HEAD_LIMITS.targetBytesMax)} HTTP/1.1`, 'target-length'],
  [`GET /${'a'.repeat(HEAD_LIMITS.targetBytesMax - 1)} HTTP/1.1`, 'ok'],
];

for (const [line, word] of START_LINES) {
  test(`the request line ${JSON.stringify(line.slice(0, 40))} is ${word}`, () => {
    assert.equal(requestWord(`${line}\r\n\r\n`), word);
    assert.equal(requestWord(`${line}\r\nHost: a\r\n\r\n`), word);
  });
}

/** Field lines with what each side makes of them: requests as the first word, responses as the second where they differ. */
const FIELD_LINES: readonly (readonly [string, string, string?])[] = [
  ['a:b', 'ok'],
  ['a:', 'ok'],
  ['a: \t ', 'ok'],
  ['a: b: c', 'ok'],
  ['a: \x80\xff', 'ok'],
  ["!#$%&'*+-.^_`|~09Az: tokens", 'ok'],
  ['a : b', 'space-before-colon', 'ok'],
  ['a\t: b', 'space-before-colon', 'ok'],
  [' a: b', 'obs-fold'],
  ['\ta: b', 'obs-fold'],
  ['x: 1\r\n folded', 'obs-fold'],
  ['x: 1\r\n\tfolded', 'obs-fold'],
  [' ', 'obs-fold'],
  [': b', 'field-name'],
  ['a b: c', 'field-name'],
  ['a(b): c', 'field-name'],
  ['a\xe9: c', 'field-name'],
  ['a\x85: c', 'field-name'],
  ['a\xa0: c', 'field-name'],
  ['"a": c', 'field-name'],
  ['a[0]: c', 'field-name'],
  ['a', 'no-colon'],
  ['a b', 'no-colon'],
  ['a\r\nb: c', 'no-colon'],
  ['a: b\0c', 'control'],
  ['a\0: b', 'control'],
  ['a: \x0bchunked', 'control'],
  ['a: \x0cchunked', 'control'],
  ['a: b\x7f', 'control'],
  ['a: b\x1b[0m', 'control'],
  ['a: b\rc: d', 'bare-cr'],
  ['a: b\r', 'bare-cr'],
  ['a: b\r\r\nc: d', 'bare-cr'],
  ['a\r: b', 'bare-cr'],
  ['\ra: b', 'bare-cr'],
  ['a: b\nc: d', 'bare-lf'],
  ['\na: b', 'bare-lf'],
  ['a: b\n', 'bare-lf'],
  ['a\n: b', 'bare-lf'],
];

for (const [line, word, inResponse = word] of FIELD_LINES) {
  test(`the field line ${JSON.stringify(line)} is ${word} in a request, ${inResponse} in a response`, () => {
    for (const around of [line, `Host: a\r\n${line}`, `${line}\r\nHost: a`, `Host: a\r\n${line}\r\nAccept: b`]) {
      assert.equal(requestWord(`GET / HTTP/1.1\r\n${around}\r\n\r\n`), word, around);
      assert.equal(responseWord(`HTTP/1.1 200 OK\r\n${around}\r\n\r\n`), inResponse, around);
    }
  });
}

const STATUS_LINES: readonly (readonly [string, string])[] = [
  ['HTTP/1.1 200 OK', 'ok'],
  ['HTTP/1.0 200 OK', 'ok'],
  ['HTTP/1.1 200 ', 'ok'],
  ['HTTP/1.1 200', 'ok'],
  ['HTTP/1.1 200 Très bien, merci', 'ok'],
  ['HTTP/1.1 999 x', 'ok'],
  ['HTTP/1.1 099 x', 'status'],
  ['HTTP/1.1 20 OK', 'status'],
  ['HTTP/1.1 2000 OK', 'status'],
  ['HTTP/1.1 20x OK', 'status'],
  ['HTTP/1.1 -20 OK', 'status'],
  ['HTTP/1.1 200OK', 'status'],
  ['HTTP/1.1  200 OK', 'status'],
  ['HTTP/1.1', 'start-line'],
  ['HTTP/1.1200 OK', 'start-line'],
  ['HTTP/2.0 200 OK', 'version'],
  ['ICY 200 OK', 'start-line'],
  [' HTTP/1.1 200 OK', 'start-line'],
  ['<html>', 'start-line'],
  ['', 'start-line'],
];

for (const [line, word] of STATUS_LINES) {
  test(`the status line ${JSON.stringify(line)} is ${word}`, () => {
    assert.equal(responseWord(`${line}\r\n\r\n`), word);
    assert.equal(responseWord(`${line}\r\nServer: a\r\n\r\n`), word);
  });
}

test('white space before a colon is dropped from a response', () => {
  const head = parseResponseHead('HTTP/1.1 200 OK\r\nContent-Length \t: 5\r\n\r\n');
  assert.deepEqual(isFault(head) ? head : head.fields, ['content-length', '5']);
});

test('as many fields as the limit are read, one more is refused', () => {
  const head = (count: number) => `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(count)}\r\n`;
  assert.equal(requestWord(head(HEAD_LIMITS.fieldsMax)), 'ok');
  assert.equal(requestWord(head(HEAD_LIMITS.fieldsMax + 1)), 'fields');
  const memory: RequestMemory = new HeadMemory();
  parseRequestHead(head(3), HEAD_LIMITS, memory);
  const bounded = parseRequestHead(head(4), { ...HEAD_LIMITS, fieldsMax: 3 }, memory);
  assert.equal(isFault(bounded) && bounded.word, 'fields');
  const remembered = parseRequestHead(head(3), { ...HEAD_LIMITS, fieldsMax: 2 }, memory);
  assert.equal(isFault(remembered) && remembered.word, 'fields');
});

test('trailers are read by the rules of field lines', () => {
  assert.deepEqual(parseTrailers('A: 1\r\nb:2\r\n\r\n', 8), ['a', '1', 'b', '2']);
  for (const [text, word] of [
    ['a : 1\r\n\r\n', 'space-before-colon'],
    [' a: 1\r\n\r\n', 'obs-fold'],
    ['a: 1\nb: 2\r\n\r\n', 'bare-lf'],
    ['a: \0\r\n\r\n', 'control'],
    ['a: 1\r\nb: 2\r\n\r\n', 'fields'],
  ] as const) {
    const trailers = parseTrailers(text, 1);
    assert.equal(isFault(trailers) && trailers.word, word, text);
  }
});

const fieldName = fc.constantFrom('Host', 'content-length', 'X-Odd', 'ACCEPT', 'a', 'Cookie');
const fieldValue = fc.stringMatching(/^[a-z0-9 :;=\t,\x80-\xff]{0,20}$/);
const headText = fc
  .tuple(
    fc.constantFrom('GET / HTTP/1.1', 'POST /x HTTP/1.0'),
    fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 30 }),
  )
  .map(([line, lines]) => `${line}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);

test('the memory of former heads never changes what is read', () => {
  const broken = fc
    .tuple(headText, fc.nat(), fc.constantFrom('\0', '\r', '\n', ' ', ':', 'x'))
    .map(([text, at, insert]) => {
      const cut = at % text.length;
      return `${text.slice(0, cut)}${insert}${text.slice(cut)}`;
    });
  fc.assert(
    fc.property(fc.array(fc.oneof(headText, broken), { minLength: 2, maxLength: 6 }), (kinds) => {
      // Repeated, as peers do, and with one line that differs.
      const texts = kinds.flatMap((text) => [
        text,
        text,
        text.replace('content-length: ', 'content-length: 1'),
        text.replace('/', '/y'),
      ]);
      const memory: RequestMemory = new HeadMemory();
      for (const text of texts) {
        assert.deepEqual(parseRequestHead(text, HEAD_LIMITS, memory), parseRequestHead(text));
      }
      const answers: ResponseMemory = new HeadMemory();
      for (const text of texts) {
        const answer = text.replace(/^[A-Z]+ \S* (HTTP\/1\.\d)/, '$1 200 OK');
        assert.deepEqual(parseResponseHead(answer, HEAD_LIMITS, answers), parseResponseHead(answer));
      }
    }),
    { numRuns: 300 },
  );
});

test('a repeated head takes its lines from memory, and each head has a list of fields of its own', () => {
  const memory: RequestMemory = new HeadMemory();
  const text = (length: number) =>
    `GET / HTTP/1.1\r\nHost: a\r\nAccept: *\r\nContent-Length: ${length}\r\nX-Last: z\r\n\r\n`;
  const first = parseRequestHead(text(1), HEAD_LIMITS, memory);
  const second = parseRequestHead(text(2), HEAD_LIMITS, memory);
  const third = parseRequestHead(text(3), HEAD_LIMITS, memory);
  assert.ok(!isFault(first) && !isFault(second) && !isFault(third));
  second.fields.push('x', 'y');
  assert.deepEqual(third.fields, ['host', 'a', 'accept', '*', 'content-length', '3', 'x-last', 'z']);
  assert.deepEqual(memory.runs, [
    { text: '\r\nHost: a\r\nAccept: *\r\n', fields: ['host', 'a', 'accept', '*'] },
    CHANGING,
    { text: '\r\nX-Last: z\r\n', fields: ['x-last', 'z'] },
  ]);
});

test('a head of another kind is learnt in the place of the first, a few times', () => {
  const memory: RequestMemory = new HeadMemory();
  const text = (kind: number) => `GET / HTTP/1.1\r\na: ${kind}\r\nb: ${kind}\r\nc: ${kind}\r\nd: same\r\n\r\n`;
  for (const kind of [1, 2, 2]) parseRequestHead(text(kind), HEAD_LIMITS, memory);
  assert.deepEqual(
    memory.runs.map(({ fields }) => fields),
    [['a', '2', 'b', '2', 'c', '2', 'd', 'same']],
  );
  for (let kind = 3; kind < 20; kind += 1) parseRequestHead(text(kind), HEAD_LIMITS, memory);
  assert.deepEqual(
    memory.runs.map(({ fields }) => fields),
    [[], [], [], ['d', 'same']],
  );
});

test('no text, however strange, makes the parser throw', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('GET ', '/', ' HTTP/1.1', '\r\n', '\r', '\n', ':', ' ', 'a', '\0', '\xff'), {
        maxLength: 30,
      }),
      (pieces) => {
        const text = pieces.join('');
        parseRequestHead(text);
        parseResponseHead(text);
        parseTrailers(text, 4);
      },
    ),
  );
});

test('a repeated start line gives the same texts, another one its own, and one that is not whole nothing', () => {
  const memory: RequestMemory = new HeadMemory();
  const lineOf = (text: string): string => {
    const head = parseRequestHead(text, HEAD_LIMITS, memory);
    return isFault(head) ? head.word : `${head.method} ${head.target} ${head.minorVersion}`;
  };
  assert.equal(lineOf('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'), 'GET /a 1');
  assert.equal(lineOf('GET /a HTTP/1.1\r\nHost: b\r\n\r\n'), 'GET /a 1');
  assert.equal(memory.start?.text, 'GET /a HTTP/1.1\r\n');
  assert.equal(lineOf('GET /a HTTP/1.10\r\nHost: a\r\n\r\n'), 'start-line');
  assert.equal(lineOf('GET /a HTTP/1.1\r\n\r\n'), 'GET /a 1');
  assert.equal(lineOf('GET /a HTTP/1.1\r\n\0: a\r\n\r\n'), 'control');
  assert.equal(lineOf('POST /b HTTP/1.0\r\n\r\n'), 'POST /b 0');
  assert.equal(lineOf('POST /b HTTP/1.0\r\n\r\n'), 'POST /b 0');
});
