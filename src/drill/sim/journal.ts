import { crc32 } from 'node:zlib';

/** The last lines kept for whoever looks at a failed run. */
const LINES_MAX = 400;

/** What happened, in order, as one number: two runs of a seed must agree on every byte of every segment (P10). */
export class Journal {
  #sum = 0;
  #count = 0;
  #lines: string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A line for people, and for the sum. */
  note(line: string): void {
    const text = `${this.#nowMs().toFixed(3).padStart(11)} ${line}`;
    this.#lines.push(text);
    if (this.#lines.length > LINES_MAX * 2) this.#lines = this.#lines.slice(-LINES_MAX);
    this.fold(text);
  }

  /** For the sum alone. */
  fold(bytes: Uint8Array | string): void {
    this.#sum = crc32(bytes, this.#sum);
    this.#count += 1;
  }

  /** Number of entries and their sum. */
  get hash(): string {
    return `${this.#count}-${this.#sum.toString(16).padStart(8, '0')}`;
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(-LINES_MAX);
  }
}
