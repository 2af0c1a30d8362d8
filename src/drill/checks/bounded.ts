import { type Check, isRoomy, isWaySound, soundTargets, story, tripMsMax } from './check.ts';

/** Above what one connection may hold unsent: the high-water mark, and one part more of the largest kind in a drill. */
const QUEUED_BYTES_MAX = 1_048_576;
/** A caller is told at the deadline; its connection may be slow. */
const LATE_MS = 5000;

/** P7 as far as it shows outside: nothing grows, nothing stays behind, and no call outlives its deadline. */
export const bounded: Check = {
  name: 'P7',
  promise: 'Everything is bounded, and in-flight returns to zero.',
  *judge(record) {
    const { plan, queuedMax, seats, wiresLeft, stop } = record;
    if (stop !== 'done') yield { what: `the run stopped as "${stop}"`, seen: undefined };
    if (queuedMax > QUEUED_BYTES_MAX)
      yield { what: `${queuedMax} bytes were queued on one connection`, seen: undefined };
    if (stop === 'done' && seats === undefined) yield { what: 'the admin port did not answer', seen: undefined };
    for (const seat of seats ?? []) {
      if (seat.inFlight !== 0)
        yield { what: `${seat.inFlight} calls are for ever in flight at ${seat.target}`, seen: undefined };
    }
    if (stop === 'done' && wiresLeft > 0) {
      yield { what: `${wiresLeft} connections are open after the gateway has stopped`, seen: undefined };
    }
    for (const seen of record.seen) {
      const endMs = seen.endMs ?? Number.POSITIVE_INFINITY;
      if (endMs - seen.startMs <= (seen.deadlineMs ?? plan.deadlineMs) + LATE_MS || seen.kind === 'slow-reader')
        continue;
      if (isWaySound(record, seen.startMs, endMs)) yield { what: `${story(seen)}, past its deadline`, seen };
    }
  },
};

/** A call that nothing disturbs may wait so long for its first word, where the way is short: names, and the upstream's own time. */
const CALM_MS = 1000;
/** Where it is long: there and back on both sides for TCP and for HTTP, on one of them for names and TLS, and a little for the upstream. */
const TRIPS = 6;
const CALM_SERVICE_MS = 250;
/** Only after rests and slow start are over. */
const RECOVERY_MS = 40_000;

/** P9 in virtual time: on a good day nothing waits for anything but the network and the service. */
export const outOfTheWay: Check = {
  name: 'P9',
  promise: 'It stays out of the way.',
  *judge(record) {
    if (!isRoomy(record.plan)) return;
    const calmMs = Math.max(CALM_MS, CALM_SERVICE_MS + TRIPS * tripMsMax(record.plan));
    for (const seen of record.seen) {
      if (seen.wanted === undefined || seen.startMs < record.healedMs + RECOVERY_MS) continue;
      // Twelve at once may have to wait for each other where a limit was learned on a bad day.
      if (seen.kind === 'slow-reader' || seen.kind === 'greedy') continue;
      const beganMs = seen.firstByteMs;
      if (beganMs === undefined || beganMs - seen.startMs <= calmMs) continue;
      if (soundTargets(record, seen.startMs, beganMs).length < record.plan.targets.length) continue;
      yield { what: `${story(seen)}: first byte after ${(beganMs - seen.startMs).toFixed(0)} ms of a calm day`, seen };
    }
  },
};
