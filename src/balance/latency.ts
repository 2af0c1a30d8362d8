import type { Seat } from '../call/seat.ts';
import type { Chance, Clock } from '../world/world.ts';
import { busy, costNow } from './load.ts';
import type { Picker } from './picker.ts';

/** A seat with more under way than this quantile of what was lately seen is hot (Prequal: 2^−0.25 ≈ 0.84). */
export const HOT_QUANTILE = 0.84;

/** How fast the estimate of that quantile follows, in attempts a pick. */
const FOLLOW = 0.1;

/**
 * Two seats of chance, then the hot-cold rule (Prequal, NSDI '24): of two cold ones the faster to its first part, else the cold one, of two
 * hot ones the less busy. Attempts under way lead, latency lags: only among the idle does speed decide. Failures are charged as latency
 * (`load.ts`). Two of chance, not the best of all: everyone rushing to the fastest is how it becomes the slowest.
 */
export function latency({ clock, chance }: { readonly clock: Clock; readonly chance: Chance }): Picker {
  let hot = 1;
  return {
    pick(candidates) {
      if (candidates.length <= 1) return candidates[0];
      const nowMs = clock.now();
      const one = draw(candidates, undefined, chance);
      const other = draw(candidates, one, chance);
      const seen = busy(one, clock) / one.effectiveWeight;
      const otherSeen = busy(other, clock) / other.effectiveWeight;
      let best = one;
      if (seen > hot !== otherSeen > hot) best = seen > hot ? other : one;
      else if (seen > hot) best = seen <= otherSeen ? one : other;
      else best = costNow(one, nowMs) <= costNow(other, nowMs) ? one : other;
      // The lighter of two unequal seats wins only as often as its weight allows, or a fast one would skip its slow start.
      if (best === other && other.effectiveWeight < one.effectiveWeight) {
        if (chance.float() * one.effectiveWeight >= other.effectiveWeight) best = one;
      }
      // A quantile followed step by step: up by q, down by 1 − q, so that it stands still where a share q lies below.
      hot = Math.max(1, hot + (seen > hot ? FOLLOW * HOT_QUANTILE : -FOLLOW * (1 - HOT_QUANTILE)));
      return best;
    },
  };
}

/** One seat by weight, another than `not`. */
function draw(candidates: readonly Seat[], not: Seat | undefined, chance: Chance): Seat {
  let sum = 0;
  for (let i = 0; i < candidates.length; i++) {
    const seat = candidates[i] as Seat;
    if (seat !== not) sum += seat.effectiveWeight;
  }
  let left = chance.float() * sum;
  let last = candidates[0] as Seat;
  for (let i = 0; i < candidates.length; i++) {
    const seat = candidates[i] as Seat;
    if (seat === not) continue;
    last = seat;
    left -= seat.effectiveWeight;
    if (left < 0) return seat;
  }
  return last;
}
