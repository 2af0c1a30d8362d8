import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OUTPUT, REASONING, ROLE, TEXT } from './dialects/kinds.ts';
import { TRANSCRIPT_BYTES_MAX, Transcript } from './transcript.ts';

function add(transcript: Transcript, text: string): void {
  const quoted = Buffer.from(JSON.stringify(text));
  transcript.note(TEXT);
  transcript.add(quoted, 1, quoted.length - 1);
}

test('the text is what was added, whatever is in it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 20 }), (pieces) => {
      const transcript = new Transcript();
      for (const piece of pieces) add(transcript, piece);
      assert.equal(transcript.text(), pieces.join(''));
      assert.equal(Transcript.after(transcript.said('exact') ?? assert.fail()).text(), pieces.join(''));
    }),
  );
});

test('what is longer than the bound is not half kept: nothing can be resumed from it', () => {
  const transcript = new Transcript();
  const piece = 'x'.repeat(65_536);
  for (let i = 0; i < TRANSCRIPT_BYTES_MAX / piece.length; i++) add(transcript, piece);
  assert.equal(transcript.isFull, false);
  add(transcript, 'x');
  assert.equal(transcript.isFull, true);
  assert.equal(transcript.said('best-effort'), undefined);
});

test('events that shape the reply are kept within bounds', () => {
  const transcript = new Transcript();
  transcript.shape(Buffer.alloc(60_000, 0x20));
  assert.equal(transcript.isFull, false);
  transcript.shape(Buffer.alloc(60_000, 0x20));
  assert.equal(transcript.isFull, true);
});

test('reasoning is open until text comes after it', () => {
  const transcript = new Transcript();
  assert.equal(transcript.isShaping(ROLE), true);
  transcript.note(REASONING);
  assert.equal(transcript.isReasoningOpen, true);
  assert.equal(transcript.isShaping(TEXT & OUTPUT), false);
  add(transcript, 'a');
  assert.equal(transcript.isReasoningOpen, false);
});
