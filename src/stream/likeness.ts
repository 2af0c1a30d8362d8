import { stringEnd } from './skim.ts';

const QUOTE = 0x22;

/** 2 KiB: deltas are a few hundred bytes; larger events are rare and read in full. */
const LIKENESS_BYTES_MAX = 2048;

/** 28 values: what one skim records, and the free texts of a dialect. */
const HOLES_MAX = 28;

/** 8: the kinds of deltas of the services that stream at the moment; a stream keeps its own for as long as it needs it. */
const KNOWN_MAX = 8;

const DOT = 0x2e;

/** A value in which an event may differ from the pattern: where it begins, where it ends, and whether an empty one is another kind. */
const STRIDE = 3;

/**
 * Recognises an event that is like one already read in full: equal to it byte by byte, except inside whole string and number values
 * that do not decide its kind. Such an event is well-formed and of the same kind, by induction over its bytes: where the two are equal,
 * a reader is in the same state in both; where they differ, both are inside a value token, and the states meet again at its end. This
 * costs a fraction of reading the event, and nearly every event of a stream is like the one before it, and like those of the other streams of
 * the service: all of them use one.
 */
export class Likeness {
  readonly kinds: number;
  /** The text of the event that `match` recognised, without its quotes; -1 when this kind has none. */
  textFrom = -1;
  textTo = -1;
  readonly #bytes: Buffer;
  #textHole = -1;
  /** Plain and as long as was needed: a typed array weighs more than what most events put in it. */
  readonly #holes: number[] = [];
  #holeCount = 0;
  // Where `#along` stopped in the pattern, and the first hole it has not passed.
  #i = 0;
  #nextHole = 0;

  /** Takes [start, end) of `source` as the pattern; `hole` follows for each value that may differ, in order. */
  constructor(source: Uint8Array, start: number, end: number, kinds: number) {
    this.kinds = kinds;
    this.#bytes = Buffer.allocUnsafeSlow(end - start);
    this.#bytes.set(source.subarray(start, end), 0);
  }

  /** A value of the pattern, by its place there. `isFree`: it may not become empty. `isText`: its range is wanted. */
  hole(from: number, to: number, isFree: boolean, isText: boolean): void {
    if (this.#holeCount === HOLES_MAX) return;
    const at = this.#holeCount * STRIDE;
    this.#holes[at] = from;
    this.#holes[at + 1] = to;
    this.#holes[at + 2] = isFree ? 1 : 0;
    if (isText) this.#textHole = at;
    // The pattern outlives the stream it was taken from; the words of an answer do not.
    if (isFree) this.#bytes.fill(DOT, from + 1, to - 1);
    this.#holeCount += 1;
  }

  /** The index after the event at `at` when it is whole and like the pattern; -1 when it must be read in full. */
  match(source: Uint8Array, at: number): number {
    const { length } = this.#bytes;
    this.#i = 0;
    this.#nextHole = 0;
    this.textFrom = -1;
    const hole = this.#textHole;
    if (hole < 0) return this.#along(source, at, length);
    // The text is always read as a value, since its range is wanted even when it equals the pattern's.
    const from = this.#along(source, at, this.#holes[hole] as number);
    if (from < 0 || from >= source.length || source[from] !== QUOTE) return -1;
    const to = stringEnd(source, from + 1, source.length);
    if (to < from + 3) return -1;
    this.textFrom = from + 1;
    this.textTo = to - 1;
    this.#i = this.#holes[hole + 1] as number;
    this.#nextHole = hole + STRIDE;
    return this.#along(source, to, length);
  }

  /** Goes along pattern and source until the pattern's `stop`; the source's index there, or -1. */
  #along(source: Uint8Array, from: number, stop: number): number {
    const pattern = this.#bytes;
    const end = source.length;
    let i = this.#i;
    let shift = from - i;
    for (;;) {
      i = sameUntil(pattern, source, i, shift, Math.min(stop, end - shift));
      if (i >= stop) break;
      const hole = i + shift < end ? this.#holeAt(i) : -1;
      if (hole < 0) return -1;
      const to = this.#valueEnd(source, (this.#holes[hole] as number) + shift, hole);
      if (to < 0) return -1;
      i = this.#holes[hole + 1] as number;
      shift = to - i;
      this.#nextHole = hole + STRIDE;
    }
    this.#i = i;
    return i + shift;
  }

  /** The hole that `i` lies in, or whose number ends just before `i`; none that was passed already: after it, a difference is one. */
  #holeAt(i: number): number {
    const holes = this.#holes;
    for (let at = this.#nextHole; at < this.#holeCount * STRIDE; at += STRIDE) {
      if (i < (holes[at] as number)) return -1;
      const to = holes[at + 1] as number;
      // At the very end of a string both are past their closing quotes: the difference lies outside. A number may go on.
      if (i < to || (i === to && this.#bytes[holes[at] as number] !== QUOTE)) return at;
    }
    return -1;
  }

  /** The end of the value in `source` that stands where the hole's stands in the pattern: of the same type, and not empty where that matters. */
  #valueEnd(source: Uint8Array, from: number, hole: number): number {
    const isString = source[from] === QUOTE;
    if (isString !== (this.#bytes[this.#holes[hole] as number] === QUOTE)) return -1;
    if (!isString) return integerEnd(source, from);
    const to = stringEnd(source, from + 1, source.length);
    return to === from + 2 && this.#holes[hole + 2] === 1 ? -1 : to;
  }
}

/** The likenesses of one dialect that streams have taken lately. Streams that hold one that is no longer here go on with it. */
export class Likenesses {
  readonly #known: Likeness[] = [];
  #oldest = 0;

  /** One that recognises [start, end) of `source`. */
  find(source: Uint8Array, start: number, end: number): Likeness | undefined {
    for (const likeness of this.#known) if (likeness.match(source, start) === end) return likeness;
    return undefined;
  }

  /** A new one; undefined for an event too long to be worth it. */
  take(source: Uint8Array, start: number, end: number, kinds: number): Likeness | undefined {
    if (end - start > LIKENESS_BYTES_MAX) return undefined;
    const likeness = new Likeness(source, start, end, kinds);
    this.#known[this.#oldest] = likeness;
    this.#oldest = (this.#oldest + 1) % KNOWN_MAX;
    return likeness;
  }
}

// Apart and with one index: the compiler then keeps it in a register, which halves the cost.
function sameUntil(pattern: Uint8Array, source: Uint8Array, from: number, shift: number, stop: number): number {
  let i = from;
  while (i < stop && pattern[i] === source[i + shift]) i++;
  return i;
}

/** Integers without sign or leading zero only: other numbers are rare enough to be read in full. */
function integerEnd(source: Uint8Array, from: number): number {
  const end = source.length;
  let at = from;
  while (at < end && isDigit(source[at] as number)) at += 1;
  if (at === from || at >= end || (source[from] === 0x30 && at > from + 1)) return -1;
  const next = source[at];
  // Fraction and exponent.
  return next === 0x2e || next === 0x65 || next === 0x45 ? -1 : at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
