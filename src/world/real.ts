import { realChance } from './chance.ts';
import { realFiles } from './files.ts';
import { soon } from './gathering.ts';
import { realMemory } from './memory.ts';
import { realNames } from './names.ts';
import { realNet } from './net.ts';
import { realClock } from './real-clock.ts';
import { Wheel } from './wheel.ts';
import type { World } from './world.ts';

/** The world as it is. One for the process. */
export function realWorld(): World {
  let alarm: NodeJS.Timeout | undefined;
  return {
    clock: realClock,
    timers: new Wheel(realClock, {
      set(delayMs, ring) {
        alarm = setTimeout(ring, delayMs);
      },
      hold(isNeeded) {
        if (isNeeded) alarm?.ref();
        else alarm?.unref();
      },
      soon,
    }),
    chance: realChance(),
    net: realNet,
    names: realNames,
    files: realFiles,
    memory: realMemory,
    env: process.env,
  };
}
