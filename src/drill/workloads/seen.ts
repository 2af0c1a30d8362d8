/** What kinds of callers there are. */
export const CALLER_KINDS = [
  'stream',
  'plain',
  'embeddings',
  'greedy',
  'impatient',
  'slow-reader',
  'bad',
  'poison',
  'reconnecting',
] as const;

export type CallerKind = (typeof CALLER_KINDS)[number];

/** How a call ended for its caller. `clean` and `cut` are after bytes of an answer, `unheard` is a connection that died without one. */
export type Ending = 'running' | 'clean' | 'cut' | 'unheard' | 'unreachable' | 'left' | 'gave-up';

/** All that a caller knows of one call: what the checks judge by. */
export type Seen = {
  readonly serial: number;
  readonly kind: CallerKind;
  /** Sent as `idempotency-key`, so that upstreams' records can be laid beside it. */
  readonly key: string;
  readonly startMs: number;
  /** The answer that a good service gives: its text, or undefined when the call deserves a refusal. */
  readonly wanted: string | undefined;
  readonly isStream: boolean;
  /** The bytes were on their way: the gateway had accepted the connection. */
  sentMs: number | undefined;
  firstByteMs: number | undefined;
  firstPartMs: number | undefined;
  endMs: number | undefined;
  ending: Ending;
  status: number;
  /** The text of the answer as far as it came. */
  text: string;
  /** The last finish reason heard, and the dialect's last word. */
  finish: string | undefined;
  isDone: boolean;
  /** The gateway's word for a failure, from the head or from inside the stream. */
  code: string | undefined;
  safety: string | undefined;
  requestId: string | undefined;
  attempts: number;
  target: string | undefined;
  /** What is wrong with the HTTP or the events themselves. */
  malformed: string | undefined;
  /** The error body, for reports. */
  said: string | undefined;
};

/** True when the caller got the whole answer, and was told so. */
export function isAnswered(seen: Seen): boolean {
  if (seen.ending !== 'clean' || seen.status !== 200 || seen.text !== seen.wanted) return false;
  return !seen.isStream || seen.finish !== undefined;
}
