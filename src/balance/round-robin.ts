import type { Seat } from '../call/seat.ts';
import type { Chance } from '../world/world.ts';
import type { Picker } from './picker.ts';

/**
 * Smooth weighted round-robin (nginx): each pick every seat gains its weight, the richest is picked and pays the sum.
 * Picks of one seat are spread out instead of bunched, and the shares are exact over a round. Each process begins at a seat
 * of its own, or all workers and replicas would begin at the same one.
 */
export function roundRobin({ seats, chance }: { readonly seats: number; readonly chance: Chance }): Picker {
  const credit = new Float64Array(seats);
  if (seats > 0) credit[chance.below(seats)] = 1e-9;
  return {
    pick(candidates) {
      if (candidates.length <= 1) return candidates[0];
      let sum = 0;
      let best: Seat | undefined;
      let bestCredit = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < candidates.length; i++) {
        const seat = candidates[i] as Seat;
        const now = (credit[seat.index] ?? 0) + seat.effectiveWeight;
        credit[seat.index] = now;
        sum += seat.effectiveWeight;
        if (now > bestCredit) {
          bestCredit = now;
          best = seat;
        }
      }
      if (best !== undefined) credit[best.index] = bestCredit - sum;
      return best;
    },
  };
}
