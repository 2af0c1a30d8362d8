import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';
import { type Ask, asked, promised, type Service } from './service.ts';

/** One concern around a service. */
export type Filter = (call: Call, next: Service) => Promise<Reply>;

/** A step that tells by calling as a filter, so that the service below it can be played by hand. */
export function asFilter(step: (ask: Ask) => Ask): Filter {
  return (call, next) => promised(step(asked(next)))(call);
}

/** Puts filters around a service; the first one sees the call first, so a stack reads in the order of the request. */
export function stack(filters: readonly Filter[], service: Service): Service {
  return filters.reduceRight<Service>((next, filter) => (call) => filter(call, next), service);
}
