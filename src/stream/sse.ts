const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const NONE = -1;

/** What `next` found. `silence`: a comment or a blank line, which says nothing but proves life. */
export type UnitKind = 'event' | 'silence';

/** 1 MiB: the largest honest event is `response.completed`, which repeats a whole answer; a megabyte of text is a long book. */
export const EVENT_BYTES_MAX = 1024 * 1024;

/** A carry of at most this size is kept for the next split event; larger ones are given back. */
const CARRY_KEPT_BYTES = 4096;

/**
 * Reads an event stream (WHATWG HTML §9.2.6) whatever its slicing, and gives each event as a range of the bytes it came in, so that
 * passing it on needs no re-encoding. Pull, not push: `feed`, then `next` until it says no. Line ends may be LF, CR or CRLF, mixed.
 * Ranges touch: together they are the whole input. What is incomplete is carried over to the next `feed`, at most `eventBytesMax`.
 */
export class SseReader {
  /** What the ranges below are ranges of; another one after `next` has said no. */
  source: Uint8Array = NOTHING;
  /** Where the next unit begins: a faster reader may look here first, and move it past a whole event that it recognised. */
  at = 0;
  /** The unit that `next` found. */
  start = 0;
  end = 0;
  kind: UnitKind = 'event';
  /** The first data line's value; -1 when the event has none. */
  dataFrom = NONE;
  dataTo = NONE;
  /** Data lines in this event. With more than one, `data()` joins them. */
  dataLines = 0;
  /** The event is named `error`. */
  isError = false;
  /** The event in hand is larger than allowed: nothing more is read. */
  isTooLong = false;
  readonly #eventBytesMax: number;
  #carry: Buffer | undefined;
  #carried = 0;
  // Where reading goes on inside the unit that begins at `at`; `NONE` when it has not begun.
  #line = NONE;
  #searched = 0;
  #hasField = false;
  #isAfterCr = false;
  #crAt = NONE;
  #isFirst = true;

  constructor(eventBytesMax: number = EVENT_BYTES_MAX) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** Takes the next slice. Its bytes are used until `next` says no and not kept: what is incomplete is copied then. */
  feed(bytes: Uint8Array): void {
    this.#crAt = NONE;
    const rest = this.source.length - this.at;
    if (rest === 0) {
      this.source = bytes;
      this.#shift(this.at);
      this.at = 0;
      this.#carried = 0;
      if (this.#carry !== undefined && this.#carry.length > CARRY_KEPT_BYTES) this.#carry = undefined;
      return;
    }
    this.#append(rest, bytes);
  }

  /** A reader that recognised whole events from `at` on says where they end; `to` is the start of a unit. */
  skip(to: number): void {
    this.at = to;
    this.#line = NONE;
  }

  // The carry is one growing buffer: appending a slice costs its length, however often an event is cut.
  #append(rest: number, bytes: Uint8Array): void {
    const wanted = rest + bytes.length;
    const carry = this.#carry;
    const isInCarry = this.#carried > 0;
    if (carry === undefined || carry.length < wanted) {
      const grown = Buffer.allocUnsafeSlow(Math.max(512, wanted + (isInCarry ? wanted : wanted >> 2)));
      grown.set(this.source.subarray(this.at), 0);
      this.#carry = grown;
    } else if (!isInCarry) carry.set(this.source.subarray(this.at), 0);
    else if (this.at > 0) carry.copyWithin(0, this.at, this.source.length);
    const into = this.#carry as Buffer;
    into.set(bytes, rest);
    this.#shift(this.at);
    this.at = 0;
    this.#carried = wanted;
    this.source = into.subarray(0, wanted);
  }

  #shift(by: number): void {
    if (this.#line !== NONE) this.#line -= by;
    this.#searched -= by;
    if (this.dataFrom !== NONE) {
      this.dataFrom -= by;
      this.dataTo -= by;
    }
  }

  /** True when a whole unit is in hand; false when more bytes are needed or the event is too long. */
  next(): boolean {
    if (this.isTooLong) return false;
    if (this.#line === NONE) this.#begin();
    const { source } = this;
    for (;;) {
      if (this.#isAfterCr) {
        if (this.#line >= source.length) return this.#wait();
        this.#isAfterCr = false;
        if (source[this.#line] === LF) this.#line += 1;
      }
      const line = this.#line;
      const eol = this.#endOfLine(Math.max(line, this.#searched));
      if (eol === NONE) return this.#wait();
      this.#line = eol + 1;
      this.#searched = eol + 1;
      if (source[eol] === CR) this.#isAfterCr = true;
      if (eol === line) return this.#found(this.#hasField ? 'event' : 'silence');
      if (source[line] === COLON) {
        if (!this.#hasField) return this.#found('silence');
        continue;
      }
      this.#field(line, eol);
    }
  }

  #begin(): void {
    this.#line = this.at;
    this.#searched = this.at;
    this.#hasField = false;
    this.dataFrom = NONE;
    this.dataTo = NONE;
    this.dataLines = 0;
    this.isError = false;
    if (!this.#isFirst) return;
    const { source, at } = this;
    if (source[at] === 0xef && source[at + 1] === 0xbb && source[at + 2] === 0xbf) this.#line += 3;
    // The mark may come in slices: until three bytes are there, or one differs, the line has not begun.
    const isUndecided = source.length - at < 3 && (source.length === at || source[at] === 0xef);
    if (isUndecided) this.#line = at;
    else this.#isFirst = false;
  }

  #wait(): boolean {
    const length = this.source.length - this.at;
    if (length > this.#eventBytesMax) this.isTooLong = true;
    this.#searched = this.source.length;
    if (this.#isFirst) this.#line = NONE;
    if (length > 0 && this.#carried === 0) this.#append(length, NOTHING);
    return false;
  }

  #found(kind: UnitKind): boolean {
    this.kind = kind;
    this.start = this.at;
    this.end = this.#line;
    this.at = this.#line;
    this.#isFirst = false;
    this.#line = NONE;
    if (this.end - this.start <= this.#eventBytesMax) return true;
    this.isTooLong = true;
    return false;
  }

  // LF by the platform's search; CR is looked for once a slice, since streams that use it are rare.
  #endOfLine(from: number): number {
    const { source } = this;
    const lf = source.indexOf(LF, from);
    if (this.#crAt !== source.length && this.#crAt < from) {
      const cr = source.indexOf(CR, from);
      this.#crAt = cr === NONE ? source.length : cr;
    }
    if (this.#crAt < source.length && (lf === NONE || this.#crAt < lf)) return this.#crAt;
    return lf;
  }

  #field(line: number, eol: number): void {
    const { source } = this;
    this.#hasField = true;
    const first = source[line];
    if (first === 0x64 && isNamed(source, line, eol, DATA)) {
      this.dataLines += 1;
      if (this.dataLines === 1) {
        this.dataFrom = valueFrom(source, line + DATA.length, eol);
        this.dataTo = eol;
      }
    } else if (first === 0x65 && isNamed(source, line, eol, EVENT)) {
      const from = valueFrom(source, line + EVENT.length, eol);
      this.isError = eol - from === ERROR.length && isAt(source, from, ERROR);
    }
  }

  /** The event's data, its lines joined by LF: a view where there is one line, else a copy. */
  data(): Uint8Array {
    if (this.dataLines === 0) return NOTHING;
    if (this.dataLines === 1) return this.source.subarray(this.dataFrom, this.dataTo);
    const values: Uint8Array[] = [];
    let line = this.source[this.start] === 0xef ? this.start + 3 : this.start;
    while (line < this.end) {
      let eol = line;
      while (eol < this.end && this.source[eol] !== LF && this.source[eol] !== CR) eol += 1;
      if (isNamed(this.source, line, eol, DATA)) {
        if (values.length > 0) values.push(NEWLINE);
        values.push(this.source.subarray(valueFrom(this.source, line + DATA.length, eol), eol));
      }
      line = eol + 1;
    }
    return Buffer.concat(values);
  }
}

const NOTHING = new Uint8Array(0);
const NEWLINE = Buffer.from('\n');
const DATA = Buffer.from('data');
const EVENT = Buffer.from('event');
const ERROR = Buffer.from('error');

/** The line is the field of that name, with or without a colon. */
function isNamed(source: Uint8Array, line: number, eol: number, name: Uint8Array): boolean {
  const after = line + name.length;
  return after <= eol && (after === eol || source[after] === COLON) && isAt(source, line, name);
}

function isAt(source: Uint8Array, from: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (source[from + i] !== word[i]) return false;
  return true;
}

/** After the colon and one space. */
function valueFrom(source: Uint8Array, colon: number, eol: number): number {
  if (colon >= eol) return eol;
  return source[colon + 1] === SPACE && colon + 1 < eol ? colon + 2 : colon + 1;
}
