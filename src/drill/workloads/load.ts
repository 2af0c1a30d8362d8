import type { Chance } from '../../world/world.ts';
import type { CallerSite, Manners } from './caller.ts';
import type { CallerKind, Seen } from './seen.ts';
import { wishOf } from './wish.ts';

/** How the number of calls moves over the run: as ever, all at once, up and down, or away. */
export const CURVES = ['flat', 'surge', 'wave', 'lull'] as const;

export type Curve = (typeof CURVES)[number];

/** Callers of one kind: they come when they come, whether or not those before them were answered (open loop). */
export type Load = {
  readonly kind: CallerKind;
  /** Calls a second, on average, while the curve is at 1. */
  readonly perS: number;
  readonly curve: Curve;
};

/** How many times the flat rate: `at` is from 0 to 1 through the run. */
export function heightOf(curve: Curve, at: number): number {
  switch (curve) {
    case 'flat':
      return 1;
    case 'surge':
      return at > 0.3 && at < 0.5 ? 5 : 1;
    case 'wave':
      return 1 + 0.8 * Math.sin(at * 4 * Math.PI);
    case 'lull':
      return at > 0.3 && at < 0.7 ? 0.05 : 1;
  }
}

/** The largest height of any curve, by which candidates for arrivals are thinned. */
const HEIGHT_MAX = 5;
/** Greedy callers come with this many calls at once. */
const GREEDY_CALLS = 12;

const LEAVES: Manners = {
  leavesMs: Number.POSITIVE_INFINITY,
  patienceMs: Number.POSITIVE_INFINITY,
  readsEveryMs: Number.POSITIVE_INFINITY,
};

/** What the callers of a load need around them. */
export type LoadScene = {
  readonly chance: Chance;
  readonly at: (delayMs: number, run: () => void) => void;
  readonly nowMs: () => number;
  readonly site: CallerSite;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly patienceMs: number;
  readonly newSeen: (kind: CallerKind, wanted: string | undefined, isStream: boolean) => Seen;
  readonly ended: (seen: Seen) => void;
};

/** Lets the callers of one load arrive, as a Poisson process thinned to its curve (Lewis and Shedler, 1979). */
export function startLoad(load: Load, scene: LoadScene): void {
  const { chance, at, nowMs, fromMs, untilMs } = scene;
  const candidatesPerS = load.perS * HEIGHT_MAX;
  const next = (): void => {
    const gapMs = (-Math.log(1 - chance.float()) / candidatesPerS) * 1000;
    const atMs = nowMs() + gapMs;
    if (atMs >= untilMs) return;
    at(gapMs, () => {
      const height = heightOf(load.curve, (nowMs() - fromMs) / (untilMs - fromMs));
      if (chance.float() < height / HEIGHT_MAX) arrive(load.kind, scene);
      next();
    });
  };
  next();
}

function arrive(kind: CallerKind, scene: LoadScene): void {
  const calls = kind === 'greedy' ? GREEDY_CALLS : 1;
  for (let i = 0; i < calls; i += 1) placeOne(kind, scene, 0);
}

/** A reconnecting caller asks again this often after an answer that broke. */
const RETURNS_MAX = 2;

function placeOne(kind: CallerKind, scene: LoadScene, nth: number): void {
  const { chance, site } = scene;
  const wish = wishOf(kind, chance);
  const seen = scene.newSeen(kind, wish.wanted, wish.isStream);
  site.place(wish, seen, mannersOf(kind, scene), (done) => {
    scene.ended(done);
    const isBroken = done.ending === 'cut' || done.ending === 'unheard' || done.ending === 'left';
    if (kind === 'reconnecting' && isBroken && nth < RETURNS_MAX) {
      scene.at(100 + chance.float() * 900, () => placeOne(kind, scene, nth + 1));
    }
  });
}

function mannersOf(kind: CallerKind, { chance, patienceMs }: LoadScene): Manners {
  const manners = { ...LEAVES, patienceMs };
  switch (kind) {
    case 'impatient':
      return { ...manners, leavesMs: chance.float() * 3000 };
    case 'reconnecting':
      return { ...manners, leavesMs: chance.float() < 0.4 ? chance.float() * 5000 : Number.POSITIVE_INFINITY };
    case 'slow-reader':
      return { ...manners, readsEveryMs: 200 + chance.float() * 2000 };
    default:
      return manners;
  }
}
