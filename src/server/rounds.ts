import type { Timers } from '../world/world.ts';

/**
 * One step of many calls, taken for all of them in a row once the input of the loop turn is handled. The code that a call runs through is several
 * times what a processor keeps close at hand: done call after call, each fetches all of it anew; done step after step, each step is fetched once.
 */
export class Rounds<Item> {
  readonly #timers: Pick<Timers, 'soon'>;
  readonly #step: (item: Item) => void;
  #waiting: Item[] = [];

  /** `step` must not throw. */
  constructor(timers: Pick<Timers, 'soon'>, step: (item: Item) => void) {
    this.#timers = timers;
    this.#step = step;
  }

  /** Its turn comes at the end of the loop turn, in the order in which they were added. */
  add(item: Item): void {
    this.#waiting.push(item);
    if (this.#waiting.length === 1) this.#timers.soon(this.#run);
  }

  /** Those that are added meanwhile come in the next round. */
  readonly #run = (): void => {
    const items = this.#waiting;
    this.#waiting = [];
    for (const item of items) this.#step(item);
  };
}
