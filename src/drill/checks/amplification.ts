import { type Check, receiptsOf } from './check.ts';

/** The window of the promise, and what may come besides: 10 a second for each pool (design §5). */
const WINDOW_MS = 10_000;
const FLOOR_PER_S = 10;
const SHARE = 0.2;
/** The budget counts in slices of a second, so that its ten seconds may be nearly eleven of ours. */
const SLICE_MS = 1000;

/** P4: the further attempts that upstreams saw in any ten seconds, against the calls that were offered in them. */
export const amplification: Check = {
  name: 'P4',
  promise: 'Upstreams never receive more than 1.2 × the offered calls, and a small floor, over any 10 s.',
  *judge(record) {
    const extras: number[] = [];
    for (const receipts of receiptsOf(record).values()) {
      const times = receipts.map(({ startMs }) => startMs).sort((a, b) => a - b);
      extras.push(...times.slice(1));
    }
    extras.sort((a, b) => a - b);
    // When they were sent: a caller who was kept from connecting may have wanted to for half a minute, and all such come at once.
    const offered = record.seen.flatMap(({ sentMs }) => (sentMs === undefined ? [] : [sentMs])).sort((a, b) => a - b);
    const floor = (FLOOR_PER_S * record.plan.pools.length * (WINDOW_MS + SLICE_MS)) / 1000;
    let from = 0;
    let offeredFrom = 0;
    let offeredUntil = 0;
    for (const [at, untilMs] of extras.entries()) {
      while ((extras[from] ?? 0) <= untilMs - WINDOW_MS) from += 1;
      while ((offered[offeredFrom] ?? Number.POSITIVE_INFINITY) <= untilMs - WINDOW_MS - SLICE_MS) offeredFrom += 1;
      while ((offered[offeredUntil] ?? Number.POSITIVE_INFINITY) <= untilMs) offeredUntil += 1;
      const calls = offeredUntil - offeredFrom;
      const allowed = SHARE * calls + floor;
      const count = at - from + 1;
      if (count <= allowed || !record.troubles.isSound('bunching', untilMs - WINDOW_MS, untilMs)) continue;
      const when = `${((untilMs - WINDOW_MS) / 1000).toFixed(1)} s to ${(untilMs / 1000).toFixed(1)} s`;
      yield {
        what: `${count} further attempts for ${calls} calls from ${when}; ${allowed} are allowed`,
        seen: undefined,
      };
      return;
    }
  },
};
