import type { Clock, Timer, Timers } from '../world/world.ts';

/** Milliseconds; 0 is off. */
export type StallLimits = {
  /** Silence between parts, once there was output. */
  readonly betweenPartsMs: number;
  /** No output, whatever else proves life; also the silence allowed before the first output, while the service may be reading a long prompt. */
  readonly quietMs: number;
};

/** Who hears of it. */
export type StallHearer = {
  /** Nothing came for `limitMs`, or nothing that anybody wants to read. */
  stalled(limitMs: number): void;
  /** The time that `expectEnd` allowed has passed. */
  ended(): void;
};

/**
 * The clocks of one stream, on one timer: silence is told apart by kind. Heartbeats, comments and hidden reasoning prove life up to
 * `quietMs`; only output stops that clock. Noting costs a write, never the arming of a timer. A paused stream is not silent: its reader is.
 */
export class StallClock {
  readonly #clock: Clock;
  readonly #limits: StallLimits;
  readonly #hearer: StallHearer;
  readonly #timer: Timer;
  #lifeMs: number;
  #outputMs: number;
  #isOutputSeen = false;
  #isPaused = false;
  #isEndExpected = false;

  constructor(clock: Clock, timers: Timers, limits: StallLimits, hearer: StallHearer) {
    this.#clock = clock;
    this.#limits = limits;
    this.#hearer = hearer;
    this.#lifeMs = clock.now();
    this.#outputMs = this.#lifeMs;
    this.#timer = timers.timer(() => this.#ring());
    const first = this.#dueMs();
    if (first < Number.POSITIVE_INFINITY) this.#timer.arm(first - this.#lifeMs);
  }

  /** Something came. */
  life(): void {
    this.#lifeMs = this.#clock.now();
  }

  /** What came was output. Call it after `life`. */
  output(): void {
    this.#outputMs = this.#lifeMs;
    if (this.#isOutputSeen) return;
    this.#isOutputSeen = true;
    // From now on the shorter limit holds.
    if (!this.#isEndExpected && this.#limits.betweenPartsMs > 0) this.#timer.arm(this.#limits.betweenPartsMs);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.life();
    this.#outputMs = this.#lifeMs;
  }

  /** The stream has said all there is: `ended` follows after this time, and silence no longer matters. */
  expectEnd(graceMs: number): void {
    this.#isEndExpected = true;
    this.#timer.arm(graceMs);
  }

  stop(): void {
    this.#timer.disarm();
  }

  #dueMs(): number {
    const { betweenPartsMs, quietMs } = this.#limits;
    const silence = this.#isOutputSeen ? betweenPartsMs : quietMs;
    const silentAt = silence > 0 ? this.#lifeMs + silence : Number.POSITIVE_INFINITY;
    const quietAt = quietMs > 0 ? this.#outputMs + quietMs : Number.POSITIVE_INFINITY;
    return Math.min(silentAt, quietAt);
  }

  #ring(): void {
    if (this.#isEndExpected) {
      this.#hearer.ended();
      return;
    }
    if (this.#isPaused) this.life();
    if (this.#isPaused) this.#outputMs = this.#lifeMs;
    const nowMs = this.#clock.now();
    const dueMs = this.#dueMs();
    if (dueMs > nowMs) this.#timer.arm(dueMs - nowMs);
    else this.#hearer.stalled(nowMs - this.#lifeMs >= this.#silenceMs() ? this.#silenceMs() : this.#limits.quietMs);
  }

  #silenceMs(): number {
    return this.#isOutputSeen ? this.#limits.betweenPartsMs : this.#limits.quietMs;
  }
}
