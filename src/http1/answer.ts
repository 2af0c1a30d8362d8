import type { Fields } from '../call/fields.ts';
import { BODY_LIMITS, type BodyLimits, BodyReader } from './body.ts';
import { type FaultWord, isFault } from './fault.ts';
import { type Framing, responseFraming } from './framing.ts';
import { HeadGatherer, MORE, REFUSED } from './gather.ts';
import { HEAD_LIMITS, type HeadLimits, parseResponseHead, type ResponseHead, type ResponseMemory } from './head.ts';
import { HeadMemory } from './head-memory.ts';

/** What an answer may cost at most. */
export type AnswerLimits = BodyLimits & {
  /** 64 KiB, twice what we take from callers: services and their edges bring cookies, policies and rate-limit fields. */
  readonly headBytesMax: number;
  readonly fieldsMax: number;
  /** Interim (1xx) heads before the answer; a peer that sends more is not going to answer. */
  readonly informationalMax: number;
};

/** The limits of a body are those of `body.ts`; 256 fields are twice what callers may send, for the same reason as the size. */
export const ANSWER_LIMITS: AnswerLimits = {
  ...BODY_LIMITS,
  headBytesMax: 65_536,
  fieldsMax: 256,
  informationalMax: 16,
};

/** Hears one answer: heads, then parts, then exactly one of `whole`, `refused` and `switched`, unless it stops listening. */
export type AnswerHearer = {
  informational(status: number, fields: Fields): void;
  head(head: ResponseHead, framing: Framing): void;
  /** A view, valid only during the call. */
  part(bytes: Uint8Array): void;
  /** `isClean` is false when the peer sent more than was asked for: the connection is not to be trusted again. */
  whole(trailers: Fields | undefined, isClean: boolean): void;
  refused(word: FaultWord | 'unasked'): void;
  /** 101: `early` are the first bytes of the new protocol, valid only during the call. */
  switched(head: ResponseHead, early: Uint8Array): void;
};

/** Where in an answer the next byte stands. */
export type AnswerPlace = 'idle' | 'head' | 'body';

const PREFIX = 'HTTP/';

/** The first byte of the TLS records by which a TLS server answers plain HTTP (RFC 8446 §5.1). */
const TLS_ALERT = 21;
const TLS_HANDSHAKE = 22;

let knownLimits: AnswerLimits | undefined;
let knownHeadLimits: HeadLimits = HEAD_LIMITS;

/** Nearly always the same for all connections of the process, and so one object. */
function headLimitsOf(limits: AnswerLimits): HeadLimits {
  if (limits !== knownLimits) {
    knownLimits = limits;
    knownHeadLimits = { ...HEAD_LIMITS, headBytesMax: limits.headBytesMax, fieldsMax: limits.fieldsMax };
  }
  return knownHeadLimits;
}

/** Reads one answer after another of a connection, from bytes cut anyhow. Lives as long as the connection, so that an exchange allocates none. */
export class AnswerReader {
  place: AnswerPlace = 'idle';
  readonly #limits: AnswerLimits;
  readonly #headLimits: HeadLimits;
  readonly #gatherer: HeadGatherer;
  readonly #body: BodyReader;
  /** From the second answer on: a connection that carries one long stream has nothing to remember its head for. */
  #memory: ResponseMemory | undefined;
  #heads = 0;
  #hearer: AnswerHearer | undefined;
  #method = '';
  #informational = 0;
  /** Characters of `HTTP/` seen of a head that is not whole yet. */
  #matched = 0;
  #isBodyToClose = false;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
    this.#headLimits = headLimitsOf(limits);
    this.#gatherer = new HeadGatherer(limits.headBytesMax, 0);
    this.#body = new BodyReader(limits);
  }

  /** Waits for the answer to a request of this method. */
  begin(method: string, hearer: AnswerHearer): void {
    this.#hearer = hearer;
    this.#method = method;
    this.#informational = 0;
    this.#matched = 0;
    this.place = 'head';
  }

  /** Listens no more; for an exchange that ended in the midst of an answer. */
  stop(): void {
    this.#hearer = undefined;
    this.place = 'idle';
    this.#body.stop();
  }

  /** True when the content has come and only trailers are missing or wrong. */
  get isInTrailers(): boolean {
    return this.#body.isInTrailers;
  }

  /** Takes the next bytes of the wire, all of them. */
  feed(bytes: Uint8Array): void {
    let at = 0;
    while (this.place === 'head') {
      at = this.#feedHead(bytes, at);
      if (at < 0) return;
    }
    if (this.place !== 'body') return;
    at = this.#body.feed(bytes, at);
    // A hearer that stopped listening inside `part` has stopped the body too, and hears of neither.
    if (at === REFUSED) this.#refuse(this.#body.fault?.word ?? 'chunk-size');
    else if (this.#body.isDone) this.#finish(at === bytes.length);
  }

  /** The peer sends no more. True when that made the answer whole, or there was none to wait for; `whole` has been called then. */
  finishAtEof(): boolean {
    if (this.place === 'idle') return true;
    if (this.place !== 'body' || this.#body.finishAtEof() === 'cut') return false;
    this.#finish(false);
    return true;
  }

  /** True when only an end of the connection can end this answer. */
  get isBodyToClose(): boolean {
    return this.place === 'body' && this.#isBodyToClose;
  }

  /** Returns the offset behind one head, or a negative number when there is nothing more to read here. */
  #feedHead(bytes: Uint8Array, offset: number): number {
    const first = bytes[offset];
    if (!this.#gatherer.isStarted && (first === TLS_ALERT || first === TLS_HANDSHAKE)) {
      this.#refuse('tls');
      return REFUSED;
    }
    const next = this.#gatherer.feed(bytes, offset);
    if (next === MORE) {
      if (!this.#isPrefixKept(bytes, offset)) this.#refuse('start-line');
      return MORE;
    }
    if (next === REFUSED) {
      const word = this.#gatherer.fault?.word ?? 'control';
      // An endless first line is, in an answer, a head without an end.
      this.#refuse(word === 'target-length' ? 'head-size' : word);
      return REFUSED;
    }
    this.#heads += 1;
    if (this.#heads === 2) this.#memory = new HeadMemory();
    const head = parseResponseHead(this.#gatherer.text, this.#headLimits, this.#memory);
    this.#gatherer.reset();
    this.#matched = 0;
    if (isFault(head)) {
      this.#refuse(head.word);
      return REFUSED;
    }
    return this.#hear(head, bytes, next);
  }

  #hear(head: ResponseHead, bytes: Uint8Array, next: number): number {
    const hearer = this.#hearer;
    if (hearer === undefined) return REFUSED;
    if (head.status === 101) {
      this.stop();
      hearer.switched(head, bytes.subarray(next));
      return REFUSED;
    }
    if (head.status < 200) {
      this.#informational += 1;
      if (this.#informational > this.#limits.informationalMax) {
        this.#refuse('head-size');
        return REFUSED;
      }
      // 100 answers an `Expect` that only this engine could have sent: it goes no further.
      if (head.status !== 100) hearer.informational(head.status, head.fields);
      return this.#hearer === hearer ? next : REFUSED;
    }
    const framing = responseFraming(this.#method, head.status, head.minorVersion, head.fields);
    if (isFault(framing)) {
      this.#refuse(framing.word);
      return REFUSED;
    }
    this.#isBodyToClose = framing.kind === 'close';
    this.#body.begin(framing, hearer);
    this.place = 'body';
    if (framing.kind === 'length' && framing.length > this.#limits.bodyBytesMax) {
      this.#refuse('body-size');
      return REFUSED;
    }
    hearer.head(head, framing);
    return this.#hearer === hearer ? next : REFUSED;
  }

  /** A peer that speaks first, or another protocol, is known by its first bytes: waiting for the end of its head would be in vain. */
  #isPrefixKept(bytes: Uint8Array, offset: number): boolean {
    for (let at = offset; at < bytes.length && this.#matched < PREFIX.length; at += 1) {
      if (bytes[at] !== PREFIX.charCodeAt(this.#matched)) return false;
      this.#matched += 1;
    }
    return true;
  }

  #finish(isClean: boolean): void {
    const hearer = this.#hearer;
    const { trailers } = this.#body;
    this.#hearer = undefined;
    this.place = 'idle';
    hearer?.whole(trailers, isClean);
  }

  #refuse(word: FaultWord): void {
    const hearer = this.#hearer;
    this.stop();
    hearer?.refused(word);
  }
}
