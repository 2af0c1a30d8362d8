import type { Memory, Timers } from '../world/world.ts';

/** Below it a peak leaves little behind: 500 streams take some 10 MB. */
const PEAK_MIN = 500;

/** A peak has passed when an eighth of it is left: what is still open makes the collection longer, and each byte of it stays. */
const LEFT_PART = 1 / 8;

/** So long it must stay passed, so that waves of calls are one peak, and connections that only linger are closed. */
const QUIET_MS = 5000;

/**
 * Has the memory given back after a peak of open calls. V8 collects when memory is asked for, and after a peak nobody asks: the process
 * would stay as large as it ever was. Told of the end of each call, so that at rest no timer runs.
 */
export class PeakWatch {
  readonly #memory: Memory;
  readonly #open: () => number;
  readonly #timer: ReturnType<Timers['timer']>;
  #peak = 0;

  /** `open`: how many calls are open now. */
  constructor(world: { readonly timers: Timers; readonly memory: Memory }, open: () => number) {
    this.#memory = world.memory;
    this.#open = open;
    this.#timer = world.timers.timer(() => this.#look());
  }

  /** A call is over. */
  ended(): void {
    const open = this.#open();
    if (open > this.#peak) this.#peak = open;
    if (this.#hasPassed(open) && !this.#timer.isArmed) this.#timer.arm(QUIET_MS);
  }

  close(): void {
    this.#timer.disarm();
  }

  #hasPassed(open: number): boolean {
    return this.#peak >= PEAK_MIN && open <= this.#peak * LEFT_PART;
  }

  #look(): void {
    const open = this.#open();
    // Another wave: its end is told again.
    if (!this.#hasPassed(open)) return;
    this.#peak = open;
    this.#memory.giveBack();
  }
}
