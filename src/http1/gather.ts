import { faultOf, type HeadFault } from './fault.ts';
import { controlFault } from './head.ts';
import { latin1Slice } from './latin1.ts';

/** What `feed` says when the head is not whole yet, and when it never will be. */
export const MORE = -1;
export const REFUSED = -2;

const END = '\r\n\r\n';
const END_BYTES = Buffer.from(END);
const indexOf = Buffer.prototype.indexOf;

const CR = 13;
const LF = 10;

/** So far the end is looked for here; the platform's search is faster, but to call it costs as much as this. */
const WALKED_MAX = 1024;

/**
 * Where the first CRLFCRLF begins, or -1. Of four bytes in a row one is looked at: whatever stands there tells where the end may begin.
 */
function endIn(bytes: Uint8Array, from: number): number {
  const walkedTo = Math.min(bytes.length, from + WALKED_MAX);
  let at = from + 3;
  for (; at < walkedTo; at += 4) {
    const byte = bytes[at];
    if (byte === LF) {
      if (isEndAt(bytes, at - 3)) return at - 3;
      if (isEndAt(bytes, at - 1)) return at - 1;
    } else if (byte === CR) {
      if (isEndAt(bytes, at - 2)) return at - 2;
      if (isEndAt(bytes, at)) return at;
    }
  }
  return indexOf.call(bytes, END_BYTES, at - 3);
}

function isEndAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === CR && bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF;
}

/**
 * Finds the end of a head in bytes that come in pieces of any size. When the head is whole in one piece nothing is copied but its text;
 * else the pieces are kept, at most `bytesMax` of them. What comes out does not depend on how the bytes were cut.
 */
export class HeadGatherer {
  /** Set once `feed` has returned `REFUSED`. */
  fault: HeadFault | undefined;
  readonly #bytesMax: number;
  readonly #emptyLinesMax: number;
  #emptyLines = 0;
  #isCrSeen = false;
  /** Text gathered so far; never searched as a whole, so that a head that trickles in costs no more than one that flows. */
  #gathered = '';
  /** The last characters of it, at most three: an end may straddle the cut. */
  #tail = '';
  #isStarted = false;
  /** Where the head stands that came whole in one piece. */
  #bytes: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  /** `emptyLinesMax`: CRLFs tolerated before a head, as RFC 9112 §2.2 asks of servers; 0 where there must be none. */
  constructor(bytesMax: number, emptyLinesMax: number) {
    this.#bytesMax = bytesMax;
    this.#emptyLinesMax = emptyLinesMax;
  }

  /** The head with its final CRLFCRLF, once `feed` has returned an offset and while its bytes are valid. */
  get text(): string {
    // Cut to measure from the bytes: a slice of a longer text would keep that alive, and reads three times slower.
    return this.#bytes === undefined ? this.#gathered : latin1Slice(this.#bytes, this.#from, this.#to);
  }

  /** True once a byte of a head has come (empty lines before it do not count). */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The beginning of a head that was refused before it was whole. */
  get begun(): string {
    return this.#gathered;
  }

  /** Forgets the head that was read, for the next one. */
  reset(): void {
    this.#bytes = undefined;
    this.fault = undefined;
    this.#emptyLines = 0;
    this.#isCrSeen = false;
    this.#gathered = '';
    this.#tail = '';
    this.#isStarted = false;
  }

  /** Takes bytes from `offset`. Returns the offset behind the head, or `MORE` (all were taken), or `REFUSED`. */
  feed(bytes: Uint8Array, offset: number): number {
    let at = offset;
    if (!this.#isStarted) {
      at = this.#skipEmptyLines(bytes, offset);
      if (at < 0) return at;
      this.#isStarted = true;
    }
    if (this.#gathered.length > 0) return this.#feedMore(bytes, at);

    const found = endIn(bytes, at);
    const next = found + END_BYTES.length;
    if (found === -1 || next - at > this.#bytesMax) {
      return this.#keep(latin1Slice(bytes, at, Math.min(bytes.length, at + this.#bytesMax)));
    }
    this.#bytes = bytes;
    this.#from = at;
    this.#to = next;
    return next;
  }

  #feedMore(bytes: Uint8Array, offset: number): number {
    const room = this.#bytesMax - this.#gathered.length;
    const piece = latin1Slice(bytes, offset, Math.min(bytes.length, offset + room));
    const before = this.#tail.length;
    const found = (this.#tail + piece).indexOf(END);
    if (found === -1) return this.#keep(piece);
    const taken = found + 4 - before;
    this.#gathered += piece.slice(0, taken);
    return offset + taken;
  }

  /** No end yet: refuses at once what can never become a head, else remembers. */
  #keep(piece: string): number {
    // A CR that ended the former piece was left for later: its LF must be the first character now.
    const searched = this.#tail.endsWith('\r') ? `\r${piece}` : piece;
    const word = controlFault(searched);
    this.#gathered += piece;
    if (word !== undefined) return this.#refuse(word);
    this.#tail = (this.#tail + piece).slice(-3);
    if (this.#gathered.length < this.#bytesMax) return MORE;
    return this.#refuse(this.#gathered.includes('\r\n') ? 'head-size' : 'target-length');
  }

  #skipEmptyLines(bytes: Uint8Array, offset: number): number {
    for (let at = offset; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (this.#isCrSeen) {
        if (byte !== LF) return this.#refuse('bare-cr');
        this.#isCrSeen = false;
        this.#emptyLines += 1;
      } else if (byte === CR && this.#emptyLines < this.#emptyLinesMax) {
        this.#isCrSeen = true;
      } else if (byte === CR) {
        return this.#refuse('empty-lines');
      } else {
        return at;
      }
    }
    return MORE;
  }

  #refuse(word: Parameters<typeof faultOf>[0]): number {
    this.fault = faultOf(word);
    return REFUSED;
  }
}
