import { performance } from 'node:perf_hooks';
import type { Clock } from './world.ts';

/** What `now` says while it is held; 0 while it is not. */
let heldMs = 0;

/**
 * The clocks of the machine. A step of a call asks for the time some five times, and each look costs as much as reading a field line; the steps
 * take microseconds, so one look does for all of a step. Every look outside of one is a fresh one.
 */
export const realClock: Clock = {
  // Imported: the global of that name is a getter, which costs more than the clock.
  now: () => (heldMs === 0 ? performance.now() : heldMs),
  wallMs: () => Date.now(),
  hold() {
    heldMs = performance.now();
  },
};

/** Ends what `hold` began; whoever runs steps from the loop does it, however they end. */
export function releaseClock(): void {
  heldMs = 0;
}
