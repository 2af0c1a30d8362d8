import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';

/** Answers a call. Resolves when the first part of the answer is in hand (design §4, contract 2), rejects with `Failure` only. */
export type Service = (call: Call) => Promise<Reply>;

/** One concern around a service. */
export type Filter = (call: Call, next: Service) => Promise<Reply>;

/** Hears what came of a call: exactly one of the two, once. Must not throw. */
export type Taker = {
  answered(reply: Reply): void;
  failed(failure: unknown): void;
};

/**
 * A service nearest the target, which tells what came of a call by calling: the steps there follow each other within one event of the wire,
 * and a promise for each would cost a plain call as much as reading its head does.
 */
export type Ask = (call: Call, taker: Taker) => void;

/** The service that asks so. What `ask` throws before it returns is a rejection. */
export function promised(ask: Ask): Service {
  return (call) => new Promise((answered, failed) => ask(call, { answered, failed }));
}

/** Puts filters around a service; the first one sees the call first, so a stack reads in the order of the request. */
export function stack(filters: readonly Filter[], service: Service): Service {
  return filters.reduceRight<Service>((next, filter) => (call) => filter(call, next), service);
}
