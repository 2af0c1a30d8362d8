import type { Received } from '../ledger.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunRecord } from '../sim/run.ts';
import { isAnswered } from '../workloads/seen.ts';
import { type Check, isRoomy, isWaySound, receiptsOf, story } from './check.ts';

/** A first rest lasts 5 s, give or take its jitter: a shorter gap proves nothing. */
const GAP_MS = 3000;
/** While a serving target is passed over, each other one gets at most so many: chance would have it so once in e^15 times. */
const TURNS_MAX = 15;
/** Rests from trouble before reach far. */
const TRACES_MS = 120_000;

/** P5: bad callers and those who leave rest nobody: seen from outside, a sound target among sound ones is asked in its turn. */
export const blame: Check = {
  name: 'P5',
  promise: 'Blame is right: a bad caller, or one who leaves, never rests a target.',
  *judge(record) {
    if (!isEven(record.plan)) return;
    const names = record.plan.targets.map(({ name }) => name);
    const lastOf = new Map(names.map((name) => [name, { atMs: record.fromMs, nth: 0, underWay: 0 }]));
    let nth = 0;
    for (const { name, atMs, what } of turns(record)) {
      const last = lastOf.get(name);
      if (last === undefined) continue;
      const underWay = last.underWay + UNDER_WAY[what];
      lastOf.set(name, { atMs, nth, underWay });
      if (what === 'begun') nth += 1;
      // Who is still at work waits for no turn.
      if (last.underWay > 0) continue;
      if (nth - last.nth <= TURNS_MAX * names.length || atMs - last.atMs < GAP_MS) continue;
      const fromMs = last.atMs - TRACES_MS;
      if (!names.every((each) => isBlameless(record, each, fromMs, atMs)) || !isWaySound(record, fromMs, atMs))
        continue;
      const when = `${(last.atMs / 1000).toFixed(1)} s to ${(atMs / 1000).toFixed(1)} s`;
      yield {
        what: `${name} did no wrong, and was not asked from ${when} while others were ${nth - last.nth} times`,
        seen: undefined,
      };
    }
  },
};

/** What each does to the number of calls under way. */
const UNDER_WAY = { knock: 0, begun: 1, over: -1 } as const;

type Turn = { readonly name: string; readonly atMs: number; readonly what: keyof typeof UNDER_WAY };

/**
 * When each target was asked, and when what it answered was over, if the fewest calls under way decide. A knock is a turn as well: over a
 * long way callers may leave before their connection is made, so that a target whose connections are all in use receives nothing.
 */
function turns({ plan, stations, seen }: RunRecord): readonly Turn[] {
  const isByWork = plan.pools[0]?.balance === 'least-connections';
  const endOf = new Map(seen.map(({ key, endMs }) => [key, endMs ?? Number.POSITIVE_INFINITY]));
  return stations
    .flatMap(({ name, received, knocks }): Turn[] => [
      ...received.map(({ startMs }) => ({ name, atMs: startMs, what: 'begun' }) as const),
      ...received.map((each) => ({ name, atMs: isByWork ? overMs(each, endOf) : each.startMs, what: 'over' }) as const),
      ...knocks.map((atMs) => ({ name, atMs, what: 'knock' }) as const),
    ])
    .sort((one, other) => one.atMs - other.atMs);
}

/** An answer that is out of the target's hands is under way until its caller has read it. */
function overMs({ startMs, endMs, fate, drillCall }: Received, endOf: ReadonlyMap<string, number>): number {
  const outMs = Math.max(startMs, endMs ?? Number.POSITIVE_INFINITY);
  return fate === 'answered' && drillCall !== undefined ? Math.max(outMs, endOf.get(drillCall) ?? outMs) : outMs;
}

/** What a service says of a call, and not of itself. */
const CALLERS_OWN: ReadonlySet<string> = new Set(['content-refused', 'context-too-long']);

/** Sound, or struck by nothing but refusals for the calls' own sake. */
function isBlameless({ plan, troubles }: RunRecord, name: string, fromMs: number, untilMs: number): boolean {
  const own = plan.acts.flatMap(({ deed }) => ('hosts' in deed && deed.hosts.includes(name) ? [deed] : []));
  if (own.length > 0 && own.every((deed) => deed.word === 'fault' && CALLERS_OWN.has(deed.fault))) return true;
  return troubles.isSound(name, fromMs, untilMs);
}

/** Standbys, regions, affinity, and slow or unlike services are passed over for reasons of their own. */
export function isEven(plan: Plan): boolean {
  const [pool, ...more] = plan.pools;
  if (pool === undefined || more.length > 0 || plan.region !== undefined || !isRoomy(plan)) return false;
  if (pool.balance === 'round-robin') return true;
  const [first] = plan.targets;
  return (
    pool.balance === 'least-connections' && plan.targets.every((each) => each.paceWordsPerS === first?.paceWordsPerS)
  );
}

/** P6: what callers are told of their message agrees with what upstreams received. */
export const safety: Check = {
  name: 'P6',
  promise: 'What is said about data is true.',
  *judge(record) {
    const receipts = receiptsOf(record);
    for (const seen of record.seen) {
      const got = receipts.get(seen.key) ?? [];
      // A caller whose gateway died under it asks again: the new one tells of the call that it knows.
      const own = got.filter(({ requestId }) => requestId === seen.requestId);
      if (seen.safety === 'not-sent' && own.length > 0) {
        yield { what: `${story(seen)} was told "not sent", and ${own.length} upstream(s) had it whole`, seen };
      }
      // Who comes back reads what was answered before.
      const isFromTarget = seen.wanted !== undefined && seen.again === undefined && isAnswered(seen);
      if (isFromTarget && got.length === 0) yield { what: `${story(seen)} was answered by nobody`, seen };
    }
  },
};
