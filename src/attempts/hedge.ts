import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { isIdempotent } from '../call/method.ts';
import { note } from '../call/note.ts';
import type { Reply } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { Alarm, Alarms, Ringer } from './alarm.ts';
import type { Budget } from './budget.ts';
import { noteRisk, worse } from './retry.ts';

export type HedgeOptions = {
  readonly clock: Clock;
  /** A set of its own: alarms of like delay cost least to set anew. */
  readonly alarms: Alarms;
  readonly budget: Budget;
  /** False: silence is only told to whom it concerns, and nobody is asked for it. */
  readonly mayHedge: boolean;
  /** Silence up to this long is ordinary; see `SoftLimit`. */
  readonly softMs: (call: Call) => number;
  /** Targets of this pool that may be asked for this call and were not. */
  readonly othersLeft: (call: Call) => number;
  /** True when fallback can turn to another pool after this one. Without it the last candidate gets the whole remaining deadline. */
  readonly isElsewhereLeft: boolean;
  /** The soft limit passed at this attempt: health counts it, since an attempt that is outrun never ends as failed. */
  readonly onSilent?: (attempt: Attempt, call: Call) => void;
  readonly onDoubleSpendRisk?: (call: Call) => void;
};

/** Attempts side by side in one try: two silent ones in a row are bad luck or a bad pool, a third tells which. */
export const RUNNERS_MAX = 3;

/** A hedge that cannot be paid, or has nobody to turn to yet, looks again after this long. */
export const HEDGE_AGAIN_MS = 500;

/**
 * While a call waits it may be learned that answers come much faster than was thought: the limit of whom nobody had been heard yet is 48 s for
 * a reply that comes whole. So it is asked for anew at least this often, which is the least it can be.
 */
export const SOFT_ANEW_MS = 2_000;

/** The hard limit in soft limits, and at least: who said nothing for three times what is long is given up, if there is another pool. */
export const HARD_FACTOR = 3;
export const HARD_MS_MIN = 30_000;

/**
 * When an attempt is silent beyond the soft limit, starts another one elsewhere without killing it: whoever speaks first wins, the others
 * are stopped. All together are one try. Only for calls that may be sent twice; only when the budget pays now. When the whole pool stays
 * silent to a hard limit and there is another pool, the try is given up.
 * @throws Failure of the last attempt to fail; `answer-timeout` at the hard limit.
 */
export function hedge(options: HedgeOptions, ask: Ask): Ask {
  return (call, taker) => {
    if (!call.isReplayable && !isIdempotent(call.method)) ask(call, taker);
    else new Race(call, ask, options, taker).begin();
  };
}

/** Itself the taker of the first attempt: nearly always the only one. */
class Race implements Taker, Ringer {
  readonly #call: Call;
  readonly #ask: Ask;
  readonly #options: HedgeOptions;
  readonly #taker: Taker;
  #alarm: Alarm | undefined;
  /** The call as the later attempts see it; undefined until there are any. */
  #twins: Call[] | undefined;
  #running = 0;
  #isOver = false;
  /** The attempt whose silence was told already. */
  #struck: Attempt | undefined;
  #failure: Failure | undefined;

  constructor(call: Call, ask: Ask, options: HedgeOptions, taker: Taker) {
    this.#call = call;
    this.#ask = ask;
    this.#options = options;
    this.#taker = taker;
  }

  begin(): void {
    // What an earlier try left behind is not ours to judge.
    this.#call.attempt = undefined;
    this.#running = 1;
    this.#ask(this.#call, this);
    if (!this.#isOver)
      this.#alarm = this.#options.alarms.set(Math.min(SOFT_ANEW_MS, this.#options.softMs(this.#call)), this);
  }

  ring(): void {
    this.#alarm = undefined;
    if (this.#isOver || (this.#call.attempt !== undefined && this.#hasAnySpoken())) return;
    // Its deadline may have rung in this very turn, and stopped what ran: whoever is asked from now on is asked for nobody.
    if (this.#options.clock.now() >= this.#call.deadlineMs) return;
    const againMs = this.#look();
    if (!this.#isOver) this.#alarm = this.#options.alarms.set(againMs, this);
  }

  /** Looks at the youngest attempt, and acts on its silence. Answers when to look again. */
  #look(): number {
    const { clock, softMs, onSilent, othersLeft, isElsewhereLeft, budget, mayHedge } = this.#options;
    const { attempt } = this.#twins?.[this.#twins.length - 1] ?? this.#call;
    // It waits for a free target: its silence counts from when it is asked.
    if (attempt === undefined) return HEDGE_AGAIN_MS;
    const soft = softMs(this.#call);
    const silentMs = clock.now() - attempt.startMs;
    if (attempt.verdict === 'running' && silentMs < soft) return Math.min(SOFT_ANEW_MS, soft - silentMs);
    if (attempt.verdict === 'running' && this.#struck !== attempt) {
      this.#struck = attempt;
      onSilent?.(attempt, this.#call);
    }
    const canTurn = mayHedge && othersLeft(this.#call) > 0 && 1 + (this.#twins?.length ?? 0) < RUNNERS_MAX;
    if (canTurn && budget.tryPay()) {
      this.#hedge(attempt);
      return Math.min(SOFT_ANEW_MS, soft);
    }
    if (canTurn) return HEDGE_AGAIN_MS;
    const hardMs = mayHedge && isElsewhereLeft ? Math.max(HARD_MS_MIN, soft * HARD_FACTOR) : Number.POSITIVE_INFINITY;
    if (silentMs >= hardMs) this.#giveUp();
    // Nobody is left: that changes rarely, and there may be many who wait so.
    return Math.min(soft / 2, Math.max(1, hardMs - silentMs));
  }

  #hedge(silent: Attempt): void {
    const { clock, onDoubleSpendRisk } = this.#options;
    // probe: a second attempt runs beside a silent one
    const atS = ((clock.now() - this.#call.startMs) / 1000).toFixed(1);
    note(this.#call.story, `hedged at ${atS} s: ${silent.target} is silent`);
    if (!isIdempotent(this.#call.method)) {
      noteRisk(this.#call);
      onDoubleSpendRisk?.(this.#call);
    }
    // Looks through to the call, so that it leaves when the call does, and has only its attempt for itself.
    const twin: Call = Object.create(this.#call);
    twin.attempt = undefined;
    if (this.#twins === undefined) this.#twins = [twin];
    else this.#twins.push(twin);
    this.#running += 1;
    this.#ask(twin, {
      answered: (reply) => this.#spoke(twin, reply),
      failed: (stranger) => this.failed(stranger),
    });
  }

  answered(reply: Reply): void {
    this.#spoke(this.#call, reply);
  }

  #spoke(call: Call, reply: Reply): void {
    if (this.#isOver) {
      reply.cancel();
      return;
    }
    this.#over();
    if (this.#twins !== undefined) {
      for (const other of [this.#call, ...this.#twins]) if (other !== call) outrun(other, this.#call);
      // Whoever looks at the call from now on means the attempt that answers.
      this.#call.attempt = call.attempt;
    }
    this.#taker.answered(reply);
  }

  failed(stranger: unknown): void {
    this.#running -= 1;
    const failure = Failure.from(stranger);
    this.#failure = this.#failure === undefined ? failure : worse(this.#failure, failure);
    // With another still under way this is no end: that one may speak.
    if (this.#running > 0 || this.#isOver) return;
    this.#over();
    this.#taker.failed(this.#failure);
  }

  /** Nobody here spoke: the attempts end as timed out, and the call is free for another pool. */
  #giveUp(): void {
    // probe: a silent pool is given up for another one
    const limitMs = Math.max(HARD_MS_MIN, this.#options.softMs(this.#call) * HARD_FACTOR);
    this.#over();
    let bytesWritten = 0;
    for (const { attempt } of [this.#call, ...(this.#twins ?? [])]) {
      if (attempt === undefined || attempt.verdict !== 'running') continue;
      attempt.code = 'answer-timeout';
      bytesWritten = Math.max(bytesWritten, attempt.bytesWritten);
      attempt.cancel?.();
      bytesWritten = Math.max(bytesWritten, attempt.bytesWritten);
    }
    const clock = 'first-output';
    this.#taker.failed(
      new Failure('answer-timeout', { phase: 'wait-head', firstEvent: 'our-timer', clock, limitMs, bytesWritten }),
    );
  }

  #hasAnySpoken(): boolean {
    return hasSpoken(this.#call) || (this.#twins?.some(hasSpoken) ?? false);
  }

  #over(): void {
    this.#isOver = true;
    this.#alarm?.clear();
    this.#alarm = undefined;
  }
}

/** A stream has spoken with its first output, a reply that comes whole when it is there: one that drips in has said nothing yet. */
function hasSpoken({ attempt }: Call): boolean {
  return attempt?.firstPartMs !== undefined;
}

function outrun(loser: Call, original: Call): void {
  const { attempt } = loser;
  if (attempt === undefined) {
    // It still waits for a free target and must not take one any more; the mark is its own, the call stays.
    if (loser !== original) loser.isLeft = true;
    return;
  }
  if (attempt.verdict !== 'running') return;
  attempt.verdict = 'superseded';
  attempt.cancel?.();
}
