import { Failure } from '../call/failure.ts';
import type { Filter } from './service.ts';

/** Whatever is thrown below leaves as one `Failure`; a stranger becomes `gateway-bug` and keeps its cause. */
export const explain: Filter = (call, next) => {
  try {
    return next(call).catch((stranger: unknown) => Promise.reject(Failure.from(stranger)));
  } catch (stranger) {
    return Promise.reject(Failure.from(stranger));
  }
};
