import { type Ask, type Filter, promised } from './service.ts';

/** A step nearest the target as a filter, so that the service below it can be played by hand. */
export function asFilter(step: (ask: Ask) => Ask): Filter {
  return (call, next) => {
    const ask: Ask = (asked, taker) => {
      next(asked).then(
        (reply) => taker.answered(reply),
        (failure: unknown) => taker.failed(failure),
      );
    };
    return promised(step(ask))(call);
  };
}
