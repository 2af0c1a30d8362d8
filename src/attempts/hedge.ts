import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { isIdempotent } from '../call/method.ts';
import { note } from '../call/note.ts';
import type { Reply } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Filter, Service } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { Alarm, Alarms, Ringer } from './alarm.ts';
import type { Budget } from './budget.ts';
import { worse } from './retry.ts';

export type HedgeOptions = {
  readonly clock: Clock;
  /** A set of its own: alarms of like delay cost least to set anew. */
  readonly alarms: Alarms;
  readonly budget: Budget;
  /** Silence up to this long is ordinary; see `SoftLimit`. */
  readonly softMs: (call: Call) => number;
  /** Targets of this pool that may be asked for this call and were not. */
  readonly othersLeft: (call: Call) => number;
  /** The soft limit passed at this attempt: health counts it, since an attempt that is outrun never ends as failed. */
  readonly onSilent?: (attempt: Attempt) => void;
  readonly onDoubleSpendRisk?: (call: Call) => void;
};

/** A hedge that cannot be paid, or has nobody to turn to yet, looks again after this long. */
export const HEDGE_AGAIN_MS = 250;

/**
 * When the first attempt is silent beyond the soft limit, starts a second one elsewhere without killing the first: whoever speaks
 * first wins, the other is stopped. The pair is one try. Only for calls that may be sent twice; only when the budget pays now.
 * @throws Failure of the last attempt to fail.
 */
export function hedge(options: HedgeOptions): Filter {
  return (call, next) => {
    if (!call.isReplayable && !isIdempotent(call.method)) return next(call);
    return new Promise((resolve, reject) => {
      const race = new Race(call, next, options, resolve, reject);
      race.begin();
    });
  };
}

class Race implements Ringer {
  readonly #call: Call;
  readonly #next: Service;
  readonly #options: HedgeOptions;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (failure: unknown) => void;
  #alarm: Alarm | undefined;
  /** The call as the second attempt sees it; undefined until there is one. */
  #twin: Call | undefined;
  #running = 0;
  #isOver = false;
  #hasStruck = false;
  #failure: Failure | undefined;

  constructor(
    call: Call,
    next: Service,
    options: HedgeOptions,
    resolve: (reply: Reply) => void,
    reject: (failure: unknown) => void,
  ) {
    this.#call = call;
    this.#next = next;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    // What an earlier try left behind is not ours to judge.
    this.#call.attempt = undefined;
    this.#run(this.#call);
    if (!this.#isOver) this.#alarm = this.#options.alarms.set(this.#options.softMs(this.#call), this);
  }

  ring(): void {
    this.#alarm = undefined;
    if (this.#isOver || this.#twin !== undefined) return;
    const { clock, alarms, onSilent, onDoubleSpendRisk } = this.#options;
    const attempt = this.#call.attempt;
    if (attempt !== undefined && hasSpoken(this.#call, attempt)) return;
    const leftMs = attempt === undefined ? HEDGE_AGAIN_MS : attempt.startMs + this.#options.softMs(this.#call) - clock.now();
    // It waited for a free target first: its silence counts from when it was asked.
    if (attempt === undefined || leftMs > 0) {
      this.#alarm = alarms.set(Math.max(leftMs, 1), this);
      return;
    }
    if (!this.#hasStruck) onSilent?.(attempt);
    this.#hasStruck = true;
    if (this.#options.othersLeft(this.#call) === 0 || !this.#options.budget.tryPay()) {
      this.#alarm = alarms.set(HEDGE_AGAIN_MS, this);
      return;
    }
    note(this.#call.story, `hedged at ${((clock.now() - this.#call.startMs) / 1000).toFixed(1)} s: ${attempt.target} is silent`);
    onDoubleSpendRisk?.(this.#call);
    // Looks through to the call, so that it leaves when the call does, and has only its attempt for itself.
    const twin: Call = Object.create(this.#call);
    twin.attempt = undefined;
    this.#twin = twin;
    this.#run(twin);
  }

  #run(call: Call): void {
    this.#running += 1;
    this.#next(call).then(
      (reply) => this.#spoke(call, reply),
      (stranger: unknown) => this.#failed(stranger),
    );
  }

  #spoke(call: Call, reply: Reply): void {
    if (this.#isOver) {
      reply.cancel();
      return;
    }
    this.#over();
    const other = call === this.#call ? this.#twin : this.#call;
    if (other?.attempt !== undefined) supersede(other.attempt);
    // A twin that still waits for a free target must not take one any more; the mark is its own, the call stays.
    else if (other !== undefined && other !== this.#call) other.isLeft = true;
    // Whoever looks at the call from now on means the attempt that answers.
    if (call !== this.#call) this.#call.attempt = call.attempt;
    this.#resolve(reply);
  }

  #failed(stranger: unknown): void {
    this.#running -= 1;
    const failure = Failure.from(stranger);
    this.#failure = this.#failure === undefined ? failure : worse(this.#failure, failure);
    // With the other still under way this is no end: that one may speak.
    if (this.#running > 0 || this.#isOver) return;
    this.#over();
    this.#reject(this.#failure);
  }

  #over(): void {
    this.#isOver = true;
    this.#alarm?.clear();
    this.#alarm = undefined;
  }
}

/** A stream has spoken with its first output; a reply that comes whole, with its head. */
function hasSpoken(call: Call, attempt: Attempt): boolean {
  return attempt.firstPartMs !== undefined || (!call.isStream && attempt.headMs !== undefined);
}

function supersede(attempt: Attempt): void {
  if (attempt.verdict !== 'running') return;
  attempt.verdict = 'superseded';
  attempt.cancel?.();
}
