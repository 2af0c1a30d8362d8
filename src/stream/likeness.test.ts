import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Likenesses } from './likeness.ts';

const NO_KINDS = 0;

function event(id: string, text: string, more = ''): Buffer {
  return Buffer.from(`data: {"id":"${id}","text":"${text}"${more}}\n\n`);
}

/** Learns the event with its id and text as values that may differ. */
function take(all: Likenesses, bytes: Buffer, id: string, text: string): void {
  const likeness = all.take(bytes, 0, bytes.length, NO_KINDS);
  const idAt = bytes.indexOf(`"${id}"`);
  likeness?.hole(idAt, idAt + id.length + 2, false, false);
  const textAt = bytes.indexOf(`"${text}"`);
  likeness?.hole(textAt, textAt + text.length + 2, true, true);
}

function isKnown(all: Likenesses, bytes: Buffer): boolean {
  return all.find(bytes, 0, bytes.length) !== undefined;
}

test('what one stream taught is recognised in another, whose ids and words are its own', () => {
  const all = new Likenesses();
  take(all, event('first', 'hello'), 'first', 'hello');
  const other = event('of-another', '....o, said \\"he\\"');
  const likeness = all.find(other, 0, other.length);
  assert.ok(likeness !== undefined);
  assert.equal(other.toString('latin1', likeness.textFrom, likeness.textTo), '....o, said \\"he\\"');
  assert.equal(isKnown(all, event('of-another', '')), false, 'without a word it is another kind');
  assert.equal(isKnown(all, event('of-another', 'x', ',"finish":1')), false);
});

test('eight are known, and the oldest makes room', () => {
  const all = new Likenesses();
  const shape = (n: number): Buffer => event('id', 'text', `,"${'k'.repeat(n)}":null`);
  for (let n = 1; n <= 9; n += 1) take(all, shape(n), 'id', 'text');
  assert.deepEqual(
    Array.from({ length: 9 }, (_, i) => isKnown(all, shape(i + 1))),
    [false, ...new Array<boolean>(8).fill(true)],
  );
});

test('an event of more than 2 KiB is not worth keeping', () => {
  const all = new Likenesses();
  const long = event('id', 'x'.repeat(2048));
  assert.equal(all.take(long, 0, long.length, NO_KINDS), undefined);
});
