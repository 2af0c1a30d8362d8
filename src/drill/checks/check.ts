import type { Received } from '../ledger.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunRecord } from '../sim/run.ts';
import type { Seen } from '../workloads/seen.ts';

/** Something that must not be. */
export type Violation = {
  readonly check: string;
  readonly what: string;
  /** The call it shows on. */
  readonly seen: Seen | undefined;
};

/** One promise of the design, judged from the callers' and the upstreams' side alone. */
export type Check = {
  /** `P1` … `P10`, or a word for what every run must keep. */
  readonly name: string;
  readonly promise: string;
  /** What breaks the promise; the caller of this cuts long lists. */
  readonly judge: (record: RunRecord) => Iterable<Omit<Violation, 'check'>>;
};

/** What the upstreams received of each call, by its key. */
export function receiptsOf(record: RunRecord): ReadonlyMap<string, readonly Received[]> {
  const found = new Map<string, Received[]>();
  for (const { received } of record.stations) {
    for (const each of received) {
      if (each.drillCall === undefined) continue;
      const all = found.get(each.drillCall);
      if (all === undefined) found.set(each.drillCall, [each]);
      else all.push(each);
    }
  }
  return found;
}

/** True when what lies between callers and targets was sound from one time to the other. */
export function isWaySound({ troubles }: RunRecord, fromMs: number, untilMs: number): boolean {
  return ['gateway', 'callers', 'restart'].every((host) => troubles.isSound(host, fromMs, untilMs));
}

/** Names of the targets that were sound from one time to the other. */
export function soundTargets({ plan, troubles }: RunRecord, fromMs: number, untilMs: number): readonly string[] {
  return plan.targets.map(({ name }) => name).filter((name) => troubles.isSound(name, fromMs, untilMs));
}

/** True when no target of the plan can be busy: then only faults excuse a failure. */
export function isRoomy(plan: Plan): boolean {
  return plan.targets.every(({ workers }) => workers === undefined);
}

/** There and back at most, by the weather of the plan: both ends of a way delay. */
export function tripMsMax({ weather: { delayMs = 0, jitterMs = 0 } }: Plan): number {
  return 4 * (delayMs + jitterMs);
}

/** The call in a few words. */
export function story(seen: Seen): string {
  const { serial, kind, startMs, endMs, ending, status, code, attempts } = seen;
  const tookMs = endMs === undefined ? 'never ended' : `${(endMs - startMs).toFixed(0)} ms`;
  return `call ${serial} (${kind}) at ${(startMs / 1000).toFixed(2)} s: ${ending} ${status} ${code ?? ''} after ${tookMs}, attempts ${attempts}`;
}
