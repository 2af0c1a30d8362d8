import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../serve.ts';
import { realWorld } from '../../world/real.ts';
import { dayOf, targetOf } from '../scenarios.ts';
import { run } from '../sim/run.ts';
import { isAnswered } from '../workloads/seen.ts';
import { forecast } from './model.ts';
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

/** What the real code makes of the same minute. */
async function played() {
  const plan = dayOf('agreement', '1', LASTS_MS / 60_000, {
    targets: NAMES.map((name) => targetOf(name, { workers: WORKERS })),
    loads: [{ kind: 'plain', perS: PER_S, curve: 'flat' }],
    acts: [{ ...DOWN, deed: { word: 'fault', hosts: ['a'], fault: 'refuse', share: 1 } }],
    livenessMs: 1000,
  });
  const record = await run({ timers: realWorld().timers, serve }, plan);
  const untilMs = record.fromMs + LASTS_MS;
  const offered = record.seen.filter(({ startMs }) => startMs < untilMs);
  const answered = offered.filter((seen) => isAnswered(seen) && (seen.endMs ?? 0) <= untilMs);
  const received = record.stations.flatMap((station) => station.received.filter(({ startMs }) => startMs <= untilMs));
  return { offered: offered.length, answered: answered.length, attempts: received.length / offered.length };
}

test('what is worked out on paper agrees with what the real code does in the simulated world, where both can do it', async (t) => {
  const paper = forecast(ON_PAPER);
  const real = await played();
  const share = { paper: paper.answered / paper.offered, real: real.answered / real.offered };
  const words = (each: number): string => each.toFixed(3);
  t.diagnostic(`answered within the minute: ${words(share.paper)} on paper, ${words(share.real)} played`);
  t.diagnostic(`attempts for each call: ${words(paper.amplification)} on paper, ${words(real.attempts)} played`);
  assert.ok(Math.abs(share.paper - share.real) < 0.05, `${share.paper} on paper, ${share.real} played`);
  assert.ok(
    Math.abs(paper.amplification - real.attempts) < 0.02,
    `${paper.amplification} on paper, ${real.attempts} played`,
  );
});
