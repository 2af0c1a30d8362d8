import type { Seat } from '../call/seat.ts';
import type { Clock } from '../world/world.ts';
import { hashText, rendezvous } from './hash.ts';
import type { Picker } from './picker.ts';

/** The same caller to the same target, as long as it is fit and not overloaded: for targets that keep something by caller. */
export function ipHash({ clock, seats }: { readonly clock: Clock; readonly seats: readonly Seat[] }): Picker {
  const names: number[] = [];
  for (const seat of seats) names[seat.index] = hashText(seat.target.name);
  return {
    pick: (candidates, call) =>
      candidates.length <= 1 ? candidates[0] : rendezvous(candidates, names, hashText(call.caller.ip), clock),
  };
}
