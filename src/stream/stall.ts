import type { Clock, Timer, Timers } from '../world/world.ts';

/** Milliseconds; 0 is off. */
export type StallLimits = {
  /** Silence between parts, once there was output. */
  readonly betweenPartsMs: number;
  /** No output, whatever else proves life; also the silence allowed before the first output, while the service may be reading a long prompt. */
  readonly quietMs: number;
  /** Output events a second, over `RATE_WINDOW_MS`, below which a stream is as good as stalled; absent or 0 is off. */
  readonly outputsPerSecondMin?: number;
};

/** 10 s: long enough that one slow sentence is no verdict. */
export const RATE_WINDOW_MS = 10_000;

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
  #outputs = 0;
  #windowMs: number;
  #isPaused = false;
  #isEndExpected = false;

  constructor(clock: Clock, timers: Timers, limits: StallLimits, hearer: StallHearer) {
    this.#clock = clock;
    this.#limits = limits;
    this.#hearer = hearer;
    this.#lifeMs = clock.now();
    this.#outputMs = this.#lifeMs;
    this.#windowMs = this.#lifeMs;
    this.#timer = timers.timer(() => this.#ring());
    this.#await(this.#dueMs() - this.#lifeMs);
  }

  /** Something came. */
  life(): void {
    this.#lifeMs = this.#clock.now();
  }

  /** What came was output. Call it after `life`. */
  output(): void {
    this.#outputMs = this.#lifeMs;
    this.#outputs += 1;
    if (this.#isOutputSeen) return;
    this.#isOutputSeen = true;
    this.#windowMs = this.#lifeMs;
    // From now on the shorter limits hold.
    if (!this.#isEndExpected) this.#await(this.#dueMs() - this.#lifeMs);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#renew(this.#clock.now());
  }

  /** The stream has said all there is: `ended` follows after this time, and silence no longer matters. */
  expectEnd(graceMs: number): void {
    this.#isEndExpected = true;
    this.#timer.arm(graceMs);
  }

  stop(): void {
    this.#timer.disarm();
  }

  #await(delayMs: number): void {
    if (delayMs < Number.POSITIVE_INFINITY) this.#timer.arm(delayMs);
  }

  #dueMs(): number {
    const { betweenPartsMs, quietMs } = this.#limits;
    const silence = this.#isOutputSeen ? betweenPartsMs : quietMs;
    const silentAt = silence > 0 ? this.#lifeMs + silence : Number.POSITIVE_INFINITY;
    const quietAt = quietMs > 0 ? this.#outputMs + quietMs : Number.POSITIVE_INFINITY;
    return Math.min(silentAt, quietAt, this.#isRated() ? this.#windowMs + RATE_WINDOW_MS : Number.POSITIVE_INFINITY);
  }

  #isRated(): boolean {
    return this.#isOutputSeen && (this.#limits.outputsPerSecondMin ?? 0) > 0;
  }

  #ring(): void {
    if (this.#isEndExpected) {
      this.#hearer.ended();
      return;
    }
    const nowMs = this.#clock.now();
    if (this.#isPaused) this.#renew(nowMs);
    const { betweenPartsMs, quietMs, outputsPerSecondMin = 0 } = this.#limits;
    const silence = this.#isOutputSeen ? betweenPartsMs : quietMs;
    if (silence > 0 && nowMs - this.#lifeMs >= silence) this.#hearer.stalled(silence);
    else if (quietMs > 0 && nowMs - this.#outputMs >= quietMs) this.#hearer.stalled(quietMs);
    else if (this.#isRated() && nowMs - this.#windowMs >= RATE_WINDOW_MS) {
      if (this.#outputs * 1000 < outputsPerSecondMin * (nowMs - this.#windowMs)) this.#hearer.stalled(RATE_WINDOW_MS);
      else {
        this.#outputs = 0;
        this.#windowMs = nowMs;
        this.#await(this.#dueMs() - nowMs);
      }
    } else this.#await(this.#dueMs() - nowMs);
  }

  /** The clocks begin again: whoever did not read has nothing to complain of. */
  #renew(nowMs: number): void {
    this.#lifeMs = nowMs;
    this.#outputMs = nowMs;
    this.#windowMs = nowMs;
    this.#outputs = 0;
  }
}
