import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isFault } from './fault.ts';
import { HeadGatherer, MORE, REFUSED } from './gather.ts';
import { parseRequestHead } from './head.ts';

type Gathered = { readonly text: string; readonly rest: string } | { readonly word: string } | 'more';

/** Feeds the pieces one after the other and says what came of it; a parsed head's fault counts as the gatherer's. */
function gather(pieces: readonly string[], bytesMax = 200, emptyLinesMax = 2): Gathered {
  const gatherer = new HeadGatherer(bytesMax, emptyLinesMax);
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece, 'latin1');
    const next = gatherer.feed(bytes, 0);
    if (next === REFUSED) return { word: gatherer.fault?.word ?? 'no fault' };
    if (next === MORE) continue;
    const head = parseRequestHead(gatherer.text);
    if (isFault(head)) return { word: head.word };
    return { text: gatherer.text, rest: bytes.toString('latin1', next) + pieces.slice(index + 1).join('') };
  }
  return 'more';
}

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('a head in one piece is cut from what follows it', () => {
  assert.deepEqual(gather([`${HEAD}body\r\n\r\n`]), { text: HEAD, rest: 'body\r\n\r\n' });
});

test('a head that trickles in byte by byte is the same', () => {
  assert.deepEqual(gather([...`${HEAD}rest`]), { text: HEAD, rest: 'rest' });
});

test('reading starts at the offset', () => {
  const gatherer = new HeadGatherer(200, 0);
  assert.equal(gatherer.feed(Buffer.from(`junk${HEAD}`), 4), 4 + HEAD.length);
  assert.equal(gatherer.text, HEAD);
});

test('a plain view of bytes serves as well as a buffer', () => {
  const gatherer = new HeadGatherer(200, 0);
  assert.equal(gatherer.feed(new TextEncoder().encode(HEAD), 0), HEAD.length);
});

test('empty lines before a head are passed over, but not many', () => {
  assert.deepEqual(gather([`\r\n\r\n${HEAD}`]), { text: HEAD, rest: '' });
  assert.deepEqual(gather([`\r\n\r\n\r\n${HEAD}`]), { word: 'empty-lines' });
  assert.deepEqual(gather([`\r\n${HEAD}`], 200, 0), { word: 'empty-lines' });
  assert.deepEqual(gather([`\r${HEAD}`]), { word: 'bare-cr' });
  assert.deepEqual(gather([`\n${HEAD}`]), { word: 'bare-lf' });
});

test('an empty line alone does not start a head', () => {
  const gatherer = new HeadGatherer(200, 2);
  gatherer.feed(Buffer.from('\r\n\r'), 0);
  assert.equal(gatherer.isStarted, false);
  gatherer.feed(Buffer.from('\nG'), 0);
  assert.equal(gatherer.isStarted, true);
});

test('what can never become a head is refused before its end comes', () => {
  assert.deepEqual(gather(['GET / HTTP/1.1\nHost: a\n\n']), { word: 'bare-lf' });
  assert.deepEqual(gather(['\x16\x03\x01']), { word: 'control' });
  assert.deepEqual(gather(['GET /\r', 'x']), { word: 'bare-cr' });
  assert.equal(gather(['GET /\r']), 'more');
});

test('a head as long as the limit is read, one byte more is refused', () => {
  const head = (length: number) => `GET / HTTP/1.1\r\na: ${'x'.repeat(length - 23)}\r\n\r\n`;
  assert.equal(head(200).length, 200);
  assert.deepEqual(gather([head(200)]), { text: head(200), rest: '' });
  assert.deepEqual(gather([head(201)]), { word: 'head-size' });
  assert.deepEqual(gather(['GET /', 'a'.repeat(195)]), { word: 'target-length' });
});

test('a gatherer that was reset knows nothing of the head before', () => {
  const gatherer = new HeadGatherer(200, 1);
  for (let i = 0; i < 3; i += 1) {
    gatherer.reset();
    assert.equal(gatherer.feed(Buffer.from(`\r\n${HEAD.slice(0, 5)}`), 0), MORE);
    assert.equal(gatherer.feed(Buffer.from(HEAD.slice(5)), 0), HEAD.length - 5);
  }
});

test('what comes out does not depend on how the bytes were cut', () => {
  const piece = fc.constantFrom(
    'GET / HTTP/1.1',
    'Host: a',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    ' ',
    'x',
    ': ',
    '\0',
    'y'.repeat(60),
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 4 }).map((pieces) => `GET / HTTP/1.1\r\nHost: a\r\n${pieces.join('')}\r\n\r\n`),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(text, cuts, (whole, lengths) => {
      const pieces: string[] = [];
      let at = 0;
      for (let i = 0; at < whole.length; i += 1) {
        const length = lengths[i % lengths.length] ?? 1;
        pieces.push(whole.slice(at, at + length));
        at += length;
      }
      const together = gather([whole]);
      assert.deepEqual(gather(pieces), together);
      assert.deepEqual(gather([...whole]), together);
    }),
    { numRuns: 1000 },
  );
});
