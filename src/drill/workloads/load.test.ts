import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededChance } from '../sim/chance.ts';
import type { CallerSite } from './caller.ts';
import { startLoad } from './load.ts';
import { newSeen } from './seen.ts';

/** Calls that come in ten seconds, where a timer fires on whole steps of so many milliseconds only. */
function arrivals(perS: number, stepMs: number): { readonly count: number; readonly lastMs: number } {
  const due: { atMs: number; run: () => void }[] = [];
  let nowMs = 0;
  let count = 0;
  let lastMs = 0;
  const untilMs = 10_000;
  startLoad(
    { kind: 'plain', perS, curve: 'flat' },
    {
      chance: seededChance('1'),
      at: (delayMs, run) => void due.push({ atMs: (Math.floor((nowMs + delayMs) / stepMs) + 1) * stepMs, run }),
      nowMs: () => nowMs,
      site: { place: () => {} } as unknown as CallerSite,
      fromMs: 0,
      untilMs,
      patienceMs: 1000,
      newSeen: (kind, wanted, isStream) => {
        count += 1;
        lastMs = nowMs;
        return newSeen(count, nowMs, kind, wanted, isStream);
      },
      ended: () => {},
    },
  );
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    nowMs = next.atMs;
    next.run();
  }
  return { count, lastMs };
}

test('timers that are coarse cost no calls: 80 a second are 80, and they end when they should', () => {
  for (const stepMs of [0.01, 10, 100]) {
    const { count, lastMs } = arrivals(80, stepMs);
    assert.ok(Math.abs(count - 800) < 100, `${count} calls in ten seconds, at steps of ${stepMs} ms`);
    assert.ok(lastMs <= 10_000 + stepMs, `the last one came at ${lastMs} ms`);
  }
});
