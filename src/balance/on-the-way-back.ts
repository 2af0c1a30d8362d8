import type { Chance } from '../world/world.ts';
import type { Picker } from './picker.ts';
import { roundRobin } from './round-robin.ts';

/**
 * While a pool comes back from an outage its targets are asked in turn: what is under way at each, and how long each took, tells of the
 * outage and not of the load, and would send the first callers all to one of them.
 */
export function onTheWayBack(
  usual: Picker,
  options: { readonly seats: number; readonly chance: Chance; readonly isComingBack: () => boolean },
): Picker {
  const inTurn = roundRobin(options);
  return { pick: (candidates, call) => (options.isComingBack() ? inTurn : usual).pick(candidates, call) };
}
