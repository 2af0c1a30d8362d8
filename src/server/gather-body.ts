import { copyOf } from '../call/settle.ts';
import type { BodySink } from '../http1/contract.ts';

const EMPTY = new Uint8Array(0);

/** Hears of a body that came whole; of one that did not nobody is told, since the engine has answered or closed by then. */
export type BodyTaker = { whole(body: Uint8Array): void };

/** Gathers a body whole: another target may have to be asked with it. The engine has bounded its size (`bodyBytesMax`). */
export class BodyGatherer implements BodySink {
  readonly #taker: BodyTaker;
  readonly #length: number;
  #whole: Uint8Array | undefined;
  #parts: Uint8Array[] | undefined;
  #gathered = 0;

  /** `length` as announced, -1 when not. */
  constructor(length: number, taker: BodyTaker) {
    this.#length = length;
    this.#taker = taker;
  }

  part(bytes: Uint8Array): void {
    // An announced length is believed only as far as bytes have come: one chunk that is all of it needs one copy and no list.
    if (this.#gathered === 0 && bytes.length === this.#length) {
      this.#whole = copyOf(bytes);
    } else {
      this.#parts ??= [];
      this.#parts.push(copyOf(bytes));
    }
    this.#gathered += bytes.length;
  }

  end(): void {
    if (this.#whole !== undefined) this.#taker.whole(this.#whole);
    else this.#taker.whole(this.#parts === undefined ? EMPTY : Buffer.concat(this.#parts, this.#gathered));
  }

  fail(): void {}
}
