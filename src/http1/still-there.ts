import type { Timers } from '../world/world.ts';
import type { Answering } from './responder.ts';

/**
 * When a caller that closed its half is asked whether it still reads. The first question draws the reset of one that is gone, the next finds
 * it: 20 ms later on a near network, 60 or 300 ms on most, 2 s on the worst. Five, as Go's client takes no more interim answers than that.
 */
const PROBES_AT_MS = [0, 20, 60, 300, 2000] as const;

/**
 * A FIN says that the caller sends no more, not whether it still reads: a client that aborts closes both halves, one that half-closes waits
 * for its answer, and both look the same from here. Asks until it is known or the answer is over; one that is gone closes its wire by that.
 * An answer is asked for once. False when this caller cannot be asked and nothing will tell: an HTTP/1.0 client before its head.
 */
export function askIfThere(timers: Timers, answer: Answering): boolean {
  if (answer.isOver || answer.isAsked) return true;
  // Past the head the next part of the answer asks as well as we could.
  if (!answer.probe()) return answer.isHeadSent;
  answer.isAsked = true;
  let asked = 1;
  const timer = timers.timer(() => {
    if (!answer.probe()) return;
    asked += 1;
    again();
  });
  const again = (): void => {
    const atMs = PROBES_AT_MS[asked];
    if (atMs !== undefined) timer.arm(atMs - (PROBES_AT_MS[asked - 1] ?? 0));
  };
  again();
  return true;
}
