import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFault } from './fault.ts';
import { parseRequestHead, parseResponseHead } from './head.ts';
import { chunkLine, lastChunk, requestHead, responseHead } from './serialise.ts';

test('heads are written with one line a field', () => {
  assert.equal(requestHead('POST', '/x', ['host', 'a', 'b', '']), 'POST /x HTTP/1.1\r\nhost: a\r\nb: \r\n\r\n');
  assert.equal(responseHead(200, ['a', 'b']), 'HTTP/1.1 200 OK\r\na: b\r\n\r\n');
  assert.equal(responseHead(299, []), 'HTTP/1.1 299 \r\n\r\n');
});

test('nothing that splits a message can be written', () => {
  for (const bad of ['\r', '\n', '\r\n', '\0', 'a\r\nb: c', '\x7f', '\x0b', '\u010d\u010a', '\u2028', '\ud83d\ude00']) {
    assert.throws(() => responseHead(200, ['a', bad]), TypeError);
    assert.throws(() => responseHead(200, ['a', `x${bad}y`]), TypeError);
    assert.throws(() => responseHead(200, [`a${bad}`, 'b']), TypeError);
    assert.throws(() => requestHead('GET', `/${bad}`, []), TypeError);
    assert.throws(() => requestHead(`GET${bad}`, '/', []), TypeError);
    assert.throws(() => lastChunk(['a', bad]), TypeError);
  }
  for (const name of ['', ' ', 'a b', 'a:', 'é']) assert.throws(() => responseHead(200, [name, 'b']), TypeError);
  for (const target of ['', '/a b', '/\t', '/é']) assert.throws(() => requestHead('GET', target, []), TypeError);
  for (const status of [99, 1000, 200.5, Number.NaN, -1]) assert.throws(() => responseHead(status, []), RangeError);
});

test('the message of the error does not tell the value', () => {
  assert.throws(
    () => responseHead(200, ['authorization', 'secret\n']),
    (error: Error) => !error.message.includes('secret'),
  );
});

test('chunks are framed in hex, and an empty one cannot be', () => {
  assert.equal(chunkLine(1), '1\r\n');
  assert.equal(chunkLine(65_535), 'ffff\r\n');
  assert.throws(() => chunkLine(0), RangeError);
  assert.equal(lastChunk(), '0\r\n\r\n');
  assert.equal(lastChunk(['a', 'b']), '0\r\na: b\r\n\r\n');
});

test('what is written is read back the same', () => {
  const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,12}$/);
  const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?$/);
  const fieldsOf = fc.array(fc.tuple(name, value), { maxLength: 20 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Z]{1,10}$/),
      fc.stringMatching(/^\/[!-"$-~]{0,30}$/),
      fieldsOf,
      (method, target, fields) => {
        assert.deepEqual(parseRequestHead(requestHead(method, target, fields)), {
          method,
          target,
          minorVersion: 1,
          fields,
        });
        const head = parseResponseHead(responseHead(200, fields));
        assert.deepEqual(isFault(head) ? head : head.fields, fields);
      },
    ),
    { numRuns: 300 },
  );
});
