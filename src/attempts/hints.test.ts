import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HINT_BOUNDS, readHints } from './hints.ts';

test('without hints the bounds speak', () => {
  assert.deepEqual(readHints([]), { deadlineMs: 600_000, priority: 0, idempotencyKey: undefined, notes: [] });
});

test('hints within bounds are honoured without a word', () => {
  const hints = readHints(['goodgate-deadline-ms', '30000', 'goodgate-priority', '-1', 'idempotency-key', 'k-1']);
  assert.deepEqual(hints, { deadlineMs: 30_000, priority: -1, idempotencyKey: 'k-1', notes: [] });
});

test('hints out of bounds are clamped, and it is said', () => {
  const hints = readHints(['goodgate-deadline-ms', '99999999', 'goodgate-priority', '7']);
  assert.deepEqual([hints.deadlineMs, hints.priority], [600_000, 0]);
  assert.deepEqual(hints.notes, [
    'goodgate-deadline-ms of 99999999 is out of bounds and taken as 600000',
    'goodgate-priority of 7 is out of bounds and taken as 0',
  ]);
  assert.equal(readHints(['goodgate-deadline-ms', '1']).deadlineMs, 100);
});

test('any header at all gives hints within bounds', () => {
  const value = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('1e9', '0x10', 'NaN', '', ' 5 ', '-0'));
  fc.assert(
    fc.property(value, value, value, (deadline, priority, key) => {
      const hints = readHints([
        'goodgate-deadline-ms',
        deadline,
        'goodgate-priority',
        priority,
        'idempotency-key',
        key,
      ]);
      assert.ok(hints.deadlineMs >= HINT_BOUNDS.deadlineMsMin && hints.deadlineMs <= HINT_BOUNDS.deadlineMsMax);
      assert.ok(hints.priority >= HINT_BOUNDS.priorityMin && hints.priority <= HINT_BOUNDS.priorityMax);
      assert.ok(hints.idempotencyKey === undefined || /^[\x21-\x7e]{1,255}$/.test(hints.idempotencyKey));
    }),
  );
});

test('a key that is no key is ignored aloud', () => {
  for (const key of ['', ' ', 'a b', 'ä', 'x'.repeat(256)]) {
    const hints = readHints(['idempotency-key', key]);
    assert.equal(hints.idempotencyKey, undefined);
    assert.equal(hints.notes.length, 1);
  }
});
