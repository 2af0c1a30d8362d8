import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received } from '../ledger.ts';
import type { Plan } from '../sim/plan.ts';
import type { Seen } from '../workloads/seen.ts';
import { asked, quietPlan, recordOf, sent } from './record.testing.ts';
import { comesBack, leftAlone } from './rest.ts';

/** Three targets, `a` fails every call from the tenth to the thirtieth second on; a call every 100 ms, and who is asked it, and when after its beginning. */
function day(who: (seen: Seen) => readonly (readonly [name: 'a' | 'b' | 'c', afterMs: number])[]) {
  const fault = { word: 'fault', hosts: ['a'], fault: 'reset-before-head', share: 1 } as const;
  const acts: Plan['acts'] = [{ atMs: 10_000, forMs: 20_000, deed: fault }];
  const plan = quietPlan(['a', 'b', 'c'], { acts, safetyMs: 40_000 });
  const calls = Array.from({ length: 400 }, (_, nth) => sent(nth + 1, 'plain', 100 * nth));
  const received: Record<'a' | 'b' | 'c', Received[]> = { a: [], b: [], c: [] };
  for (const seen of calls) for (const [name, ms] of who(seen)) received[name].push(asked(seen, seen.startMs + ms));
  const stations = (['a', 'b', 'c'] as const).map((name) => ({ name, received: received[name], knocks: [] }));
  return [...leftAlone.judge(recordOf(plan, calls, stations))];
}

test('a target that fails every call and is asked all the same is found', () => {
  const found = day(({ serial }) => [[serial % 3 === 0 ? 'a' : serial % 3 === 1 ? 'b' : 'c', 0]]);
  assert.match(found[0]?.what ?? '', /a failed every call/);
});

test('one that is left alone is fine', () => {
  assert.deepEqual(
    day(({ serial }) => [[serial % 2 === 0 ? 'b' : 'c', 0]]),
    [],
  );
});

test('whoever all the others have failed asks it as the last route there is, and that is no fault', () => {
  assert.deepEqual(
    day(({ serial }) =>
      serial % 3 === 0
        ? [
            ['b', 0],
            ['c', 10],
            ['a', 20],
          ]
        : [[serial % 3 === 1 ? 'b' : 'c', 0]],
    ),
    [],
  );
});

test('but not before the others were asked', () => {
  const found = day(({ serial }) =>
    serial % 3 === 0
      ? [
          ['b', 0],
          ['a', 10],
          ['c', 20],
        ]
      : [[serial % 3 === 1 ? 'b' : 'c', 0]],
  );
  assert.equal(found.length, 1);
});

/** `a` was in trouble until the twentieth second, the others answer; what it received from then on, and until when it was at work on it. */
function afterwards(...own: readonly (readonly [startMs: number, endMs: number])[]) {
  const plan = quietPlan(['a', 'b'], { safetyMs: 40_000, livenessMs: 50_000 });
  const calls = Array.from({ length: 800 }, (_, nth) => sent(nth + 1, 'plain', 100 * nth));
  const receivedByB = calls.map((seen) => ({ ...asked(seen, seen.startMs), endMs: seen.startMs }));
  const first = calls[0] as Seen;
  const receivedByA = own.map(([startMs, endMs]) => ({ ...asked(first, startMs), endMs }));
  const record = recordOf(plan, calls, [
    { name: 'a', received: receivedByA, knocks: [] },
    { name: 'b', received: receivedByB, knocks: [] },
  ]);
  record.troubles.add(['a'], 10_000, 10_000);
  return [...comesBack.judge(record)];
}

test('a target that is well again and asked by nobody any more is found', () => {
  assert.match(afterwards()[0]?.what ?? '', /a was well, and not asked once/);
  assert.equal(afterwards([32_000, 33_000]).length, 1, 'one try soon after its trouble is not yet a return');
});

test('one that is asked, or still at work on what it was asked, is not forgotten', () => {
  assert.deepEqual(afterwards([75_000, 75_100]), []);
  assert.deepEqual(afterwards([32_000, 80_000]), []);
});
