import type { RunRecord } from '../sim/run.ts';
import type { Seen } from '../workloads/seen.ts';
import { type Check, isWaySound, receiptsOf, soundTargets, story, tripMsMax } from './check.ts';

/** In a fair line nobody has more than a turn or two of each other caller before him; tries of calls begun before go first, though. */
const TURNS_MAX = 40;
/**
 * What a call needs that nobody holds back: half a trip to the gateway, one for TCP, one for TLS and half a one for the request. Others that find a
 * connection ready go past it on the way, and no line can help that.
 */
const TRIPS = 3;
/** Traces of trouble before, as in `blame.ts`. */
const TRACES_MS = 60_000;

/** P7 of the waiting room: all callers have the same priority here, so none waits while others are served again and again. */
export const fair: Check = {
  name: 'P7-fair',
  promise: 'No caller starves while others with the same priority are served many times.',
  *judge(record) {
    const served = servedOf(record);
    const wayMs = TRIPS * tripMsMax(record.plan);
    for (const seen of record.seen) {
      const { sentMs, kind } = seen;
      if (sentMs === undefined || seen.wanted === undefined || seen.again !== undefined || kind === 'reconnecting')
        continue;
      const untilMs = served.firstMs(seen) ?? seen.endMs ?? record.endMs;
      const { own, others } = served.between(kind, sentMs, untilMs - wayMs);
      if (own > 0 || others <= TURNS_MAX) continue;
      const fromMs = sentMs - TRACES_MS;
      if (soundTargets(record, fromMs, untilMs).length < record.plan.targets.length) continue;
      if (!isWaySound(record, fromMs, untilMs)) continue;
      yield { what: `${story(seen)} waited while ${others} calls of others were begun, and none of its own`, seen };
    }
  },
};

/** When calls were first asked of a target. Callers of one kind have one key, and so are one caller to the gateway. */
function servedOf(record: RunRecord): {
  readonly firstMs: (seen: Seen) => number | undefined;
  /** Begun after one time and before another. */
  readonly between: (kind: Seen['kind'], fromMs: number, untilMs: number) => { own: number; others: number };
} {
  const receipts = receiptsOf(record);
  const firstMs = (seen: Seen): number | undefined => {
    const all = receipts.get(seen.key);
    return all === undefined ? undefined : Math.min(...all.map(({ startMs }) => startMs));
  };
  const begun = record.seen
    .flatMap((seen) => {
      const atMs = firstMs(seen);
      return atMs === undefined ? [] : [{ kind: seen.kind, atMs }];
    })
    .sort((one, other) => one.atMs - other.atMs);
  return {
    firstMs,
    between: (kind, fromMs, untilMs) => {
      let low = 0;
      let high = begun.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((begun[middle]?.atMs ?? 0) <= fromMs) low = middle + 1;
        else high = middle;
      }
      const count = { own: 0, others: 0 };
      for (let at = low; at < begun.length; at += 1) {
        const each = begun[at];
        if (each === undefined || each.atMs >= untilMs) break;
        if (each.kind === kind) count.own += 1;
        else count.others += 1;
      }
      return count;
    },
  };
}
