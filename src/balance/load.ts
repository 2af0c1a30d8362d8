import type { Seat, SeatHearer } from '../call/seat.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Clock } from '../world/world.ts';

/** A cost fades with this time constant (Finagle's and Linkerd's 10 s): long enough to remember, short enough to find out again. */
export const COST_DECAY_MS = 10_000;

/**
 * What a failure costs, as if the target had taken so long: longer than any honest first part, so that a target which fails fast never
 * looks fast (sinkholing). Fades to an ordinary cost in about half a minute, when one call finds out anew.
 */
export const FAILURE_COST_MS = 30_000;

/** Keeps what pickers go by: attempts under way and the time to the first part. Load ends with the outcome, not with the first part. */
export const load: Required<SeatHearer> = {
  start(seat) {
    seat.inFlight += 1;
  },
  spoke(seat, _call, attempt) {
    const nowMs = attempt.firstPartMs ?? attempt.startMs;
    observe(seat, nowMs, nowMs - attempt.startMs);
  },
  end(seat, _call, attempt, outcome) {
    seat.inFlight -= 1;
    if (outcome.kind !== 'failed') return;
    const { blame } = CATALOGUE[outcome.failure.code];
    // A caller's mistake is answered fast and well; that says nothing about how the target serves.
    if (blame === 'caller' || blame === 'nobody') return;
    const nowMs = attempt.endMs ?? attempt.startMs;
    observe(seat, nowMs, FAILURE_COST_MS);
    seat.failures = phantoms(seat, nowMs) + 1;
    seat.failuresAtMs = nowMs;
  },
};

/** Peak-sensitive moving mean (Finagle's Peak EWMA): jumps up at once, comes down slowly. */
function observe(seat: Seat, nowMs: number, ms: number): void {
  const weight = Math.exp((seat.costAtMs - nowMs) / COST_DECAY_MS);
  seat.costMs = ms > seat.costMs ? ms : ms * (1 - weight) + seat.costMs * weight;
  seat.costAtMs = nowMs;
}

/** Failures that still count as if they were under way: each for about `COST_DECAY_MS`. */
function phantoms(seat: Seat, nowMs: number): number {
  if (seat.failures === 0) return 0;
  const left = seat.failures * Math.exp((seat.failuresAtMs - nowMs) / COST_DECAY_MS);
  return left < 0.01 ? 0 : left;
}

/** How busy a seat looks: attempts under way, and failures of late as if they still were. */
export function busy(seat: Seat, clock: Clock): number {
  // The clock is asked only where something failed.
  return seat.failures === 0 ? seat.inFlight : seat.inFlight + phantoms(seat, clock.now());
}

/** The cost now, faded since it was last moved, so that a target left alone is tried again. 0 while nothing is known. */
export function costNow(seat: Seat, nowMs: number): number {
  return seat.costMs === 0 ? 0 : seat.costMs * Math.exp((seat.costAtMs - nowMs) / COST_DECAY_MS);
}
