import type { Origin } from '../http1/contract.ts';

/** First step towards a target in the same network: a round trip there is under a millisecond. */
export const BACKOFF_NEAR_MS = 25;
/** First step towards a target far away: about one round trip. */
export const BACKOFF_FAR_MS = 100;
/** First step after a refusal for load (429, 503): the target needs calm, not speed. */
export const BACKOFF_THROTTLED_MS = 1000;
/** No single wait is longer: beyond it another target, or the caller, is the better place to wait. */
export const BACKOFF_MAX_MS = 1000;

/**
 * Full jitter (Envoy): uniform in [0, (2ⁿ − 1) × base), capped. `retry` counts from 1, `luck` is uniform in [0, 1).
 * Full, because a lower bound would let the calls that failed together come back together.
 */
export function backoffMs(retry: number, baseMs: number, luck: number, maxMs: number = BACKOFF_MAX_MS): number {
  return luck * Math.min(maxMs, (2 ** Math.min(retry, 16) - 1) * baseMs);
}

/** The first step for a pool: near when every target is on this machine or in a private network. */
export function backoffBaseMs(
  origins: readonly Origin[],
  nearMs: number = BACKOFF_NEAR_MS,
  farMs: number = BACKOFF_FAR_MS,
): number {
  return origins.every(isNear) ? nearMs : farMs;
}

/** Loopback, private and link-local literals (RFC 1918, RFC 4193), Unix sockets, and names without a dot or in local domains. */
function isNear(origin: Origin): boolean {
  if (origin.socketPath !== undefined) return true;
  if (origin.via !== undefined) return false;
  const host = origin.host.toLowerCase().replace(/^\[|\]$/g, '');
  if (host.includes(':')) return host === '::1' || /^f[cd]|^fe[89ab]/.test(host);
  if (!host.includes('.')) return true;
  return /^(127|10)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\.|\.(local|localhost|internal|lan)$/.test(host);
}
