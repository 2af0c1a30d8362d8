import type { Fields } from '../call/fields.ts';
import { partOf } from '../world/views.ts';
import { type FaultWord, faultOf, type HeadFault, isFault } from './fault.ts';
import { VALUE_CHARACTER } from './fieldnames.ts';
import type { Framing } from './framing.ts';
import { HeadGatherer, MORE, REFUSED } from './gather.ts';
import { parseTrailers } from './head.ts';
import { trailersToKeep } from './hops.ts';

/** What a body may cost at most, beside what the sink makes of it. */
export type BodyLimits = {
  /** Content bytes, framing not counted. */
  readonly bodyBytesMax: number;
  /** Bytes of all chunk extensions of one message together: we ignore them, so they may not be many (RFC 9112 §7.1.1). */
  readonly extensionBytesMax: number;
  readonly trailerBytesMax: number;
  readonly trailersMax: number;
};

/** Extensions: no one uses them, one CDN's signature fits in 1 KiB. Trailers: gRPC's and Server-Timing fit in a fraction of 8 KiB. */
export const BODY_LIMITS: BodyLimits = {
  bodyBytesMax: Number.MAX_SAFE_INTEGER,
  extensionBytesMax: 4096,
  trailerBytesMax: 8192,
  trailersMax: 64,
};

/** Hears the content of one body. */
export type BodyParts = {
  /** A view of the bytes fed, valid only during the call. */
  part(bytes: Uint8Array): void;
};

/** In the place of who has heard all: a connection that is kept must not keep the call it carried last. */
const NOBODY: BodyParts = { part() {} };

/** 13 hex digits are 52 bits: no size loses precision. Leading zeros count as digits. */
const SIZE_DIGITS_MAX = 13;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;

/** The value of a hex digit, 255 for what is none. */
const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i += 1) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

/** Where in a body the next byte stands. */
type Place =
  | 'done'
  | 'refused'
  | 'length'
  | 'close'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-line-end'
  | 'chunk-data'
  | 'chunk-end-cr'
  | 'chunk-end-lf'
  | 'trailers';

/**
 * Decodes one body after another of a connection. What it hands on does not depend on how the bytes were cut, but for where the parts are
 * cut. Nothing is copied but trailers.
 */
export class BodyReader {
  /** Trailer fields that may be passed on, once done. */
  trailers: Fields | undefined;
  /** Set once `feed` has returned `REFUSED`. */
  fault: HeadFault | undefined;
  /** True once the last chunk has come: what is wrong from there on is wrong with the trailers. */
  isInTrailers = false;
  readonly #limits: BodyLimits;
  #sink: BodyParts = NOBODY;
  #place: Place = 'done';
  /** Content bytes left of the length or of the chunk. */
  #left = 0;
  /** Content bytes that may still come. */
  #room = 0;
  #digits = 0;
  #extensionRoom = 0;
  #gatherer: HeadGatherer | undefined;
  #isTrailerEmpty = true;

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.#limits = limits;
  }

  /** Starts the next body. A length above the limit is for the caller to refuse before. */
  begin(framing: Framing, sink: BodyParts): void {
    const { kind, length } = framing;
    this.trailers = undefined;
    this.fault = undefined;
    this.isInTrailers = false;
    this.#sink = sink;
    this.#room = this.#limits.bodyBytesMax;
    if (kind === 'chunked') {
      this.#startChunk();
      this.#extensionRoom = this.#limits.extensionBytesMax;
    } else {
      this.#left = length;
      this.#place = kind === 'none' || length === 0 ? 'done' : kind;
    }
  }

  /** True when the body is whole and the next byte belongs to the next message. */
  get isDone(): boolean {
    return this.#place === 'done';
  }

  /** Content bytes still to come of an announced length; of other framings what is known of them. */
  get contentLeft(): number {
    return this.#place === 'done' ? 0 : this.#left;
  }

  /** Forgets the rest: `feed` takes no more bytes. For a sink that gives up in the middle of a part. */
  stop(): void {
    this.#place = 'done';
    this.#sink = NOBODY;
  }

  /** What an end of the connection means here: only a body framed by it, or one that was done before, is whole. */
  finishAtEof(): 'whole' | 'cut' {
    if (this.#place === 'close') this.#place = 'done';
    return this.#place === 'done' ? 'whole' : 'cut';
  }

  /**
   * Takes bytes from `offset` and hands the content to the sink. Returns the offset behind what belongs to this body (all of them, until it
   * is done), or `REFUSED`.
   */
  feed(bytes: Uint8Array, offset: number): number {
    let at = offset;
    const end = bytes.length;
    while (at < end && this.#place !== 'done') {
      switch (this.#place) {
        case 'length':
        case 'chunk-data':
        case 'close':
          at = this.#content(bytes, at);
          break;
        case 'chunk-size':
          at = this.#size(bytes, at);
          break;
        case 'chunk-extension':
          at = this.#extension(bytes, at);
          break;
        case 'chunk-line-end':
          at = this.#lineEnd(bytes, at);
          break;
        case 'chunk-end-cr':
          at = bytes[at] === CR ? at + 1 : this.#refuse('chunk-end');
          if (at >= 0) this.#place = 'chunk-end-lf';
          break;
        case 'chunk-end-lf':
          at = bytes[at] === LF ? at + 1 : this.#refuse('chunk-end');
          if (at >= 0) this.#startChunk();
          break;
        case 'trailers':
          at = this.#trailerSection(bytes, at);
          break;
        case 'refused':
          return REFUSED;
      }
      if (at < 0) return REFUSED;
    }
    if (this.#place === 'done') this.#sink = NOBODY;
    return at;
  }

  #content(bytes: Uint8Array, at: number): number {
    const isClose = this.#place === 'close';
    const length = isClose ? bytes.length - at : Math.min(bytes.length - at, this.#left);
    if (isClose) {
      this.#room -= length;
      if (this.#room < 0) return this.#refuse('body-size');
    }
    this.#left -= length;
    // The state moves on first: the sink may stop this reader, and what it sets must last.
    if (!isClose && this.#left === 0) this.#place = this.#place === 'length' ? 'done' : 'chunk-end-cr';
    this.#sink.part(at === 0 && length === bytes.length ? bytes : partOf(bytes, at, at + length));
    return at + length;
  }

  #startChunk(): void {
    this.#place = 'chunk-size';
    this.#digits = 0;
    this.#left = 0;
  }

  #size(bytes: Uint8Array, offset: number): number {
    for (let at = offset; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      const digit = HEX[byte] ?? 255;
      if (digit < 16) {
        this.#digits += 1;
        if (this.#digits > SIZE_DIGITS_MAX) return this.#refuse('chunk-size');
        // Multiplied, not shifted: shifts are 32 bits wide.
        this.#left = this.#left * 16 + digit;
      } else {
        if (this.#digits === 0 || (byte !== CR && byte !== SEMICOLON)) return this.#refuse('chunk-size');
        this.#place = byte === CR ? 'chunk-line-end' : 'chunk-extension';
        return at + 1;
      }
    }
    return bytes.length;
  }

  /** Extensions are skipped unread, but nothing in them may look like the end of a line to another reader. */
  #extension(bytes: Uint8Array, offset: number): number {
    for (let at = offset; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === CR) {
        this.#place = 'chunk-line-end';
        return at + 1;
      }
      if (VALUE_CHARACTER[byte] !== 1) return this.#refuse('chunk-extension');
      this.#extensionRoom -= 1;
      if (this.#extensionRoom < 0) return this.#refuse('chunk-extension-size');
    }
    return bytes.length;
  }

  #lineEnd(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== LF) return this.#refuse('chunk-size');
    if (this.#left > 0) {
      // Judged by what the chunk announces, so that no part of one that is too much is handed on.
      this.#room -= this.#left;
      if (this.#room < 0) return this.#refuse('body-size');
      this.#place = 'chunk-data';
    } else {
      this.#place = 'trailers';
      this.isInTrailers = true;
      this.#isTrailerEmpty = true;
      this.#digits = 0;
    }
    return at + 1;
  }

  /** `digits` counts the bytes of the final CRLF here: nearly always there is no trailer at all. */
  #trailerSection(bytes: Uint8Array, offset: number): number {
    let at = offset;
    if (this.#isTrailerEmpty) {
      if (this.#digits === 0 && bytes[at] !== CR) {
        this.#isTrailerEmpty = false;
        this.#gatherer ??= new HeadGatherer(this.#limits.trailerBytesMax, 0);
        this.#gatherer.reset();
      } else {
        if (this.#digits === 1 && bytes[at] !== LF) return this.#refuse('bare-cr');
        this.#digits += 1;
        at += 1;
        if (this.#digits === 2) this.#place = 'done';
        return at;
      }
    }
    return this.#gatherTrailers(bytes, at);
  }

  #gatherTrailers(bytes: Uint8Array, at: number): number {
    const gatherer = this.#gatherer;
    if (gatherer === undefined) throw new Error('trailers are gathered without a gatherer');
    const next = gatherer.feed(bytes, at);
    if (next === MORE) return bytes.length;
    if (next === REFUSED) {
      const word = gatherer.fault?.word ?? 'control';
      return this.#refuse(word === 'head-size' || word === 'target-length' ? 'trailer-size' : word);
    }
    const trailers = parseTrailers(gatherer.text, this.#limits.trailersMax);
    gatherer.reset();
    if (isFault(trailers)) return this.#refuse(trailers.word === 'fields' ? 'trailer-size' : trailers.word);
    this.trailers = trailersToKeep(trailers);
    this.#place = 'done';
    return next;
  }

  #refuse(word: FaultWord): number {
    this.fault = faultOf(word);
    this.#place = 'refused';
    return REFUSED;
  }
}
