import type { Said } from '../call/said.ts';
import { OUTPUT, PING, REASONING, TEXT } from './dialects/kinds.ts';

/** 1 MiB of text: longer than any model's output limit (128 k tokens are about 600 KB). */
export const TRANSCRIPT_BYTES_MAX = 1024 * 1024;

/** 64 KiB of events that shape the reply: `response.created` repeats instructions and tools. A reply with more cannot be resumed. */
const STRUCTURE_BYTES_MAX = 64 * 1024;
const STRUCTURE_EVENTS_MAX = 64;

/** Room for the first words: a stream that is only held open has said no more. */
const TEXT_BYTES_MIN = 64;

const NOTHING = Buffer.alloc(0);

/**
 * What a reply has said so far. Text is kept as raw JSON string content: decoding waits until somebody needs it, which is only after a
 * cut. Costs the text's own length; bounded.
 */
export class Transcript {
  /** Kinds of all events that were passed on. */
  kinds = 0;
  events = 0;
  outputEvents = 0;
  /** More was said than is kept, so it can neither be continued nor compared. */
  isFull = false;
  /** The last that was shown is reasoning: no text has come after it. */
  isReasoningOpen = false;
  #structure: readonly string[] = [];
  #structureBytes = 0;
  #text: Buffer = NOTHING;
  #length = 0;

  /** A transcript that goes on from what another reply said. */
  static after(said: Said): Transcript {
    const transcript = new Transcript();
    transcript.kinds = said.kinds;
    transcript.events = said.events;
    transcript.outputEvents = said.outputEvents;
    transcript.isReasoningOpen = said.isReasoningOpen;
    for (const data of said.structure) transcript.shape(Buffer.from(data));
    transcript.addText(said.text);
    return transcript;
  }

  /** An event was passed on. */
  note(kinds: number): void {
    if ((kinds & PING) !== 0) return;
    this.events += 1;
    this.kinds |= kinds;
    if ((kinds & OUTPUT) === 0) return;
    this.outputEvents += 1;
    if ((kinds & TEXT) !== 0) this.isReasoningOpen = false;
    else if ((kinds & REASONING) !== 0) this.isReasoningOpen = true;
  }

  /** True when the data of an event of these kinds should be given to `shape`: it is the first of the answer, or without output. */
  isShaping(kinds: number): boolean {
    return (kinds & OUTPUT) === 0 || this.outputEvents === 0;
  }

  /** The data of an event that shapes the reply. */
  shape(data: Uint8Array): void {
    this.#structureBytes += data.length;
    if (this.#structureBytes > STRUCTURE_BYTES_MAX || this.#structure.length >= STRUCTURE_EVENTS_MAX)
      this.isFull = true;
    else this.#structure = this.#structure.concat(Buffer.from(data).toString());
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

  /** Adds text that is not escaped. */
  addText(text: string): void {
    const quoted = Buffer.from(JSON.stringify(text));
    this.add(quoted, 1, quoted.length - 1);
  }

  #grow(wanted: number): boolean {
    if (wanted > TRANSCRIPT_BYTES_MAX || this.isFull) {
      this.isFull = true;
      this.#text = NOTHING;
      this.#length = 0;
      return false;
    }
    const grown = Buffer.allocUnsafeSlow(
      Math.min(TRANSCRIPT_BYTES_MAX, Math.max(TEXT_BYTES_MIN, wanted + (wanted >> 1))),
    );
    grown.set(this.#text.subarray(0, this.#length));
    this.#text = grown;
    return true;
  }

  /** The text as people read it. */
  text(): string {
    if (this.#length === 0) return '';
    // Escapes never span two events: each event's string is well-formed by itself.
    return JSON.parse(`"${this.#text.toString('utf8', 0, this.#length)}"`);
  }

  /** For whoever resumes; undefined when too much was said to be kept. */
  said(mode: Said['mode']): Said | undefined {
    if (this.isFull) return undefined;
    return {
      mode,
      text: this.text(),
      structure: this.#structure,
      events: this.events,
      outputEvents: this.outputEvents,
      kinds: this.kinds,
      isReasoningOpen: this.isReasoningOpen,
    };
  }
}
