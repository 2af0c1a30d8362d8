import type { ClockName } from '../diagnosis/evidence.ts';
import type { Clock, Timer, Timers } from '../world/world.ts';

/** How late a timer may be by its own coarseness (two ticks of the wheel): only what is beyond is the loop's. */
const TIMER_SLACK_MS = 20;

/**
 * A clock that is set anew all the time: one timer for all phases of a connection and all its exchanges. Moving the deadline later, which
 * every exchange and every part does, writes one field; the timer rings at the former deadline, sees that it moved, and is armed again.
 */
export class PhaseClock {
  /** Which clock runs and what it is set to. */
  name: ClockName = 'head';
  limitMs = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  #armedMs = Number.POSITIVE_INFINITY;
  #isInGrace = false;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #timer: Timer;
  readonly #expired: (loopLagMs: number) => void;

  /** `expired` is told how late the loop was; a clock that has expired is off. */
  constructor(world: { readonly clock: Clock; readonly timers: Timers }, expired: (loopLagMs: number) => void) {
    this.#clock = world.clock;
    this.#timers = world.timers;
    this.#timer = world.timers.timer(() => this.#ring());
    this.#expired = expired;
  }

  /** Runs from `fromMs` on, and replaces what ran; a limit of 0 is off. */
  watch(name: ClockName, limitMs: number, nowMs: number, fromMs: number = nowMs): void {
    this.name = name;
    this.limitMs = limitMs;
    this.#dueMs = limitMs > 0 ? fromMs + limitMs : Number.POSITIVE_INFINITY;
    this.#arm(nowMs);
  }

  /** The same limit again, from now: something moved. */
  extend(nowMs: number): void {
    if (this.#dueMs !== Number.POSITIVE_INFINITY) this.#dueMs = nowMs + this.limitMs;
  }

  /** False while it is off: the time is not even asked then. */
  get isRunning(): boolean {
    return this.#dueMs !== Number.POSITIVE_INFINITY;
  }

  off(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Off, and the timer too. */
  dispose(): void {
    this.off();
    this.#armedMs = Number.POSITIVE_INFINITY;
    this.#timer.disarm();
  }

  #arm(nowMs: number): void {
    if (this.#dueMs >= this.#armedMs) return;
    this.#armedMs = this.#dueMs;
    this.#timer.arm(Math.max(0, this.#dueMs - nowMs));
  }

  #ring(): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    if (nowMs < this.#dueMs) {
      this.#isInGrace = false;
      this.#arm(nowMs);
      return;
    }
    const loopLagMs = Math.max(0, nowMs - this.#dueMs - TIMER_SLACK_MS);
    if (loopLagMs > 0 && !this.#isInGrace) {
      // The loop stood still: what the clock waited for may lie unread in the kernel. One turn to read it, then the verdict.
      this.#isInGrace = true;
      this.#timers.soon(() => this.#ring());
      return;
    }
    this.#isInGrace = false;
    this.off();
    this.#expired(loopLagMs);
  }
}
