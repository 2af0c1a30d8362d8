import { copyOf } from '../call/settle.ts';
import type { BodySink, RequestFault } from '../http1/contract.ts';

const EMPTY = new Uint8Array(0);

/** Gathers a body whole: another target may have to be asked with it. The engine has bounded its size (`bodyBytesMax`). */
export class BodyGatherer implements BodySink {
  readonly #done: (body: Uint8Array) => void;
  readonly #broken: (fault: RequestFault) => void;
  readonly #length: number;
  #whole: Uint8Array | undefined;
  #parts: Uint8Array[] | undefined;
  #gathered = 0;

  /** `length` as announced, -1 when not. */
  constructor(length: number, done: (body: Uint8Array) => void, broken: (fault: RequestFault) => void) {
    this.#length = length;
    this.#done = done;
    this.#broken = broken;
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
    if (this.#whole !== undefined) this.#done(this.#whole);
    else this.#done(this.#parts === undefined ? EMPTY : Buffer.concat(this.#parts, this.#gathered));
  }

  fail(fault: RequestFault): void {
    this.#broken(fault);
  }
}
