import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';

/** Answers a call. Resolves when the first part of the answer is in hand (design §4, contract 2), rejects with `Failure` only. */
export type Service = (call: Call) => Promise<Reply>;

/** One concern around a service. */
export type Filter = (call: Call, next: Service) => Promise<Reply>;

/** Puts filters around a service; the first one sees the call first, so a stack reads in the order of the request. */
export function stack(filters: readonly Filter[], service: Service): Service {
  return filters.reduceRight<Service>((next, filter) => (call) => filter(call, next), service);
}
