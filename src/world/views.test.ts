import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partOf, readBuffer, readView } from './views.ts';

test('a view of the read buffer is as long as asked for, and made once', () => {
  readBuffer.write('hello', 0);
  assert.equal(Buffer.from(readView(5)).toString(), 'hello');
  assert.equal(readView(5), readView(5));
  assert.equal(readView(65_536).length, 65_536);
});

test('a part of such a view is that part, whichever parts came before it', () => {
  for (let i = 0; i < 4096; i += 1) readBuffer[i] = (i * 7) & 255;
  for (let round = 0; round < 2; round += 1) {
    for (let length = 1; length <= 4096; length += 61) {
      const view = readView(length);
      for (let from = 0; from < Math.min(length, 600); from += 37) {
        for (const to of [from, length, from + ((length - from) >> 1)]) {
          assert.deepEqual(partOf(view, from, to), readBuffer.subarray(from, to), `${from}…${to} of ${length}`);
        }
      }
    }
  }
  assert.equal(partOf(readView(100), 4, 90), partOf(readView(120), 4, 90));
});

test('a part of other memory is its own', () => {
  readBuffer.write('read', 0);
  const own = Buffer.from('mine');
  assert.equal(Buffer.from(partOf(readView(4), 1, 3)).toString(), 'ea');
  assert.equal(Buffer.from(partOf(own, 1, 3)).toString(), 'in');
  assert.notEqual(partOf(own, 1, 3), partOf(own, 1, 3));
});
