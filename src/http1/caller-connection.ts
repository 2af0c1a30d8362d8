import type { Wire, WireHearer } from '../world/world.ts';
import type { Held, Want } from './census.ts';
import { type FaultWord, faultOf, type HeadFault } from './fault.ts';
import { answerFault } from './fault-answer.ts';
import { type Origination, originationOf } from './forwarded.ts';
import { MORE, REFUSED } from './gather.ts';
import type { Hall } from './hall.ts';
import { handOver } from './handover.ts';
import { Incoming } from './incoming.ts';
import { Intake, type IntakeOwner, WAIT } from './intake.ts';
import { linger } from './linger.ts';
import { DOWNLOAD_PART_BYTES, type Impatience, Patience } from './patience.ts';
import { type BodyPort, RequestBody } from './request-body.ts';
import { RequestReader } from './request-reader.ts';
import { Answering, type AnswerPort } from './responder.ts';
import { askIfThere } from './still-there.ts';

/** `head`: a request is awaited · `busy`: one is in work · `flush`: the caller must read before it may ask again · `over`: not ours any more */
type Phase = 'head' | 'busy' | 'flush' | 'over';

/** One connection of a caller: reads requests one after the other, has each answered, and knows how it ended. */
export class CallerConnection implements WireHearer, Held, IntakeOwner, AnswerPort, BodyPort {
  /** Bytes of all answers so far. */
  sent = 0;
  readonly date: () => string;
  readonly #hall: Hall;
  readonly #wire: Wire;
  readonly #intake: Intake;
  readonly #patience: Patience;
  readonly #reader: RequestReader;
  readonly #body: RequestBody;
  #phase: Phase = 'head';
  readonly #origination: Origination;
  #request: Incoming | undefined;
  #answer: Answering | undefined;
  #served = 0;
  /** The connection closes after the present answer. */
  #isLast = false;
  /** The caller has closed its half. */
  #isEnded = false;
  /** The caller reads slower than we write. */
  #isBlocked = false;

  constructor(hall: Hall, wire: Wire, origination: Origination) {
    this.#hall = hall;
    this.date = hall.date;
    this.#wire = wire;
    this.#origination = origination;
    this.#intake = new Intake(wire, this);
    this.#reader = new RequestReader(hall.headLimits, hall.limits.bodyBytesMax);
    this.#body = new RequestBody(this, this.#intake, hall.bodyLimits);
    this.#patience = new Patience(hall, hall.limits, wire, (what) => this.#guard(() => this.#lose(what)));
    this.#patience.forConnection(hall.isDraining);
    hall.census.hold(wire, this);
  }

  // ---- what the wire says ---------------------------------------------------------------------------------------

  open(): void {}

  data(bytes: Uint8Array): void {
    this.#intake.feed(bytes);
  }

  end(): void {
    this.#isEnded = true;
    this.#guard(() => this.settle());
  }

  drain(): void {
    this.#isBlocked = false;
    this.#patience.drained();
    if (this.#phase === 'flush') this.#awaitHead();
    else if (this.#answer?.onDrain !== undefined) this.#guard(this.#answer.onDrain);
  }

  close(): void {
    const wasWhole = this.#body.isWhole;
    this.#part();
    this.#hall.census.gone(this.#wire);
    this.#guard(() => this.#endRequest(wasWhole ? undefined : 'cut'));
  }

  // ---- what the server wants ------------------------------------------------------------------------------------

  /** A drain begins: what is not in the middle of something closes now, the rest after its answer. */
  retire(): void {
    if (this.#phase === 'busy' || this.#reader.isStarted || this.#intake.hasRest) return;
    if (this.#served > 0) this.shut();
    else this.#patience.forFirstRequest();
  }

  /** The time of the drain is over. */
  cutOff(): void {
    this.#wire.reset();
  }

  giveWay(to: Want): boolean {
    const isIdle = this.#phase === 'head' && !this.#patience.isFresh;
    const isSpared = to === 'place' || this.#phase !== 'busy' || !this.#patience.isDownloading;
    if (this.#phase === 'over' || !(isIdle || this.#patience.isTried || !isSpared)) return false;
    this.#part();
    this.#wire.reset();
    return true;
  }

  // ---- what the answer wants ------------------------------------------------------------------------------------

  write(bytes: Uint8Array | string): boolean {
    this.sent += bytes.length;
    if (bytes.length >= DOWNLOAD_PART_BYTES) this.#patience.forDownload();
    if (this.#wire.write(bytes)) return true;
    this.#isBlocked = true;
    this.#patience.forDrain();
    return false;
  }

  get taken(): number {
    return this.#wire.bytesWritten;
  }

  connectionLine(isEndless: boolean): string {
    const { limits, isDraining, keepAliveLine } = this.#hall;
    const isSpent = limits.requestsPerConnectionMax > 0 && this.#served + 1 >= limits.requestsPerConnectionMax;
    const isEnded = this.#isEnded && !this.#intake.hasRest;
    const isTold = this.#reader.said.isLast || this.#body.isLost;
    this.#isLast ||= isEndless || isTold || isEnded || isSpent || isDraining;
    return this.#isLast ? 'connection: close\r\n' : keepAliveLine;
  }

  answered(how: 'clean' | 'cut' | 'cut-by-reset'): void {
    this.#served += 1;
    if (how === 'cut-by-reset') {
      this.#endRequest(undefined);
      this.#part();
      this.#wire.reset();
    } else if (how === 'cut' || this.#isLast || this.#hall.isDraining) {
      this.shut();
    } else if (this.#body.isWhole) {
      this.#next();
    } else {
      // The answer is out before the request was whole: what little is left is dropped, so that the connection may stay.
      this.#body.discard();
      this.#patience.forRest();
      this.#intake.proceed();
    }
  }

  switched(): { readonly wire: Wire; readonly early: Uint8Array } {
    const early = this.#intake.takeRest();
    this.#endRequest(undefined);
    this.#part();
    return { wire: handOver(this.#hall, this.#wire), early };
  }

  get isRequestWhole(): boolean {
    return this.#body.isWhole;
  }

  // ---- what the body wants --------------------------------------------------------------------------------------

  goOn(): void {
    if (!this.#intake.hasRest && this.#answer?.isHeadSent === false) this.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  /** Brings clocks and wire in line with what is awaited; called after everything that may change that. */
  settle(): void {
    if (this.#intake.isBusy || this.#phase === 'over') return;
    if (this.#isEnded && !this.#intake.hasRest && this.#hearEnd() === 'over') return;
    const isBusy = this.#phase === 'busy';
    if (isBusy && this.#body.isAwaited) this.#patience.forBody();
    else this.#patience.bodyCame();
    this.#intake.pause(isBusy && this.#body.isPaused);
  }

  // ---- the course of things -------------------------------------------------------------------------------------

  step(bytes: Uint8Array, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#stepHead(bytes, at);
      case 'busy':
        return this.#stepBody(bytes, at);
      case 'flush':
        return WAIT;
      case 'over':
        return bytes.length;
    }
  }

  #stepHead(bytes: Uint8Array, at: number): number {
    const reader = this.#reader;
    const wasStarted = reader.isStarted;
    const next = reader.feed(bytes, at);
    if (next === REFUSED) this.refuse(reader.fault);
    // The first head has its time from the connection's start on.
    if (next === MORE && !wasStarted && reader.isStarted && this.#served > 0) this.#patience.forHead();
    if (next < 0) return bytes.length;
    this.#intake.used(next);
    this.#begin();
    return next;
  }

  /** A request is here: hands it to the handler. */
  #begin(): void {
    const { handler, forwardedFrom, census } = this.#hall;
    const { head, framing, said } = this.#reader;
    const origination =
      forwardedFrom === undefined ? this.#origination : originationOf(head.fields, this.#origination, forwardedFrom);
    const request = new Incoming(this.#body, head, said.target, framing.length, origination);
    const answer = new Answering(this, head.method, head.minorVersion);
    this.#request = request;
    this.#answer = answer;
    this.#phase = 'busy';
    this.#body.begin(request, framing, said.isExpecting);
    this.#patience.forNothing();
    census.began();
    handler(request, answer);
  }

  #stepBody(bytes: Uint8Array, at: number): number {
    const next = this.#body.feed(bytes, at);
    if (next === WAIT) return WAIT;
    // Whoever heard a part may have closed the connection; the rest is nobody's then.
    if (this.#phase !== 'busy') return bytes.length;
    if (next === REFUSED) {
      this.refuse(this.#body.fault);
      return bytes.length;
    }
    this.#intake.used(next);
    if (this.#body.isWhole) {
      if (this.#body.isDiscarding) this.#next();
      else this.#body.tellEnd();
    }
    return next;
  }

  /** The answer is out, and the request whole. */
  #next(): void {
    this.#endRequest(undefined);
    if (this.#isBlocked) this.#phase = 'flush';
    else this.#awaitHead();
  }

  #awaitHead(): void {
    this.#phase = 'head';
    this.#patience.forRequest();
    this.#intake.proceed();
  }

  // ---- the ways it ends -----------------------------------------------------------------------------------------

  /** Parts with the present request; its owner hears of it if it has not ended it itself. */
  #endRequest(word: FaultWord | undefined): void {
    const request = this.#request;
    const answer = this.#answer;
    if (request === undefined) return;
    const isUnwanted = this.#body.isDiscarding;
    this.#request = undefined;
    this.#answer = undefined;
    this.#body.stop();
    this.#reader.forget();
    this.#hall.census.ended();
    if (word !== undefined && !isUnwanted) {
      this.#hall.census.count(word);
      request.sink?.fail(faultOf(word));
    }
    answer?.leave();
  }

  /** Refuses what came: an answer if one is still possible, then the end of the connection. */
  refuse(fault: HeadFault): void {
    const request = this.#request;
    const sink = this.#body.isDiscarding ? undefined : request?.sink;
    this.#hall.census.count(fault.word);
    if (this.#phase === 'over') return;
    this.#isLast = true;
    // Without a request it is a head that is refused, and the answer to it is ours alone.
    const answer = request === undefined ? new Answering(this, this.#reader.head.method, 1) : this.#answer;
    if (answer?.isHeadSent === true) answer.abort();
    else if (answer !== undefined) answerFault(this.#hall, answer, fault, this.#reader.head.target);
    // Who reads the body hears of it there, and is not told a second time that the caller is gone.
    if (sink !== undefined) answer?.close();
    this.shut();
    sink?.fail(fault);
  }

  #lose(what: Impatience): void {
    if (what === 'write') {
      this.#hall.census.count('write-slow');
      this.#wire.reset();
    } else if (what === 'body') {
      this.refuse(faultOf('body-slow'));
    } else if (what === 'head' && this.#reader.isStarted) {
      this.refuse(faultOf('head-slow'));
    } else {
      // Nothing was asked for: a preconnected browser takes a 408 here for the answer to its first request.
      this.shut();
    }
  }

  /** The caller will send no more, and all that it sent is used. */
  #hearEnd(): Phase {
    if (this.#phase === 'head') {
      if (this.#reader.isStarted) this.#hall.census.count('cut');
      this.shut();
    } else if (this.#phase === 'busy') {
      if (!this.#body.isWhole) this.refuse(faultOf('cut'));
      else if (this.#answer !== undefined && !askIfThere(this.#hall.timers, this.#answer)) this.shut();
    }
    return this.#phase;
  }

  /** Closes the connection once all is written; a request that is still open is abandoned. */
  shut(): void {
    if (this.#phase === 'over') return;
    this.#endRequest(undefined);
    this.#part();
    linger(this.#hall, this.#wire);
  }

  /** From now on the wire is someone else's. */
  #part(): void {
    this.#phase = 'over';
    this.#patience.stop();
    this.#intake.drop();
    this.#intake.pause(false);
  }

  broke(stranger: unknown): void {
    this.#hall.stranger(stranger);
    try {
      this.refuse(faultOf('gateway-bug'));
    } catch (another) {
      this.#hall.stranger(another);
      this.#wire.reset();
    }
  }

  /** Runs what may call out to a handler: its exception is ours to end, but only on this connection. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (stranger) {
      this.broke(stranger);
    }
  }
}
