import type { Seat } from '../call/seat.ts';

/** Below this share of fit targets the others get a part of the calls too: when most look bad, the looking may be what is wrong (Envoy). */
export const PANIC_SHARE = 0.5;

/**
 * What rested targets get in a panic, together, of what the fit ones get. A tenth finds a wrong verdict within a second of traffic, and
 * stays far within the retry budget (20 %) if the verdict was right; sharing evenly would not.
 */
export const PANIC_TRIAL_SHARE = 0.1;

/** Who of some seats may be asked. Lists are the same objects until something changes, and are never changed in place. */
export type FitLists = {
  /** Serving. */
  readonly serving: readonly Seat[];
  /** Serving, or as few as there are with a trial share for the rested; everybody when nobody serves. */
  readonly willing: readonly Seat[];
  /** Whoever the operator lets be asked. */
  readonly allowed: readonly Seat[];
  /** Rested, and waiting for their one probe. */
  readonly probing: readonly Seat[];
};

/** Sorts seats by fitness. Pure; an operator's word and a weight of 0 hold always, health's word only while others serve. */
export function fitLists(seats: readonly Seat[]): FitLists {
  const allowed = seats.filter(
    (seat) => seat.weight > 0 && seat.fitness !== 'maintenance' && seat.fitness !== 'draining',
  );
  const serving = allowed.filter((seat) => seat.fitness === 'serving');
  const probing = allowed.filter((seat) => seat.fitness === 'probing');
  const isPanic = serving.length < allowed.length * PANIC_SHARE;
  return { serving, willing: isPanic ? allowed : serving, allowed, probing };
}

/**
 * The weight of a seat that does not serve, for when it is asked all the same: its own when nobody serves, since health is ignored then;
 * else its part of the trial share.
 */
export function trialWeights(seats: readonly Seat[], ramp: (seat: Seat) => number): void {
  const { serving, allowed } = fitLists(seats);
  let sum = 0;
  for (const seat of serving) {
    seat.effectiveWeight = seat.weight * ramp(seat);
    sum += seat.effectiveWeight;
  }
  const others = allowed.length - serving.length;
  for (const seat of allowed) {
    if (seat.fitness === 'serving') continue;
    seat.effectiveWeight = serving.length === 0 ? seat.weight : (sum * PANIC_TRIAL_SHARE) / others;
  }
}

/** The part of its load that a pool can take: the strength of its strongest serving seat; 1 when a probe waits for a call. */
export function shareOf(lists: FitLists, isProbeDue: boolean): number {
  if (isProbeDue) return 1;
  let share = 0;
  for (const seat of lists.serving) share = Math.max(share, seat.effectiveWeight / seat.weight);
  return share;
}
