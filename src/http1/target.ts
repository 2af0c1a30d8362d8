import { type FaultWord, faultOf, type HeadFault } from './fault.ts';
import type { RequestHead } from './head.ts';
import { optionsOf } from './hops.ts';

/** What a request head says beyond its framing. Filled anew for each request of a connection, so that none is allocated. */
export type Said = {
  /** Origin form, asterisk, or the authority of a CONNECT. */
  target: string;
  /** The caller ends the connection after this exchange. */
  isLast: boolean;
  /** The caller waits for `100 Continue` before it sends the body. */
  isExpecting: boolean;
};

/** The last `Host` found good on this connection: callers repeat it, and need it checked once. */
export type HostMemory = { host: string | undefined };

/** A host and port as RFC 3986 §3.2 has them, without user information and without the sub-delimiters no name has. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+)(?::[0-9]{0,5})?$/;
const AUTHORITY_WITH_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+):[0-9]{1,5}$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

/**
 * Judges what the strict parser cannot: the form of the target, `Host` (RFC 9112 §3.2), `Connection` (§9.3) and `Expect` (RFC 9110 §10.1.1).
 * The `expect` field is ours to answer, so it is taken out of the head.
 */
export function hear(head: RequestHead, memory: HostMemory, into: Said): HeadFault | undefined {
  const { fields, minorVersion } = head;
  let host: string | undefined;
  let isLast = minorVersion === 0;
  let expects = -1;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name === 'host') {
      if (host !== undefined) return faultOf('host');
      host = fields[i + 1] ?? '';
    } else if (name === 'connection') {
      isLast = isLastBy(fields[i + 1] ?? '', isLast);
    } else if (name === 'expect') {
      expects = i;
    }
  }
  if (host === undefined) {
    if (minorVersion === 1) return faultOf('host');
  } else if (host !== memory.host) {
    if (!AUTHORITY.test(host)) return faultOf('host');
    memory.host = host;
  }
  into.isLast = isLast;
  into.isExpecting = false;
  if (expects !== -1) {
    const word = takeExpect(head, into);
    if (word !== undefined) return faultOf(word);
  }
  if (head.target.charCodeAt(0) === SLASH && head.method !== 'CONNECT') {
    into.target = head.target;
    return undefined;
  }
  return hearTarget(head, host, into);
}

const SLASH = 47;

function isLastBy(value: string, before: boolean): boolean {
  if (value === 'keep-alive') return false;
  if (value === 'close') return true;
  const options = optionsOf(value);
  if (options.includes('close')) return true;
  return options.includes('keep-alive') ? false : before;
}

function takeExpect(head: RequestHead, into: Said): FaultWord | undefined {
  const { fields, minorVersion } = head;
  for (let i = fields.length - 2; i >= 0; i -= 2) {
    if (fields[i] !== 'expect') continue;
    // RFC 9110 §10.1.1: an expectation in HTTP/1.0 must be ignored.
    if (minorVersion === 1) {
      if (fields[i + 1]?.toLowerCase() !== '100-continue') return 'expect';
      into.isExpecting = true;
    }
    fields.splice(i, 2);
  }
  return undefined;
}

/** The three rarer forms of a target: authority, asterisk, absolute. The last is reduced to the first part of what it says. */
function hearTarget(head: RequestHead, host: string | undefined, into: Said): HeadFault | undefined {
  const { method, target } = head;
  if (method === 'CONNECT') {
    if (!AUTHORITY_WITH_PORT.test(target)) return faultOf('target');
    into.target = target;
    return undefined;
  }
  if (target === '*') {
    if (method !== 'OPTIONS') return faultOf('target');
    into.target = target;
    return undefined;
  }
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (!AUTHORITY.test(authority)) return faultOf('target');
  // RFC 9112 §3.2.2 lets the target win; a proxy behind that looks at Host would disagree, so both must say the same.
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return faultOf('authority');
  into.target = rest.startsWith('/') ? rest : `${rest === '' && method === 'OPTIONS' ? '*' : '/'}${rest}`;
  return undefined;
}
