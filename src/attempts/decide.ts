import type { Failure } from '../call/failure.ts';
import { isIdempotent } from '../call/method.ts';
import { type Attempt, wasSent } from '../call/story.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { BACKOFF_MAX_MS, BACKOFF_THROTTLED_MS, backoffMs } from './backoff.ts';

/** How much trying is allowed. Config overrides it; named as there. */
export type RetryLimits = {
  /** Tries a call has in one pool, while all its targets were asked. */
  readonly attemptsMax: number;
  /** … and while one was not: undefined, the targets themselves are the bound, each is asked once. */
  readonly attemptsElsewhereMax: number | undefined;
  /** Further tries of what provably was never sent: they cost no target anything, so they are paid by nobody. */
  readonly freeAttemptsMax: number;
  /** … and while a target was not asked. */
  readonly freeElsewhereMax: number | undefined;
  /** First step of the back-off after a refusal for load. */
  readonly backoffThrottledMs: number;
  readonly backoffMaxMs: number;
  /** A target's own `Retry-After` up to this long is waited out here, when nobody else in the pool can be asked. */
  readonly retryAfterMaxMs: number;
};

/** 3 tries at targets that failed already: SRE book, ch. 21. No limit but their number on those that did not: one of them may be the one that answers. 3 s: a person still waits. */
export const RETRY_LIMITS: RetryLimits = {
  attemptsMax: 3,
  attemptsElsewhereMax: undefined,
  freeAttemptsMax: 2,
  freeElsewhereMax: undefined,
  backoffThrottledMs: BACKOFF_THROTTLED_MS,
  backoffMaxMs: BACKOFF_MAX_MS,
  retryAfterMaxMs: 3000,
};

/**
 * An outage of all targets is waited out while it is no older: a person still waits, and whom it holds up so long is made up for at a quarter
 * of the usual rate within the 20 s that they may wait for a free target.
 */
export const OUTAGE_WAIT_MS = 5_000;
/** … and of its whole time a call gives it this part at most: all of it from a minute on. */
export const OUTAGE_WAIT_SHARE = 1 / 12;

/** Everything the decision to try again depends on. */
export type Situation = {
  readonly code: CauseCode;
  readonly method: string;
  /** The declared inference rule: this POST may be tried again before its first part. */
  readonly isReplayable: boolean;
  /** Proven: not one byte of the request left us. */
  readonly isUnsent: boolean;
  /** Tries made in this pool so far, free ones not counted; at least 1 unless all were free. */
  readonly tries: number;
  readonly freeTries: number;
  /** Targets of this pool that may be asked and were not. */
  readonly othersLeft: number;
  /** Two targets said the very same: more likely it is the call than both of them. */
  readonly isEchoed: boolean;
  /** The pool answered not long ago and may be back in a moment; see `OUTAGE_WAIT_MS`. */
  readonly isHopeful: boolean;
  /** Another pool can be turned to. */
  readonly isElsewhereLeft: boolean;
  /** What the target asked for; undefined when it did not. */
  readonly retryAfterMs: number | undefined;
  readonly leftMs: number;
  readonly baseMs: number;
  /** Uniform in [0, 1). */
  readonly luck: number;
};

/** `stop` leaves this pool; whether another is asked is fallback's to say. */
export type Decision =
  | { readonly kind: 'again'; readonly delayMs: number; readonly isFree: boolean; readonly isRisky: boolean }
  | { readonly kind: 'stop'; readonly why: StopReason };

export type StopReason =
  | 'never retried'
  | 'not replayable'
  | 'tries spent'
  | 'nobody left'
  | 'the same from two targets'
  | 'asked for a longer wait'
  | 'no time left';

/** True when not one byte of the request was given to the kernel; what is not known counts as sent. */
export function isUnsent({ evidence }: Failure): boolean {
  switch (evidence.phase) {
    case 'queue':
    case 'dns':
    case 'connect':
    case 'proxy-connect':
    case 'tls':
      return (evidence.bytesWritten ?? 0) === 0;
    default:
      return evidence.bytesWritten === 0;
  }
}

/** True when the target stayed silent; one that did so after it was sent the call is not asked again for it, in no pool. */
export function isSilence(code: CauseCode): boolean {
  return CATALOGUE[code].status === 504;
}

/** Refusals of our own making: no target was asked, the wait was had already, and what targets said before says more. */
export const OWN_REFUSALS: ReadonlySet<CauseCode> = new Set([
  'no-target-fit',
  'queue-full',
  'queue-timeout',
  'admission-refused',
]);

/** True when two different targets failed the call with the same code and status, after it was sent. */
export function isEchoed(attempts: readonly Attempt[]): boolean {
  const last = attempts[attempts.length - 1];
  if (last === undefined || !wasSent(last)) return false;
  return attempts.some(
    (each) => each.target !== last.target && each.code === last.code && each.status === last.status && wasSent(each),
  );
}

/**
 * Whether to try a failed call again in this pool. Total and pure: every cause and situation has an answer.
 * Never sends a non-idempotent call twice, unless it provably was not sent or the route declared it replayable (RFC 9110 §9.2.2).
 */
export function decide(now: Situation, limits: RetryLimits = RETRY_LIMITS): Decision {
  const cause: Cause = CATALOGUE[now.code];
  if (cause.retry.ours === 'never') return { kind: 'stop', why: 'never retried' };
  if (OWN_REFUSALS.has(now.code)) return { kind: 'stop', why: 'nobody left' };
  const isSafe = now.isUnsent || isIdempotent(now.method);
  if (!isSafe && !now.isReplayable) return { kind: 'stop', why: 'not replayable' };
  // What two of them take for the caller's mistake is the caller's mistake; a third opinion is only load.
  if (now.isEchoed && cause.blame === 'caller') return { kind: 'stop', why: 'the same from two targets' };
  const { triesMax, freeMax } = boundsNow(now, limits);
  const isFree = now.isUnsent && now.freeTries < freeMax;
  if (!isFree && now.tries >= triesMax) return { kind: 'stop', why: 'tries spent' };
  const delayMs = now.othersLeft > 0 ? delayElsewhere(now, cause, limits) : delayHere(now, cause, limits);
  if (typeof delayMs === 'string') return { kind: 'stop', why: delayMs };
  // Beyond the usual tries it only looks whether the outage is over, and never without a breath.
  const isLooking = now.othersLeft === 0 && !isFree && now.tries >= limits.attemptsMax;
  const waitMs = isLooking ? limits.backoffMaxMs * (0.5 + now.luck / 2) : delayMs;
  if (waitMs >= now.leftMs) return { kind: 'stop', why: 'no time left' };
  return { kind: 'again', delayMs: waitMs, isFree, isRisky: !isSafe };
}

/** A target that was not asked is a route that may answer; one that failed already is a hope. */
function boundsNow(now: Situation, limits: RetryLimits): { triesMax: number; freeMax: number } {
  if (now.othersLeft === 0) {
    // Nobody can be reached, and was a moment ago: time is the bound, since tries that nobody is sent come to their end in a blink.
    const isWaiting =
      now.isUnsent && now.isHopeful && limits.attemptsMax > 1 && CATALOGUE[now.code].lasts === 'transient';
    return { triesMax: isWaiting ? Number.POSITIVE_INFINITY : limits.attemptsMax, freeMax: limits.freeAttemptsMax };
  }
  return {
    triesMax: limits.attemptsElsewhereMax ?? Number.POSITIVE_INFINITY,
    freeMax: limits.freeElsewhereMax ?? Number.POSITIVE_INFINITY,
  };
}

/** Another target of the pool: at once when the failure says nothing about the others, else with jitter, in case all suffer alike. */
function delayElsewhere(now: Situation, cause: Cause, limits: RetryLimits): number {
  if (now.isUnsent || cause.blame !== 'host') return 0;
  // Who has little time left spends half of it on the try.
  return Math.min(backoffMs(now.tries, now.baseMs, now.luck, limits.backoffMaxMs), now.leftMs / 2);
}

/** The same target again: only where it spoke, and only if it does not ask for more patience than we have. */
function delayHere(now: Situation, cause: Cause, limits: RetryLimits): number | StopReason {
  if (cause.blame === 'credential' || cause.blame === 'caller') return 'nobody left';
  if (isSilence(now.code) && !now.isUnsent) return 'nobody left';
  if (now.isEchoed && cause.blame === 'host') return 'the same from two targets';
  if (now.retryAfterMs !== undefined) {
    if (now.retryAfterMs > limits.retryAfterMaxMs) return 'asked for a longer wait';
    // Never earlier than asked, and not all at that very moment (Envoy: 1 to 1.5 times).
    return now.retryAfterMs * (1 + now.luck / 2);
  }
  // A target that cannot even be reached will not be in a moment: another pool first, if there is one.
  if (now.isUnsent && now.isElsewhereLeft) return 'nobody left';
  const isThrottled = cause.blame === 'quota' || cause.blame === 'capacity';
  // Throttled and another pool at hand: going there costs the target nothing, knocking again does.
  if (isThrottled && now.isElsewhereLeft) return 'nobody left';
  return backoffMs(now.tries, isThrottled ? limits.backoffThrottledMs : now.baseMs, now.luck, limits.backoffMaxMs);
}
