import type { Chance } from '../../world/world.ts';
import { diceOf } from '../dice.ts';

/** Chance that depends on a seed alone, ids included: good for the drill and for nothing that must stay secret. */
export function seededChance(seed: string): Chance {
  const dice = diceOf(seed);
  const word = (): string =>
    Math.floor(dice() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  return {
    float: dice,
    below: (below) => Math.floor(dice() * below),
    id: () => `${word()}${word()}${word()}${word()}`,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(dice() * 256)),
  };
}
