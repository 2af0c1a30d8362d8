import { CATALOGUE, type CauseCode } from './catalogue.ts';
import type { Cause } from './cause.ts';

/** One finished stretch of one cause at one target, as history keeps it. */
export type PastStretch = {
  readonly code: CauseCode;
  readonly target: string | undefined;
  readonly durationMs: number;
};

/** How much longer a failure will last: most of its like were over between these two, counted from now. */
export type Remaining = {
  readonly leastMs: number;
  readonly mostMs: number;
  /** `service`: the service named a time · `seen`: from stretches seen here · `typical`: from the catalogue. */
  readonly source: 'service' | 'seen' | 'typical';
  /** How many past stretches it rests on. */
  readonly seen: number;
};

/** What the estimate is made from. */
export type DurationFacts = {
  readonly code: CauseCode;
  readonly target?: string | undefined;
  /** How long it has lasted already. */
  readonly elapsedMs: number;
  /** The service's own `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
};

/** Below five stretches a spread says nothing. */
const SEEN_MIN = 5;
/** Half of the stretches end in the first quarter to the ninth tenth: wide enough to be right nine times of ten at its end. */
const LEAST_QUANTILE = 0.25;
const MOST_QUANTILE = 0.9;

/**
 * How much longer it will last, or undefined where waiting ends nothing (somebody has to change something) and nothing was seen.
 * Only stretches that outlasted `elapsedMs` count: what ended sooner says nothing about one that has not ended.
 */
export function remaining(facts: DurationFacts, history: readonly PastStretch[]): Remaining | undefined {
  const like = history.filter((stretch) => stretch.code === facts.code && stretch.durationMs > facts.elapsedMs);
  const here = like.filter((stretch) => stretch.target === facts.target);
  const seen = here.length >= SEEN_MIN ? here : like;
  const estimate = seen.length >= SEEN_MIN ? fromSeen(seen, facts.elapsedMs) : fromCatalogue(facts);
  if (facts.retryAfterMs === undefined) return estimate;
  // The service knows best when it will listen again; the rest is only how long it takes after that.
  const mostMs = Math.max(facts.retryAfterMs, estimate?.mostMs ?? facts.retryAfterMs);
  return { leastMs: facts.retryAfterMs, mostMs, source: 'service', seen: estimate?.seen ?? 0 };
}

function fromSeen(stretches: readonly PastStretch[], elapsedMs: number): Remaining {
  const rest = stretches.map((stretch) => stretch.durationMs - elapsedMs).sort((a, b) => a - b);
  const at = (quantile: number) => rest[Math.min(rest.length - 1, Math.floor(quantile * rest.length))] ?? 0;
  return { leastMs: at(LEAST_QUANTILE), mostMs: at(MOST_QUANTILE), source: 'seen', seen: rest.length };
}

function fromCatalogue(facts: DurationFacts): Remaining | undefined {
  const { typical }: Cause = CATALOGUE[facts.code];
  const mostMs = typical.maxS * 1000 - facts.elapsedMs;
  // It has outlasted what is typical, or never ends by waiting: then nothing honest can be said.
  if (mostMs <= 0) return undefined;
  return { leastMs: Math.max(0, typical.minS * 1000 - facts.elapsedMs), mostMs, source: 'typical', seen: 0 };
}
