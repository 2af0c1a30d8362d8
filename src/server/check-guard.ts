import { timingSafeEqual } from 'node:crypto';
import { fieldOf } from '../call/fields.ts';
import { isLoopback } from '../config/address.ts';
import type { IncomingRequest } from '../http1/contract.ts';
import { networksOf } from '../http1/networks.ts';

/** What proxies add for others: who comes with them is not known to be on this machine. */
const FOREIGN = ['forwarded', 'x-forwarded-for', 'via'];

/**
 * Who may have the gateway try a target: a program on this machine, or who has the admin token. A web page in a browser of this machine is
 * neither: it says where it comes from, and a name that was rebound to this machine stands in its `Host`.
 */
export function mayCheck({ peer, fields }: IncomingRequest, token: string | undefined): boolean {
  if (token !== undefined && hasToken(fieldOf(fields, 'authorization'), token)) return true;
  if (!isLoopback(peer.ip.replace(/^::ffff:/, ''))) return false;
  if (FOREIGN.some((name) => fieldOf(fields, name) !== undefined)) return false;
  if (fieldOf(fields, 'origin') !== undefined || (fieldOf(fields, 'sec-fetch-site') ?? 'none') !== 'none') return false;
  return isLoopback(bareHost(fieldOf(fields, 'host') ?? ''));
}

function hasToken(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Without port and brackets. */
function bareHost(host: string): string {
  return /^\[([^\]]+)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}

/**
 * Addresses that no public name may lead the check to: this machine, the network around it, and whatever carries one of their addresses inside
 * an IPv6 one (mapped, compatible, NAT64, 6to4).
 */
export const isInside = networksOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);

/** So many checks in a minute, all callers together: a person needs two or three, and a target should not feel them. */
export const CHECKS_PER_MINUTE = 12;

/** A bucket that fills by one every five seconds. `take` gives 0, or the seconds until the next. */
export function checkBudget(nowMs: () => number): { take(): number } {
  const eachMs = 60_000 / CHECKS_PER_MINUTE;
  // The bucket as a time: when it would be full again.
  let fullAtMs = 0;
  return {
    take() {
      const now = nowMs();
      const behindMs = Math.max(0, fullAtMs - now);
      if (behindMs > 60_000 - eachMs) return Math.ceil((behindMs - (60_000 - eachMs)) / 1_000);
      fullAtMs = now + behindMs + eachMs;
      return 0;
    },
  };
}
