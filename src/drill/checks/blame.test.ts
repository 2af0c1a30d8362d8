import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blame } from './blame.ts';
import { asked, quietPlan, recordOf, sent } from './record.testing.ts';

/** Two targets: `b` is asked every 100 ms for ten seconds, `a` in the first and the last of them alone; and somebody knocks at `a` at these times. */
function onesided(
  knocks: readonly number[],
  {
    balance = 'round-robin',
    firstEndMs = 500,
  }: { balance?: 'round-robin' | 'least-connections'; firstEndMs?: number } = {},
): ReturnType<typeof recordOf> {
  const calls = Array.from({ length: 100 }, (_, nth) => ({
    ...sent(nth + 1, 'plain', 100 * nth),
    endMs: 100 * nth + 5,
  }));
  const [first, last] = [{ ...sent(101, 'plain', 500), endMs: firstEndMs }, sent(102, 'plain', 9500)];
  return recordOf(
    quietPlan(['a', 'b'], { pools: [{ targets: ['a', 'b'], balance, redundancy: undefined }] }),
    [...calls, first, last],
    [
      { name: 'a', received: [{ ...asked(first, 500), endMs: 500 }, asked(last, 9500)], knocks },
      { name: 'b', received: calls.map((seen) => ({ ...asked(seen, seen.startMs), endMs: seen.startMs })), knocks: [] },
    ],
  );
}

test('a sound target that is passed over among sound ones is found', () => {
  const found = [...blame.judge(onesided([500]))];
  assert.match(found[0]?.what ?? '', /a did no wrong, and was not asked from 0.5 s to 9.5 s/);
});

test('who is knocked at is not passed over, though all who call leave before their connection is made', () => {
  assert.deepEqual([...blame.judge(onesided([2000, 4000, 6000, 8000]))], []);
});

test('a probe now and then is no turn', () => {
  assert.equal([...blame.judge(onesided([7500]))].length, 1);
});

test('where the fewest calls under way decide, who is still at work is not passed over, and who is done is', () => {
  const leisurely = { balance: 'least-connections', firstEndMs: 9000 } as const;
  assert.deepEqual([...blame.judge(onesided([], leisurely))], []);
  assert.equal([...blame.judge(onesided([], { ...leisurely, firstEndMs: 600 }))].length, 1);
  assert.equal([...blame.judge(onesided([], { ...leisurely, balance: 'round-robin' }))].length, 1);
});
