import { type BodyLimits, BodyReader } from './body.ts';
import type { BodySink } from './contract.ts';
import { faultOf, type HeadFault } from './fault.ts';
import { type Framing, NO_BODY } from './framing.ts';
import { REFUSED } from './gather.ts';
import type { Incoming, RequestPort } from './incoming.ts';
import { type Intake, WAIT } from './intake.ts';

/** What the body of a request needs of the connection it comes on. */
export type BodyPort = {
  /** The body will be read: a caller that waits for it is told to go on, unless it has begun or is answered already. */
  goOn(): void;
  /** Nothing more may be fed for now. */
  settle(): void;
  /** More came of a body that nobody wants than the connection is worth. */
  shut(): void;
};

/** The rest of a body nobody wanted is read and dropped up to here, to save the connection; beyond it a new connection is cheaper. */
const DISCARDED_BYTES_MAX = 65_536;

/** In the place of a reader that has heard the end: what it gathered is no longer kept by the request, and nobody else may read it. */
const HEARD_ALL: BodySink = { part() {}, end() {}, fail() {} };

/** The bodies of one connection's requests, one after the other: each waits for its reader, flows, and is dropped if its answer came first. */
export class RequestBody implements RequestPort {
  readonly #port: BodyPort;
  readonly #intake: Intake;
  readonly #limits: BodyLimits;
  #reader: BodyReader | undefined;
  #request: Incoming | undefined;
  #isWhole = true;
  #isDiscarding = false;
  #isExpecting = false;
  /** Bytes that may still be dropped. */
  #room = 0;

  constructor(port: BodyPort, intake: Intake, limits: BodyLimits) {
    this.#port = port;
    this.#intake = intake;
    this.#limits = limits;
  }

  /** `isExpecting`: the caller holds the body back until it is told to go on. */
  begin(request: Incoming, framing: Framing, isExpecting: boolean): void {
    this.#request = request;
    this.#isDiscarding = false;
    this.#isWhole = framing.length === 0;
    if (this.#isWhole) return;
    this.#isExpecting = isExpecting;
    this.#reader ??= new BodyReader(this.#limits);
    this.#reader.begin(framing, this);
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  get isDiscarding(): boolean {
    return this.#isDiscarding;
  }

  /** True while bytes of the wire are wanted for a reader. */
  get isAwaited(): boolean {
    return !this.#isWhole && !this.#isDiscarding && this.#request?.sink !== undefined && !this.#request.isPaused;
  }

  get isPaused(): boolean {
    return !this.#isWhole && !this.#isDiscarding && this.#request?.isPaused === true;
  }

  /** True when, after an answer now, it would be unknown or too far where the next request begins. */
  get isLost(): boolean {
    return !this.#isWhole && (this.#isExpecting || (this.#reader?.contentLeft ?? 0) > DISCARDED_BYTES_MAX);
  }

  /** Content goes to its reader as it comes. Returns the offset behind what was used, `WAIT`, or `REFUSED` with `fault` set. */
  feed(bytes: Uint8Array, at: number): number {
    const reader = this.#reader;
    if (this.#isWhole || reader === undefined || (!this.isAwaited && !this.#isDiscarding)) return WAIT;
    this.#isExpecting = false;
    const next = reader.feed(bytes, at);
    if (next !== REFUSED && reader.isDone) this.#isWhole = true;
    return next;
  }

  get fault(): HeadFault {
    return this.#reader?.fault ?? faultOf('chunk-size');
  }

  /** The body came whole, and its last byte was fed: tells the reader. */
  tellEnd(): void {
    const trailers = this.#reader?.trailers;
    const sink = this.#request?.sink;
    if (this.#request !== undefined) this.#request.sink = HEARD_ALL;
    sink?.end(trailers);
  }

  /** The answer is out and nobody wants the rest. */
  discard(): void {
    this.#isDiscarding = true;
    this.#room = DISCARDED_BYTES_MAX;
  }

  /** The request is over. */
  stop(): void {
    this.#request = undefined;
    this.#isWhole = true;
    this.#isDiscarding = false;
    this.#reader?.begin(NO_BODY, this);
  }

  // ---- from the reader of the wire ------------------------------------------------------------------------------

  part(bytes: Uint8Array): void {
    if (this.#isDiscarding) {
      this.#room -= bytes.length;
      if (this.#room < 0) this.#port.shut();
    } else {
      this.#request?.sink?.part(bytes);
    }
  }

  // ---- from the request -----------------------------------------------------------------------------------------

  bodyWanted(request: Incoming): void {
    if (request !== this.#request || this.#isDiscarding) {
      // It was answered, or cut, before anyone asked for it.
      request.sink?.fail(faultOf('cut'));
      return;
    }
    if (this.#isWhole) {
      request.sink?.end(undefined);
      return;
    }
    if (this.#isExpecting) this.#port.goOn();
    this.#isExpecting = false;
    this.#intake.proceed();
  }

  bodyPaused(request: Incoming): void {
    if (request === this.#request) this.#port.settle();
  }

  bodyResumed(request: Incoming): void {
    if (request === this.#request && !this.#isWhole) this.#intake.proceed();
  }
}
