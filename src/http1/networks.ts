/** Tells whether an address belongs to one of the named networks. */
export type Networks = (ip: string) => boolean;

type Network = { readonly bytes: Uint8Array; readonly bits: number };

/**
 * Networks in CIDR form (`10.0.0.0/8`, `fd00::/8`) or single addresses. An IPv4 address that came in over an IPv6 socket (`::ffff:10.0.0.1`)
 * is the IPv4 address.
 * @throws TypeError naming the entry that is none.
 */
export function networksOf(entries: readonly string[]): Networks {
  const networks = entries.map(networkOf);
  if (networks.length === 0) return () => false;
  return (ip) => {
    const bytes = addressBytes(ip);
    return bytes !== undefined && networks.some((network) => holds(network, bytes));
  };
}

function networkOf(entry: string): Network {
  const slash = entry.indexOf('/');
  const bytes = addressBytes(slash === -1 ? entry : entry.slice(0, slash));
  const length = slash === -1 ? '' : entry.slice(slash + 1);
  const bits = slash === -1 ? (bytes?.length ?? 0) * 8 : Number(length);
  if (bytes === undefined || (slash !== -1 && !/^\d{1,3}$/.test(length)) || bits > bytes.length * 8) {
    throw new TypeError(`not a network: ${JSON.stringify(entry)}`);
  }
  return { bytes, bits };
}

function holds(network: Network, bytes: Uint8Array): boolean {
  if (network.bytes.length !== bytes.length) return false;
  for (let bit = 0; bit < network.bits; bit += 8) {
    const left = network.bits - bit;
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff;
    const difference = (network.bytes[bit >> 3] ?? 0) ^ (bytes[bit >> 3] ?? 0);
    if ((difference & mask) !== 0) return false;
  }
  return true;
}

/** The 4 or 16 bytes of an IP literal; undefined for anything else. A mapped IPv4 address has 4. */
export function addressBytes(ip: string): Uint8Array | undefined {
  if (!ip.includes(':')) return ipv4Bytes(ip);
  const bytes = ipv6Bytes(ip);
  if (bytes === undefined) return undefined;
  const isMapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.subarray(12) : bytes;
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, octet] of octets.entries()) {
    // No leading zeros: some readers take them for octal.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
    bytes[index] = Number(octet);
  }
  return bytes;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (halves.length === 2 && halves[0]?.includes('.') === true) return undefined;
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  }
  return bytes;
}

/** The 16-bit groups of one side of `::`, the last of which may be written as IPv4. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      const bytes = ipv4Bytes(part);
      if (bytes === undefined) return undefined;
      groups.push(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
