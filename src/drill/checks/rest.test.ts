import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Received } from '../ledger.ts';
import type { Plan } from '../sim/plan.ts';
import type { Seen } from '../workloads/seen.ts';
import { asked, quietPlan, recordOf, sent } from './record.testing.ts';
import { leftAlone } from './rest.ts';

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
