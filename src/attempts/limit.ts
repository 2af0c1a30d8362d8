import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Clock } from '../world/world.ts';

/** Bounds of the adaptive limit on attempts under way at one target for one model. */
export type LimitBounds = {
  /** One always goes: nothing would ever be learned otherwise. */
  readonly min: number;
  /** What the operator allows at most; infinite unless config says so. */
  readonly max: number;
};

export const LIMIT_BOUNDS: LimitBounds = { min: 1, max: Number.POSITIVE_INFINITY };

/** The cut is the share that was refused, at least 5 % and at most half: an overshoot by one costs little, and five times too much is found out in a handful of round trips. */
export const CUT_FEW = 0.95;
export const CUT_MANY = 0.5;

/** Growth for each answer once nothing was refused for `QUIET_MS`: 5 % a round trip finds new room within a minute and overshoots by as little. */
export const QUIET_GROWTH = 0.05;
export const QUIET_MS = 10_000;

/** After a fall the limit regains this much of what it was by one for each answer, as TCP does up to its threshold. */
export const REGAIN_SHARE = 0.75;

/**
 * When as many are under way as may be, and nobody was refused for so long, one more goes all the same: a limit that nobody tries may be long
 * out of date, and where answers are long it would take minutes to grow by itself. Refused, the next one waits twice as long.
 */
export const STUCK_MS = 1_000;
export const STUCK_MS_MAX = 30_000;

/**
 * The one that went beyond may be lost, as all may be that were under way: after so long without a word the next may try. As long as a caller waits for a
 * place, so that who comes while all places are held by what is lost finds one.
 */
export const BEYOND_MS = 10_000;

/** Models counted apart at one target; names come from callers, so the rest share one count. */
export const MODELS_MAX = 64;

/** What is known of one model at one target. */
type Gauge = {
  /** Under way, but for those written off. */
  inFlight: number;
  /** Of these the ones that said nothing for longer than is ordinary. */
  readonly silent: Set<Attempt>;
  /** Silent ones that others overtook: the target is well again and has most likely forgotten them. They take no room any more. */
  readonly lost: Set<Attempt>;
  /** Infinite until the target first said that it has too much: without a sign of overload there is nothing to refuse for. */
  limit: number;
  /** When it was last cut: of all that was under way then, one refusal counts (as TCP cuts once a round trip). */
  cutMs: number;
  /** When the youngest attempt began that was answered: it overtook all that began before and say nothing. */
  spokeMs: number;
  /** When anybody's answer last began or ended. */
  heardMs: number;
  /** When the youngest of all began, and when one was last refused. */
  startedMs: number;
  refusedMs: number;
  /** The one that went beyond the limit, until it is answered or refused; and how long the next one waits. */
  beyond: Attempt | undefined;
  stuckMs: number;
  /** One that went beyond was answered, and nobody was refused since: the limit follows what is under way, as it was before it was learned. */
  isRising: boolean;
  taken: number;
  refused: number;
  /** Streams under way that have begun to answer: taken as well, however long ago. */
  readonly speaking: Set<Attempt>;
  /** The load at which refusals last began while most was still taken: about what the target can do. Infinite while not known. */
  mark: number;
  /** … and what it was before the last cut. */
  formerMark: number;
};

/** The gauges of one seat, and the one that was used last. */
type Bench = { readonly models: Map<string, Gauge>; name: string; gauge: Gauge };

/**
 * Adaptive concurrency by additive increase, multiplicative decrease, for each target and model of one pool. Time to answer is no signal here: it
 * follows the length of the answer. What the target says is: 429, 503, 529, and silence.
 */
export class Limits implements SeatHearer {
  readonly #clock: Clock;
  readonly #bounds: LimitBounds;
  readonly #benches: Bench[] = [];

  constructor(clock: Clock, bounds: LimitBounds = LIMIT_BOUNDS) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** True when one more call of this model may be under way at the seat. */
  hasRoom(seat: Seat, call: Call): boolean {
    const { inFlight, limit, silent, lost, beyond, startedMs, refusedMs, stuckMs } = this.#gauge(seat, call);
    if (inFlight + lost.size >= this.#bounds.max) return false;
    if (inFlight < Math.floor(limit)) return true;
    // Nobody answers: one more goes now and then, or it would never be learned that the target is well again.
    if (silent.size >= inFlight) return true;
    const nowMs = this.#clock.now();
    if (beyond !== undefined && nowMs - beyond.startMs < BEYOND_MS) return false;
    // Where somebody is silent, what begins now may only add to a queue of the target's own.
    const sinceMs = silent.size > 0 ? Math.max(startedMs, refusedMs) : refusedMs;
    return nowMs - sinceMs >= stuckMs;
  }

  /** The limit now, for display; infinite while none was learned. */
  limit(seat: Seat, call: Call): number {
    return this.#gauge(seat, call).limit;
  }

  start(seat: Seat, call: Call, attempt: Attempt): void {
    const gauge = this.#gauge(seat, call);
    if (gauge.inFlight >= Math.floor(gauge.limit) && gauge.silent.size < gauge.inFlight) gauge.beyond = attempt;
    gauge.inFlight += 1;
    gauge.startedMs = attempt.startMs;
  }

  spoke(seat: Seat, call: Call, attempt: Attempt): void {
    const gauge = this.#gauge(seat, call);
    gauge.taken += 1;
    if (call.isStream) gauge.speaking.add(attempt);
    gauge.heardMs = attempt.firstPartMs ?? attempt.startMs;
    if (attempt.startMs > gauge.spokeMs) gauge.spokeMs = attempt.startMs;
    if (gauge.silent.size + gauge.lost.size > 0) this.#heard(gauge, attempt);
    if (attempt === gauge.beyond) this.#rise(gauge);
    if (gauge.isRising && gauge.limit < gauge.inFlight + 1) {
      gauge.limit = Math.min(this.#bounds.max, gauge.inFlight + 1);
      this.#publish(seat);
      return;
    }
    // Grows only while it is what holds calls back: fast up to where it held before, then by one for each limit's worth of answers.
    if (gauge.limit === Number.POSITIVE_INFINITY || gauge.inFlight * 2 < gauge.limit) return;
    const isQuiet = (attempt.firstPartMs ?? attempt.startMs) - gauge.cutMs > QUIET_MS;
    const isKnown = gauge.limit < gauge.mark * REGAIN_SHARE;
    const step = isKnown ? 1 : isQuiet ? Math.max(QUIET_GROWTH, 1 / gauge.limit) : 1 / gauge.limit;
    gauge.limit = Math.min(this.#bounds.max, gauge.limit + step);
    this.#publish(seat);
  }

  /** An attempt said nothing for longer than is ordinary. */
  silent(seat: Seat, call: Call, attempt: Attempt): void {
    if (attempt.firstPartMs !== undefined || attempt.endMs !== undefined) return;
    const gauge = this.#gauge(seat, call);
    gauge.silent.add(attempt);
    // Who takes more than he can answer in good time has a queue of his own.
    gauge.isRising = false;
  }

  end(seat: Seat, call: Call, attempt: Attempt, outcome: Outcome): void {
    const gauge = this.#gauge(seat, call);
    gauge.silent.delete(attempt);
    if (call.isStream) gauge.speaking.delete(attempt);
    const endMs = attempt.endMs ?? attempt.startMs;
    if (outcome.kind === 'answered') gauge.heardMs = endMs;
    if (outcome.kind === 'failed' && (isRefusal(outcome) || (isSilence(outcome) && attempt.startMs >= gauge.spokeMs))) {
      gauge.refused += 1;
      gauge.refusedMs = endMs;
      gauge.isRising = false;
      if (attempt === gauge.beyond) gauge.stuckMs = Math.min(STUCK_MS_MAX, gauge.stuckMs * 2);
      // In the latter half of the silence nobody was heard: a target that is too busy answers others, one that is away nobody.
      const isMute = isSilence(outcome) && gauge.heardMs < (attempt.startMs + endMs) / 2;
      this.#cut(seat, gauge, attempt.startMs, endMs, isMute);
    }
    if (attempt === gauge.beyond) gauge.beyond = undefined;
    if (!gauge.lost.delete(attempt)) gauge.inFlight -= 1;
  }

  /** More than the limit was taken: it is out of date. */
  #rise(gauge: Gauge): void {
    // probe: a limit is found to be out of date
    gauge.beyond = undefined;
    gauge.stuckMs = STUCK_MS;
    gauge.isRising = true;
  }

  /** One speaks: those that were silent before it even began are written off, and one that was written off counts again. */
  #heard(gauge: Gauge, attempt: Attempt): void {
    gauge.silent.delete(attempt);
    if (gauge.lost.delete(attempt)) gauge.inFlight += 1;
    for (const other of gauge.silent) {
      if (other.startMs >= attempt.startMs) continue;
      // probe: a silent attempt is overtaken, and takes no room any more
      gauge.silent.delete(other);
      gauge.lost.add(other);
      gauge.inFlight -= 1;
    }
  }

  #cut(seat: Seat, gauge: Gauge, startMs: number, nowMs: number, isMute: boolean): void {
    if (startMs < gauge.cutMs) return;
    // Since the last cut it took nothing at all: that is no overload but an outage, which health deals with. Cutting on would only
    // leave a limit of one to come back to; and the refusal that it was last cut for said nothing about what it can do.
    if (gauge.taken === 0 && gauge.cutMs > Number.NEGATIVE_INFINITY) {
      gauge.mark = gauge.formerMark;
      gauge.refused = 0;
      return;
    }
    const share = gauge.refused / (gauge.refused + Math.max(gauge.taken, gauge.speaking.size));
    const isLearned = gauge.limit < this.#bounds.max;
    // The first refusal names the load at which it came; after that the share of refusals says how far off the limit is.
    const factor = isLearned ? Math.min(CUT_FEW, Math.max(CUT_MANY, 1 - share)) : CUT_FEW;
    const from = isLearned ? gauge.limit : Math.min(this.#bounds.max, gauge.inFlight);
    gauge.formerMark = gauge.mark;
    // When most was refused the limit was far off, or the target was away: that says nothing about what it can do.
    if (!isMute && (!isLearned || share < 0.5)) gauge.mark = from;
    // probe: an adaptive limit is cut
    gauge.limit = Math.max(this.#bounds.min, from * factor);
    gauge.cutMs = nowMs;
    gauge.taken = 0;
    gauge.refused = 0;
    this.#publish(seat);
  }

  /** The least of a seat's limits: below it no model needs to be looked at, which is the usual case. */
  #publish(seat: Seat): void {
    let least = this.#bounds.max;
    for (const gauge of this.#benches[seat.index]?.models.values() ?? []) least = Math.min(least, gauge.limit);
    seat.inFlightMax = Math.floor(least);
  }

  #gauge(seat: Seat, call: Call): Gauge {
    const name = call.model ?? '';
    const bench = this.#benches[seat.index];
    // One model after another is the rule, so the last one is looked at before the map.
    if (bench !== undefined && bench.name === name) return bench.gauge;
    return this.#find(seat, bench, name);
  }

  #find(seat: Seat, bench: Bench | undefined, name: string): Gauge {
    const models = bench?.models ?? new Map<string, Gauge>();
    let gauge = models.get(name) ?? (models.size > MODELS_MAX ? models.get(OTHERS) : undefined);
    if (gauge === undefined) {
      gauge = newGauge(this.#bounds.max);
      models.set(models.size >= MODELS_MAX ? OTHERS : name, gauge);
    }
    if (bench === undefined) this.#benches[seat.index] = { models, name, gauge };
    else {
      bench.name = name;
      bench.gauge = gauge;
    }
    if (this.#bounds.max < Number.POSITIVE_INFINITY) this.#publish(seat);
    return gauge;
  }
}

/** No model is called so: JSON strings can hold it, but the count is only shared, never wrong. */
const OTHERS = '\u0000others';

function newGauge(limit: number): Gauge {
  const counts = { inFlight: 0, taken: 0, refused: 0 };
  const never = Number.NEGATIVE_INFINITY;
  const marks = { mark: Number.POSITIVE_INFINITY, formerMark: Number.POSITIVE_INFINITY };
  const times = { cutMs: never, spokeMs: never, heardMs: never, startedMs: never, refusedMs: never, stuckMs: STUCK_MS };
  const sets = { silent: new Set<Attempt>(), lost: new Set<Attempt>(), speaking: new Set<Attempt>() };
  return { ...counts, ...times, ...marks, ...sets, limit, beyond: undefined, isRising: false };
}

type Failed = Extract<Outcome, { kind: 'failed' }>;

function isRefusal({ failure }: Failed): boolean {
  const { blame } = CATALOGUE[failure.code];
  return blame === 'quota' || blame === 'capacity';
}

/**
 * Silence after the call was sent is how an overloaded service refuses. Not so when others that began later were answered meanwhile: what
 * was overtaken was lost, on the way or by a part of the service that died, and by the time it is given up its load is long forgotten.
 */
function isSilence({ failure }: Failed): boolean {
  const { blame, status } = CATALOGUE[failure.code];
  return blame === 'host' && status === 504 && (failure.evidence.bytesWritten ?? 0) > 0;
}
