/** A number from 0 (inclusive) to 1 that depends only on the seed and on how often it was asked. */
export type Dice = () => number;

/** A 32-bit hash of a text (FNV-1a over UTF-16 units, finished as in MurmurHash3): the same everywhere and for ever. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Dice thrown by mulberry32 (Tommy Ettinger, 2017): small, quick and good enough for made-up answers. */
export function diceOf(seed: string): Dice {
  let state = hashOf(seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of a list. */
export function pick<T>(dice: Dice, list: readonly [T, ...T[]]): T {
  return list[Math.floor(dice() * list.length)] ?? list[0];
}
