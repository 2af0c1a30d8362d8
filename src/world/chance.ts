import { randomBytes, randomFillSync } from 'node:crypto';
import type { Chance } from './world.ts';

/**
 * Ids are cut from one block of secure random bytes, and from its digits: to ask the kernel, or even for the digits, for each id costs more than
 * the rest of a call's head. An id that is kept keeps the digits of its piece: 32 ids are a kilobyte.
 */
const BLOCK_BYTES = 8192;
const PIECE_BYTES = 512;
const ID_CHARS = 32;

/** Chance of the real world. */
export function realChance(): Chance {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let from = BLOCK_BYTES;
  let digits = '';
  let used = 0;
  return {
    float: () => Math.random(),
    below: (below) => Math.floor(Math.random() * below),
    id() {
      if (used === digits.length) {
        if (from === BLOCK_BYTES) {
          randomFillSync(block);
          from = 0;
        }
        digits = block.hexSlice(from, from + PIECE_BYTES);
        from += PIECE_BYTES;
        used = 0;
      }
      used += ID_CHARS;
      return digits.slice(used - ID_CHARS, used);
    },
    bytes: (length) => randomBytes(length),
  };
}
