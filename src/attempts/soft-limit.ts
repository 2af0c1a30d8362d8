import type { Call } from '../call/call.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import type { Clock } from '../world/world.ts';

/** How long silence is ordinary. Config overrides it; named as there. */
export type SoftLimits = {
  /** While too little is known: people wait about 10 s before they give up. */
  readonly afterMs: number;
  /** A learned limit is never below: faster services would be asked twice for ordinary jitter. */
  readonly afterMinMs: number;
  /** And never above. */
  readonly afterMaxMs: number;
};

export const SOFT_LIMITS: SoftLimits = { afterMs: 8_000, afterMinMs: 2_000, afterMaxMs: 10_000 };

/** A reply that comes whole is silent until it is done: it gets so much more time before a second one is paid for. */
export const WHOLE_FACTOR = 6;

/** First parts that must have been seen before p95 means something: one of them lies above it. */
export const SAMPLES_MIN = 20;

/** Twice p95: at most 5 % of calls pass p95 by definition, and twice it leaves out the ordinary tail. */
const P95_FACTOR = 2;
/** Two histograms take turns, so that what was learned is between one and two periods old (tower's rotating histogram). */
const PERIOD_MS = 60_000;
/** The quantile is worked out anew this often, not for each call (Finagle's 3 s). */
const RECKON_MS = 3_000;
/** Buckets grow by a fifth each from 1 ms: 64 of them reach 100 s, and the answer is right within 20 %. */
const BUCKETS = 64;
const GROWTH = Math.log(1.2);

/** Learns the time to the first part of a pool's targets, streams and whole replies apart, and says from when on silence is not ordinary. */
export class SoftLimit implements SeatHearer {
  readonly #stream: Learner;
  readonly #whole: Learner;

  constructor(clock: Clock, limits: SoftLimits = SOFT_LIMITS) {
    this.#stream = new Learner(clock, limits);
    this.#whole = new Learner(clock, {
      afterMs: limits.afterMs * WHOLE_FACTOR,
      afterMinMs: limits.afterMinMs,
      afterMaxMs: limits.afterMaxMs * WHOLE_FACTOR,
    });
  }

  /** Milliseconds of silence that are ordinary for a call of this kind. */
  ms(call: Call): number {
    return (call.isStream ? this.#stream : this.#whole).ms();
  }

  /** Failures are no samples: they would teach that answers come fast. */
  spoke(_seat: Seat, call: Call, attempt: Attempt): void {
    (call.isStream ? this.#stream : this.#whole).add((attempt.firstPartMs ?? attempt.startMs) - attempt.startMs);
  }
}

class Learner {
  readonly #clock: Clock;
  readonly #limits: SoftLimits;
  #recent = new Float64Array(BUCKETS);
  #older = new Float64Array(BUCKETS);
  #turnMs: number;
  #reckonedMs = Number.NEGATIVE_INFINITY;
  #ms: number;

  constructor(clock: Clock, limits: SoftLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#turnMs = clock.now() + PERIOD_MS;
    this.#ms = limits.afterMs;
  }

  add(ms: number): void {
    const at = ms <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log(ms) / GROWTH));
    this.#recent[at] = (this.#recent[at] ?? 0) + 1;
  }

  ms(): number {
    const nowMs = this.#clock.now();
    if (nowMs - this.#reckonedMs >= RECKON_MS) {
      this.#reckonedMs = nowMs;
      if (nowMs >= this.#turnMs) this.#turn(nowMs);
      this.#ms = this.#reckon();
    }
    return this.#ms;
  }

  #turn(nowMs: number): void {
    const oldest = this.#older;
    this.#older = this.#recent;
    this.#recent = oldest.fill(0);
    // Nothing came for two periods: what was learned is too old to go by.
    if (nowMs >= this.#turnMs + PERIOD_MS) this.#older.fill(0);
    this.#turnMs = nowMs + PERIOD_MS;
  }

  #reckon(): number {
    const { afterMs, afterMinMs, afterMaxMs } = this.#limits;
    let total = 0;
    for (let i = 0; i < BUCKETS; i++) total += (this.#recent[i] ?? 0) + (this.#older[i] ?? 0);
    if (total < SAMPLES_MIN) return afterMs;
    let left = total * 0.05;
    let at = BUCKETS - 1;
    for (; at > 0; at--) {
      left -= (this.#recent[at] ?? 0) + (this.#older[at] ?? 0);
      if (left < 0) break;
    }
    const p95 = Math.exp((at + 1) * GROWTH);
    return Math.min(afterMaxMs, Math.max(afterMinMs, p95 * P95_FACTOR));
  }
}
