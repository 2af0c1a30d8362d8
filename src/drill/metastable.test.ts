import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';
import { scenarioOf } from './scenarios.ts';
import { run } from './sim/run.ts';
import { isAnswered } from './workloads/seen.ts';

const MINUTES = 2;
/** Of the 120 calls/s that the services can answer: what little is left must be enough to work off what a stall of 12 s leaves behind. */
const PER_S = 105;
/** A person still waits. */
const GOOD_MS = 2000;
/** At the end of three minutes, two after the stall is over. */
const LAST_MS = 15_000;

/** The part of the last calls that are answered in good time, with these lines in the config. */
async function goodShareAtLast(config: readonly string[]): Promise<number> {
  const scenario = scenarioOf('retry-storm');
  assert.ok(scenario !== undefined);
  const loads = [{ kind: 'plain', perS: PER_S, curve: 'flat' }] as const;
  const plan = { ...scenario.make('1', MINUTES), config, loads };
  const record = await run({ timers: realWorld().timers, serve }, plan);
  const untilMs = record.healedMs + plan.livenessMs;
  const last = record.seen.filter(({ startMs }) => startMs >= untilMs - LAST_MS && startMs < untilMs);
  const good = last.filter((seen) => isAnswered(seen) && (seen.endMs ?? record.endMs) - seen.startMs <= GOOD_MS);
  return good.length / last.length;
}

test('after a stall goodput comes back by itself; without the budget the storm feeds itself and it does not', async () => {
  const budgeted = await goodShareAtLast([]);
  const unbudgeted = await goodShareAtLast(['retries: { budget: 100%, budget-per-second: 1000 }']);
  assert.ok(budgeted > 0.9, `${budgeted} with the budget`);
  assert.ok(unbudgeted < 0.1, `${unbudgeted} without`);
});
