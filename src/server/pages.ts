import type { Fields } from '../call/fields.ts';
import type { IncomingRequest, Responder } from '../http1/contract.ts';

export type PageState = {
  /** False while the process drains: balancers in front should send new calls elsewhere. */
  readonly isServing: () => boolean;
};

const JSON_FIELDS: Fields = ['content-type', 'application/json', 'cache-control', 'no-store'];

/** The pages under `/goodgate/`. False when there is no page of that name. */
export function goodgatePages(state: PageState): (request: IncomingRequest, response: Responder) => boolean {
  return (request, response) => {
    const path = request.target.split('?', 1)[0];
    if (path !== '/goodgate/health') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.send(405, [...JSON_FIELDS, 'allow', 'GET, HEAD'], '{"status":"method not allowed"}\n');
    } else if (state.isServing()) {
      response.send(200, [...JSON_FIELDS], '{"status":"ok"}\n');
    } else {
      response.send(503, [...JSON_FIELDS], '{"status":"draining"}\n');
    }
    return true;
  };
}
