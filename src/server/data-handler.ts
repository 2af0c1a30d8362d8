import type { Call, Caller } from '../call/call.ts';
import { callerOf } from '../call/caller.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { leave } from '../call/leave.ts';
import { ABANDONED, type Outcome, type Reply } from '../call/reply.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { History } from '../diagnosis/history.ts';
import type { IncomingRequest, RequestHandler, Responder } from '../http1/contract.ts';
import { hasPassed } from '../http1/hops.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import type { Chance, Clock, Timers } from '../world/world.ts';
import { callerNames } from './callers.ts';
import { dialectOf, type ErrorShape, errorShapeOf } from './dialect.ts';
import { type FailureContext, failureAnswer, failureStatus, findingBehind, streamBreak } from './failure-answer.ts';
import { BodyGatherer, type BodyTaker } from './gather-body.ts';
import { hiding } from './hiding.ts';
import { type CallReading, type HintReader, readCall } from './read-call.ts';
import { ownFields, receivedStatuses, replyHead, type Told } from './reply-fields.ts';
import { Rounds } from './rounds.ts';
import { openTunnel } from './tunnel.ts';
import { type Break, ReplyWriter } from './write-reply.ts';

export type DataHandling = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  /** Answers calls; replaced by a reload, so asked for each call. */
  readonly ask: () => Ask;
  /** Of the gateway in force: a reload makes a new one. */
  readonly hints: HintReader;
  /** The reply of an earlier call from after an event on, for who comes back. @throws Failure */
  readonly follow: (id: string, lastEventId: string | undefined, caller: Caller) => Reply;
  /** Our pseudonym in `via`: an answer to it that comes in again is a loop. */
  readonly name: string;
  /** Answers the paths under `/goodgate/`; false for those that are replies. */
  readonly pages: (request: IncomingRequest, response: Responder) => boolean;
  /** True: 503 in place of 502 and 504. */
  readonly isEdgeSafe: () => boolean;
  /** True for targets that are sent the caller's own credential: what they say of it is the caller's to know. */
  readonly isCallerCredential: (target: string) => boolean;
  /** The gateway's own keys, which no word of a service may carry outside. */
  readonly secrets: () => readonly string[];
  /** What is remembered beyond one call. */
  readonly history: History;
  /** Told of each call once, when it is over: with the status its caller saw, 0 for none, and the finding when it failed. Must be quick and must not throw. */
  readonly record: RecordCall;
};

/** Hears how a call ended. */
export type RecordCall = (call: Call, outcome: Outcome, status: number, finding: Finding | undefined) => void;

/** The handler of the data port: request → call → service → reply, or the one failure it ends in. */
export function dataHandler(handling: DataHandling): RequestHandler {
  const { clock } = handling;
  const desk: Desk = {
    via: `1.1 ${handling.name}`,
    receivedStatus: receivedStatuses(handling.name),
    reading: { clock, nameCaller: callerNames(), hints: handling.hints },
    rounds: new Rounds(handling.timers, () => clock.hold?.(), [
      (one) => one.read(),
      (one) => one.ask(),
      (one) => one.answer(),
      (one) => one.record(),
    ]),
  };
  return (request, response) => {
    if (request.target.startsWith('/goodgate') && OURS.test(request.target) && handling.pages(request, response))
      return;
    new Handling(handling, request, response, desk).begin();
  };
}

/** What all calls share. */
type Desk = {
  readonly reading: CallReading;
  readonly rounds: Rounds<Handling>;
  /** Our member of `via`. */
  readonly via: string;
  /** Our member of `proxy-status` for an answer that is passed on, by its status (RFC 9209 §2.1.5). */
  readonly receivedStatus: (status: number) => string;
};

/** The steps of a call, in their order. */
const READ = 0;
const ASK = 1;
const ANSWER = 2;
const RECORD = 3;

/** One call on its way through. */
class Handling implements Taker, BodyTaker {
  readonly #handling: DataHandling;
  readonly #request: IncomingRequest;
  readonly #response: Responder;
  readonly #desk: Desk;
  readonly #id: string;
  readonly #startMs: number;
  readonly #path: string;
  #body: Uint8Array | undefined;
  #call: Call | undefined;
  /** How the call was answered. */
  #came: Reply | Failure | undefined;
  /** What throws after it told is told of again: the first word counts. */
  #isTold = false;
  #isLeft = false;
  #status = 0;
  #outcome: Outcome | undefined;

  constructor(handling: DataHandling, request: IncomingRequest, response: Responder, desk: Desk) {
    this.#handling = handling;
    this.#request = request;
    this.#response = response;
    this.#desk = desk;
    this.#id = handling.chance.id();
    this.#startMs = handling.clock.now();
    const query = request.target.indexOf('?');
    this.#path = query === -1 ? request.target : request.target.slice(0, query);
  }

  begin(): void {
    const request = this.#request;
    if (hasPassed(request.fields, this.#handling.name)) {
      this.#refuse(new Failure('gateway-loop', { phase: 'queue', firstEvent: 'parse' }));
    } else if (this.#path.startsWith(CALLS_PATH)) {
      this.#follow(this.#path.slice(CALLS_PATH.length, CALLS_PATH.length + ID_DIGITS));
    } else if (request.bodyLength === 0) {
      this.whole(undefined);
    } else {
      request.read(new BodyGatherer(request.bodyLength, this));
    }
  }

  whole(body: Uint8Array | undefined): void {
    this.#body = body;
    this.#response.onLeave = () => {
      this.#isLeft = true;
    };
    this.#desk.rounds.add(READ, this);
  }

  /** A caller who lost its connection reads on where it was. */
  #follow(id: string): void {
    const call = readCall(this.#request, this.#id, 'http', undefined, this.#startMs, this.#desk.reading);
    let reply: Reply;
    try {
      reply = this.#handling.follow(id, fieldOf(call.fields, 'last-event-id'), call.caller);
    } catch (stranger) {
      this.#fail(call, Failure.from(stranger));
      return;
    }
    this.#call = call;
    this.#write(call, reply);
  }

  read(): void {
    // Before anything was asked: there is no call to speak of.
    if (this.#isLeft) return;
    const dialect = dialectOf(this.#request.method, this.#path);
    let call: Call;
    try {
      call = readCall(this.#request, this.#id, dialect, this.#body, this.#startMs, this.#desk.reading);
    } catch (stranger) {
      this.#refuse(Failure.from(stranger));
      return;
    }
    this.#response.onLeave = () => {
      leave(call);
      this.#handling.record(call, ABANDONED, 0, undefined);
    };
    this.#body = undefined;
    this.#call = call;
    this.#desk.rounds.add(ASK, this);
  }

  ask(): void {
    const call = this.#call;
    if (call !== undefined && !call.isLeft) this.#handling.ask()(call, this);
  }

  answered(reply: Reply): void {
    if (this.#isTold) reply.cancel();
    else this.#tell(reply);
  }

  failed(stranger: unknown): void {
    if (!this.#isTold) this.#tell(Failure.from(stranger));
  }

  #tell(came: Reply | Failure): void {
    this.#isTold = true;
    this.#came = came;
    this.#desk.rounds.add(ANSWER, this);
  }

  answer(): void {
    const call = this.#call;
    const came = this.#came;
    if (call === undefined || came === undefined) return;
    // What flows for long must not keep it.
    this.#came = undefined;
    try {
      if (came instanceof Failure) this.#fail(call, came);
      else this.#write(call, came);
    } catch (stranger) {
      // A bug of ours ends this call, and no other.
      if (this.#response.isHeadSent) this.#response.abort();
      else this.#fail(call, Failure.from(stranger));
    }
  }

  #write(call: Call, reply: Reply): void {
    if (call.isLeft) {
      reply.cancel();
      return;
    }
    const { status } = reply;
    this.#status = status;
    const told = this.#told(call, this.#desk.receivedStatus(status), reply.target);
    const head = replyHead(reply.fields, told);
    const { tunnel } = reply;
    if (tunnel !== undefined) {
      head.fields.push('upgrade', 'websocket');
      openTunnel(call, reply, tunnel, this.#response, head, this.#handling.timers, (outcome) => {
        this.#outcome = outcome;
        this.record();
      });
      return;
    }
    // RFC 9110 §6.5.1: only who says so reads trailers. Only a length that is not known leaves room for them.
    const isTrailed = reply.length < 0 && this.#takesTrailers() && isEventStream(reply.fields);
    if (isTrailed) head.fields.push('trailer', 'proxy-status');
    new ReplyWriter(
      call,
      reply,
      this.#response,
      head,
      (failure) => (isEventStream(reply.fields) ? this.#broken(call, failure, isTrailed) : undefined),
      (outcome) => {
        this.#outcome = outcome;
        this.#desk.rounds.add(RECORD, this);
      },
    ).begin();
  }

  record(): void {
    const call = this.#call;
    const outcome = this.#outcome;
    if (call === undefined || outcome === undefined) return;
    const finding = outcome.kind === 'failed' ? this.#findingOf(call, outcome.failure) : undefined;
    this.#handling.record(call, outcome, this.#status, finding);
  }

  #takesTrailers(): boolean {
    const te = fieldOf(this.#request.fields, 'te');
    return te !== undefined && this.#request.minorVersion === 1 && /\btrailers\b/i.test(te);
  }

  /** The failure as the stream's last event, and as a trailer for who reads them: told twice, it cannot pass for an end (P2). */
  #broken(call: Call, failure: Failure, isTrailed: boolean): Break {
    const finding = this.#findingOf(call, failure);
    const context = this.#context(call, finding);
    const text = streamBreak(finding, this.#shape(), context);
    const status = isTrailed ? failureStatus(finding, this.#handling.name, lastTarget(call), context.hide) : undefined;
    return { text, trailers: status === undefined ? undefined : ['proxy-status', status] };
  }

  #fail(call: Call, failure: Failure): void {
    // Its leaving was recorded when it left; what fails after that is only the echo.
    if (call.isLeft) return;
    const finding = this.#findingOf(call, failure);
    const status = this.#answerFailure(finding, call);
    this.#handling.record(call, { kind: 'failed', failure }, status, finding);
  }

  #findingOf(call: Call, failure: Failure): Finding {
    const { history } = this.#handling;
    return findingBehind(failure, call.story.attempts, { history, caller: callerOf(call), model: call.model });
  }

  /** A request that never became a call. */
  #refuse(failure: Failure): void {
    this.#answerFailure(findingBehind(failure), undefined);
  }

  #answerFailure(finding: Finding, call: Call | undefined): number {
    const context = this.#context(call, finding);
    const answer = failureAnswer(finding, this.#shape(), context);
    const target = lastTarget(call);
    const status = failureStatus(finding, this.#handling.name, target, context.hide);
    const fields = ownFields(answer.contentType, this.#told(call, status, target));
    for (const part of answer.more) fields.push(part);
    this.#response.send(answer.status, fields, answer.body);
    return answer.status;
  }

  #told(call: Call | undefined, proxyStatus: string, target: string | undefined): Told {
    const { clock } = this.#handling;
    return {
      requestId: this.#id,
      attempts: call?.story.attempts ?? [],
      startMs: this.#startMs,
      via: this.#desk.via,
      proxyStatus,
      target,
      nowMs: clock.now(),
    };
  }

  #shape(): ErrorShape {
    const { fields } = this.#request;
    return errorShapeOf(this.#path, fieldOf(fields, 'accept'), fieldOf(fields, 'anthropic-version') !== undefined);
  }

  #context(call: Call | undefined, finding: Finding): FailureContext {
    const { isEdgeSafe, isCallerCredential, secrets, clock } = this.#handling;
    const { fields, method } = this.#request;
    const target = lastTarget(call);
    return {
      requestId: this.#id,
      attempts: call?.story.attempts ?? [],
      isCallerCredential: finding.receivedStatus !== undefined && target !== undefined && isCallerCredential(target),
      isEdgeSafe: isEdgeSafe(),
      hide: hiding({ fields, body: call?.body }, secrets()),
      method,
      host: fieldOf(fields, 'host') ?? '',
      acceptLanguage: fieldOf(fields, 'accept-language'),
      wallMs: clock.wallMs(),
    };
  }
}

/** `/goodgate/calls/{id}/stream`: the reply of a call, again. */
const CALLS_PATH = '/goodgate/calls/';
const ID_DIGITS = 32;

/** Paths that are never a target's. */
const OURS = /^\/goodgate(?:[/?]|$)/;

/** Whom the call asked last. */
function lastTarget(call: Call | undefined): string | undefined {
  return call?.story.attempts.at(-1)?.target;
}

function isEventStream(fields: Fields): boolean {
  return fieldOf(fields, 'content-type')?.startsWith('text/event-stream') === true;
}
