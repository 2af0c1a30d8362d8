import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';
import { scenarioOf } from './scenarios.ts';
import { run } from './sim/run.ts';
import { isAnswered } from './workloads/seen.ts';

const MINUTES = 2;
/** A person still waits. */
const GOOD_MS = 2000;

/** Seconds from the end of the stall to the first call of the last bad spell's end: until nine of ten are good again for good. */
async function recoveryS(config: readonly string[]): Promise<number> {
  const scenario = scenarioOf('retry-storm');
  assert.ok(scenario !== undefined);
  const plan = { ...scenario.make('1', MINUTES), config };
  const record = await run({ timers: realWorld().timers, serve }, plan);
  const [act] = plan.acts;
  assert.ok(act !== undefined);
  const overMs = record.fromMs + act.atMs + act.forMs;
  const bad = record.seen.filter((seen) => !isAnswered(seen) || (seen.endMs ?? record.endMs) - seen.startMs > GOOD_MS);
  return (Math.max(overMs, ...bad.map(({ startMs }) => startMs)) - overMs) / 1000;
}

test('after a stall goodput comes back by itself; without the budget the storm feeds itself for much longer', async () => {
  const budgeted = await recoveryS([]);
  const unbudgeted = await recoveryS(['retries: { budget: 100%, budget-per-second: 1000 }']);
  assert.ok(budgeted < 40, `${budgeted.toFixed(1)} s with the budget`);
  assert.ok(unbudgeted > budgeted * 1.5, `${unbudgeted.toFixed(1)} s without, ${budgeted.toFixed(1)} s with`);
});
