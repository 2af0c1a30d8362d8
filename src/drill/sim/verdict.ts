import type { Violation } from '../checks/check.ts';
import { judge } from '../checks/checks.ts';
import { isAnswered, type Seen } from '../workloads/seen.ts';
import type { Plan } from './plan.ts';
import { type RunRecord, run } from './run.ts';
import type { Ground } from './stage.ts';

/** What became of one run. */
export type Verdict = {
  readonly record: RunRecord;
  readonly violations: readonly Violation[];
  readonly tally: Tally;
  /** The command that shows the same again. */
  readonly replay: string;
};

/** Calls that deserved an answer, and what they got. Milliseconds. */
export type Tally = {
  readonly calls: number;
  readonly answered: number;
  /** Told in words that it failed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Requests upstreams received for each call. */
  readonly amplification: number;
  /** From the first failure seen by a caller to the last; undefined without any. */
  readonly failingMs: number | undefined;
  /** From the healing to the last failure after it; 0 without any. */
  readonly recoveryMs: number;
  readonly medianFirstMs: number;
  /** The longest that an answered call waited for its first word; undefined without one. */
  readonly waitedMsMax: number | undefined;
  /** Of those that were not answered the one that took longest, else the one that waited longest for its first word. */
  readonly worst: Seen | undefined;
};

/** Runs a plan and judges it; `isTwice` runs it again and compares the journals (P10). */
export async function drill(
  ground: Ground,
  plan: Plan,
  minutes: number | undefined,
  isTwice: boolean,
): Promise<Verdict> {
  const record = await run(ground, plan);
  const violations = [...judge(record)];
  if (isTwice) {
    const again = await run(ground, plan);
    if (again.journal.hash !== record.journal.hash) {
      const what = `the journals of two runs differ: ${record.journal.hash} and ${again.journal.hash}`;
      violations.push({ check: 'P10', what, seen: undefined });
    }
  }
  return { record, violations, tally: tallyOf(record), replay: replayOf(plan, minutes) };
}

/** `minutes` as they were asked for; undefined when the seed decided. */
export function replayOf(plan: Plan, minutes: number | undefined): string {
  const scenario = plan.scenario === 'swarm' ? '' : ` --scenario ${plan.file ?? plan.scenario}`;
  const length = minutes === undefined ? '' : ` --minutes ${minutes}`;
  return `goodgate drill${scenario} --seed ${plan.seed}${length}`;
}

/** What came of the calls of a run. */
export function tallyOf(record: RunRecord): Tally {
  const deserving = record.seen.filter(({ wanted, ending }) => wanted !== undefined && ending !== 'left');
  const failures = deserving.filter((seen) => !isAnswered(seen));
  const failed: Record<string, number> = {};
  for (const { code, ending } of failures) failed[code ?? ending] = (failed[code ?? ending] ?? 0) + 1;
  const received = record.stations.reduce((sum, station) => sum + station.received.length, 0);
  const sent = record.seen.filter(({ sentMs }) => sentMs !== undefined).length;
  const ends = failures.map(({ endMs }) => endMs ?? record.endMs);
  const first = deserving.flatMap(({ firstByteMs, startMs }) =>
    firstByteMs === undefined ? [] : [firstByteMs - startMs],
  );
  first.sort((a, b) => a - b);
  return {
    calls: deserving.length,
    answered: deserving.length - failures.length,
    failed,
    amplification: sent === 0 ? 0 : received / sent,
    failingMs: ends.length === 0 ? undefined : Math.max(...ends) - Math.min(...failures.map(({ startMs }) => startMs)),
    recoveryMs: Math.max(0, ...ends.map((endMs) => endMs - record.healedMs)),
    medianFirstMs: first[first.length >> 1] ?? 0,
    waitedMsMax: first.at(-1),
    worst: worstOf(failures, tookMs) ?? worstOf(deserving, waitedMs),
  };
}

/** The one of which the number is largest. */
function worstOf(all: readonly Seen[], numberOf: (seen: Seen) => number): Seen | undefined {
  let worst: Seen | undefined;
  for (const seen of all) {
    if (worst === undefined || numberOf(seen) > numberOf(worst)) worst = seen;
  }
  return worst;
}

function waitedMs({ startMs, firstByteMs }: Seen): number {
  return (firstByteMs ?? startMs) - startMs;
}

function tookMs({ startMs, endMs }: Seen): number {
  return (endMs ?? startMs) - startMs;
}
