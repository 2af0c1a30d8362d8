import { REASONING, TEXT } from './dialects/kinds.ts';

/** 1 MiB of text: longer than any model's output limit (128 k tokens are about 600 KB). */
export const TRANSCRIPT_BYTES_MAX = 1024 * 1024;

/** 16 KiB of the first event: `response.created` repeats instructions and tools; what is larger cannot be continued under its envelope. */
const OPENING_BYTES_MAX = 16 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * What a reply has said so far, as raw JSON string content: decoding waits until somebody needs it, which is only after a cut. Costs
 * the text's own length; bounded.
 */
export class Transcript {
  /** Kinds of all events that were passed on. */
  kinds = 0;
  /** The text is longer than the bound, so it cannot be continued or compared. */
  isFull = false;
  /** The last that was shown is reasoning: no text has come after it. */
  isReasoningOpen = false;
  #opening: Buffer = NOTHING;
  #text: Buffer = NOTHING;
  #length = 0;

  /** An event was passed on. */
  note(kinds: number): void {
    this.kinds |= kinds;
    if ((kinds & TEXT) !== 0) this.isReasoningOpen = false;
    else if ((kinds & REASONING) !== 0) this.isReasoningOpen = true;
  }

  /** The first event's data: it names the reply and the model. */
  open(data: Uint8Array): void {
    if (this.#opening.length > 0 || data.length > OPENING_BYTES_MAX) return;
    this.#opening = Buffer.allocUnsafeSlow(data.length);
    this.#opening.set(data);
  }

  /** Adds the content of a JSON string, escapes and all, without its quotes. */
  add(source: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const wanted = this.#length + length;
    if (wanted > this.#text.length && !this.#grow(wanted)) return;
    const text = this.#text;
    // A few bytes are copied faster by hand than by the platform, whose call costs as much as 40 of them.
    if (length <= 40) for (let i = 0; i < length; i++) text[this.#length + i] = source[from + i] as number;
    else text.set(source.subarray(from, to), this.#length);
    this.#length = wanted;
  }

  #grow(wanted: number): boolean {
    if (wanted > TRANSCRIPT_BYTES_MAX) this.isFull = true;
    if (this.isFull) return false;
    const grown = Buffer.allocUnsafeSlow(Math.max(256, wanted + (wanted >> 1)));
    grown.set(this.#text.subarray(0, this.#length));
    this.#text = grown;
    return true;
  }

  /** The data of the first event, or nothing when it was too large. */
  get opening(): Uint8Array {
    return this.#opening;
  }

  get textBytes(): number {
    return this.#length;
  }

  /** The text as people read it. */
  text(): string {
    if (this.#length === 0) return '';
    // Escapes never span two events: each event's string is well-formed by itself (a property of the reader).
    return JSON.parse(`"${this.#text.toString('utf8', 0, this.#length)}"`);
  }
}
