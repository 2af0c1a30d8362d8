import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../../serve.ts';
import { realWorld } from '../../world/real.ts';
import { dayOf, targetOf } from '../scenarios.ts';
import type { Plan, TargetPlan } from '../sim/plan.ts';
import { run } from '../sim/run.ts';
import { isAnswered } from '../workloads/seen.ts';
import { forecast, type Second } from './model.ts';
import { SAMPLE, type Size } from './size.ts';

const LASTS_MS = 60_000;
const PER_S = 60;
const NAMES = ['a', 'b', 'c'];
const WORKERS = { count: 12, busyMs: 500 };
/** One of three is gone for the middle third: the other two can answer 48 calls/s of 60, and the rest queues at them. */
const DOWN = { atMs: 20_000, forMs: 20_000 };

const ON_PAPER: Size = {
  ...SAMPLE,
  replicas: 1,
  insist: 0,
  lastsMs: LASTS_MS,
  deadlineMs: 60_000,
  traffic: [{ atMs: 0, perS: PER_S }],
  services: NAMES.map((name) => ({
    name,
    count: 1,
    concurrency: WORKERS.count,
    serviceMs: WORKERS.busyMs,
    errors: 0,
    overload: 'queue',
    downFromMs: name === 'a' ? DOWN.atMs : undefined,
    downForMs: DOWN.forMs,
  })),
};

/** Half more than the same three services can do, with callers who wait for 20 s at most: 45 calls/s, of which 30 can be answered. */
const FLOODED = { perS: 45, workers: { count: 5, busyMs: 500 }, deadlineMs: 20_000 };
const FLOODED_ON_PAPER: Size = {
  ...ON_PAPER,
  deadlineMs: FLOODED.deadlineMs,
  traffic: [{ atMs: 0, perS: FLOODED.perS }],
  services: ON_PAPER.services.map((each) => ({
    ...each,
    concurrency: FLOODED.workers.count,
    downFromMs: undefined,
  })),
};
/** By then the queue is longer than anybody waits. */
const FULL_MS = 30_000;

type Share = { readonly answered: number; readonly attempts: number };

/** What the real code makes of such a minute, in the time from the one moment to the other. */
async function played(plan: Partial<Plan>): Promise<(fromMs: number, untilMs: number) => Share> {
  const record = await run(
    { timers: realWorld().timers, serve },
    dayOf('agreement', '1', LASTS_MS / 60_000, { livenessMs: 1000, ...plan }),
  );
  return (fromMs, untilMs) => {
    const isIn = (atMs = Number.POSITIVE_INFINITY): boolean =>
      atMs >= record.fromMs + fromMs && atMs < record.fromMs + untilMs;
    const offered = record.seen.filter(({ startMs }) => isIn(startMs)).length;
    const answered = record.seen.filter((seen) => isAnswered(seen) && isIn(seen.endMs)).length;
    const attempts = record.stations.flatMap(({ received }) => received.filter(({ startMs }) => isIn(startMs))).length;
    return { answered: answered / offered, attempts: attempts / offered };
  };
}

/** The same of a forecast. */
function onPaper(size: Size): (fromMs: number, untilMs: number) => Share {
  const { seconds } = forecast(size);
  return (fromMs, untilMs) => {
    const those = seconds.slice(fromMs / 1000, untilMs / 1000);
    const sum = (of: (second: Second) => number): number => those.reduce((all, each) => all + of(each), 0);
    const offered = sum((each) => each.offered);
    return { answered: sum((each) => each.answered) / offered, attempts: sum((each) => each.attempts) / offered };
  };
}

function agree(t: TestContext, what: string, paper: Share, real: Share, attemptsMax: number): void {
  const words = ({ answered, attempts }: Share): string =>
    `${answered.toFixed(3)} answered, ${attempts.toFixed(3)} attempts`;
  const told = `${what}, of each call: ${words(paper)} on paper; ${words(real)} played`;
  t.diagnostic(told);
  assert.ok(Math.abs(paper.answered - real.answered) < 0.05, told);
  assert.ok(Math.abs(paper.attempts - real.attempts) < attemptsMax, told);
}

function stations(workers: { readonly count: number; readonly busyMs: number }): readonly TargetPlan[] {
  return NAMES.map((name) => targetOf(name, { workers }));
}

test('what is worked out on paper agrees with what the real code does in the simulated world, where both can do it', async (t) => {
  const real = await played({
    targets: stations(WORKERS),
    loads: [{ kind: 'plain', perS: PER_S, curve: 'flat' }],
    acts: [{ ...DOWN, deed: { word: 'fault', hosts: ['a'], fault: 'refuse', share: 1 } }],
  });
  agree(t, 'within the minute', onPaper(ON_PAPER)(0, LASTS_MS), real(0, LASTS_MS), 0.02);
});

test('so it does of a queue that grows without bound, while callers still wait and when they do not any more', async (t) => {
  const { perS, workers, deadlineMs } = FLOODED;
  const paper = onPaper(FLOODED_ON_PAPER);
  const real = await played({
    targets: stations(workers),
    loads: [{ kind: 'plain', perS, curve: 'flat' }],
    deadlineMs,
  });
  agree(t, 'while the queue grows', paper(0, FULL_MS), real(0, FULL_MS), 0.05);
  // Single targets rest for some seconds and come back, which is not on paper: so many calls more are sent to services that answer nobody.
  agree(t, 'when nobody waits for so long', paper(FULL_MS, LASTS_MS), real(FULL_MS, LASTS_MS), 0.25);
});
