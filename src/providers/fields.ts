import type { Call } from '../call/call.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import type { Target } from '../call/target.ts';
import { endToEnd } from '../http1/serialise.ts';

/** Fields of the caller that never reach a target: they are written anew by the engine or by us, or are meant for us alone. */
const WITHHELD = new Set([
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
]);

/** Where callers put their credentials, in all dialects we speak. */
const CREDENTIALS = new Set(['authorization', 'x-api-key', 'api-key', 'cookie']);

/**
 * The fields of the request to a target: the caller's end-to-end fields, then ours. The caller's credential is for Goodgate, not for
 * whoever answers, so it goes no further unless the target's config says so. `more` are the target's own fields, `via` is our member of
 * that field (RFC 9110 §7.6.3).
 */
export function outgoingFields(call: Call, target: Target, more: readonly string[], via: string): Fields {
  const fields: Fields = [];
  const given = endToEnd(call.fields);
  let path = via;
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = given[i] ?? '';
    const value = given[i + 1] ?? '';
    if (name === 'via') path = `${value}, ${via}`;
    if (WITHHELD.has(name) || name.startsWith('goodgate-')) continue;
    if (!target.isCallerCredentialPassed && CREDENTIALS.has(name)) continue;
    fields.push(name, value);
  }
  for (const part of more) fields.push(part);
  for (const part of target.credential) fields.push(part);
  // Identity only: an answer must be readable as it comes, to know whether it is one.
  const acceptEncoding = call.dialect === 'http' ? fieldOf(given, 'accept-encoding') : 'identity';
  if (acceptEncoding !== undefined) fields.push('accept-encoding', acceptEncoding);
  fields.push(
    'x-request-id',
    call.id,
    'goodgate-attempt',
    String(Math.max(1, call.story.attempts.length)),
    'via',
    path,
  );
  return fields;
}
