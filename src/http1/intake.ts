import type { Wire } from '../world/world.ts';

/** What `step` says when the bytes must wait. */
export const WAIT = -3;

/** Who works on the bytes that come in. */
export type IntakeOwner = {
  /** Works on the bytes from `at`; returns the offset behind what it used, or `WAIT` when their turn has not come. */
  step(bytes: Uint8Array, at: number): number;
  /** All that could be used has been. */
  settle(): void;
  /** `step` threw. The rest of what came is dropped. */
  broke(stranger: unknown): void;
};

/** Bytes that came before their turn (pipelined requests, a body nobody reads yet) are kept up to here, then the wire is not read. */
const KEPT_BYTES_MAX = 16_384;

const NONE = new Uint8Array(0);

/**
 * The bytes of a wire on their way to whoever works on them, one piece after the other, never nested: what a step brings about (an answer
 * ends, a body is wanted) is worked on by the loop that called it, so that a thousand pipelined requests need no deeper stack than one.
 */
export class Intake {
  readonly #wire: Wire;
  readonly #owner: IntakeOwner;
  #kept: Uint8Array = NONE;
  /** The piece being worked on and how far, while that lasts. */
  #bytes: Uint8Array | undefined;
  #at = 0;
  #isPaused = false;

  constructor(wire: Wire, owner: IntakeOwner) {
    this.#wire = wire;
    this.#owner = owner;
  }

  /** True inside `step`. */
  get isBusy(): boolean {
    return this.#bytes !== undefined;
  }

  /** True while there are bytes that nobody has used. */
  get hasRest(): boolean {
    return this.#bytes === undefined ? this.#kept.length > 0 : this.#at < this.#bytes.length;
  }

  /** The next piece from the wire. */
  feed(bytes: Uint8Array): void {
    if (this.#kept.length === 0) {
      this.#work(bytes);
    } else {
      this.#keep(bytes, 0);
      this.#owner.settle();
    }
  }

  /** The turn of bytes that waited may have come. */
  proceed(): void {
    if (this.#bytes !== undefined) return;
    const kept = this.#kept;
    this.#kept = NONE;
    if (kept.length > 0) this.#work(kept);
    else this.#owner.settle();
  }

  /** Inside `step`, before calling out: the bytes up to `at` are used. */
  used(at: number): void {
    this.#at = at;
  }

  /** A copy of the bytes nobody has used; they are gone from here. */
  takeRest(): Uint8Array {
    const rest = this.#bytes === undefined ? this.#kept : this.#bytes.slice(this.#at);
    this.drop();
    return rest;
  }

  drop(): void {
    this.#kept = NONE;
    if (this.#bytes !== undefined) this.#at = this.#bytes.length;
  }

  /** Reads the wire on or not: not while the owner says so, nor while enough is kept. */
  pause(isWanted: boolean): void {
    const isPaused = isWanted || this.#kept.length >= KEPT_BYTES_MAX;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#wire.pause();
    else this.#wire.resume();
  }

  #work(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
    try {
      while (this.#at < bytes.length) {
        const next = this.#owner.step(bytes, this.#at);
        if (next === WAIT) break;
        // A step may have dropped what it did not use.
        if (next > this.#at) this.#at = next;
      }
    } catch (stranger) {
      this.#at = bytes.length;
      this.#owner.broke(stranger);
    }
    this.#bytes = undefined;
    if (this.#at < bytes.length) this.#keep(bytes, this.#at);
    this.#owner.settle();
  }

  #keep(bytes: Uint8Array, at: number): void {
    const before = this.#kept.length;
    const kept = new Uint8Array(before + bytes.length - at);
    kept.set(this.#kept);
    kept.set(at === 0 ? bytes : bytes.subarray(at), before);
    this.#kept = kept;
  }
}
