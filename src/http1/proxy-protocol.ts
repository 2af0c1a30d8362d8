import type { PeerAddress } from '../world/world.ts';
import { MORE, REFUSED } from './gather.ts';

/** `\r\n\r\n\0\r\nQUIT\n`: chosen by HAProxy so that no other protocol takes it for its own. */
const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
const FIXED_BYTES = 16;

/** Addresses take at most 216 bytes (Unix sockets); with certificates and authorities in extensions HAProxy's own stay under 4 KiB. */
const HEADER_BYTES_MAX = 4096;

const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const TLV_SSL = 0x20;
const CLIENT_TLS = 1;

/**
 * Reads the header of the PROXY protocol, version 2, that stands before the first byte of HTTP on connections from balancers we were told
 * of. Nothing else may come on those: a caller that reached us around its balancer must not look like one that came through.
 */
export class ProxyProtocolReader {
  /** The caller behind the balancer; undefined for the balancer's own connections (`LOCAL`, health checks) and other families. */
  peer: PeerAddress | undefined;
  /** True when the balancer says that the caller came over TLS. */
  isSecure = false;
  #header = new Uint8Array(0);

  /** Takes bytes of the connection's start. Returns the offset behind the header, or `MORE` (all were taken), or `REFUSED`. */
  feed(bytes: Uint8Array): number {
    const before = this.#header.length;
    const taken = bytes.subarray(0, Math.max(0, HEADER_BYTES_MAX - before));
    const header = new Uint8Array(before + taken.length);
    header.set(this.#header);
    header.set(taken, before);
    this.#header = header;
    for (let i = 0; i < Math.min(header.length, SIGNATURE.length); i += 1) {
      if (header[i] !== SIGNATURE[i]) return REFUSED;
    }
    if (header.length < FIXED_BYTES) return MORE;
    const view = new DataView(header.buffer, header.byteOffset, header.length);
    const end = FIXED_BYTES + view.getUint16(14);
    // Version 2 in the upper half, command LOCAL or PROXY in the lower.
    const versionAndCommand = view.getUint8(12);
    if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) return REFUSED;
    if (end > HEADER_BYTES_MAX) return REFUSED;
    if (header.length < end) return MORE;
    if (versionAndCommand === 0x21 && !this.#read(view, end)) return REFUSED;
    this.#header = new Uint8Array(0);
    return end - before;
  }

  #read(view: DataView, end: number): boolean {
    const family = view.getUint8(13);
    const length = family === TCP_OVER_IPV4 ? 12 : family === TCP_OVER_IPV6 ? 36 : 0;
    if (length === 0) return true;
    const extensions = FIXED_BYTES + length;
    if (end < extensions) return false;
    this.peer =
      family === TCP_OVER_IPV4
        ? { ip: ipv4At(view, FIXED_BYTES), port: view.getUint16(FIXED_BYTES + 8) }
        : { ip: ipv6At(view, FIXED_BYTES), port: view.getUint16(FIXED_BYTES + 32) };
    return this.#readExtensions(view, extensions, end);
  }

  /** Type, length, value; only the one about TLS concerns us, but all must fit exactly. */
  #readExtensions(view: DataView, from: number, end: number): boolean {
    let at = from;
    while (at < end) {
      if (at + 3 > end) return false;
      const next = at + 3 + view.getUint16(at + 1);
      if (next > end) return false;
      if (view.getUint8(at) === TLV_SSL && next > at + 3) this.isSecure = (view.getUint8(at + 3) & CLIENT_TLS) !== 0;
      at = next;
    }
    return true;
  }
}

function ipv4At(view: DataView, at: number): string {
  return [0, 1, 2, 3].map((i) => view.getUint8(at + i)).join('.');
}

function ipv6At(view: DataView, at: number): string {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((i) => view.getUint16(at + i).toString(16));
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
}
