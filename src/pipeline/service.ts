import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';

/** Answers a call. Resolves when the first part of the answer is in hand (design §4, contract 2), rejects with `Failure` only. */
export type Service = (call: Call) => Promise<Reply>;

/** Hears what came of a call: exactly one of the two, once, perhaps before `ask` returns. Must not throw. */
export type Taker = {
  answered(reply: Reply): void;
  failed(failure: unknown): void;
};

/**
 * A service that tells what came of a call by calling. The steps from the edge down to the target follow each other within one event of
 * the wire; a promise for each would cost a plain call more than reading both of its heads does.
 */
export type Ask = (call: Call, taker: Taker) => void;

/** The service that asks so. What `ask` throws before it returns is a rejection. */
export function promised(ask: Ask): Service {
  return (call) => new Promise((answered, failed) => ask(call, { answered, failed }));
}

/** The other way round: tells what a service promises. */
export function asked(service: Service): Ask {
  return (call, taker) => tell(service(call), taker);
}

/** Tells what was promised. */
export function tell(promise: Promise<Reply>, taker: Taker): void {
  promise.then(
    (reply) => taker.answered(reply),
    (failure: unknown) => taker.failed(failure),
  );
}
