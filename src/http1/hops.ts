import type { Fields } from '../call/fields.ts';

/** Fields that concern one connection only (RFC 9110 §7.6.1, and by practice the `proxy-` pair and `keep-alive`). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Fields that `Connection` may not name away. A caller that could strip its own `x-forwarded-for`, `cookie` or `authorization` behind our
 * checks would have the next hop see another request than we judged. RFC 9110 §7.6.1 forbids senders to name such fields.
 */
const NOT_TO_BE_NAMED = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'set-cookie',
  'via',
  'x-api-key',
  'api-key',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
]);

/**
 * The fields that `Connection` names, besides those that never go on; undefined when it names none, as nearly always. Neither go on to the
 * next hop. Ask before adding fields of our own, so that nothing from outside can take them away.
 */
export function namedHops(fields: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'connection') named = addNamed(named, fields[i + 1] ?? '');
  }
  return named;
}

function addNamed(named: Set<string> | undefined, value: string): Set<string> | undefined {
  // The two that nearly every message carries name no field.
  if (value === 'keep-alive' || value === 'close') return named;
  let names = named;
  for (const option of optionsOf(value)) {
    if (HOP_BY_HOP.has(option) || NOT_TO_BE_NAMED.has(option)) continue;
    names ??= new Set();
    names.add(option);
  }
  return names;
}

/**
 * The protocol a request asks to go on in, where it is one that may be passed through. Every other is ignored, as RFC 9110 §7.8 allows: a
 * tunnel to a target that takes `h2c` would carry requests that nobody here has seen.
 */
export function upgradeOf(fields: readonly string[]): 'websocket' | undefined {
  let isWanted = false;
  let protocol = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name === 'upgrade') protocol += `,${fields[i + 1] ?? ''}`;
    else if (name === 'connection') isWanted ||= optionsOf(fields[i + 1] ?? '').includes('upgrade');
  }
  const protocols = optionsOf(protocol);
  return isWanted && protocols.length === 1 && protocols[0] === 'websocket' ? 'websocket' : undefined;
}

/** The members of a comma-separated list of tokens, lower-cased, empty ones left out. */
export function optionsOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((option) => option !== '');
}

/**
 * Trailer fields that would change what the message is, had they come in the head (RFC 9110 §6.5.1): framing, routing, request modifiers,
 * authentication, content negotiation. They are dropped, never merged.
 */
const NOT_IN_TRAILERS = new Set([
  ...HOP_BY_HOP,
  ...NOT_TO_BE_NAMED,
  'age',
  'content-range',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'pragma',
  'range',
  'retry-after',
  'vary',
  'www-authenticate',
]);

/** The trailer fields that may be passed on, or undefined when there are none. */
export function trailersToKeep(fields: readonly string[]): Fields | undefined {
  let kept: Fields | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (NOT_IN_TRAILERS.has(name)) continue;
    kept ??= [];
    kept.push(name, fields[i + 1] ?? '');
  }
  return kept;
}

/** Adds our own member at the end of `Via` (RFC 9110 §7.6.3). Changes `fields`. `received` is the version the message came in. */
export function addVia(fields: Fields, received: '1.0' | '1.1', pseudonym: string): void {
  const member = `${received} ${pseudonym}`;
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    if (fields[i] === 'via') {
      fields[i + 1] = `${fields[i + 1]}, ${member}`;
      return;
    }
  }
  fields.push('via', member);
}

/** Whether the message has passed `pseudonym` before: a loop. Comments and protocol names in the members do not count. */
export function hasPassed(fields: readonly string[], pseudonym: string): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'via') continue;
    const value = fields[i + 1] ?? '';
    if (value.includes(pseudonym) && value.split(',').some((member) => receivedBy(member) === pseudonym)) return true;
  }
  return false;
}

function receivedBy(member: string): string | undefined {
  return member.trim().split(/[ \t]+/)[1];
}
