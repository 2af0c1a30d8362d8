import type { Call, Caller } from '../call/call.ts';

/** An idempotency key is a UUID or its like; longer ones are an attack on memory. */
const KEY_CHARS_MAX = 255;

/** Callers without a credential are told apart by address. */
export function ownerOf(caller: Caller): string {
  return caller.credential ?? `ip ${caller.ip}`;
}

/** The key under which a reply is kept; undefined without one. A key belongs to one principal, method and path (draft-ietf-httpapi-idempotency-key-header). */
export function keyOf(call: Call): string | undefined {
  const key = call.idempotencyKey;
  if (key === undefined || key === '' || key.length > KEY_CHARS_MAX || call.method !== 'POST') return undefined;
  return `${ownerOf(call.caller)} ${call.path} ${key}`;
}

/** 53 bits over the body, to tell one caller's honest mistakes: FNV-1a in two lanes. Not for telling callers apart. */
export function fingerprintOf(call: Call): number {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  const bytes = call.body ?? NO_BODY;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

const NO_BODY = new Uint8Array(0);
