/** IP addresses, networks and listening addresses as text. Pure: nothing is looked up. */
import type { ListenAddress } from './settings.ts';

// No leading zeros: some platforms read them as octal.
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** 4, 6, or undefined for what is no IP literal. No brackets, no zone. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (IPV4.test(text)) return 4;
  // The URL parser of the platform is the reference for IPv6 text, and it is pure.
  return /^[0-9a-fA-F:.]{2,45}$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`) ? 6 : undefined;
}

/** A network in CIDR form, `10.0.0.0/8`, or a single address. */
export function isNetwork(text: string): boolean {
  const [ip = '', bits, ...rest] = text.split('/');
  const version = ipVersion(ip);
  if (version === undefined || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** `127.0.0.1:5020`, `[::1]:5020`, `localhost:5020`; undefined for anything else. Names are refused: what they mean may change. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const ip = match[2] === 'localhost' ? '127.0.0.1' : (match[1] ?? match[2] ?? '');
  const port = Number(match[3]);
  const isRightForm = ipVersion(ip) === (match[1] === undefined ? 4 : 6);
  return isRightForm && port <= 65_535 ? { ip, port } : undefined;
}

/** As it is written: IPv6 in brackets. */
export function listenWords(address: ListenAddress): string {
  return address.ip.includes(':') ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^127\./.test(host) || host === '::1';
}

/**
 * True where the answer to a SYN takes microseconds: loopback, private and link-local ranges (RFC 1918, 4193, 6598), and names that only a
 * local network gives (no dot, `.local`, `.internal`).
 */
export function isNear(host: string): boolean {
  if (isLoopback(host)) return true;
  if (ipVersion(host) === 4) {
    return /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(host);
  }
  if (ipVersion(host) === 6) return /^(f[cd]|fe[89ab])/i.test(host);
  return !host.includes('.') || host.endsWith('.local') || host.endsWith('.internal');
}
