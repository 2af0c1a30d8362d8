import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { note } from '../call/note.ts';
import type { Reply } from '../call/reply.ts';
import type { Story } from '../call/story.ts';
import { type Ask, promised, type Service, type Taker, tell } from '../pipeline/service.ts';
import type { Chance, Clock, Timers } from '../world/world.ts';
import type { Budget, Further } from './budget.ts';
import {
  type Decision,
  decide,
  isEchoed,
  isUnsent,
  OUTAGE_WAIT_MS,
  OUTAGE_WAIT_SHARE,
  OWN_REFUSALS,
  RETRY_LIMITS,
  type RetryLimits,
} from './decide.ts';
import { pause } from './pause.ts';

export type RetryOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly budget: Budget;
  /** First step of the back-off, see `backoffBaseMs`. */
  readonly baseMs: number;
  /** Targets of this pool that may be asked for this call and were not. */
  readonly othersLeft: (call: Call) => number;
  /** True when fallback can turn to another pool after this one. */
  readonly isElsewhereLeft: boolean;
  /** What a target asked for by `Retry-After` and its likes, in ms. */
  readonly retryAfterMs: (failure: Failure) => number | undefined;
  /** For how long everybody in the pool has failed; infinite, and the default, when there is nothing to wait for. */
  readonly outageMs?: () => number;
  readonly limits?: RetryLimits;
  /** A sent call is about to be sent again under the declared inference rule: it may be paid twice. The story says so already. */
  readonly onDoubleSpendRisk?: (call: Call) => void;
};

/**
 * Tries again in the same pool while `decide` says so and the budget pays. A try that cannot be paid now waits its turn.
 * @throws Failure the last one of the tries; `caller-left`, `deadline-passed` out of a wait.
 */
export function retry(options: RetryOptions, ask: Ask): Ask {
  const next = promised(ask);
  return (call, taker) => {
    // Only the first arrival anywhere is an offered call; a move or a resume was paid for by who made it.
    if (call.story.attempts.length === 0) options.budget.deposit(call.startMs);
    ask(call, new FirstTry(call, next, options, taker));
  };
}

/** Nearly always the only one: what comes after it may take promises. */
class FirstTry implements Taker {
  readonly #call: Call;
  readonly #next: Service;
  readonly #options: RetryOptions;
  readonly #taker: Taker;

  constructor(call: Call, next: Service, options: RetryOptions, taker: Taker) {
    this.#call = call;
    this.#next = next;
    this.#options = options;
    this.#taker = taker;
  }

  answered(reply: Reply): void {
    this.#taker.answered(reply);
  }

  failed(stranger: unknown): void {
    tell(again(this.#call, this.#next, Failure.from(stranger), this.#options), this.#taker);
  }
}

async function again(call: Call, next: Service, first: Failure, options: RetryOptions): Promise<Reply> {
  const { clock, timers, chance, budget } = options;
  let failure = first;
  let tries = 0;
  let freeTries = 0;
  let isFree = false;
  const sinceMs = clock.now();
  for (;;) {
    if (!isFree) tries += 1;
    if (call.isLeft) throw failure;
    const askedMs = options.retryAfterMs(failure);
    const othersLeft = options.othersLeft(call);
    const hopeMs = hopeLeftMs(call, sinceMs, options);
    const wasUnsent = isUnsent(failure);
    const decision: Decision = decide(
      {
        code: failure.code,
        method: call.method,
        isReplayable: call.isReplayable,
        isUnsent: wasUnsent,
        tries,
        freeTries,
        othersLeft,
        isEchoed: isEchoed(call.story.attempts),
        isHopeful: hopeMs > 0,
        isElsewhereLeft: options.isElsewhereLeft,
        retryAfterMs: askedMs,
        leftMs: call.deadlineMs - clock.now(),
        baseMs: options.baseMs,
        luck: chance.float(),
      },
      options.limits ?? RETRY_LIMITS,
    );
    if (decision.kind === 'stop') throw failure;
    markMoved(call.story);
    if (decision.delayMs > 0) {
      const why = othersLeft === 0 && askedMs !== undefined ? 'Retry-After' : 'back-off';
      note(call.story, `waited ${(decision.delayMs / 1000).toFixed(2)} s: ${why}`);
      await pause(call, decision.delayMs, timers);
    }
    isFree = decision.isFree;
    if (isFree) freeTries += 1;
    else if (!(await paid(call, budget, clock, { isUnsent: wasUnsent, hopeMs }))) throw failure;
    if (decision.isRisky) {
      noteRisk(call);
      options.onDoubleSpendRisk?.(call);
    }
    try {
      return await next(call);
    } catch (stranger) {
      const latter = Failure.from(stranger);
      failure = worse(failure, latter);
      // Nobody was asked, so nothing has changed: free tries would go round here for ever, without a breath for anybody else.
      if (OWN_REFUSALS.has(latter.code)) throw failure;
    }
  }
}

/** For how long it is worth waiting for the end of an outage; 0 and below when it is not. */
function hopeLeftMs(call: Call, sinceMs: number, { clock, outageMs }: RetryOptions): number {
  if (outageMs === undefined) return 0;
  const waitMs = Math.min(OUTAGE_WAIT_MS, (call.deadlineMs - call.startMs) * OUTAGE_WAIT_SHARE);
  return waitMs - Math.max(outageMs(), clock.now() - sinceMs);
}

/** Pays for one further try, waiting for its turn where it must. False when there are too many before it, or no hope is left. */
export async function paid(call: Call, budget: Budget, clock: Clock, what: Further = {}): Promise<boolean> {
  const turn = budget.turn(call, what);
  if (turn === undefined) return true;
  if (turn === false) {
    note(call.story, 'no further try: the retry budget is spent and too many wait for it');
    return false;
  }
  // probe: a try waits for its turn in the budget
  const fromMs = clock.now();
  if (!(await turn)) {
    note(call.story, 'no further try: nobody here answers, and its turn in the retry budget did not come');
    return false;
  }
  note(call.story, `waited ${((clock.now() - fromMs) / 1000).toFixed(2)} s for the retry budget`);
  return true;
}

/** What may be paid twice is said, once a call. */
export function noteRisk({ story }: Call): void {
  if (!story.notes.includes(DOUBLE_SPEND)) note(story, DOUBLE_SPEND);
}

const DOUBLE_SPEND = 'sent more than once before it was answered: it may be billed twice';

/** Which of two failures of a call is told: the later, but a refusal of our own says less than what a target said. */
export function worse(former: Failure, latter: Failure): Failure {
  return OWN_REFUSALS.has(latter.code) ? former : latter;
}

/** What failed so far was not the end of it. */
export function markMoved({ attempts }: Story): void {
  for (const attempt of attempts) if (attempt.verdict === 'failed') attempt.verdict = 'moved';
}
