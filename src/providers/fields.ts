import type { Call } from '../call/call.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import type { Target } from '../call/target.ts';
import type { OwnLines } from '../http1/contract.ts';
import { fieldLine } from '../http1/field-line.ts';
import { HOP_BY_HOP, namedHops } from '../http1/hops.ts';

/** Fields of the caller that never reach a target: they are written anew by the engine or by us, or are meant for us alone. */
const WITHHELD = [
  'host',
  'content-length',
  'expect',
  'via',
  'accept-encoding',
  'x-request-id',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/** Where callers put their credentials, in all dialects we speak. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'api-key', 'cookie']);

/** What goes no further whoever is asked, and what is looked at twice. */
const SPECIAL: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...WITHHELD, ...CREDENTIALS]);

/** What a target wants in the head of every request. */
export type OutgoingFields = {
  readonly target: Target;
  /** Sent instead of the caller's of the same name. */
  readonly fields: readonly string[];
  /** Sent where the caller sends none of that name. */
  readonly fieldsDefault: readonly string[];
  /** Our member of `via` (RFC 9110 §7.6.3). */
  readonly via: string;
};

export type OutgoingHead = { readonly fields: Fields; readonly ownLines: OwnLines };

/**
 * The fields of the request to a target: the caller's end-to-end fields, then ours. The caller's credential is for Goodgate, not for
 * whoever answers, so it goes no further unless the target's config says so.
 */
export function outgoingHead(call: Call, { target, fields, fieldsDefault, via }: OutgoingFields): OutgoingHead {
  const sent: Fields = [];
  const given = call.fields;
  // Before ours are added, so that nothing from outside can take those away.
  const named = namedHops(given);
  let path = '';
  let acceptEncoding: string | undefined;
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = given[i] ?? '';
    const value = given[i + 1] ?? '';
    if (named?.has(name) === true) continue;
    if (SPECIAL.has(name)) {
      if (name === 'via') path += `${value}, `;
      else if (name === 'accept-encoding') acceptEncoding ??= value;
      if (!target.isCallerCredentialPassed || !CREDENTIALS.has(name)) continue;
    }
    if (name.startsWith('goodgate-')) continue;
    if (fields.length > 0 && fieldOf(fields, name) !== undefined) continue;
    sent.push(name, value);
  }
  for (let i = 0; i + 1 < fieldsDefault.length; i += 2) {
    const name = fieldsDefault[i] ?? '';
    if (fieldOf(sent, name) === undefined) sent.push(name, fieldsDefault[i + 1] ?? '');
  }
  for (const part of fields) sent.push(part);
  for (const part of target.credential) sent.push(part);
  // Identity only: an answer must be readable as it comes, to know whether it is one.
  if (call.dialect !== 'http') acceptEncoding = 'identity';
  const encoding = acceptEncoding === undefined ? '' : fieldLine('accept-encoding', acceptEncoding);
  const attempt = Math.max(1, call.story.attempts.length);
  const ownLines = `x-request-id: ${call.id}\r\ngoodgate-attempt: ${attempt}\r\n${fieldLine('via', path + via)}${encoding}`;
  return { fields: sent, ownLines };
}
