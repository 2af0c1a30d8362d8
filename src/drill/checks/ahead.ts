import { type Check, receiptsOf, story } from './check.ts';

/**
 * What may lie between a service and a caller who does not read (the bytes of the way are those of the simulated one, which are Linux's and
 * Node's): what the kernels hold, on both sides of the gateway …
 */
const KERNELS_BYTES = 2 * 131_072;
/** … what the service has queued, which counts twice where it was handed over and not yet sent … */
const SERVICE_BYTES = 2 * 65_536;
/** … and the gateway's own: what it holds until the first output of a stream, and the high-water mark of its caller's connection … */
const GATEWAY_BYTES = 256 * 1024 + 65_536;
/** … with the one read that goes over it. */
const READ_BYTES = 65_536;
const AHEAD_BYTES_MAX = KERNELS_BYTES + SERVICE_BYTES + GATEWAY_BYTES + READ_BYTES;

/** A service frames each event by itself, the gateway as many as came together: six bytes of the hundred that the smallest events have. */
const FRAMING_SHARE = 0.06;

/** P7 as a service feels it: who reads slowly slows it down. Plain answers are held up to `limits.reply-bytes-held`, and are not judged. */
export const readAhead: Check = {
  name: 'P7-ahead',
  promise: 'The gateway does not read a stream further ahead of its caller than it has room for.',
  *judge(record) {
    const receipts = receiptsOf(record);
    for (const seen of record.seen) {
      const [receipt, second] = receipts.get(seen.key) ?? [];
      // Of a second try the caller may get the end only; who comes back has his answer kept for him.
      if (!seen.isStream || seen.takes.length === 0 || receipt?.endMs === undefined || second !== undefined) continue;
      const { endMs, bytesSent } = receipt;
      const taken = seen.takes.findLast(({ atMs }) => atMs <= endMs)?.bytes ?? 0;
      const ahead = bytesSent * (1 - FRAMING_SHARE) - taken;
      if (ahead <= AHEAD_BYTES_MAX) continue;
      const what = `when its service had said ${bytesSent} bytes, the caller had taken ${taken}`;
      yield { what: `${story(seen)}: ${what}`, seen };
    }
  },
};
