import type { Fields } from '../call/fields.ts';
import { valueAsWritten } from './field-line.ts';

/** Lines that came in the same words each time: their text from the CRLF before the first to that behind the last, and their fields. */
export type Run = { readonly text: string; readonly fields: Fields };

/** In the place of a line that differs from head to head. */
export const CHANGING: Run = { text: '', fields: [] };

/** The longest head that is remembered: what a hostile peer can have kept alive for each connection. */
const HEAD_CHARS_MAX = 2048;

/** The paths of APIs are shorter; a long target is most often a query, which changes with each request. */
const START_CHARS_MAX = 256;

/** A peer whose heads are of several kinds teaches anew so often; then most of its lines count as changing. */
const LESSONS_MAX = 4;

const CRLF = '\r\n';

/**
 * A former head of a connection. Peers repeat themselves: lines that are the same text at the same place are taken over, checked and cut
 * already, at a tenth of the cost of reading them. Never shared between connections, as values are secret.
 */
export class HeadMemory<Start extends object> {
  /** What the start line said, if it was this text, CRLF included. */
  start: { readonly text: string; readonly said: Start } | undefined;
  /** In the order of the lines; empty while nothing is remembered. */
  readonly runs: Run[] = [];
  #lessons = 0;
  #startLessons = 0;

  /** Remembers the lines of a head that was read well: `text` from the CRLF before the first to the end of the last. */
  learn(text: string, from: number, end: number, fields: Fields): void {
    // Without the CRLF behind it the last line would not be known again.
    if (this.#lessons >= LESSONS_MAX || fields.length === 0 || text.length < end + CRLF.length) return;
    if (text.length > HEAD_CHARS_MAX) return;
    this.#lessons += 1;
    const kept: Fields = [];
    // Pushed, as the parser does: `map` makes arrays of another kind, and code that is compiled for one is thrown away at the other.
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] ?? '';
      kept.push(name, valueAsWritten(name, fields[i + 1] ?? ''));
    }
    this.runs.push({ text: copyOf(text.slice(from, end + CRLF.length)), fields: kept });
  }

  /** Remembers a start line that was read well and is not the one remembered; `text` begins with it, and it ends at `end`. */
  learnStart(text: string, end: number, said: Start): void {
    if (this.#startLessons >= LESSONS_MAX || end > START_CHARS_MAX || text.length < end + CRLF.length) return;
    this.#startLessons += 1;
    this.start = { text: copyOf(text.slice(0, end + CRLF.length)), said };
  }

  /** The run does not stand in `text` at `at`: its lines that do become runs of their own, the others changing ones. */
  split(run: number, text: string, at: number): void {
    const { text: known, fields } = this.runs[run] ?? CHANGING;
    const lines = known.split(CRLF).slice(1, -1);
    const pieces: Run[] = [];
    let begun = 0;
    let place = at;
    const close = (upTo: number): void => {
      if (upTo > begun) pieces.push({ text: textOf(lines, begun, upTo), fields: fields.slice(begun * 2, upTo * 2) });
    };
    for (const [i, line] of lines.entries()) {
      const next = text.indexOf(CRLF, place + CRLF.length);
      if (next === -1 || text.slice(place, next) !== CRLF + line) {
        close(i);
        pieces.push(CHANGING);
        begun = i + 1;
      }
      if (next === -1) break;
      place = next;
    }
    close(lines.length);
    this.runs.splice(run, 1, ...pieces);
    this.#forgetMostlyChanging();
  }

  /** What is mostly changing was of another kind of head: the next one is learnt instead. */
  #forgetMostlyChanging(): void {
    let changing = 0;
    let standing = 0;
    for (const run of this.runs) {
      if (run === CHANGING) changing += 1;
      else standing += run.fields.length / 2;
    }
    if (changing > standing && this.#lessons < LESSONS_MAX) this.runs.length = 0;
  }
}

/** A slice takes longer to compare, and keeps what it was cut from. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').latin1Slice();
}

function textOf(lines: readonly string[], from: number, to: number): string {
  return `${CRLF}${lines.slice(from, to).join(CRLF)}${CRLF}`;
}
