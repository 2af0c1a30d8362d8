import type { Seat } from '../call/seat.ts';
import type { Chance, Clock } from '../world/world.ts';
import { busy } from './load.ts';
import type { Picker } from './picker.ts';

/**
 * The seat with the fewest attempts under way for its weight, the new one included: a seat of weight 2 is as busy with 3 as one of weight
 * 1 with 1. Streams count until they end, failures of late as if they were still under way. Ties go to chance, or an idle pool would only
 * ever use its first seat.
 */
export function leastConnections({ clock, chance }: { readonly clock: Clock; readonly chance: Chance }): Picker {
  return {
    pick(candidates) {
      if (candidates.length <= 1) return candidates[0];
      let best: Seat | undefined;
      let bestLoad = Number.POSITIVE_INFINITY;
      // Walks from a place of chance, and takes only what is strictly better: each of equal seats comes first equally often.
      let at = chance.below(candidates.length);
      for (let i = 0; i < candidates.length; i++) {
        const seat = candidates[at] as Seat;
        const load = (busy(seat, clock) + 1) / seat.effectiveWeight;
        if (load < bestLoad) {
          bestLoad = load;
          best = seat;
        }
        at = at + 1 === candidates.length ? 0 : at + 1;
      }
      return best;
    },
  };
}
