import { type FaultWord, faultOf, type HeadFault } from './fault.ts';

/**
 * Where the body of a message ends (RFC 9112 §6.3). `length` is the announced one, -1 where none is. Of `none` it is what a GET would have
 * brought, if that was said, and 0 where nothing can come.
 */
export type Framing = { readonly kind: 'none' | 'length' | 'chunked' | 'close'; readonly length: number };

export const NO_BODY: Framing = { kind: 'none', length: 0 };
export const CHUNKED: Framing = { kind: 'chunked', length: -1 };
export const UNTIL_CLOSE: Framing = { kind: 'close', length: -1 };

/**
 * How the body of a request is framed. Every doubt is a fault: whoever stands before or behind us may read the doubtful message
 * differently, and that is how requests are smuggled.
 */
export function requestFraming(method: string, minorVersion: 0 | 1, fields: readonly string[]): Framing | HeadFault {
  const announced = announcedFraming(minorVersion, fields);
  if (announced === undefined) return NO_BODY;
  // RFC 9110 §9.3.6: a CONNECT has no content; bytes behind its head belong to the tunnel.
  if (method === 'CONNECT' && !('word' in announced) && announced.length !== 0) return faultOf('connect-body');
  return announced;
}

/** How the body of a response is framed, which also depends on the request it answers. Its faults become 502 (RFC 9112 §6.3). */
export function responseFraming(
  requestMethod: string,
  status: number,
  minorVersion: 0 | 1,
  fields: readonly string[],
): Framing | HeadFault {
  if (status < 200 || status === 204) return NO_BODY;
  if (requestMethod === 'HEAD' || status === 304) return bodiless(minorVersion, fields);
  if (requestMethod === 'CONNECT' && status < 300) return NO_BODY;
  return announcedFraming(minorVersion, fields) ?? UNTIL_CLOSE;
}

/** The length is that of the answer to a GET (RFC 9110 §8.6), to be passed on and not to be waited for. */
function bodiless(minorVersion: 0 | 1, fields: readonly string[]): Framing {
  const announced = announcedFraming(minorVersion, fields);
  return { kind: 'none', length: announced === undefined || 'word' in announced ? -1 : announced.length };
}

/** What `content-length` and `transfer-encoding` say; undefined when neither is there. */
function announcedFraming(minorVersion: 0 | 1, fields: readonly string[]): Framing | HeadFault | undefined {
  let length: string | undefined;
  let coding: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name === 'content-length') {
      const value = fields[i + 1] ?? '';
      if (length !== undefined && length !== value) return faultOf('content-lengths');
      length = value;
    } else if (name === 'transfer-encoding') {
      const value = fields[i + 1] ?? '';
      coding = coding === undefined ? value : `${coding},${value}`;
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) return faultOf('length-and-chunked');
    if (minorVersion === 0) return faultOf('transfer-encoding-1.0');
    const word = codingFault(coding);
    return word === undefined ? CHUNKED : faultOf(word);
  }
  return length === undefined ? undefined : lengthFraming(length);
}

function lengthFraming(value: string): Framing | HeadFault {
  const length = lengthOf(value);
  if (length >= 0) return length === 0 ? NO_LENGTH : { kind: 'length', length };
  // RFC 9112 §6.3 rule 5: a list of identical lengths may stand for the one.
  const comma = value.indexOf(',');
  if (comma === -1) return faultOf('content-length');
  const lengths = value.split(',').map((member) => lengthOf(member.replace(/^[ \t]+|[ \t]+$/g, '')));
  const first = lengths[0] ?? -1;
  if (lengths.some((other) => other < 0)) return faultOf('content-length');
  if (lengths.some((other) => other !== first)) return faultOf('content-lengths');
  return { kind: 'length', length: first };
}

const NO_LENGTH: Framing = { kind: 'length', length: 0 };

/** 15 digits stay below 2^53, so that no length loses precision; an exabyte is no request. Leading zeros count as digits. */
const LENGTH_DIGITS_MAX = 15;

/** The value of 1*DIGIT, or -1: no sign, no space, no underscore, no `0x`, nothing beyond ASCII. */
export function lengthOf(digits: string): number {
  if (digits.length === 0 || digits.length > LENGTH_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `chunked` alone is what we speak. Other codings before it are framed well but unknown to us (501); anything else is malformed. */
function codingFault(list: string): FaultWord | undefined {
  if (list === 'chunked') return undefined;
  const codings = list.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase());
  const last = codings.length - 1;
  if (codings.indexOf('chunked') !== last) return 'transfer-encoding';
  if (last === 0) return undefined;
  return codings.slice(0, last).every((coding) => CODING.test(coding)) ? 'transfer-coding' : 'transfer-encoding';
}

/** A transfer coding with its parameters (RFC 9112 §7), roughly: a token, then anything behind a semicolon. */
const CODING = /^[!#$%&'*+.^_`|~0-9a-z-]+[ \t]*(?:;.*)?$/;
