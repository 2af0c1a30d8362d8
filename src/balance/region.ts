import type { Call } from '../call/call.ts';
import type { Seat } from '../call/seat.ts';
import type { Chance } from '../world/world.ts';

/** A region keeps all of its calls while this part of it is fit (Envoy's over-provisioning factor 1.4: 1 / 1.4 ≈ 71 %). */
export const STAY_SHARE = 0.7;

/** Below this part serving, what is left of a region is not trusted either: one cause has most likely taken it whole. */
export const REGION_SHARE_MIN = 0.5;

export type RegionOptions = {
  /** Nearest first; targets of other regions, or of none, come last and together. */
  readonly regions: readonly string[];
  /** All seats of the pool: what a region is measured by. */
  readonly seats: readonly Seat[];
  readonly chance: Chance;
};

/** The weight of a region's targets: of all, of those that serve, and of those that serve as far as slow start lets them. */
export type Strength = { all: number; serving: number; effective: number };

/**
 * Shares of the load by region, nearest first. A region takes up to its effective part / 70 % of what is left for it, and the rest spills
 * to the next (Envoy's priority levels). One with less than half serving takes nothing while another is sound: the whole of it is failing.
 * If all are weak, what they can take is scaled up to the whole. Pure; sums to 1.
 */
export function regionShares(strengths: readonly Strength[]): readonly number[] {
  const isSound = ({ all, serving }: Strength) => all > 0 && serving / all >= REGION_SHARE_MIN;
  const isAnySound = strengths.some(isSound);
  const health = strengths.map((strength) =>
    strength.all <= 0 || (isAnySound && !isSound(strength))
      ? 0
      : Math.min(1, strength.effective / strength.all / STAY_SHARE),
  );
  const total = Math.min(
    1,
    health.reduce((sum, part) => sum + part, 0),
  );
  // Nobody serves anywhere: home is as good as any.
  if (total === 0)
    return strengths.map((_, i) =>
      i ===
      Math.max(
        0,
        strengths.findIndex(({ all }) => all > 0),
      )
        ? 1
        : 0,
    );
  let left = 1;
  return health.map((part) => {
    const share = Math.min(left, part / total);
    left -= share;
    return share;
  });
}

/**
 * Narrows a choice to one region, nearest first. A call that failed in a region moves to another one if it can: what broke there may
 * have broken all of it. On the way back a region regains its calls as slowly as its targets regain their weight.
 */
export function regionChoice({
  regions,
  seats,
  chance,
}: RegionOptions): (candidates: readonly Seat[], call: Call) => readonly Seat[] {
  const places = regions.length + 1;
  const ranks: number[] = [];
  const rankByName = new Map<string, number>();
  for (const seat of seats) {
    const at = seat.target.region === undefined ? -1 : regions.indexOf(seat.target.region);
    ranks[seat.index] = at === -1 ? regions.length : at;
    rankByName.set(seat.target.name, at === -1 ? regions.length : at);
  }
  const strengths: Strength[] = Array.from({ length: places }, () => ({ all: 0, serving: 0, effective: 0 }));
  const group = (candidates: readonly Seat[]): Seat[][] =>
    Array.from({ length: places }, (_, at) => candidates.filter((seat) => ranks[seat.index] === at));
  // Health hands out the same list until something changes, so that the usual pick allocates nothing.
  let grouped: readonly Seat[] | undefined;
  let groups: Seat[][] = [];

  return (candidates, call) => {
    if (candidates.length <= 1) return candidates;
    measure(seats, ranks, strengths);
    if (candidates !== grouped) {
      grouped = candidates;
      groups = group(candidates);
    }
    const { attempts } = call.story;
    const last = attempts[attempts.length - 1];
    const failedAt = last === undefined ? -1 : (rankByName.get(last.target) ?? -1);
    const drawn = draw(strengths, chance);
    if (drawn !== failedAt && (groups[drawn]?.length ?? 0) > 0) return groups[drawn] ?? candidates;
    return groups.find((near, at) => at !== failedAt && near.length > 0) ?? candidates;
  };
}

function measure(seats: readonly Seat[], ranks: readonly number[], strengths: readonly Strength[]): void {
  for (let i = 0; i < strengths.length; i++) {
    const strength = strengths[i] as Strength;
    strength.all = 0;
    strength.serving = 0;
    strength.effective = 0;
  }
  for (let i = 0; i < seats.length; i++) {
    const seat = seats[i] as Seat;
    // What the operator took away is not missing.
    if (seat.fitness === 'maintenance' || seat.fitness === 'draining') continue;
    const strength = strengths[ranks[seat.index] ?? 0] as Strength;
    strength.all += seat.weight;
    if (seat.fitness !== 'serving') continue;
    strength.serving += seat.weight;
    strength.effective += seat.effectiveWeight;
  }
}

function draw(strengths: readonly Strength[], chance: Chance): number {
  const [home] = strengths;
  // The usual case, all is well at home, costs neither chance nor lists.
  if (home !== undefined && home.all > 0 && home.effective >= home.all * STAY_SHARE) return 0;
  const shares = regionShares(strengths);
  let left = chance.float();
  for (let i = 0; i < shares.length; i++) {
    left -= shares[i] ?? 0;
    if (left < 0) return i;
  }
  return 0;
}
