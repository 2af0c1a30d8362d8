import type { RunRecord } from '../sim/run.ts';
import type { Seen } from '../workloads/seen.ts';
import { type Check, isWaySound, receiptsOf, soundTargets, story } from './check.ts';

/** A cancelled exchange is closed at once; this much is for the way there, and for an end that is read off so that its connection lives. */
const LATE_MS = 3000;

/** Faults by which a service is slow or silent, and nothing else. */
const SLOW = /^(slow-head|slow-drip|silence-after-head|stall-after-events|accept-and-hang)/;

/** What trouble keeps back on the way to a target, or has made it forget, arrives when nobody wants it any more, or never. */
function isLineSound({ plan, fromMs }: RunRecord, name: string, untilMs: number): boolean {
  return plan.acts.every(({ atMs, deed }) => {
    const isOnLine = 'hosts' in deed && deed.word !== 'fault' && deed.hosts.includes(name);
    return !isOnLine || fromMs + atMs > untilMs;
  });
}

/** P7: nobody works for a call that is over. */
export const noIdleWork: Check = {
  name: 'P7-work',
  promise: 'An upstream never works on for a caller who has gone, or was answered by another.',
  *judge(record) {
    const seenOf = new Map(record.seen.map((seen) => [seen.key, seen]));
    for (const { name, received } of record.stations) {
      for (const receipt of received) {
        const seen = receipt.drillCall === undefined ? undefined : seenOf.get(receipt.drillCall);
        // Who said that he may come back has his answer finished for him.
        if (seen?.endMs === undefined || seen.kind === 'reconnecting') continue;
        const untilMs = seen.endMs + LATE_MS;
        if ((receipt.endMs ?? Number.POSITIVE_INFINITY) <= untilMs) continue;
        if (!isLineSound(record, name, untilMs) || !isWaySound(record, seen.startMs, untilMs)) continue;
        // A service that only takes its time hears of the end as any other does.
        const isWell = record.troubles.isSound(name, seen.startMs, untilMs);
        if (!isWell && (receipt.fault === undefined || !SLOW.test(receipt.fault))) continue;
        yield { what: `${name} went on for ${story(seen)}`, seen };
      }
    }
  },
};

/** Every target once, since the next may be the one that answers, and a hedge or a probe beside them. */
const SPARE_TRIES = 3;

/** P4 for those who deserve no further try: what the service refuses is not asked again, what kills it not for ever. */
export const noVainTries: Check = {
  name: 'P4-vain',
  promise: 'A bad call is not tried again, a poisonous one only a few times.',
  *judge(record) {
    const receipts = receiptsOf(record);
    for (const seen of record.seen) {
      const max = triesMax(seen, record.plan.targets.length);
      const got = receipts.get(seen.key) ?? [];
      if (max === undefined || got.length <= max || seen.endMs === undefined) continue;
      const isSound = soundTargets(record, seen.startMs, seen.endMs).length === record.plan.targets.length;
      if (!isSound || !isWaySound(record, seen.startMs, seen.endMs)) continue;
      yield { what: `${story(seen)} reached upstreams ${got.length} times`, seen };
    }
  },
};

function triesMax({ kind }: Seen, targets: number): number | undefined {
  if (kind === 'bad') return 1;
  return kind === 'poison' ? targets + SPARE_TRIES : undefined;
}
