import type { Seat } from '../call/seat.ts';
import type { Chance, Clock } from '../world/world.ts';
import { busy } from './load.ts';
import type { Picker } from './picker.ts';

/**
 * The seat with the fewest attempts under way for its weight, the new one included: a seat of weight 2 is as busy with 3 as one of weight
 * 1 with 1. Streams count until they end, failures of late as if they were still under way. Ties go to chance, or an idle pool would only
 * ever use its first seat. Among seats with nothing under way chance goes by weight and failures, too: else the lighter ones, those in slow
 * start and those that failed once would hear nothing for as long as there is little to do.
 */
export function leastConnections({ clock, chance }: { readonly clock: Clock; readonly chance: Chance }): Picker {
  return {
    pick(candidates) {
      if (candidates.length <= 1) return candidates[0];
      let best: Seat | undefined;
      let bestLoad = Number.POSITIVE_INFINITY;
      // Of seats with nothing under way: how free they are together, how busy one of them looks, and whether they differ.
      let free = 0;
      let idleLoad = 0;
      let isUneven = false;
      // Walks from a place of chance, and takes only what is strictly better: each of equal seats comes first equally often.
      let at = chance.below(candidates.length);
      for (let i = 0; i < candidates.length; i++) {
        const seat = candidates[at] as Seat;
        const load = loadOf(seat, clock);
        if (seat.inFlight === 0) {
          isUneven ||= free > 0 && load !== idleLoad;
          idleLoad = load;
          free += 1 / load;
        }
        if (load < bestLoad) {
          bestLoad = load;
          best = seat;
        }
        at = at + 1 === candidates.length ? 0 : at + 1;
      }
      if (!isUneven || best === undefined || best.inFlight > 0) return best;
      return oneOfIdle(candidates, chance.float() * free, clock) ?? best;
    },
  };
}

function loadOf(seat: Seat, clock: Clock): number {
  return (busy(seat, clock) + 1) / seat.effectiveWeight;
}

/** The seat with nothing under way in whose stretch the luck falls, each as long as it is free. */
function oneOfIdle(candidates: readonly Seat[], luck: number, clock: Clock): Seat | undefined {
  let left = luck;
  for (const seat of candidates) {
    if (seat.inFlight > 0) continue;
    left -= 1 / loadOf(seat, clock);
    if (left < 0) return seat;
  }
  return undefined;
}
