/** The steps of one attempt, in order. */
export type Phase =
  | 'queue'
  | 'dns'
  | 'connect'
  | 'proxy-connect'
  | 'tls'
  | 'send'
  | 'wait-head'
  | 'head'
  | 'body'
  | 'trailers';

/** What ended the exchange first, as seen from here. */
export type FirstEvent =
  | 'fin'
  | 'reset'
  | 'errno'
  | 'tls-alert'
  | 'our-timer'
  | 'our-cancel'
  | 'parse'
  | 'answer'
  | 'name-error';

/** Our clocks by name, so that a story can say which one fired. */
export type ClockName =
  | 'dns'
  | 'connect'
  | 'tls'
  | 'write'
  | 'head'
  | 'first-output'
  | 'between-parts'
  | 'between-bytes'
  | 'deadline'
  | 'queue';

/**
 * What is known of one failed attempt, before anyone judges it (reference: failure taxonomy §4.1). All fields are facts;
 * absent means not known or not applicable. Bytes count this exchange only, never the socket's life.
 */
export type Evidence = {
  readonly phase: Phase;
  readonly firstEvent: FirstEvent;
  /** Errno, OpenSSL or c-ares name. */
  readonly errno?: string | undefined;
  readonly syscall?: string | undefined;
  readonly tlsAlert?: string | undefined;
  readonly clock?: ClockName | undefined;
  /** What that clock was set to: a loop that was late by more than a quarter of it makes us the suspect. */
  readonly limitMs?: number | undefined;
  /** The strict parser's word for what it refused, e.g. `chunk-size`. */
  readonly parse?: string | undefined;
  readonly host?: string | undefined;
  readonly address?: string | undefined;
  readonly isReused?: boolean | undefined;
  readonly idleMs?: number | undefined;
  readonly socketAgeMs?: number | undefined;
  /** Request bytes the kernel took during this exchange; 0 proves that nothing was sent. */
  readonly bytesWritten?: number | undefined;
  readonly bytesRead?: number | undefined;
  readonly isRequestSent?: boolean | undefined;
  readonly elapsedMs?: number | undefined;
  readonly timings?: Timings | undefined;
  /** What the target answered, when it did answer. */
  readonly answer?: Answer | undefined;
  /** What the stream watcher saw. */
  readonly stream?: StreamFacts | undefined;
  /** How late our own event loop was when this happened. */
  readonly loopLagMs?: number | undefined;
  /** A short fact from the room that saw it, never secret, never from outside unescaped. */
  readonly note?: string | undefined;
  /** For refusals of our own making: when it is worth coming back, from the drain rate, the end of a rest or of maintenance. */
  readonly retryAfterMs?: number | undefined;
  /** The stranger behind `gateway-bug`. */
  readonly cause?: unknown;
};

/** Milliseconds each step took; absent steps did not happen (a reused socket has no dns, connect or tls). */
export type Timings = {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly sendMs?: number;
  readonly headMs?: number;
};

export type Answer = {
  readonly status: number;
  /** Flat name, value pairs; names lower case. */
  readonly fields: readonly string[];
  /** At most 64 KiB of the body, as it came. */
  readonly body: Uint8Array;
};

export type StreamFacts = {
  readonly events: number;
  readonly outputEvents: number;
  readonly malformedEvents: number;
  /** The in-band error's own type or code, when one was sent. */
  readonly errorType?: string | undefined;
  readonly errorMessage?: string | undefined;
};
