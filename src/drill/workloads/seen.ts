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
  'hasty',
] as const;

export type CallerKind = (typeof CALLER_KINDS)[number];

/** How a call ended for its caller. `clean` and `cut` are after bytes of an answer, `unheard` is a connection that died without one. */
export type Ending = 'running' | 'clean' | 'cut' | 'unheard' | 'unreachable' | 'left' | 'gave-up';

/** All that a caller knows of one call: what the checks judge by. */
export type Seen = {
  readonly serial: number;
  readonly kind: CallerKind;
  /** Sent as `drill-call`, so that upstreams' records can be laid beside it. */
  readonly key: string;
  readonly startMs: number;
  /** The answer that a good service gives: its text, or undefined when the call deserves a refusal. */
  readonly wanted: string | undefined;
  readonly isStream: boolean;
  /** The deadline it asked for, from its beginning; undefined is the gateway's own. */
  deadlineMs: number | undefined;
  /** It comes back for an answer that it lost: by its key, from the beginning, or by the last event that it heard. */
  again: { readonly first: Seen; readonly way: 'key' | 'events' } | undefined;
  /** The id of the call whose reply it reads on. */
  askedFor: string | undefined;
  /** The bytes were on their way: the gateway had accepted the connection. */
  sentMs: number | undefined;
  firstByteMs: number | undefined;
  firstPartMs: number | undefined;
  endMs: number | undefined;
  /** Of a slow reader: how many bytes it had taken, and since when. */
  readonly takes: { readonly atMs: number; readonly bytes: number }[];
  ending: Ending;
  status: number;
  /** The text of the answer as far as it came. */
  text: string;
  /** The last finish reason heard, and the dialect's last word. */
  finish: string | undefined;
  isDone: boolean;
  /** The last `id:` of the stream, by which a caller who comes back may ask for the rest. */
  lastEventId: string | undefined;
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

/** A call that begins now. `tag` makes its key one of this run alone, where upstreams remember others. */
export function newSeen(
  serial: number,
  startMs: number,
  kind: CallerKind,
  wanted: string | undefined,
  isStream: boolean,
  tag = '',
): Seen {
  return {
    serial,
    kind,
    key: `call-${tag}${serial}`,
    startMs,
    wanted,
    isStream,
    deadlineMs: undefined,
    again: undefined,
    askedFor: undefined,
    sentMs: undefined,
    firstByteMs: undefined,
    firstPartMs: undefined,
    endMs: undefined,
    takes: [],
    ending: 'running',
    status: 0,
    text: '',
    finish: undefined,
    isDone: false,
    lastEventId: undefined,
    code: undefined,
    safety: undefined,
    requestId: undefined,
    attempts: 0,
    target: undefined,
    malformed: undefined,
    said: undefined,
  };
}
