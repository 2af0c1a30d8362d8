import type { Dialect } from '../call/call.ts';
import { ANTHROPIC_MESSAGES } from './dialects/anthropic-messages.ts';
import { isSaid, type StreamDialect } from './dialects/dialect.ts';
import { EMPTY, ERROR, FINISH, GARBLED, JUNK, OUTPUT, PING, SEVERAL, TERMINAL, TEXT } from './dialects/kinds.ts';
import { OPENAI_CHAT } from './dialects/openai-chat.ts';
import { OPENAI_COMPLETIONS } from './dialects/openai-completions.ts';
import { OPENAI_RESPONSES } from './dialects/openai-responses.ts';
import { type Likeness, Likenesses } from './likeness.ts';
import type { Skim } from './skim.ts';
import { EVENT_BYTES_MAX, SseReader } from './sse.ts';

/** The dialects that stream; the others have no event of their own. */
export const STREAM_DIALECTS: Readonly<Partial<Record<Dialect, StreamDialect>>> = {
  'openai-chat': OPENAI_CHAT,
  'openai-completions': OPENAI_COMPLETIONS,
  'openai-responses': OPENAI_RESPONSES,
  'anthropic-messages': ANTHROPIC_MESSAGES,
};

/** By dialect, for all streams. */
const likenesses = new Map<StreamDialect, Likenesses>();

function likenessesOf(dialect: StreamDialect): Likenesses {
  const known = likenesses.get(dialect) ?? new Likenesses();
  likenesses.set(dialect, known);
  return known;
}

/** Reads the events of one stream and says what each one is. `feed`, then `next` until it says no. */
export class EventReader {
  /** Bits of `dialects/kinds.ts`. */
  kinds = 0;
  /** Choices that finish in this event. */
  finishes = 0;
  /** The whole event in `source`, its blank line included. */
  start = 0;
  end = 0;
  /** The text's raw JSON string content in `source`; -1 when there is none. */
  textFrom = -1;
  textTo = -1;
  readonly #dialect: StreamDialect;
  readonly #sse: SseReader;
  /** What the last event that could be taken as one was like. */
  #likeness: Likeness | undefined;
  #isLike = false;

  constructor(dialect: StreamDialect, eventBytesMax: number = EVENT_BYTES_MAX) {
    this.#dialect = dialect;
    this.#sse = new SseReader(eventBytesMax);
  }

  /** What the ranges are ranges of; another one after `next` has said no. */
  get source(): Uint8Array {
    return this.#sse.source;
  }

  /** The event in hand is larger than allowed; nothing more is read. */
  get isTooLong(): boolean {
    return this.#sse.isTooLong;
  }

  feed(bytes: Uint8Array): void {
    this.#sse.feed(bytes);
  }

  /** True when another whole event is in hand. */
  next(): boolean {
    const sse = this.#sse;
    if (sse.at === sse.source.length) return false;
    const likeness = this.#likeness;
    const end = likeness === undefined ? -1 : likeness.match(sse.source, sse.at);
    if (likeness !== undefined && end >= 0) {
      this.start = sse.at;
      this.end = end;
      this.kinds = likeness.kinds;
      this.finishes = 0;
      this.textFrom = likeness.textFrom;
      this.textTo = likeness.textTo;
      this.#isLike = true;
      sse.skip(end);
      return true;
    }
    if (!sse.next()) return false;
    this.#isLike = false;
    this.start = sse.start;
    this.end = sse.end;
    this.textFrom = -1;
    this.textTo = -1;
    this.finishes = 0;
    if (sse.kind === 'silence') this.kinds = PING;
    else this.kinds = sse.dataLines === 0 ? empty(sse) : this.#read();
    return true;
  }

  /** The data of the event in hand, valid until the next `next`. */
  data(): Uint8Array {
    if (!this.#isLike) return this.#sse.data();
    // An event like another one is read again in full, by a reader of its own: only those off the path ask for its data.
    const again = new SseReader();
    again.feed(this.source.subarray(this.start, this.end));
    return again.next() ? again.data() : NOTHING;
  }

  #read(): number {
    const sse = this.#sse;
    const isWhole = sse.dataLines === 1;
    const bytes = isWhole ? sse.source : sse.data();
    const from = isWhole ? sse.dataFrom : 0;
    const to = isWhole ? sse.dataTo : bytes.length;
    if (to === from) return empty(sse);
    const kinds = this.#kindsOf(bytes, from, to, isWhole);
    return sse.isError ? (kinds | ERROR) & ~(JUNK | GARBLED) : kinds;
  }

  #kindsOf(bytes: Uint8Array, from: number, to: number, isWhole: boolean): number {
    const { skim, kindsOf, textSlot, hasDone } = this.#dialect;
    if (bytes[from] === 0x5b && hasDone && isDone(bytes, from, to)) return TERMINAL;
    if (!skim.read(bytes, from, to)) return isEventLike(bytes, from, to) ? GARBLED : JUNK;
    if (skim.isRepeated || skim.hasEscapedKey) return this.#readOdd(bytes, from, to);
    if (bytes[from] !== 0x7b && !isObjectLike(bytes, from, to)) return JUNK;
    const kinds = kindsOf(bytes);
    this.finishes = (kinds & FINISH) !== 0 ? 1 : 0;
    const textAt = skim.from[textSlot] as number;
    const hasText = (kinds & TEXT) !== 0;
    if (hasText && isWhole) {
      this.textFrom = textAt + 1;
      this.textTo = (skim.to[textSlot] as number) - 1;
    }
    if ((kinds & OUTPUT) !== 0 && (kinds & (FINISH | ERROR | TERMINAL)) === 0 && isWhole && !this.#sse.isError) {
      this.#learn(bytes, kinds, hasText ? textAt : -1);
    }
    return kinds;
  }

  // Free texts stand among the other tokens: both lists are in the order of the bytes, and holes must be too.
  #learn(bytes: Uint8Array, kinds: number, textAt: number): void {
    const { skim, freeSlots } = this.#dialect;
    const { start, end } = this;
    const all = likenessesOf(this.#dialect);
    this.#likeness = all.find(bytes, start, end);
    if (this.#likeness !== undefined) return;
    const likeness = all.take(bytes, start, end, kinds);
    if (likeness === undefined) return;
    this.#likeness = likeness;
    let after = start;
    for (let token = 0; ; ) {
      const slot = nextSaid(skim, freeSlots, bytes, after);
      const tokenFrom = token < skim.tokens ? (skim.tokenFrom[token] as number) : Number.MAX_SAFE_INTEGER;
      const free = slot < 0 ? Number.MAX_SAFE_INTEGER : (skim.from[slot] as number);
      if (slot >= 0 && free < tokenFrom) {
        after = skim.to[slot] as number;
        likeness.hole(free - start, after - start, true, free === textAt);
      } else if (token < skim.tokens) {
        likeness.hole(tokenFrom - start, (skim.tokenTo[token] as number) - start, false, false);
        token += 1;
      } else return;
    }
  }

  // Several choices in one event, or keys under other spellings: parsed and written out plainly, choice by choice, then read like any other.
  #readOdd(bytes: Uint8Array, from: number, to: number): number {
    const { skim, kindsOf } = this.#dialect;
    let kinds = SEVERAL;
    for (const plain of plainly(Buffer.from(bytes.subarray(from, to)).toString())) {
      if (!skim.read(plain, 0, plain.length)) continue;
      const more = kindsOf(plain);
      if ((more & FINISH) !== 0) this.finishes += 1;
      kinds |= more;
    }
    return kinds;
  }
}

/** An event without data says nothing, unless it is named an error. */
function empty(sse: SseReader): number {
  return sse.isError ? ERROR : PING | EMPTY;
}

const NOTHING = new Uint8Array(0);
const DONE = Buffer.from('[DONE]');

/** The first of the slots, in the order of the bytes, that holds a string with something in it, from `after` on; or -1. */
function nextSaid(skim: Skim, slots: readonly number[], bytes: Uint8Array, after: number): number {
  let first = -1;
  for (const slot of slots) {
    const from = skim.from[slot] as number;
    if (from < after || !isSaid(skim, slot, bytes)) continue;
    if (first < 0 || from < (skim.from[first] as number)) first = slot;
  }
  return first;
}

function isDone(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < DONE.length) return false;
  for (let i = 0; i < DONE.length; i++) if (bytes[from + i] !== DONE[i]) return false;
  for (let i = from + DONE.length; i < to; i++) if (bytes[i] !== 0x20) return false;
  return true;
}

/** Began as an object: what is lost with it may have been a piece of the answer. */
function isEventLike(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && (bytes[at] as number) <= 0x20) at += 1;
  return bytes[at] === 0x7b;
}

/** An object after white space, or an array whose objects count (Google sends errors so). */
function isObjectLike(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && ((bytes[at] as number) <= 0x20 || bytes[at] === 0x5b)) at += 1;
  return bytes[at] === 0x7b;
}

/** At most this many choices of one event are read one by one; the API's own limit is 128. */
const CHOICES_MAX = 128;

function plainly(text: string): readonly Buffer[] {
  const value: unknown = JSON.parse(text);
  const choices = typeof value === 'object' && value !== null && 'choices' in value ? value.choices : undefined;
  if (!Array.isArray(choices)) return [Buffer.from(JSON.stringify(value))];
  return choices
    .slice(0, CHOICES_MAX)
    .map((choice: unknown) => Buffer.from(JSON.stringify({ ...(value as object), choices: [choice] })));
}
