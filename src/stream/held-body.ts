import type { Outcome, Reply, Sink } from '../call/reply.ts';
import { copyOf, Relay } from '../call/settle.ts';

const NOTHING = new Uint8Array(0);

/** What became of holding a body. `isLarger`: more was to come; whoever hears it pours the rest elsewhere or cancels the reply, at once. */
export type HeldBody = {
  readonly bytes: Uint8Array;
  readonly isLarger: boolean;
  /** undefined while the body still comes, when `isLarger`. */
  readonly outcome: Outcome | undefined;
};

/**
 * Gathers the body of a reply, at most `limit` bytes, and calls `done` once: at its end or when the limit is passed. A body that is
 * already whole in one piece is not copied again.
 */
export class BodyHold implements Sink {
  readonly #reply: Reply;
  readonly #limit: number;
  readonly #done: (held: HeldBody) => void;
  #whole: Buffer | undefined;
  #placedBytes = 0;
  #parts: Uint8Array[] = [];
  #length = 0;
  #rest: Sink | undefined;
  #isDone = false;

  constructor(reply: Reply, limit: number, done: (held: HeldBody) => void) {
    this.#reply = reply;
    this.#limit = limit;
    this.#done = done;
  }

  begin(): void {
    const reply = this.#reply;
    if (reply instanceof Relay) {
      for (const bytes of reply.takeHeld()) this.#own(bytes);
      if (reply.outcome !== undefined) {
        this.end(reply.outcome);
        return;
      }
    }
    reply.onOutcome((outcome) => {
      // Nobody else tells of a cancelled reply: its sink hears nothing more.
      if (outcome.kind === 'abandoned') this.end(outcome);
    });
    reply.flow(this);
  }

  #own(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  part(bytes: Uint8Array): void {
    if (this.#rest !== undefined) {
      this.#rest.part(bytes);
      return;
    }
    const announced = this.#reply.length;
    if (announced > 0 && announced <= this.#limit && this.#length + bytes.length <= announced)
      this.#place(bytes, announced);
    else this.#own(copyOf(bytes));
    if (this.#length > this.#limit && !this.#isDone) {
      this.#isDone = true;
      this.#done({ bytes: this.#gather(), isLarger: true, outcome: undefined });
    }
  }

  // With an announced length every byte goes straight to its place.
  #place(bytes: Uint8Array, announced: number): void {
    if (this.#whole === undefined) {
      if (bytes.length === announced) {
        this.#own(copyOf(bytes));
        return;
      }
      this.#whole = Buffer.allocUnsafe(announced);
      let at = 0;
      for (const part of this.#parts) {
        this.#whole.set(part, at);
        at += part.length;
      }
      this.#parts = [];
    }
    this.#whole.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#placedBytes = this.#length;
  }

  end(outcome: Outcome): void {
    if (this.#rest !== undefined) this.#rest.end(outcome);
    else if (!this.#isDone) {
      this.#isDone = true;
      this.#done({ bytes: this.#gather(), isLarger: false, outcome });
    }
  }

  /** What is held until now; the bytes are the taker's. */
  #gather(): Uint8Array {
    if (this.#whole !== undefined) {
      // What came beyond the announced length was no longer placed; what was announced and never came is not given out.
      const placed = this.#whole.subarray(0, this.#placedBytes);
      return this.#parts.length === 0 ? placed : Buffer.concat([placed, ...this.#parts]);
    }
    const [first = NOTHING] = this.#parts;
    return this.#parts.length <= 1 ? first : Buffer.concat(this.#parts);
  }

  /** For `done`, when the body is larger: what comes from now on goes here. */
  pourInto(sink: Sink): void {
    this.#rest = sink;
  }

  /** Enough: `done` is called with what is there, as if the body were larger. */
  stop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done({ bytes: this.#gather(), isLarger: true, outcome: undefined });
  }
}
