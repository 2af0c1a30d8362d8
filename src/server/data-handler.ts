import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { leave } from '../call/leave.ts';
import type { Outcome, Reply } from '../call/reply.ts';
import type { IncomingRequest, RequestHandler, Responder } from '../http1/contract.ts';
import type { Service } from '../pipeline/service.ts';
import type { Chance, Clock } from '../world/world.ts';
import { callerNames } from './callers.ts';
import { dialectOf, type ErrorShape, errorShapeOf } from './dialect.ts';
import { failureAnswer, findingBehind, streamBreak } from './failure-answer.ts';
import { BodyGatherer } from './gather-body.ts';
import { type CallReading, readCall } from './read-call.ts';
import { ownFields, replyFields, type Told } from './reply-fields.ts';
import { ReplyWriter } from './write-reply.ts';

export type DataHandling = {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Answers calls; replaced by a reload, so asked for each call. */
  readonly service: () => Service;
  readonly deadlineMs: () => number;
  /** Our pseudonym in `via`: an answer to it that comes in again is a loop. */
  readonly name: string;
  /** Answers the paths under `/goodgate/`; false when it has no such page. */
  readonly pages: (request: IncomingRequest, response: Responder) => boolean;
  /** Told of each call when it is over. Must be quick and must not throw. */
  readonly record: (call: Call, outcome: Outcome) => void;
};

/** The handler of the data port: request → call → service → reply, or the one failure it ends in. */
export function dataHandler(handling: DataHandling): RequestHandler {
  const nameCaller = callerNames();
  return (request, response) => {
    if (request.target.startsWith('/goodgate/') && handling.pages(request, response)) return;
    new Handling(handling, request, response, nameCaller).begin();
  };
}

/** One call on its way through. */
class Handling {
  readonly #handling: DataHandling;
  readonly #request: IncomingRequest;
  readonly #response: Responder;
  readonly #reading: CallReading;
  readonly #id: string;
  readonly #startMs: number;
  readonly #path: string;

  constructor(
    handling: DataHandling,
    request: IncomingRequest,
    response: Responder,
    nameCaller: CallReading['nameCaller'],
  ) {
    this.#handling = handling;
    this.#request = request;
    this.#response = response;
    this.#reading = { clock: handling.clock, nameCaller, deadlineMs: handling.deadlineMs() };
    this.#id = handling.chance.id();
    this.#startMs = handling.clock.now();
    const query = request.target.indexOf('?');
    this.#path = query === -1 ? request.target : request.target.slice(0, query);
  }

  begin(): void {
    const request = this.#request;
    if (fieldOf(request.fields, 'via')?.includes(` ${this.#handling.name}`) === true) {
      this.#refuse(new Failure('gateway-loop', { phase: 'queue', firstEvent: 'parse' }));
    } else if (request.bodyLength === 0) {
      this.#serve(undefined);
    } else {
      request.read(
        new BodyGatherer(
          request.bodyLength,
          (body) => this.#serve(body),
          // The engine has answered or closed already: there is nobody left to tell.
          () => undefined,
        ),
      );
    }
  }

  #serve(body: Uint8Array | undefined): void {
    const dialect = dialectOf(this.#request.method, this.#path);
    let call: Call;
    try {
      call = readCall(this.#request, this.#id, dialect, body, this.#startMs, this.#reading);
    } catch (stranger) {
      this.#refuse(Failure.from(stranger));
      return;
    }
    this.#response.onLeave = () => {
      leave(call);
      this.#handling.record(call, { kind: 'abandoned' });
    };
    this.#handling
      .service()(call)
      .then(
        (reply) => this.#write(call, reply),
        (stranger) => this.#fail(call, Failure.from(stranger)),
      );
  }

  #write(call: Call, reply: Reply): void {
    if (call.isLeft) {
      reply.cancel();
      return;
    }
    const told = this.#told(call, 'received-status', reply.status, reply.target);
    const { record } = this.#handling;
    new ReplyWriter(
      call,
      reply,
      this.#response,
      replyFields(reply.fields, reply.length, told),
      (outcome) =>
        outcome.kind === 'failed' && isEventStream(reply.fields)
          ? streamBreak(outcome.failure, this.#shape(), this.#context(call))
          : undefined,
      (outcome) => record(call, outcome),
    ).begin();
  }

  #fail(call: Call, failure: Failure): void {
    this.#handling.record(call, { kind: 'failed', failure });
    if (!call.isLeft) this.#answerFailure(failure, call);
  }

  /** A request that never became a call. */
  #refuse(failure: Failure): void {
    this.#answerFailure(failure, undefined);
  }

  #answerFailure(failure: Failure, call: Call | undefined): void {
    const finding = findingBehind(failure);
    const answer = failureAnswer(finding, this.#shape(), this.#context(call));
    const told = this.#told(call, 'error', finding.proxyError ?? 'proxy_internal_error', finding.evidence.host);
    const fields = ownFields(answer.contentType, told);
    for (const part of answer.more) fields.push(part);
    this.#response.send(answer.status, fields, answer.body);
  }

  #told(call: Call | undefined, parameter: string, value: string | number, target: string | undefined): Told {
    const { name, clock } = this.#handling;
    return {
      requestId: this.#id,
      attempts: call?.story.attempts ?? [],
      startMs: this.#startMs,
      via: `1.1 ${name}`,
      proxyStatus: `${name}; ${parameter}=${value}`,
      target: target ?? call?.story.attempts.at(-1)?.target,
      nowMs: clock.now(),
    };
  }

  #shape(): ErrorShape {
    const { fields } = this.#request;
    return errorShapeOf(this.#path, fieldOf(fields, 'accept'), fieldOf(fields, 'anthropic-version') !== undefined);
  }

  #context(call: Call | undefined) {
    return { requestId: this.#id, attempts: call?.story.attempts.length ?? 0, isCallerCredential: false };
  }
}

function isEventStream(fields: Fields): boolean {
  return fieldOf(fields, 'content-type')?.startsWith('text/event-stream') === true;
}
