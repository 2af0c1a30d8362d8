import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeadFault, isFault } from './fault.ts';
import { type Framing, requestFraming, responseFraming } from './framing.ts';

function said(framing: Framing | HeadFault): string {
  if (isFault(framing)) return `${framing.word} ${framing.status}`;
  return framing.kind === 'length' ? `length ${framing.length}` : framing.kind;
}

/** Fields of a request, and what its body is by RFC 9112 §6. */
const REQUESTS: readonly (readonly [readonly string[], string])[] = [
  [[], 'none'],
  [['content-length', '0'], 'length 0'],
  [['content-length', '5'], 'length 5'],
  [['content-length', '005'], 'length 5'],
  [['content-length', '999999999999999'], 'length 999999999999999'],
  [['content-length', '9999999999999999'], 'content-length 400'],
  [['content-length', '18446744073709551621'], 'content-length 400'],
  [['content-length', ''], 'content-length 400'],
  [['content-length', '+5'], 'content-length 400'],
  [['content-length', '-5'], 'content-length 400'],
  [['content-length', '0x5'], 'content-length 400'],
  [['content-length', '5_0'], 'content-length 400'],
  [['content-length', '5 0'], 'content-length 400'],
  [['content-length', '5.0'], 'content-length 400'],
  [['content-length', '5e1'], 'content-length 400'],
  [['content-length', '"5"'], 'content-length 400'],
  [['content-length', '\u00b2'], 'content-length 400'],
  [['content-length', '5,'], 'content-length 400'],
  [['content-length', ',5'], 'content-length 400'],
  [['content-length', '5, 5'], 'length 5'],
  [['content-length', '5, 6'], 'content-lengths 400'],
  [['content-length', '5', 'content-length', '5'], 'length 5'],
  [['content-length', '5', 'content-length', '05'], 'content-lengths 400'],
  [['content-length', '5', 'content-length', '6'], 'content-lengths 400'],
  [['content-length', '5', 'content-length', ''], 'content-lengths 400'],
  [['transfer-encoding', 'chunked'], 'chunked'],
  [['transfer-encoding', 'Chunked'], 'chunked'],
  [['transfer-encoding', 'CHUNKED'], 'chunked'],
  [['transfer-encoding', 'chunked', 'content-length', '5'], 'length-and-chunked 400'],
  [['content-length', '5', 'transfer-encoding', 'chunked'], 'length-and-chunked 400'],
  [['content-length', '5', 'transfer-encoding', 'identity'], 'length-and-chunked 400'],
  [['content-length', '5', 'transfer-encoding', ''], 'length-and-chunked 400'],
  [['transfer-encoding', ''], 'transfer-encoding 400'],
  [['transfer-encoding', 'identity'], 'transfer-encoding 400'],
  [['transfer-encoding', 'gzip'], 'transfer-encoding 400'],
  [['transfer-encoding', 'xchunked'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunkedx'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked;a=b'], 'transfer-encoding 400'],
  [['transfer-encoding', '"chunked"'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked '.trim()], 'chunked'],
  [['transfer-encoding', ',chunked'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked,'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked, chunked'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked', 'transfer-encoding', 'chunked'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked', 'transfer-encoding', 'identity'], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked', 'transfer-encoding', ''], 'transfer-encoding 400'],
  [['transfer-encoding', 'chunked, gzip'], 'transfer-encoding 400'],
  [['transfer-encoding', 'a b, chunked'], 'transfer-encoding 400'],
  [['transfer-encoding', '\x80, chunked'], 'transfer-encoding 400'],
  [['transfer-encoding', 'gzip, chunked'], 'transfer-coding 501'],
  [['transfer-encoding', 'gzip', 'transfer-encoding', 'chunked'], 'transfer-coding 501'],
  [['transfer-encoding', 'identity, chunked'], 'transfer-coding 501'],
  [['transfer-encoding', 'foo;q="1", chunked'], 'transfer-coding 501'],
];

for (const [fields, expected] of REQUESTS) {
  test(`a request with ${JSON.stringify(fields)} is ${expected}`, () => {
    assert.equal(said(requestFraming('POST', 1, fields)), expected);
  });
}

test('a transfer coding in HTTP/1.0 is refused on both sides', () => {
  assert.equal(said(requestFraming('POST', 0, ['transfer-encoding', 'chunked'])), 'transfer-encoding-1.0 400');
  assert.equal(said(responseFraming('GET', 200, 0, ['transfer-encoding', 'chunked'])), 'transfer-encoding-1.0 400');
});

test('a CONNECT has no body', () => {
  assert.equal(said(requestFraming('CONNECT', 1, [])), 'none');
  assert.equal(said(requestFraming('CONNECT', 1, ['content-length', '0'])), 'length 0');
  assert.equal(said(requestFraming('CONNECT', 1, ['content-length', '1'])), 'connect-body 400');
  assert.equal(said(requestFraming('CONNECT', 1, ['transfer-encoding', 'chunked'])), 'connect-body 400');
});

test('a response has no body where its request or status says so, whatever its fields say', () => {
  const fields = ['content-length', '5'];
  const without: readonly (readonly [string, number])[] = [
    ['HEAD', 200],
    ['HEAD', 404],
    ['GET', 100],
    ['GET', 103],
    ['GET', 204],
    ['GET', 304],
    ['CONNECT', 200],
  ];
  for (const [method, status] of without) assert.equal(said(responseFraming(method, status, 1, fields)), 'none');
  assert.equal(said(responseFraming('CONNECT', 502, 1, fields)), 'length 5');
  assert.equal(said(responseFraming('GET', 205, 1, fields)), 'length 5');
});

test('a response without length or coding ends with the connection', () => {
  assert.equal(said(responseFraming('GET', 200, 1, [])), 'close');
  assert.equal(said(responseFraming('GET', 200, 0, [])), 'close');
  assert.equal(said(responseFraming('GET', 200, 1, ['transfer-encoding', 'chunked'])), 'chunked');
});

test('a response in doubt is refused like a request', () => {
  for (const [fields, expected] of REQUESTS) {
    if (fields.length === 0) continue;
    assert.equal(said(responseFraming('GET', 200, 1, fields)), expected, JSON.stringify(fields));
  }
});
