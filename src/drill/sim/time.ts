import { Wheel } from '../../world/wheel.ts';
import type { Clock, Timers } from '../../world/world.ts';

type Event = { readonly atMs: number; readonly order: number; readonly run: () => void };

/**
 * Virtual time: a heap of events by time, then by the order in which they were asked for. It stands still while an event runs and jumps
 * to the next one, so that an hour of waiting costs nothing.
 */
export class SimTime {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #orders = 0;
  /** Events run so far. */
  events = 0;
  /** One wheel for all hosts, as in the real process, on virtual alarms. */
  readonly timers: Timers;
  readonly clock: Clock;

  constructor(wallStartMs: number) {
    this.clock = { now: () => this.#nowMs, wallMs: () => wallStartMs + this.#nowMs };
    this.timers = new Wheel(this.clock, {
      set: (delayMs, ring) => this.at(delayMs, ring),
      soon: (run) => this.at(0, run),
    });
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs once, this long from now; never within the present event. */
  at(delayMs: number, run: () => void): void {
    this.when(this.#nowMs + delayMs, run);
  }

  /** Runs once at that time: what must keep its order is given times, since a sum of delays may round either way. */
  when(atMs: number, run: () => void): void {
    const event = { atMs: Math.max(atMs, this.#nowMs), order: this.#orders, run };
    this.#orders += 1;
    let index = this.#heap.push(event) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || isBefore(parent, event)) break;
      this.#heap[index] = parent;
      index = above;
    }
    this.#heap[index] = event;
  }

  /** Runs the next event; false when there is none: then whoever still waits waits for ever. */
  step(): boolean {
    const event = this.#heap[0];
    const last = this.#heap.pop();
    if (event === undefined || last === undefined) return false;
    if (this.#heap.length > 0) this.#sink(last);
    this.#nowMs = event.atMs;
    this.events += 1;
    event.run();
    return true;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let child = heap[left];
      if (child === undefined) break;
      let at = left;
      const right = heap[left + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        at = left + 1;
      }
      if (isBefore(event, child)) break;
      heap[index] = child;
      index = at;
    }
    heap[index] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
