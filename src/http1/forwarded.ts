import type { PeerAddress } from '../world/world.ts';
import { addressBytes, type Networks } from './networks.ts';

/** Who called and how, once the word of the proxies we trust is heard. */
export type Origination = { readonly peer: PeerAddress; readonly isSecure: boolean };

/** A chain longer than this is no chain of proxies. */
const HOPS_MAX = 32;

/**
 * Follows `Forwarded` (RFC 7239) or, without it, `X-Forwarded-For` and `X-Forwarded-Proto` from the nearest hop outwards, as long as each
 * hop is trusted; the first that is not is the caller. What stands beyond it may be forged and is not looked at.
 */
export function originationOf(fields: readonly string[], direct: Origination, trusted: Networks): Origination {
  if (!trusted(direct.peer.ip)) return direct;
  const standard = listOf(fields, 'forwarded');
  if (standard.length > 0) return follow(standard.map(standardHop), direct, trusted);
  const addresses = listOf(fields, 'x-forwarded-for');
  const protocols = listOf(fields, 'x-forwarded-proto');
  const hops = addresses.map((address, index) => ({
    peer: peerOf(address),
    // Some proxies write one protocol for the whole chain, some one for each hop.
    protocol: protocols.length === addresses.length ? protocols[index] : protocols.at(-1),
  }));
  if (hops.length === 0) return { peer: direct.peer, isSecure: securityOf(protocols.at(-1), direct.isSecure) };
  return follow(hops, direct, trusted);
}

type HopSaid = { readonly peer: PeerAddress | undefined; readonly protocol: string | undefined };

function follow(hops: readonly HopSaid[], direct: Origination, trusted: Networks): Origination {
  let { peer, isSecure } = direct;
  for (let i = hops.length - 1; i >= 0 && hops.length - i <= HOPS_MAX; i -= 1) {
    const hop = hops[i];
    // `unknown`, a hidden name or garbage: nothing beyond it can be attributed.
    if (hop?.peer === undefined) break;
    peer = hop.peer;
    isSecure = securityOf(hop.protocol, isSecure);
    if (!trusted(peer.ip)) break;
  }
  return { peer, isSecure };
}

function securityOf(protocol: string | undefined, otherwise: boolean): boolean {
  if (protocol === undefined) return otherwise;
  return /^(?:https|wss)$/i.test(protocol);
}

/** The members of a list field, over all its lines, in order. */
function listOf(fields: readonly string[], name: string): string[] {
  const members: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) members.push(...(fields[i + 1] ?? '').split(',').map((member) => member.trim()));
  }
  return members;
}

/** One member of `Forwarded`: `for="[2001:db8::1]:80";proto=https`. */
function standardHop(member: string): HopSaid {
  let peer: PeerAddress | undefined;
  let protocol: string | undefined;
  for (const pair of member.split(';')) {
    const [, name = '', quoted, plain] = /^\s*([a-z]+)=(?:"([^"\\]*)"|([^"\s]*))\s*$/i.exec(pair) ?? [];
    const value = quoted ?? plain ?? '';
    if (name.toLowerCase() === 'for') peer = peerOf(value);
    if (name.toLowerCase() === 'proto') protocol = value;
  }
  return { peer, protocol };
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1` or `[2001:db8::1]:80`. */
function peerOf(text: string): PeerAddress | undefined {
  const [, bracketed, dotted, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const ip = bracketed ?? dotted ?? text;
  if (addressBytes(ip) === undefined) return undefined;
  return { ip, port: port === undefined ? 0 : Number(port) };
}
