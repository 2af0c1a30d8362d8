import type { Seat } from '../call/seat.ts';
import type { Clock } from '../world/world.ts';
import { busy } from './load.ts';

/** How far above its fair share a seat may be loaded before its keys overflow (bounded loads, Mirrokni 2018: 1 + ε with ε = 0.25). */
export const BOUND = 1.25;

/** FNV-1a over UTF-16 units, mixed: spread is what matters here, not secrecy. 32 bits, unsigned. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
export function mix(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Weighted rendezvous hashing with bounded load: each seat draws a score for the key, by its name and weight, and the best one that is
 * not overloaded takes it (failures of late count as load). When a seat goes, only its keys move, and they spread over all others; when it comes back, they return.
 * `names` holds the hash of each seat's name, by index.
 */
export function rendezvous(
  candidates: readonly Seat[],
  names: readonly number[],
  key: number,
  clock: Clock,
): Seat | undefined {
  if (candidates.length <= 1) return candidates[0];
  let weights = 0;
  let all = 1;
  for (let i = 0; i < candidates.length; i++) {
    const seat = candidates[i] as Seat;
    weights += seat.effectiveWeight;
    all += busy(seat, clock);
  }
  let best: Seat | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let i = 0; i < candidates.length; i++) {
    const seat = candidates[i] as Seat;
    // With so few calls that the bound would be below one, a key keeps its seat: ceil.
    if (busy(seat, clock) >= Math.ceil((BOUND * all * seat.effectiveWeight) / weights)) continue;
    // −ln(u) / w is exponential with rate w: the least of them is this seat with probability w / Σw.
    const luck = (mix(key ^ (names[seat.index] ?? 0)) + 0.5) / 4294967296;
    const score = -Math.log(luck) / seat.effectiveWeight;
    if (score < bestScore) {
      bestScore = score;
      best = seat;
    }
  }
  // The bounds add up to more than the calls, so somebody is always below his; this is for weights at the edge of rounding.
  return best ?? candidates[0];
}
