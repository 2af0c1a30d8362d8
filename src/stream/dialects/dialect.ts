import type { Skim } from '../skim.ts';

/** How one dialect streams. Pure data and two functions; the shared skim holds the values of the event in hand. */
export type StreamDialect = {
  readonly skim: Skim;
  /** Slots whose strings are free text: two events that differ only there are of one kind, unless one of them is empty. */
  readonly freeSlots: readonly number[];
  /** The kinds of the event in the skim's slots. */
  kindsOf(bytes: Uint8Array): number;
  /** The slot whose string is the text of an event with `TEXT`. */
  readonly textSlot: number;
  /** True when data that is no JSON object ends the stream: `[DONE]`. */
  readonly hasDone: boolean;
  /** What to write in place of a terminal event that never came though the answer was finished; undefined where it cannot be made up. */
  readonly closing: Uint8Array | undefined;
};

/** True when the string in `slot` is there and not empty. */
export function isSaid(skim: Skim, slot: number, bytes: Uint8Array): boolean {
  const from = skim.from[slot] as number;
  return from >= 0 && bytes[from] === 0x22 && (skim.to[slot] as number) - from > 2;
}

/** True when the value in `slot` is a string. */
export function isString(skim: Skim, slot: number, bytes: Uint8Array): boolean {
  const from = skim.from[slot] as number;
  return from >= 0 && bytes[from] === 0x22;
}

/** True when the value in `slot` is an object or array with something in it. */
export function isFilled(skim: Skim, slot: number, bytes: Uint8Array): boolean {
  const from = skim.from[slot] as number;
  if (from < 0) return false;
  return (bytes[from] === 0x7b || bytes[from] === 0x5b) && (skim.to[slot] as number) - from > 2;
}

/** True when the value in `slot` is there and not null. */
export function isGiven(skim: Skim, slot: number, bytes: Uint8Array): boolean {
  const from = skim.from[slot] as number;
  return from >= 0 && bytes[from] !== 0x6e;
}

/** The place of the string in `slot` among `words`, or -1; strings with escapes are none of them. */
export function wordOf(skim: Skim, slot: number, bytes: Uint8Array, words: readonly Uint8Array[]): number {
  const from = (skim.from[slot] as number) + 1;
  const length = (skim.to[slot] as number) - from - 1;
  if (from < 1 || bytes[from - 1] !== 0x22) return -1;
  for (let w = 0; w < words.length; w++) {
    const word = words[w] as Uint8Array;
    if (word.length !== length) continue;
    let i = 0;
    while (i < length && word[i] === bytes[from + i]) i++;
    if (i === length) return w;
  }
  return -1;
}

/** The words of a table of kinds, as bytes for `wordOf`. */
export function wordsOf(table: readonly (readonly [word: string, kinds: number])[]): readonly Uint8Array[] {
  return table.map(([word]) => Buffer.from(word));
}
