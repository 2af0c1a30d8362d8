import { randomBytes, randomFillSync } from 'node:crypto';
import type { Chance } from './world.ts';

/** Ids are cut from one block of secure random bytes: asking the kernel for 16 bytes a call costs more than the rest of the call's head. */
const BLOCK_BYTES = 4096;
const ID_BYTES = 16;

/** Chance of the real world. */
export function realChance(): Chance {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let used = BLOCK_BYTES;
  return {
    float: () => Math.random(),
    below: (below) => Math.floor(Math.random() * below),
    id() {
      if (used + ID_BYTES > BLOCK_BYTES) {
        randomFillSync(block);
        used = 0;
      }
      const id = block.hexSlice(used, used + ID_BYTES);
      used += ID_BYTES;
      return id;
    },
    bytes: (length) => randomBytes(length),
  };
}
