import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Fields } from '../call/fields.ts';
import { ANSWERED } from '../call/reply.ts';
import { Relay } from '../call/settle.ts';
import type { Attempt } from '../call/story.ts';
import type { Target } from '../call/target.ts';
import { withModel } from '../call/top-level.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Exchange, ExchangeClocks, Receiver, Requester } from '../http1/contract.ts';
import type { Service } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import { outgoingFields } from './fields.ts';
import { pathAt } from './speaks.ts';

export type AskSettings = {
  readonly target: Target;
  /** Fields the target wants with every request, flat, names lower case. */
  readonly fields: readonly string[];
  /** Fields sent where the caller sends none of that name. */
  readonly fieldsDefault: readonly string[];
  /** Our member of `via`: `1.1 pseudonym`. */
  readonly via: string;
  /** The model to ask for instead of the caller's. */
  readonly model: string | undefined;
  /** The clocks of one attempt; asked for each, since the last candidate gets the whole remaining deadline. */
  readonly clocks: (call: Call) => ExchangeClocks;
};

/**
 * The innermost service: sends the call to one target over HTTP/1.1 as it is and resolves at the head of the response, whatever its
 * status. Rejects with `Failure` when there is no head. Watch, next above, decides whether what comes is an answer.
 */
export function ask(clock: Clock, requester: Requester, settings: AskSettings): Service {
  const { target, model, clocks } = settings;
  return (call) =>
    new Promise((fulfil, reject) => {
      const body =
        model === undefined || call.body === undefined || call.modelAt === undefined
          ? call.body
          : withModel(call.body, call.modelAt, model);
      const asking = new Asking(clock, call.attempt, target.name, fulfil, reject);
      asking.begin(
        requester.exchange(
          target.origin,
          {
            method: call.method,
            target: pathAt(target, call.path),
            fields: outgoingFields(call, settings),
            body,
            clocks: clocks(call),
            isReplayable: call.isReplayable,
          },
          asking,
        ),
      );
    });
}

/** One exchange on its way to being a reply. */
class Asking implements Receiver {
  readonly #clock: Clock;
  readonly #attempt: Attempt | undefined;
  readonly #target: string;
  readonly #fulfil: (relay: Relay) => void;
  readonly #reject: (failure: Failure) => void;
  #exchange: Exchange | undefined;
  #relay: Relay | undefined;
  #isOver = false;

  constructor(
    clock: Clock,
    attempt: Attempt | undefined,
    target: string,
    fulfil: (relay: Relay) => void,
    reject: (failure: Failure) => void,
  ) {
    this.#clock = clock;
    this.#attempt = attempt;
    this.#target = target;
    this.#fulfil = fulfil;
    this.#reject = reject;
  }

  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#isOver) return;
    if (this.#attempt !== undefined) this.#attempt.cancel = () => this.cancel();
  }

  informational(): void {}

  head(status: number, fields: Fields, length: number): void {
    if (this.#attempt !== undefined) {
      this.#attempt.status = status;
      this.#attempt.headMs = this.#clock.now();
    }
    this.#relay = new Relay({ status, fields, length, target: this.#target }, this);
    this.#fulfil(this.#relay);
  }

  part(bytes: Uint8Array): void {
    this.#relay?.part(bytes);
  }

  end(trailers: Fields | undefined): void {
    this.#over();
    this.#relay?.end(trailers === undefined ? ANSWERED : { kind: 'answered', trailers });
  }

  fail(evidence: Evidence): void {
    this.#over();
    const failure = new Failure(classify(evidence).code, evidence);
    if (this.#attempt !== undefined) this.#attempt.bytesWritten = evidence.bytesWritten ?? 0;
    if (this.#relay === undefined) this.#reject(failure);
    else this.#relay.end({ kind: 'failed', failure });
  }

  pause(): void {
    this.#exchange?.pause();
  }

  resume(): void {
    this.#exchange?.resume();
  }

  /** Nobody wants this attempt any more: the caller left, or another one spoke first. */
  cancel(): void {
    if (this.#isOver) return;
    this.#over();
    const facts: Omit<Evidence, 'firstEvent'> = this.#exchange?.facts() ?? { phase: 'queue' };
    if (this.#attempt !== undefined) this.#attempt.bytesWritten = facts.bytesWritten ?? 0;
    this.#exchange?.cancel();
    if (this.#relay === undefined) this.#reject(new Failure('caller-left', { ...facts, firstEvent: 'our-cancel' }));
    else this.#relay.cancel();
  }

  #over(): void {
    this.#isOver = true;
    if (this.#attempt !== undefined) this.#attempt.cancel = undefined;
  }
}
