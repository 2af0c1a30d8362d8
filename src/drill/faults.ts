import type { CauseCode } from '../diagnosis/catalogue.ts';

/** An answer in one piece, or one that flows event by event. The same fault shows itself differently on each. */
export type AnswerKind = 'plain' | 'stream';

/** A number with its unit and bounds; without a default it may be left out. */
export type NumberParameter = {
  readonly kind: 'number';
  readonly unit: 'bytes' | 'events' | 'ms' | 's' | 'status';
  readonly min: number;
  readonly max: number;
  readonly default: number | undefined;
};

/** One of a few words. */
export type ChoiceParameter = {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
};

export type FaultParameter = NumberParameter | ChoiceParameter;

/** One word of the vocabulary. Causes are those of the default values; `causeOf` knows the others. */
export type FaultEntry = {
  /** What it does, in one sentence. */
  readonly does: string;
  /** In the order in which bare numbers are read. */
  readonly parameters: Readonly<Record<string, FaultParameter>>;
  /** On a stream. A plain inference answer is held whole by the gateway, so there every fault strikes before the first part. */
  readonly isBeforeFirstPart: boolean;
  /** The true cause, as seen on a stream. */
  readonly cause: CauseCode;
  /** The true cause on a plain answer, where it differs. */
  readonly plainCause?: CauseCode;
  /** The kinds of answer that still arrive whole for a patient reader: no failure need be reported. */
  readonly spares?: readonly AnswerKind[];
};

/** Long enough that a real answer is under way, short enough that every sandbox answer is longer. */
const EVENTS = { kind: 'number', unit: 'events', min: 0, max: 100_000, default: 5 } as const;
const EVENTS_FROM_START = { ...EVENTS, default: 0 } as const;
/** A day: longer waits can only be mistakes. */
const MS_MAX = 86_400_000;
const RETRY_AFTER = { kind: 'number', unit: 's', min: 0, max: 86_400, default: undefined } as const;

/**
 * Every way the faulty upstream can fail, used by every test, by the drill and by the console. Counts of events are *output* events
 * (those that carry text or tool arguments): the role chunk and its likes are sent before the first and not counted, so that a count
 * means the same in every dialect, and 0 always means before the first part. Counts of bytes are bytes of the body, as framed on the wire.
 */
export const VOCABULARY = {
  // ---- the connection ----
  refuse: {
    does: 'Stops listening and drops its connections; with ms, listens again after that time.',
    parameters: { ms: { kind: 'number', unit: 'ms', min: 1, max: MS_MAX, default: undefined } },
    isBeforeFirstPart: true,
    cause: 'connect-refused',
  },
  'accept-and-hang': {
    does: 'Accepts the connection, reads the request and never answers.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'answer-timeout',
  },
  'reset-before-head': {
    does: 'Resets the connection (RST) instead of answering.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'closed-before-answer',
  },
  'close-before-head': {
    does: 'Closes the connection (FIN) instead of answering.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'closed-before-answer',
  },
  'reset-after-bytes': {
    does: 'Resets the connection after this much of the body, at the latest one byte before its end.',
    parameters: { bytes: { kind: 'number', unit: 'bytes', min: 0, max: 1 << 30, default: 1000 } },
    isBeforeFirstPart: false,
    cause: 'body-cut',
  },
  'reset-on-reuse': {
    does: 'Answers the first request of a connection and resets it at the second, as a server does that had just closed it.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'stale-connection',
    spares: ['plain', 'stream'],
  },
  'idle-close': {
    does: 'Closes a kept-alive connection after this much idleness without having announced it.',
    parameters: { ms: { kind: 'number', unit: 'ms', min: 0, max: MS_MAX, default: 1000 } },
    isBeforeFirstPart: true,
    cause: 'stale-connection',
    spares: ['plain', 'stream'],
  },

  // ---- the head ----
  'slow-head': {
    does: 'Keeps silent for this long, then answers well.',
    parameters: { ms: { kind: 'number', unit: 'ms', min: 0, max: MS_MAX, default: 30_000 } },
    isBeforeFirstPart: true,
    cause: 'answer-timeout',
    spares: ['plain', 'stream'],
  },
  'garbage-status-line': {
    does: 'Answers with the greeting of another protocol.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'not-http',
  },
  'bad-head-line': {
    does: 'Sends a field line without a colon.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'bad-head',
  },
  'cut-head': {
    does: 'Closes after this much of the head, at the latest before its empty line.',
    parameters: { bytes: { kind: 'number', unit: 'bytes', min: 1, max: 65_536, default: 40 } },
    isBeforeFirstPart: true,
    cause: 'head-cut',
  },
  'oversized-head': {
    does: 'Answers well under a head of this size.',
    // 256 KiB is above the head limit of every known client (Node 16 KiB, undici 16 KiB, curl 100 KiB, Chromium 256 KiB).
    parameters: { bytes: { kind: 'number', unit: 'bytes', min: 1024, max: 1 << 24, default: 262_144 } },
    isBeforeFirstPart: true,
    cause: 'head-too-large',
  },

  // ---- the body and its framing ----
  'silence-after-head': {
    does: 'Sends the head, then nothing, for ever.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'answer-timeout',
    plainCause: 'body-stall',
  },
  'slow-drip': {
    does: 'Sends the head at once, then this many bytes of the body each time.',
    parameters: {
      bytes: { kind: 'number', unit: 'bytes', min: 1, max: 65_536, default: 1 },
      ms: { kind: 'number', unit: 'ms', min: 1, max: MS_MAX, default: 100 },
    },
    isBeforeFirstPart: true,
    cause: 'answer-timeout',
    spares: ['plain', 'stream'],
  },
  'bad-chunk-size': {
    does: 'Sends a chunk whose size is no number; a plain answer is chunked for it, and struck half way unless events is 0.',
    parameters: { events: EVENTS_FROM_START },
    isBeforeFirstPart: true,
    cause: 'bad-chunk',
  },
  'wrong-content-length': {
    does: 'Announces twice the true length and closes after the true one, or half of it and sends more than announced.',
    parameters: { announced: { kind: 'choice', choices: ['too-long', 'too-short'], default: 'too-long' } },
    isBeforeFirstPart: false,
    cause: 'body-incomplete',
  },
  'bad-gzip': {
    does: 'Says gzip, sends a gzip header and then bytes that do not unpack.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'bad-encoding',
  },
  'invalid-json': {
    does: 'Answers 200 with a JSON content type and a body that is not JSON, well framed.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'answer-not-json',
  },
  'truncated-json': {
    does: 'Sends half of the body under a content length that agrees with the half.',
    parameters: {},
    isBeforeFirstPart: false,
    cause: 'stream-incomplete',
    plainCause: 'answer-not-json',
  },

  // ---- the stream ----
  'stall-after-events': {
    does: 'Falls silent after this many output events; a plain answer, half way.',
    parameters: { events: EVENTS },
    isBeforeFirstPart: false,
    cause: 'stream-stall',
    plainCause: 'body-stall',
  },
  'cut-after-events': {
    does: 'Ends after this many output events and before any terminal one: cleanly, by FIN without the last chunk, or by RST; a plain answer, half way.',
    parameters: { events: EVENTS, end: { kind: 'choice', choices: ['clean', 'fin', 'reset'], default: 'clean' } },
    isBeforeFirstPart: false,
    cause: 'stream-incomplete',
    plainCause: 'answer-not-json',
  },
  'invalid-json-event': {
    does: 'Garbles the event that follows this many output events, or inserts one more that is garbage; the rest goes on.',
    parameters: {
      events: EVENTS_FROM_START,
      as: { kind: 'choice', choices: ['garbled', 'extra'], default: 'garbled' },
    },
    isBeforeFirstPart: true,
    cause: 'stream-malformed',
    plainCause: 'answer-not-json',
  },
  'error-event': {
    does: 'Sends an error inside the 200 after this many output events, and ends cleanly; a plain answer is the error alone.',
    parameters: {
      events: EVENTS_FROM_START,
      says: { kind: 'choice', choices: ['error', 'overloaded', 'unnamed'], default: 'error' },
    },
    isBeforeFirstPart: true,
    cause: 'service-error',
  },
  'missing-done': {
    does: 'Leaves out the very last event ([DONE], message_stop, response.completed) and ends cleanly.',
    parameters: {},
    isBeforeFirstPart: false,
    cause: 'stream-incomplete',
    spares: ['plain', 'stream'],
  },
  'empty-stream': {
    does: 'Answers 200 and ends cleanly without a single event; a plain answer has an empty body.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'stream-empty',
    plainCause: 'answer-not-json',
  },

  // ---- answers that say no ----
  status: {
    does: "Answers with this status and the error body of the provider's own shape; retry-after-date is sent as an HTTP date that far from now.",
    parameters: {
      status: { kind: 'number', unit: 'status', min: 400, max: 599, default: 500 },
      'retry-after': RETRY_AFTER,
      'retry-after-date': RETRY_AFTER,
      'retry-after-ms': { kind: 'number', unit: 'ms', min: 0, max: MS_MAX, default: undefined },
    },
    isBeforeFirstPart: true,
    cause: 'service-error',
  },
  'html-error': {
    does: "Answers with this status and an HTML page: nginx's, Cloudflare's branded one (the origin failed) or its bare one (the edge itself failed).",
    parameters: {
      status: { kind: 'number', unit: 'status', min: 200, max: 599, default: 502 },
      from: { kind: 'choice', choices: ['nginx', 'cloudflare', 'cloudflare-edge'], default: 'nginx' },
    },
    isBeforeFirstPart: true,
    cause: 'service-bad-gateway',
  },
  'edge-error': {
    does: "Answers with this status as JSON from the edge: OpenAI's cf_bad_gateway for 502 and 504, Cloudflare's problem+json for its own codes.",
    parameters: { status: { kind: 'number', unit: 'status', min: 500, max: 599, default: 502 } },
    isBeforeFirstPart: true,
    cause: 'edge-failed',
  },
  'captive-portal': {
    does: 'Answers as a sign-in page: 200 with its HTML, 302 to it, or 511 (RFC 6585 §6).',
    parameters: { status: { kind: 'choice', choices: ['200', '302', '511'], default: '200' } },
    isBeforeFirstPart: true,
    cause: 'captive-portal',
  },
  'quota-exhausted': {
    does: "Says that the account is used up: 429 insufficient_quota, or 402; Anthropic's is a 400.",
    parameters: { status: { kind: 'choice', choices: ['429', '402'], default: '429' } },
    isBeforeFirstPart: true,
    cause: 'quota-exhausted',
  },
  'model-not-found': {
    does: 'Answers 404: no such model.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'model-not-found',
  },
  'context-too-long': {
    does: 'Answers 400: the prompt is longer than the model takes.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'context-too-long',
  },
  'content-refused': {
    does: 'Answers 400: the content is against the policy.',
    parameters: {},
    isBeforeFirstPart: true,
    cause: 'content-refused',
  },
} as const satisfies Record<string, FaultEntry>;

type Vocabulary = typeof VOCABULARY;

export type FaultWord = keyof Vocabulary;

export const FAULT_WORDS = Object.keys(VOCABULARY) as readonly FaultWord[];

type ValueOf<P> = P extends { kind: 'number'; default: infer D }
  ? D extends number
    ? number
    : number | undefined
  : P extends { choices: readonly (infer C)[] }
    ? C
    : never;

/** A word with a value for each of its parameters. */
export type Fault = {
  [W in FaultWord]: {
    readonly word: W;
    readonly values: { readonly [N in keyof Vocabulary[W]['parameters']]: ValueOf<Vocabulary[W]['parameters'][N]> };
  };
}[FaultWord];

/** The entry of a word, for readers that need not know which. */
export function entryOf(word: FaultWord): FaultEntry {
  return VOCABULARY[word];
}
