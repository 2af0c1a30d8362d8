import type { Call } from '../call/call.ts';
import type { Seat } from '../call/seat.ts';
import { type Attempt, wasSent } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';

/** Seats that were not asked for this call yet, and did not stay silent to it in another pool either. */
export function unvisited(seats: readonly Seat[], call: Call, pool: string): readonly Seat[] {
  return seats.filter((seat) => !isVisited(seat, call, pool));
}

/** How many are left to ask: of the fit, or else of anyone. */
export function unvisitedCount(fit: readonly Seat[], anyone: readonly Seat[], call: Call, pool: string): number {
  if (call.story.attempts.length === 0) return fit.length > 0 ? fit.length : anyone.length;
  const fresh = count(fit, call, pool);
  return fresh > 0 ? fresh : count(anyone, call, pool);
}

/** Seats that were asked, gave some answer or were never reached, and may be asked again: not the silent, not those that refuse us. */
export function revisitable(seats: readonly Seat[], call: Call, pool: string): readonly Seat[] {
  return seats.filter((seat) => {
    for (const attempt of call.story.attempts) {
      if (attempt.target !== seat.target.name) continue;
      if (isSilent(attempt) || (attempt.pool === pool && isRefusal(attempt))) return false;
    }
    return true;
  });
}

function count(seats: readonly Seat[], call: Call, pool: string): number {
  let n = 0;
  for (const seat of seats) if (!isVisited(seat, call, pool)) n += 1;
  return n;
}

function isVisited(seat: Seat, call: Call, pool: string): boolean {
  for (const attempt of call.story.attempts) {
    if (attempt.target === seat.target.name && (attempt.pool === pool || isSilent(attempt))) return true;
  }
  return false;
}

/** Still without a word, given up for it, or timed out after the call was sent. */
function isSilent(attempt: Attempt): boolean {
  if (attempt.verdict === 'running' || attempt.verdict === 'superseded') return true;
  return attempt.code !== undefined && wasSent(attempt) && CATALOGUE[attempt.code].status === 504;
}

function isRefusal(attempt: Attempt): boolean {
  if (attempt.code === undefined) return false;
  const { blame } = CATALOGUE[attempt.code];
  return blame === 'credential' || blame === 'caller';
}
