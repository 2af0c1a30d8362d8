import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { ANSWERED, type Tunnel } from '../call/reply.ts';
import { type Head, Relay, type Upstream } from '../call/settle.ts';
import type { Attempt } from '../call/story.ts';
import type { Target } from '../call/target.ts';
import { withModel } from '../call/top-level.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Exchange, ExchangeClocks, Receiver, Requester } from '../http1/contract.ts';
import { endingOf } from '../http1/ending.ts';
import { TunnelEnd } from '../http1/join.ts';
import { type Ask, promised, type Service, type Taker } from '../pipeline/service.ts';
import type { Clock, Wire } from '../world/world.ts';
import { outgoingHead } from './fields.ts';
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
  /** Pays for sending a request again that a dead reused connection had taken; false when it cannot be paid now. */
  readonly mayReplay?: () => boolean;
};

/** The innermost service by itself, for those who want the answer as it comes: resolves at the head of the response, whatever its status. */
export function ask(clock: Clock, requester: Requester, settings: AskSettings): Service {
  return promised(asking(clock, requester, settings));
}

/**
 * Sends the call to one target over HTTP/1.1 as it is, and has an answer at the head of the response, whatever its status; a `Failure` when
 * there is no head. Watch, next above, decides whether what comes is an answer.
 */
export function asking(clock: Clock, requester: Requester, settings: AskSettings): Ask {
  const { target, model, clocks, mayReplay } = settings;
  return (call, taker) => {
    const body =
      model === undefined || call.body === undefined || call.modelAt === undefined
        ? call.body
        : withModel(call.body, call.modelAt, model);
    const one = new Asking(clock, call.attempt, target.name, taker);
    const { fields, ownLines } = outgoingHead(call, settings);
    if (call.upgrade !== undefined) fields.push('upgrade', call.upgrade);
    const request = {
      method: call.method,
      target: pathAt(target, call.path),
      fields,
      ownLines,
      body,
      clocks: clocks(call),
      isReplayable: call.isReplayable,
      mayReplay,
    };
    one.begin(
      call.upgrade === undefined
        ? requester.exchange(target.origin, request, one)
        : requester.upgrade(target.origin, request, one, (answered, wire, early) =>
            one.switched(answered, wire, early),
          ),
    );
  };
}

/** One exchange on its way to being a reply. */
class Asking implements Receiver {
  readonly #clock: Clock;
  readonly #attempt: Attempt | undefined;
  readonly #target: string;
  /** undefined once it was told: it must not be kept for as long as the reply flows. */
  #taker: Taker | undefined;
  #exchange: Exchange | undefined;
  /** Ours since the target has switched protocols. */
  #wire: Wire | undefined;
  #relay: Relay | undefined;
  #isOver = false;

  constructor(clock: Clock, attempt: Attempt | undefined, target: string, taker: Taker) {
    this.#clock = clock;
    this.#attempt = attempt;
    this.#target = target;
    this.#taker = taker;
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
    this.#answered(new Relay({ status, fields, length, target: this.#target }, this));
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
    if (this.#relay === undefined) this.#taker?.failed(failure);
    else this.#relay.end({ kind: 'failed', failure });
  }

  /** The target goes on in the protocol that was asked for; another one is no answer (RFC 9110 §7.8). */
  switched(fields: Fields, wire: Wire, early: Uint8Array): void {
    if (fieldOf(fields, 'upgrade')?.trim().toLowerCase() !== 'websocket') {
      wire.reset();
      this.fail({ ...this.#facts(), firstEvent: 'parse', parse: 'upgrade' });
      return;
    }
    const end = new TunnelEnd(wire, early);
    this.#wire = wire;
    const tunnel: Tunnel = {
      end,
      closed: () => this.end(undefined),
      broke: (fault) => this.fail({ ...this.#facts(), phase: 'body', ...endingOf(fault) }),
    };
    if (this.#attempt !== undefined) {
      this.#attempt.status = 101;
      this.#attempt.headMs = this.#clock.now();
    }
    this.#answered(new TunnelRelay({ status: 101, fields, length: -1, target: this.#target }, this, tunnel));
  }

  #answered(relay: Relay): void {
    const taker = this.#taker;
    this.#relay = relay;
    this.#taker = undefined;
    taker?.answered(relay);
  }

  #facts(): Omit<Evidence, 'firstEvent'> {
    return this.#exchange?.facts() ?? { phase: 'queue' };
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
    const facts = this.#facts();
    if (this.#attempt !== undefined) this.#attempt.bytesWritten = facts.bytesWritten ?? 0;
    this.#exchange?.cancel();
    this.#wire?.reset();
    if (this.#relay === undefined)
      this.#taker?.failed(new Failure('caller-left', { ...facts, firstEvent: 'our-cancel' }));
    else this.#relay.cancel();
  }

  #over(): void {
    this.#isOver = true;
    if (this.#attempt !== undefined) this.#attempt.cancel = undefined;
  }
}

/** A reply that is a tunnel. */
class TunnelRelay extends Relay {
  readonly tunnel: Tunnel;

  constructor(head: Head, upstream: Upstream, tunnel: Tunnel) {
    super(head, upstream);
    this.tunnel = tunnel;
  }
}
