import type { Received } from '../ledger.ts';
import type { RunRecord } from '../sim/run.ts';
import { isEven } from './blame.ts';
import { type Check, isWaySound, receiptsOf } from './check.ts';

/** Faults that no service survives with calls: five in a row rest it. */
const HARD = new Set(['reset-before-head', 'close-before-head', 'garbage-status-line', 'bad-head-line', 'refuse']);
/** So soon a target must have been found out: five failures, and those under way. */
const NOTICED_MS = 6000;
/** One probe for each rest, and the shortest rest is half of 5 s. */
const PROBE_EVERY_MS = 2500;
const PROBES_SPARE = 8;
/** Fewer calls at the others prove nothing. */
const OTHERS_MIN = 30;

/** P5 from its other side: who is to blame does rest. */
export const leftAlone: Check = {
  name: 'P5-rest',
  promise: 'A target that fails every call is left alone, but for a probe now and then.',
  *judge(record) {
    if (!isEven(record.plan)) return;
    const receipts = receiptsOf(record);
    for (const { fromMs, untilMs, host } of singleFaults(record)) {
      const sinceMs = fromMs + NOTICED_MS;
      if (untilMs <= sinceMs) continue;
      const others = record.plan.targets.filter(({ name }) => name !== host);
      const own = askedOf(record, host).filter(
        (each) => isBetween(each, sinceMs, untilMs) && !isLastRoute(each, receipts, others.length),
      ).length;
      const mean = others.reduce((sum, { name }) => sum + arrivals(record, name, sinceMs, untilMs), 0) / others.length;
      const probes = PROBES_SPARE + (untilMs - sinceMs) / PROBE_EVERY_MS;
      if (mean < OTHERS_MIN || own <= Math.max(probes, mean / 3)) continue;
      const when = `${(sinceMs / 1000).toFixed(1)} s to ${(untilMs / 1000).toFixed(1)} s`;
      yield { what: `${host} failed every call, and was asked ${own} times from ${when}`, seen: undefined };
    }
  },
};

/** Health never removes the last route: a call that every other target has failed, as a poisonous one, is let to those who rest. */
function isLastRoute(
  { drillCall = '', startMs }: Received,
  receipts: ReturnType<typeof receiptsOf>,
  others: number,
): boolean {
  // Targets are asked once each while one was not, so that earlier receipts are of as many targets.
  return (receipts.get(drillCall) ?? []).filter((each) => each.startMs < startMs).length >= others;
}

/** After the trouble a target may rest for as long as it lasted, and this. */
const BACK_MS = 15_000;

/** Nobody is forgotten: what rests comes back. */
export const comesBack: Check = {
  name: 'P5-back',
  promise: 'A target that is well again is asked again.',
  *judge(record) {
    const { plan, troubles, healedMs } = record;
    const callsEndMs = healedMs + plan.livenessMs;
    if (!isEven(plan) || plan.acts.some(({ deed }) => deed.word === 'restart' || deed.word === 'reload')) return;
    for (const { name } of plan.targets) {
      const span = troubles.spanOf(name);
      if (span === undefined || isLongRest(record, name)) continue;
      const sinceMs = span.untilMs + (span.untilMs - span.fromMs) + BACK_MS;
      if (sinceMs > callsEndMs - BACK_MS) continue;
      // A long stream that it was given since keeps it busy, and busy is not forgotten.
      const own = askedOf(record, name).filter(
        ({ startMs, endMs = callsEndMs }) => startMs > span.untilMs && startMs <= callsEndMs && endMs > sinceMs,
      ).length;
      const all = plan.targets.reduce((sum, each) => sum + arrivals(record, each.name, sinceMs, callsEndMs), 0);
      if (own > 0 || all < OTHERS_MIN * plan.targets.length) continue;
      const when = `${(sinceMs / 1000).toFixed(1)} s to ${(callsEndMs / 1000).toFixed(1)} s`;
      yield { what: `${name} was well, and not asked once from ${when}, with ${all} calls`, seen: undefined };
    }
  },
};

/** Refused keys and spent quotas rest for minutes, or for as long as they say. */
function isLongRest({ plan }: RunRecord, name: string): boolean {
  return plan.acts.some(({ deed }) => {
    if (deed.word !== 'fault' || !deed.hosts.includes(name)) return false;
    return /^status\(4|^quota|^status\(5\d\d, ?\d|^captive/.test(deed.fault);
  });
}

/** The first stretch after a rest, in which the weight goes from a tenth to a third. */
const START_MS = 10_000;
/** A target that was asked by nobody for so long, while others were, had rested, if it failed often enough before: a few failures only make it rarer. */
const RESTED_MS = 3000;
const FAILURES_MIN = 5;
const SHARE_MAX = 0.85;

/** Slow start, from outside. */
export const slowStart: Check = {
  name: 'P5-slow',
  promise: 'A target that comes back from a rest gets its load little by little.',
  *judge(record) {
    if (!isEven(record.plan) || record.plan.targets.length < 2) return;
    for (const { host, fromMs: struckMs, untilMs } of singleFaults(record)) {
      if (arrivals(record, host, struckMs, untilMs) < FAILURES_MIN) continue;
      const times = timesOf(record, host);
      const back = times.findIndex((atMs, nth) => atMs > untilMs && atMs - (times[nth - 1] ?? 0) >= RESTED_MS);
      const fromMs = times[back];
      if (fromMs === undefined || fromMs + START_MS > record.healedMs + record.plan.livenessMs) continue;
      // Before its fault struck, all were well: whoever is asked beside it is at its full weight.
      const others = record.plan.targets.filter(({ name }) => name !== host);
      if (!others.every(({ name }) => record.troubles.isSound(name, fromMs - 60_000, fromMs + START_MS))) continue;
      if (!isWaySound(record, fromMs - 60_000, fromMs + START_MS)) continue;
      const gapMs = fromMs - (times[back - 1] ?? 0);
      const asked = others.map(({ name }) => arrivals(record, name, fromMs - gapMs, fromMs));
      const mean =
        others.reduce((sum, { name }) => sum + arrivals(record, name, fromMs, fromMs + START_MS), 0) / others.length;
      const own = arrivals(record, host, fromMs, fromMs + START_MS);
      if (Math.min(...asked) < 3 || mean < OTHERS_MIN / 2 || own < mean * SHARE_MAX) continue;
      const when = `${(fromMs / 1000).toFixed(1)} s`;
      yield {
        what: `${host} came back at ${when} and got ${own} calls at once, others ${mean.toFixed(0)}`,
        seen: undefined,
      };
    }
  },
};

/** Stretches in which one target alone failed everything, and all the others were well. */
function* singleFaults(record: RunRecord): Generator<{ host: string; fromMs: number; untilMs: number }> {
  const { plan, troubles, healedMs } = record;
  for (const { atMs, forMs, deed } of plan.acts) {
    const [host, ...more] = deed.word === 'fault' ? deed.hosts : [];
    if (deed.word !== 'fault' || host === undefined || more.length > 0 || deed.share < 1 || !HARD.has(deed.fault))
      continue;
    const fromMs = record.fromMs + atMs;
    const untilMs = Math.min(fromMs + forMs, healedMs);
    const others = plan.targets.filter(({ name }) => name !== host);
    const isAlone =
      others.length > 0 &&
      others.every(({ name }) => troubles.isSound(name, fromMs - 30_000, untilMs)) &&
      isWaySound(record, fromMs, untilMs) &&
      plan.acts.filter((act) => 'hosts' in act.deed && act.deed.hosts.includes(host)).length === 1;
    if (isAlone) yield { host, fromMs, untilMs };
  }
}

function askedOf({ stations }: RunRecord, name: string): readonly Received[] {
  return stations.find((station) => station.name === name)?.received ?? [];
}

function isBetween({ startMs }: Received, fromMs: number, untilMs: number): boolean {
  return startMs > fromMs && startMs <= untilMs;
}

function timesOf(record: RunRecord, name: string): readonly number[] {
  return askedOf(record, name).map(({ startMs }) => startMs);
}

function arrivals(record: RunRecord, name: string, fromMs: number, untilMs: number): number {
  return askedOf(record, name).filter((each) => isBetween(each, fromMs, untilMs)).length;
}
