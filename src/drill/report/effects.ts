import type { Act } from '../sim/plan.ts';
import type { RunRecord } from '../sim/run.ts';
import { isAnswered, type Seen } from '../workloads/seen.ts';

/** What one act did, from outside. Milliseconds; undefined where it did not happen. */
export type Effect = {
  readonly act: Act;
  /** From its beginning until its targets were laid to rest, or as it looks from outside: were asked no more, but for probes. */
  readonly detectedMs: number | undefined;
  /** Calls that began while it lasted, deserved an answer, and did not get it. */
  readonly failed: number;
  /** The same, answered, but after more than `SLOW_MS` without a word. */
  readonly slowed: number;
  /** From its end to the last call that failed or was slow, before something else was done. 0 when nobody felt anything any more. */
  readonly recoveredMs: number;
};

/** A person begins to wonder. */
export const SLOW_MS = 2000;
/** A target that is asked by nobody for so long is left alone: the shortest rest. */
const ALONE_MS = 2500;

export function effectsOf(record: RunRecord): readonly Effect[] {
  const { plan, fromMs, healedMs, endMs } = record;
  return plan.acts.map((act) => {
    const beginMs = fromMs + act.atMs;
    const untilMs = Math.min(beginMs + act.forMs, healedMs);
    const felt = record.seen.filter((seen) => seen.startMs >= beginMs && seen.startMs < untilMs);
    const next = plan.acts.map(({ atMs }) => fromMs + atMs).filter((atMs) => atMs > untilMs);
    const after = record.seen.filter((seen) => seen.startMs >= untilMs && seen.startMs < Math.min(endMs, ...next));
    const last = Math.max(
      untilMs,
      ...after.filter((seen) => isBad(seen) || isSlow(seen)).map((seen) => seen.endMs ?? endMs),
    );
    return {
      act,
      detectedMs: detected(record, act, beginMs, untilMs),
      failed: felt.filter(isBad).length,
      slowed: felt.filter((seen) => !isBad(seen) && isSlow(seen)).length,
      recoveredMs: last - untilMs,
    };
  });
}

function isBad(seen: Seen): boolean {
  return seen.wanted !== undefined && seen.ending !== 'left' && !isAnswered(seen);
}

function isSlow(seen: Seen): boolean {
  const { wanted, firstByteMs, startMs } = seen;
  return wanted !== undefined && firstByteMs !== undefined && firstByteMs - startMs > SLOW_MS;
}

/** The last request at a struck target before it was left alone, while others were asked. */
function detected(record: RunRecord, { deed }: Act, beginMs: number, untilMs: number): number | undefined {
  if (!('hosts' in deed)) return undefined;
  const struck = record.stations.filter(({ name }) => deed.hosts.includes(name));
  const others = record.stations.filter(({ name }) => !deed.hosts.includes(name));
  if (struck.length === 0 || others.length === 0) return undefined;
  const rests = struck.flatMap(({ restsAt }) => restsAt ?? []).filter((atMs) => atMs >= beginMs && atMs <= untilMs);
  if (struck.some(({ restsAt }) => restsAt !== undefined))
    return rests.length === 0 ? undefined : Math.min(...rests) - beginMs;
  const times = struck
    .flatMap(({ received, knocks }) => [...received.map(({ startMs }) => startMs), ...knocks])
    .filter((atMs) => atMs >= beginMs && atMs <= untilMs)
    .sort((a, b) => a - b);
  let last = beginMs;
  for (const atMs of [...times, untilMs]) {
    const isAlone = atMs - last >= ALONE_MS;
    const isOtherAsked = others.some(({ received }) =>
      received.some(({ startMs }) => startMs > last && startMs < atMs),
    );
    if (isAlone && isOtherAsked) return last - beginMs;
    last = atMs;
  }
  return undefined;
}

/** What became of one call, step by step, as its caller and the targets saw it. */
export function callStory(record: RunRecord, seen: Seen): readonly (readonly [string, string])[] {
  const at = (ms: number): string => `${((ms - record.fromMs) / 1000).toFixed(2)} s`;
  const steps: { readonly atMs: number; readonly what: string }[] = [
    { atMs: seen.startMs, what: `a caller (${seen.kind}) asks` },
  ];
  for (const { name, received } of record.stations) {
    for (const each of received) {
      if (each.drillCall !== seen.key) continue;
      const struck = each.fault === undefined ? '' : `, and strikes it: ${each.fault}`;
      steps.push({ atMs: each.startMs, what: `${name} has the request${struck}` });
      if (each.endMs !== undefined && each.endMs > each.startMs) {
        steps.push({ atMs: each.endMs, what: `${name} is done with it (${each.fate})` });
      }
    }
  }
  if (seen.firstByteMs !== undefined)
    steps.push({ atMs: seen.firstByteMs, what: `the caller hears its first byte (${seen.status})` });
  if (seen.endMs !== undefined) {
    const code = seen.code === undefined ? '' : `, told as ${seen.code}`;
    const words = isAnswered(seen) ? 'the caller has the whole answer' : `it ends as "${seen.ending}"${code}`;
    steps.push({ atMs: seen.endMs, what: words });
  }
  return steps.sort((a, b) => a.atMs - b.atMs).map(({ atMs, what }) => [at(atMs), what] as const);
}
