import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { BODY_LIMITS, type BodyLimits, BodyReader } from './body.ts';
import { CHUNKED, type Framing, NO_BODY, UNTIL_CLOSE } from './framing.ts';
import { REFUSED } from './gather.ts';

type Read = { content: string; rest: string; state: string; trailers: readonly string[] | undefined };

const LIMITS: BodyLimits = { bodyBytesMax: 100, extensionBytesMax: 20, trailerBytesMax: 60, trailersMax: 3 };

/** Feeds the pieces and says what came out: `done`, `more` or the word of the fault. */
function read(framing: Framing, pieces: readonly string[], limits = LIMITS): Read {
  const reader = new BodyReader(limits);
  let content = '';
  reader.begin(framing, {
    part(bytes) {
      assert.ok(bytes.length > 0, 'a part is never empty');
      content += Buffer.from(bytes).toString('latin1');
    },
  });
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece, 'latin1');
    const next = reader.feed(bytes, 0);
    if (next === REFUSED) return { content, rest: '', state: reader.fault?.word ?? 'no fault', trailers: undefined };
    if (!reader.isDone) {
      assert.equal(next, bytes.length);
      continue;
    }
    const rest = bytes.toString('latin1', next) + pieces.slice(index + 1).join('');
    return { content, rest, state: 'done', trailers: reader.trailers };
  }
  return { content, rest: '', state: reader.isDone ? 'done' : 'more', trailers: reader.trailers };
}

const chunked = (text: string): string => {
  const { content, state } = read(CHUNKED, [text]);
  return `${state}:${content}`;
};

test('a body of a length takes its bytes and leaves the rest', () => {
  const framing: Framing = { kind: 'length', length: 5 };
  assert.deepEqual(read(framing, ['helloGET']), { content: 'hello', rest: 'GET', state: 'done', trailers: undefined });
  assert.deepEqual(read(framing, ['he', 'l']), { content: 'hel', rest: '', state: 'more', trailers: undefined });
});

test('no body takes nothing', () => {
  assert.equal(read(NO_BODY, ['GET']).rest, 'GET');
  assert.equal(read({ kind: 'length', length: 0 }, ['GET']).rest, 'GET');
});

test('a body until close takes everything', () => {
  const { content, state } = read(UNTIL_CLOSE, ['abc', 'def']);
  assert.deepEqual([content, state], ['abcdef', 'more']);
});

test('only a body framed by the end of the connection, or one already done, is whole at that end', () => {
  const end = (framing: Framing, text: string): string => {
    const reader = new BodyReader(LIMITS);
    reader.begin(framing, { part() {} });
    reader.feed(Buffer.from(text), 0);
    return reader.finishAtEof();
  };
  assert.equal(end(UNTIL_CLOSE, 'abc'), 'whole');
  assert.equal(end(UNTIL_CLOSE, ''), 'whole');
  assert.equal(end(NO_BODY, ''), 'whole');
  assert.equal(end({ kind: 'length', length: 3 }, 'abc'), 'whole');
  assert.equal(end({ kind: 'length', length: 3 }, 'ab'), 'cut');
  for (const text of ['', '3', '3\r\n', '3\r\nabc', '3\r\nabc\r\n', '3\r\nabc\r\n0\r\n', '0\r\na: b\r\n']) {
    assert.equal(end(CHUNKED, text), 'cut', JSON.stringify(text));
  }
  assert.equal(end(CHUNKED, '0\r\n\r\n'), 'whole');
});

test('a piece that is all content is handed on as it is, without a new view', () => {
  const reader = new BodyReader();
  const bytes = Buffer.from('abc');
  let heard: Uint8Array | undefined;
  reader.begin(
    { kind: 'length', length: 10 },
    {
      part(part) {
        heard = part;
      },
    },
  );
  reader.feed(bytes, 0);
  assert.equal(heard, bytes);
});

/** Chunked bodies and what becomes of them, by RFC 9112 §7.1 and the corpus of known smuggling tricks. */
const CHUNKED_BODIES: readonly (readonly [string, string])[] = [
  ['0\r\n\r\n', 'done:'],
  ['5\r\nhello\r\n0\r\n\r\n', 'done:hello'],
  ['5\r\nhello\r\n1\r\n!\r\n00\r\n\r\n', 'done:hello!'],
  ['A\r\n0123456789\r\n0\r\n\r\n', 'done:0123456789'],
  ['a\r\n0123456789\r\n0\r\n\r\n', 'done:0123456789'],
  ['0000000000005\r\nhello\r\n0\r\n\r\n', 'done:hello'],
  ['00000000000005\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5;a=b\r\nhello\r\n0;c\r\n\r\n', 'done:hello'],
  ['5;a="b\tc"\r\nhello\r\n0\r\n\r\n', 'done:hello'],
  ['5;\r\nhello\r\n0\r\n\r\n', 'done:hello'],
  ['\r\nhello', 'chunk-size:'],
  [' 5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['\t5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5 \r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5\t\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5 ;a\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['0x5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['+5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['-5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5_0\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5.\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5h\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['\u00b5\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  [';a\r\nhello', 'chunk-size:'],
  ['5\0\r\nhello', 'chunk-size:'],
  ['5\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5\rhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5\r\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5;a\nhello\r\n0\r\n\r\n', 'chunk-extension:'],
  ['5;a\rb\r\nhello\r\n0\r\n\r\n', 'chunk-size:'],
  ['5;a\0\r\nhello\r\n0\r\n\r\n', 'chunk-extension:'],
  ['5\r\nhello0\r\n\r\n', 'chunk-end:hello'],
  ['5\r\nhello\n0\r\n\r\n', 'chunk-end:hello'],
  ['5\r\nhello\r0\r\n\r\n', 'chunk-end:hello'],
  ['5\r\nhello!\r\n0\r\n\r\n', 'chunk-end:hello'],
  ['5\r\nhello\r\n\r\n0\r\n\r\n', 'chunk-size:hello'],
  ['0\r\n\n', 'bare-lf:'],
  ['0\r\n\rx', 'bare-cr:'],
  ['0\n\n', 'chunk-size:'],
  ['0\r\nx\r\n\r\n', 'no-colon:'],
  ['0\r\n x: y\r\n\r\n', 'obs-fold:'],
  ['0\r\nx : y\r\n\r\n', 'space-before-colon:'],
  ['FFFFFFFFFFFFF\r\nx', 'body-size:'],
  ['FFFFFFFFFFFFFFFF\r\nx', 'chunk-size:'],
  ['10000000000000005\r\nhello', 'chunk-size:'],
];

for (const [text, expected] of CHUNKED_BODIES) {
  test(`the chunked body ${JSON.stringify(text)} is ${expected}`, () => {
    assert.equal(chunked(text), expected);
  });
}

test('what follows the last chunk belongs to the next message', () => {
  assert.equal(read(CHUNKED, ['0\r\n\r\nGET / HTTP/1.1']).rest, 'GET / HTTP/1.1');
  assert.equal(read(CHUNKED, ['0\r\na: b\r\n\r\nGET / HTTP/1.1']).rest, 'GET / HTTP/1.1');
});

test('trailers are handed on, those that would change the message are not', () => {
  assert.deepEqual(read(CHUNKED, ['0\r\nX-Sum: 1\r\nContent-Length: 5\r\n\r\n']).trailers, ['x-sum', '1']);
  assert.deepEqual(read(CHUNKED, ['0\r\nHost: evil\r\n\r\n']).trailers, undefined);
});

test('trailers, extensions and content are bounded', () => {
  assert.equal(chunked(`0\r\na: ${'x'.repeat(60)}\r\n\r\n`), 'trailer-size:');
  assert.equal(chunked(`0\r\n${'x'.repeat(60)}`), 'trailer-size:');
  assert.equal(chunked('0\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n'), 'trailer-size:');
  assert.equal(chunked(`1;${'x'.repeat(20)}\r\na\r\n0\r\n\r\n`), 'done:a');
  assert.equal(chunked(`1;${'x'.repeat(21)}\r\na\r\n0\r\n\r\n`), 'chunk-extension-size:');
  assert.equal(chunked(`1;${'x'.repeat(12)}\r\na\r\n1;${'x'.repeat(12)}\r\na\r\n0\r\n\r\n`), 'chunk-extension-size:a');
  assert.equal(chunked(`64\r\n${'x'.repeat(100)}\r\n0\r\n\r\n`), `done:${'x'.repeat(100)}`);
  assert.equal(chunked(`64\r\n${'x'.repeat(100)}\r\n1\r\ny\r\n0\r\n\r\n`), `body-size:${'x'.repeat(100)}`);
});

test('a reader is used again for the next body, with all its limits anew', () => {
  const reader = new BodyReader(LIMITS);
  for (let i = 0; i < 3; i += 1) {
    reader.begin(CHUNKED, { part() {} });
    const text = `50;${'x'.repeat(15)}\r\n${'x'.repeat(80)}\r\n0\r\na: b\r\n\r\n`;
    assert.equal(reader.feed(Buffer.from(text), 0), text.length);
    assert.deepEqual(reader.trailers, ['a', 'b']);
  }
});

test('a sink that stops the reader in the middle of a piece hears no more', () => {
  const reader = new BodyReader(BODY_LIMITS);
  const heard: string[] = [];
  reader.begin(CHUNKED, {
    part(bytes) {
      heard.push(Buffer.from(bytes).toString());
      reader.stop();
    },
  });
  assert.equal(reader.feed(Buffer.from('1\r\na\r\n1\r\nb\r\n0\r\n\r\n'), 0), 4);
  assert.deepEqual(heard, ['a']);
});

test('what comes out does not depend on how the bytes were cut', () => {
  const piece = fc.constantFrom(
    '3\r\nabc\r\n',
    '1;x=y\r\nz\r\n',
    '0\r\n',
    '\r\n',
    'a: b\r\n',
    '\r',
    '\n',
    '5',
    ' ',
    ';',
    'q',
    '0\r\n\r\n',
  );
  const framing = fc.oneof(
    fc.constant(CHUNKED),
    fc.constant(CHUNKED),
    fc.constant<Framing>({ kind: 'length', length: 7 }),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(framing, fc.array(piece, { maxLength: 12 }), cuts, (kind, texts, lengths) => {
      const whole = texts.join('');
      const pieces: string[] = [];
      let at = 0;
      for (let i = 0; at < whole.length; i += 1) {
        const length = lengths[i % lengths.length] ?? 1;
        pieces.push(whole.slice(at, at + length));
        at += length;
      }
      const together = read(kind, [whole]);
      assert.deepEqual(read(kind, pieces), together);
      assert.deepEqual(read(kind, [...whole]), together);
    }),
    { numRuns: 1000 },
  );
});

test('a reader that has heard the end keeps nobody: a connection at rest must not hold the call it carried last', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const reader = new BodyReader();
  const hear = (): WeakRef<object> => {
    const sink = { part() {} };
    reader.begin({ kind: 'length', length: 2 }, sink);
    reader.feed(Buffer.from('ab'), 0);
    return new WeakRef(sink);
  };
  const sink = hear();
  // What a WeakRef was made of lives until the turn is over.
  await new Promise(setImmediate);
  collect();
  assert.equal(sink.deref(), undefined);
  assert.ok(reader.isDone);
});
