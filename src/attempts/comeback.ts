import type { Clock } from '../world/world.ts';

/** What a pool is given for a while after an outage, in its usual calls: what was held back comes on top, a quarter at a time, and no herd. */
export const COMEBACK_SHARE = 1.25;
/** At least so long; then as long as it holds somebody back, to let nobody go at once who was held back. */
export const COMEBACK_MS = 10_000;
const HOLDING_MS = 1_000;
/** But not for ever: who comes faster than ever before is no herd after a minute. */
const COMEBACK_MS_MAX = 60_000;
/** A second between two starts at most, so that a pool that hardly ever is asked comes back too. */
const GAP_MS_MAX = 1_000;
/** So long nobody answered, and so many failed or stayed silent meanwhile: an outage, and no pause between two calls. */
const OUTAGE_MS = 1_000;
const OUTAGE_FAILURES = 5;
/** Starts may run ahead of their even spacing by so much: who waits is looked after ten times a second. */
const AHEAD_MS = 100;

/**
 * Notices when a pool comes back that answered nobody, and then says how fast it may be asked: callers, retries and hedges that waited
 * would else all come in the first second. Costs a comparison an attempt while all is well. Spacing is that of the generic cell rate
 * algorithm, which is even also where a replica starts less than one call a second.
 */
export class Comeback {
  readonly #offeredPerS: () => number;
  /** The first failure since anybody answered. */
  #failedMs = 0;
  #failures = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  /** When the next start is due, if all were evenly spaced. */
  #dueMs = 0;

  /** `offeredPerS`: calls that came for the pool, of late. */
  constructor(offeredPerS: () => number) {
    this.#offeredPerS = offeredPerS;
  }

  started(nowMs: number): void {
    if (nowMs < this.#untilMs) this.#dueMs = Math.max(nowMs, this.#dueMs) + this.#gapMs();
  }

  answered(nowMs: number): void {
    if (this.#failures === 0) return;
    if (this.#isOut(nowMs)) {
      this.#untilMs = nowMs + COMEBACK_MS;
      this.#lastMs = nowMs + COMEBACK_MS_MAX;
      this.#dueMs = nowMs + this.#gapMs();
    }
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    if (this.#failures === 0) this.#failedMs = nowMs;
    this.#failures += 1;
  }

  /** True while the pool is coming back. Asks for the time only after an outage. */
  isOn(clock: Clock): boolean {
    return this.#untilMs !== Number.NEGATIVE_INFINITY && clock.now() < this.#untilMs;
  }

  /** True while one more would be too many for now. */
  isFull(nowMs: number): boolean {
    if (nowMs >= this.#untilMs || this.#dueMs - nowMs <= AHEAD_MS) return false;
    this.#hold(nowMs);
    return true;
  }

  /** True while further tries are to be kept few: there is no hope in them, or so many wait for hope that they would be the herd. */
  isScarce(nowMs: number): boolean {
    if (this.#isOut(nowMs)) return true;
    if (nowMs >= this.#untilMs) return false;
    this.#hold(nowMs);
    return true;
  }

  #hold(nowMs: number): void {
    this.#untilMs = Math.min(this.#lastMs, Math.max(this.#untilMs, nowMs + HOLDING_MS));
  }

  /** Nobody answers: of many tries for some time not one. */
  #isOut(nowMs: number): boolean {
    return this.#failures >= OUTAGE_FAILURES && nowMs - this.#failedMs >= OUTAGE_MS;
  }

  #gapMs(): number {
    return Math.min(GAP_MS_MAX, 1000 / (this.#offeredPerS() * COMEBACK_SHARE));
  }
}
