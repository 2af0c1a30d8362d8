import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Filter } from './service.ts';

/**
 * Whatever is thrown below leaves as one `Failure`; a stranger becomes `gateway-bug` and keeps its cause. `judge` is told of each call that
 * failed, when its story is complete; calls that were answered have been judged at their first part.
 */
export function explain(judge: (call: Call) => void): Filter {
  return (call, next) => {
    const failed = (stranger: unknown): Promise<never> => {
      judge(call);
      return Promise.reject(Failure.from(stranger));
    };
    try {
      return next(call).catch(failed);
    } catch (stranger) {
      return failed(stranger);
    }
  };
}
