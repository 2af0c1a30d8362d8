import type { Address } from '../world/world.ts';

/** 4 or 6 for an IP literal, 0 for anything else. Brackets are not part of a literal. */
export function ipFamily(host: string): 0 | 4 | 6 {
  // A name never contains a colon, so one is enough to know an IPv6 literal; the platform refuses a malformed one.
  if (host.includes(':')) return 6;
  const octets = host.split('.');
  if (octets.length !== 4) return 0;
  for (const octet of octets) {
    if (!/^\d{1,3}$/.test(octet) || Number(octet) > 255) return 0;
  }
  return 4;
}

/** A host as an origin may spell it, without the brackets of a URL and without the dot of a fully qualified name. */
export function bareHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return bare.length > 1 && bare.endsWith('.') ? bare.slice(0, -1) : bare;
}

/** `host:port` as fields and CONNECT want it, an IPv6 literal in brackets. */
export function authority(host: string, port: number): string {
  const bare = bareHost(host);
  return bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/** An address as evidence shows it. */
export function addressText(address: Address): string {
  return 'path' in address ? `unix:${address.path}` : authority(address.ip, address.port);
}

/** Alternates the families, beginning with that of the first address; the order within each is kept (RFC 8305 §4). */
export function interleaved(ips: readonly string[]): string[] {
  const first = ips[0];
  if (first === undefined) return [];
  const family = ipFamily(first);
  const same = ips.filter((ip) => ipFamily(ip) === family);
  const other = ips.filter((ip) => ipFamily(ip) !== family);
  const mixed: string[] = [];
  for (let i = 0; i < Math.max(same.length, other.length); i += 1) {
    const a = same[i];
    const b = other[i];
    if (a !== undefined) mixed.push(a);
    if (b !== undefined) mixed.push(b);
  }
  return mixed;
}
