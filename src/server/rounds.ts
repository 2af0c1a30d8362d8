import type { Timers } from '../world/world.ts';

/** Every fourth: what it does for one call is good for the three that follow within microseconds. A power of two, less one. */
const LOOK_MASK = 3;

/**
 * The steps of many calls, each taken for all of them in a row once the input of the loop turn is handled. The code that a call runs through is
 * several times what a processor keeps close at hand: done call after call, each fetches all of it anew; done step after step, each step is
 * fetched once for all.
 */
export class Rounds<Item> {
  readonly #timers: Pick<Timers, 'soon'>;
  readonly #begin: () => void;
  readonly #steps: readonly ((item: Item) => void)[];
  /** Who waits for each step. */
  readonly #waiting: Item[][];
  #isExpected = false;

  /** `begin` runs before the first step of every few items. `steps` in the order in which a call takes them; they must not throw. */
  constructor(timers: Pick<Timers, 'soon'>, begin: () => void, steps: readonly ((item: Item) => void)[]) {
    this.#timers = timers;
    this.#begin = begin;
    this.#steps = steps;
    this.#waiting = steps.map(() => []);
  }

  /** The item takes the step, by its index, at the end of the turn; in a later round when that step was taken already. */
  add(step: number, item: Item): void {
    this.#waiting[step]?.push(item);
    this.#expect();
  }

  #expect(): void {
    if (this.#isExpected) return;
    this.#isExpected = true;
    this.#timers.soon(this.#run);
  }

  readonly #run = (): void => {
    try {
      for (const [at, take] of this.#steps.entries()) this.#takeAll(at, take);
    } finally {
      this.#isExpected = false;
      if (this.#waiting.some((items) => items.length > 0)) this.#expect();
    }
  };

  #takeAll(at: number, take: (item: Item) => void): void {
    const items = this.#waiting[at] ?? [];
    if (items.length === 0) return;
    this.#waiting[at] = [];
    let begun = 0;
    try {
      for (const item of items) {
        if ((begun & LOOK_MASK) === 0) this.#begin();
        begun += 1;
        take(item);
      }
    } finally {
      // One that throws all the same is not to take the others with it.
      if (begun < items.length) this.#waiting[at] = items.slice(begun).concat(this.#waiting[at] ?? []);
    }
  }
}
