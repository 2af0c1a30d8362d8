import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { Alarm, Alarms, Ringer } from './alarm.ts';

export type HardLimitOptions = {
  readonly clock: Clock;
  /** A set of its own: alarms of like delay cost least to set anew. */
  readonly alarms: Alarms;
  /** Milliseconds to the first part; 0 is off. */
  readonly firstPartMs: number;
  /** Nobody else is left to ask: the attempt goes on until the deadline. Asked only when the limit has passed. */
  readonly isLast: (call: Call) => boolean;
};

/**
 * Ends an attempt whose first part does not come, bytes or not: a target that drips its answer is as useless as a silent one. Nearest the
 * target above watch, so that the pick sees a failure of the target and not a choice of ours.
 * @throws Failure `answer-timeout`.
 */
export function hardLimit(options: HardLimitOptions, ask: Ask): Ask {
  if (options.firstPartMs === 0) return ask;
  return (call, taker) => {
    const guard = new Guard(call, options, taker);
    try {
      ask(call, guard);
    } catch (stranger) {
      guard.failed(stranger);
    }
  };
}

class Guard implements Taker, Ringer {
  readonly #call: Call;
  readonly #attempt: Attempt | undefined;
  readonly #options: HardLimitOptions;
  readonly #taker: Taker;
  #alarm: Alarm | undefined;
  #isOver = false;

  constructor(call: Call, options: HardLimitOptions, taker: Taker) {
    this.#call = call;
    this.#attempt = call.attempt;
    this.#options = options;
    this.#taker = taker;
    this.#alarm = options.alarms.set(options.firstPartMs, this);
  }

  answered(reply: Reply): void {
    this.#disarm();
    // It could not be stopped in time, and nobody is left to hear it.
    if (this.#isOver) reply.cancel();
    else this.#taker.answered(reply);
  }

  failed(failure: unknown): void {
    this.#disarm();
    if (!this.#isOver) this.#taker.failed(failure);
  }

  ring(): void {
    this.#alarm = undefined;
    const { isLast, firstPartMs, clock } = this.#options;
    const attempt = this.#attempt;
    if (isLast(this.#call)) {
      // The deadline will end it if nobody else does, and must know by then whose silence it was.
      if (attempt !== undefined) attempt.overdueMs = firstPartMs;
      return;
    }
    const failure = new Failure('answer-timeout', {
      phase: attempt?.headMs === undefined ? 'wait-head' : 'body',
      firstEvent: 'our-timer',
      clock: 'first-output',
      host: attempt?.target,
      bytesWritten: Math.max(1, attempt?.bytesWritten ?? 0),
      elapsedMs: attempt === undefined ? firstPartMs : clock.now() - attempt.startMs,
      limitMs: firstPartMs,
    });
    // Stopped before it is told: who hears of the failure takes the attempt for over.
    this.#isOver = true;
    attempt?.cancel?.();
    this.#taker.failed(failure);
  }

  #disarm(): void {
    this.#alarm?.clear();
    this.#alarm = undefined;
  }
}
