import type { Fields } from '../call/fields.ts';
import type { Attempt } from '../call/story.ts';
import { HOP_BY_HOP, namedHops } from '../http1/hops.ts';

/** Fields of the target's answer that we write anew. */
const OURS = ['x-request-id', 'via', 'proxy-status', 'server-timing', 'content-length'];

/** Fields that are not passed on as they are. */
const SPECIAL: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...OURS]);

/** What we say of every answer. */
export type Told = {
  readonly requestId: string;
  readonly attempts: readonly Attempt[];
  readonly startMs: number;
  /** Our member of `via`. */
  readonly via: string;
  /** Our member of `proxy-status`, RFC 9209. */
  readonly proxyStatus: string;
  /** Who answers; undefined when nobody did. */
  readonly target: string | undefined;
  readonly nowMs: number;
};

/** The fields of an answer passed on: the target's end-to-end fields, then ours. Members of lists are appended, never replaced. */
export function replyFields(given: readonly string[], length: number, told: Told): Fields {
  const fields: Fields = [];
  let via = told.via;
  let proxyStatus = told.proxyStatus;
  let serverTiming = '';
  // Before ours are added, so that nothing from outside can take those away.
  const named = namedHops(given);
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = given[i] ?? '';
    const value = given[i + 1] ?? '';
    if (named?.has(name) === true) continue;
    if (!SPECIAL.has(name)) {
      // Ours to say alone: a target that forges them is not believed.
      if (!name.startsWith('goodgate-')) fields.push(name, value);
    } else if (name === 'via') via = `${value}, ${via}`;
    else if (name === 'proxy-status') proxyStatus = `${value}, ${proxyStatus}`;
    else if (name === 'server-timing') serverTiming = `${value}, `;
  }
  if (length >= 0) fields.push('content-length', String(length));
  pushOurs(fields, told, via, proxyStatus, serverTiming);
  return fields;
}

/** The fields of an answer of our own. */
export function ownFields(contentType: string, told: Told): Fields {
  const fields: Fields = ['content-type', contentType, 'cache-control', 'no-store'];
  pushOurs(fields, told, told.via, told.proxyStatus, '');
  return fields;
}

function pushOurs(fields: Fields, told: Told, via: string, proxyStatus: string, serverTiming: string): void {
  const { attempts, target } = told;
  fields.push('x-request-id', told.requestId, 'via', via, 'proxy-status', proxyStatus);
  fields.push('server-timing', `${serverTiming}${timingOf(told)}`, 'goodgate-attempts', String(attempts.length));
  if (target !== undefined) fields.push('goodgate-target', target);
}

/** What the call took here, and what its last attempt did. */
function timingOf(told: Told): string {
  const last = told.attempts[told.attempts.length - 1];
  const total = `goodgate;dur=${tenths(told.nowMs - told.startMs)}`;
  return last === undefined ? total : `${total}, attempt;dur=${tenths(told.nowMs - last.startMs)}`;
}

/** Milliseconds with one decimal, without the cost of `toFixed`. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
