import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Ask } from './service.ts';

/**
 * Whatever is thrown below leaves as one `Failure`; a stranger becomes `gateway-bug` and keeps its cause. `judge` is told of each call that
 * failed, when its story is complete; calls that were answered have been judged at their first part.
 */
export function explain(judge: (call: Call) => void, ask: Ask): Ask {
  return (call, taker) => {
    const failed = (stranger: unknown): void => {
      judge(call);
      taker.failed(Failure.from(stranger));
    };
    try {
      ask(call, { answered: (reply) => taker.answered(reply), failed });
    } catch (stranger) {
      failed(stranger);
    }
  };
}
