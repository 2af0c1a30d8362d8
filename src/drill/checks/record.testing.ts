import type { Received } from '../ledger.ts';
import { swarmPlan } from '../scenarios-swarm.ts';
import type { Plan, TargetPlan } from '../sim/plan.ts';
import type { RunRecord, StationRecord } from '../sim/run.ts';
import { Troubles } from '../sim/troubles.ts';
import { type CallerKind, newSeen, type Seen } from '../workloads/seen.ts';

/** A run in which nothing happened but what is said. */
export function recordOf(plan: Plan, seen: readonly Seen[], stations: readonly StationRecord[]): RunRecord {
  return {
    plan,
    seen,
    stations,
    troubles: new Troubles(),
    fromMs: 0,
    healedMs: plan.safetyMs,
    endMs: plan.safetyMs + plan.livenessMs,
    stop: 'done',
    strangers: [],
    seats: [],
    wiresLeft: 0,
    queuedMax: 0,
    journal: { hash: '', lines: [] },
    events: 0,
  };
}

/** One pool of equal targets, asked in turn, where nothing goes wrong. */
export function quietPlan(names: readonly string[], more: Partial<Plan> = {}): Plan {
  const target = (name: string): TargetPlan => ({
    name,
    region: undefined,
    isSecure: false,
    ttlS: undefined,
    paceWordsPerS: 0,
    workers: undefined,
  });
  const pools = [{ targets: names, balance: 'round-robin', redundancy: undefined }] as const;
  return { ...swarmPlan('1'), targets: names.map(target), pools, region: undefined, weather: {}, acts: [], ...more };
}

/** A call that was sent at this time. */
export function sent(serial: number, kind: CallerKind, atMs: number): Seen {
  return { ...newSeen(serial, atMs, kind, 'hello', kind === 'stream'), sentMs: atMs };
}

/** What a target received of it. */
export function asked({ key, serial }: Pick<Seen, 'key' | 'serial'>, startMs: number): Received {
  return {
    serial,
    connection: serial,
    method: 'POST',
    path: '/v1/chat/completions',
    model: undefined,
    isStream: false,
    bodyBytes: 100,
    requestId: undefined,
    attempt: undefined,
    idempotencyKey: undefined,
    drillCall: key,
    fault: undefined,
    startMs,
    endMs: undefined,
    fate: 'answered',
    bytesSent: 0,
  };
}
