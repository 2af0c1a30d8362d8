import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Seen } from '../workloads/seen.ts';
import { amplification } from './amplification.ts';
import { asked, quietPlan, recordOf, sent } from './record.testing.ts';

/** One target, asked so often for each of these calls, evenly over the ten seconds from the fortieth on. */
function day(calls: readonly Seen[], times: number) {
  const all = calls.length * times;
  const received = calls.flatMap((seen, nth) =>
    Array.from({ length: times }, (_, again) => asked(seen, 40_000 + ((nth * times + again) * 9_900) / all)),
  );
  return [...amplification.judge(recordOf(quietPlan(['a']), calls, [{ name: 'a', received, knocks: [] }]))];
}

const calls = (count: number, over: (nth: number) => Partial<Seen>): Seen[] =>
  Array.from({ length: count }, (_, nth) => ({ ...sent(nth + 1, 'plain', 40_000), ...over(nth) }));

test('more further attempts than a fifth of the calls and the floor are found', () => {
  assert.deepEqual(
    day(
      calls(120, () => ({})),
      2,
    ),
    [],
  );
  assert.match(
    day(
      calls(160, () => ({})),
      2,
    )[0]?.what ?? '',
    /^\d+ further attempts for 160 calls/,
  );
});

test('a call is offered when it is sent, however long its caller had tried to connect', () => {
  const held = (nth: number) => ({ startMs: 10_000 + 100 * nth, sentMs: 40_000 });
  assert.deepEqual(day(calls(120, held), 2), []);
});
