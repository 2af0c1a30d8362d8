import type { Fields } from '../call/fields.ts';
import type { Attempt } from '../call/story.ts';
import type { OwnLines } from '../http1/contract.ts';
import { fieldLine } from '../http1/field-line.ts';
import { HOP_BY_HOP, namedHops } from '../http1/hops.ts';
import { fieldLines } from '../http1/serialise.ts';

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

export type ReplyHead = { readonly fields: Fields; readonly ownLines: OwnLines };

/** The head of an answer passed on, but for its length: the target's end-to-end fields, then ours. Members of lists are appended, never replaced. */
export function replyHead(given: readonly string[], told: Told): ReplyHead {
  const fields: Fields = [];
  let via = '';
  let proxyStatus = '';
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
    } else if (name === 'via') via += `${value}, `;
    else if (name === 'proxy-status') proxyStatus += `${value}, `;
    else if (name === 'server-timing') serverTiming += `${value}, `;
  }
  const isFirst = via === '' && proxyStatus === '';
  const standing = isFirst ? standingLines(told) : fieldLines(standingFields(told, via, proxyStatus));
  const timing =
    serverTiming === ''
      ? `server-timing: ${timingOf(told)}\r\n`
      : fieldLine('server-timing', `${serverTiming}${timingOf(told)}`);
  return { fields, ownLines: `x-request-id: ${told.requestId}\r\n${standing}${timing}` };
}

/** The fields of an answer of our own. */
export function ownFields(contentType: string, told: Told): Fields {
  const fields: Fields = ['content-type', contentType, 'cache-control', 'no-store'];
  fields.push('x-request-id', told.requestId, ...standingFields(told, '', ''), 'server-timing', timingOf(told));
  return fields;
}

/** What is the same for most answers of a target. `via`, `proxyStatus`: the members before ours, with their commas. */
function standingFields(told: Told, via: string, proxyStatus: string): Fields {
  const fields: Fields = ['via', `${via}${told.via}`, 'proxy-status', `${proxyStatus}${told.proxyStatus}`];
  fields.push('goodgate-attempts', String(told.attempts.length));
  if (told.target !== undefined) fields.push('goodgate-target', told.target);
  return fields;
}

type Standing = {
  readonly via: string;
  readonly proxyStatus: string;
  readonly attempts: number;
  readonly lines: OwnLines;
};

/** Its lines, as the last answer of each target had them. */
const standing = new Map<string, Standing>();
/** Names of targets come from the config; reloads may bring new ones for ever. */
const STANDING_MAX = 1024;

function standingLines(told: Told): OwnLines {
  const target = told.target ?? '';
  const attempts = told.attempts.length;
  const known = standing.get(target);
  if (known?.attempts === attempts && known.proxyStatus === told.proxyStatus && known.via === told.via)
    return known.lines;
  const lines = fieldLines(standingFields(told, '', ''));
  if (standing.size >= STANDING_MAX) standing.clear();
  standing.set(target, { via: told.via, proxyStatus: told.proxyStatus, attempts, lines });
  return lines;
}

/** Our member of `proxy-status` for an answer that is passed on, by its status: one text for each, so that equal ones are the same object. */
export function receivedStatuses(name: string): (status: number) => string {
  const texts = new Map<number, string>();
  return (status) => {
    const known = texts.get(status);
    if (known !== undefined) return known;
    const text = `${name}; received-status=${status}`;
    texts.set(status, text);
    return text;
  };
}

/** What the call took here, and what its last attempt did. */
function timingOf(told: Told): string {
  const last = told.attempts[told.attempts.length - 1];
  const total = `goodgate;dur=${tenths(told.nowMs - told.startMs)}`;
  return last === undefined ? total : `${total}, attempt;dur=${tenths(told.nowMs - last.startMs)}`;
}

/** Milliseconds with at most one decimal; whole numbers are written many times faster than others. */
function tenths(ms: number): string {
  const all = Math.round(ms * 10);
  if (all < 0) return `-${tenths(-ms)}`;
  const decimal = all % 10;
  const whole = (all - decimal) / 10;
  return decimal === 0 ? `${whole}` : `${whole}.${decimal}`;
}
