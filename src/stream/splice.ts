/** What may differ between what was said and what comes: nothing, or white space and case. */
export type Tolerance = 'exact' | 'loose';

/**
 * `matching`: all of it was said already. `past`: what was said is covered, `rest` is new. `diverged`: it is another text.
 */
export type Spliced =
  | { readonly kind: 'matching' }
  | { readonly kind: 'past'; readonly rest: string }
  | { readonly kind: 'diverged' };

const MATCHING: Spliced = { kind: 'matching' };
const DIVERGED: Spliced = { kind: 'diverged' };

/**
 * Lays a text that comes piece by piece over one that was said, and lets through only what goes beyond it. Pure: the same pieces give
 * the same answers, however the text is cut. Nothing is let through before all that was said has been met, so a text that differs is
 * found out unseen. Loose: a run of white space stands for any other, and letters for their other case; what was said stays as it was said.
 */
export class Splice {
  readonly #said: string;
  readonly #tolerance: Tolerance;
  #at = 0;
  #isDiverged = false;
  /** Loose only: the last that came was white space, so more of it belongs to the same run. */
  #isInSpace = false;
  /** The run was the same on both sides so far: what goes beyond what was said is then new, white space or not. */
  #isSameSpace = false;

  constructor(said: string, tolerance: Tolerance) {
    this.#said = said;
    this.#tolerance = tolerance;
  }

  /** True when all that was said has been met. */
  get isPast(): boolean {
    return this.#at >= this.#said.length && !this.#isDiverged;
  }

  take(piece: string): Spliced {
    if (this.#isDiverged) return DIVERGED;
    const used = this.#tolerance === 'exact' ? this.#exactly(piece) : this.#loosely(piece);
    if (used < 0) {
      this.#isDiverged = true;
      return DIVERGED;
    }
    const rest = this.isPast ? piece.slice(used) : '';
    return rest === '' ? MATCHING : { kind: 'past', rest };
  }

  /** How much of the piece was said already; -1 when it differs. */
  #exactly(piece: string): number {
    const length = Math.min(piece.length, this.#said.length - this.#at);
    if (!this.#said.startsWith(piece.slice(0, length), this.#at)) return -1;
    this.#at += length;
    return length;
  }

  #loosely(piece: string): number {
    const said = this.#said;
    let used = 0;
    while (used < piece.length) {
      const came = piece.charAt(used);
      if (isSpace(came)) {
        if (!this.#isInSpace) {
          if (this.#at >= said.length) return used;
          if (!isSpace(said.charAt(this.#at))) return -1;
          this.#isInSpace = true;
          this.#isSameSpace = true;
        }
        if (this.#isSameSpace && this.#at >= said.length) return used;
        this.#isSameSpace = this.#isSameSpace && said.charAt(this.#at) === came;
        if (this.#isSameSpace) this.#at += 1;
        else this.#skipSpace();
        used += 1;
        continue;
      }
      if (this.#isInSpace) this.#skipSpace();
      this.#isInSpace = false;
      if (this.#at >= said.length) return used;
      if (!isSameLetter(said.charAt(this.#at), came)) return -1;
      this.#at += 1;
      used += 1;
    }
    return used;
  }

  /** The rest of the run of white space that was said. */
  #skipSpace(): void {
    while (this.#at < this.#said.length && isSpace(this.#said.charAt(this.#at))) this.#at += 1;
  }
}

function isSpace(character: string): boolean {
  return character.trim() === '';
}

function isSameLetter(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}
