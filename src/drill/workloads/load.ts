import type { Chance } from '../../world/world.ts';
import type { CallerSite, Manners } from './caller.ts';
import type { CallerKind, Seen } from './seen.ts';
import { type Tongue, type Voice, type Wish, wishOf } from './wish.ts';

/** How the number of calls moves over the run: as ever, all at once, up and down, or away. */
export const CURVES = ['flat', 'surge', 'wave', 'lull'] as const;

export type Curve = (typeof CURVES)[number];

/** Callers of one kind: they come when they come, whether or not those before them were answered (open loop). */
export type Load = {
  readonly kind: CallerKind;
  /** Calls a second, on average, while the curve is at 1. */
  readonly perS: number;
  readonly curve: Curve;
  /** How its callers speak; chat completions when nothing is said. */
  readonly tongue?: Tongue | undefined;
  /** Of impatient callers: each leaves at some time before this; 3 s when nothing is said. */
  readonly leavesWithinMs?: number;
  /** Of callers of streams: how long an answer they want, one of these lengths in words; the usual ones when nothing is said. */
  readonly words?: readonly number[];
};

const LEAVES_WITHIN_MS = 3000;

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

const LEAVES = {
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
  /** Who answers, when it is not the drill's own services. */
  readonly voice?: Voice;
  readonly newSeen: (kind: CallerKind, wanted: string | undefined, isStream: boolean) => Seen;
  readonly ended: (seen: Seen) => void;
};

/** Lets the callers of one load arrive, as a Poisson process thinned to its curve (Lewis and Shedler, 1979). */
export function startLoad(load: Load, scene: LoadScene): void {
  const { chance, at, nowMs, fromMs, untilMs } = scene;
  const candidatesPerS = load.perS * HEIGHT_MAX;
  let dueMs = nowMs();
  const come = (): void => {
    const height = heightOf(load.curve, (nowMs() - fromMs) / (untilMs - fromMs));
    if (chance.float() < height / HEIGHT_MAX) arrive(load, scene);
  };
  const next = (): void => {
    for (;;) {
      const lateMs = nowMs() - dueMs;
      const gapMs = (-Math.log(1 - chance.float()) / candidatesPerS) * 1000;
      dueMs += gapMs;
      if (dueMs >= untilMs) return;
      if (gapMs > lateMs) {
        at(gapMs - lateMs, () => {
          come();
          next();
        });
        return;
      }
      // Real timers are late, by more than the next one is away where callers are many: whoever should be here already comes now.
      come();
    }
  };
  next();
}

function arrive({ kind, tongue = 'chat', leavesWithinMs = LEAVES_WITHIN_MS, words }: Load, scene: LoadScene): void {
  const calls = kind === 'greedy' ? GREEDY_CALLS : 1;
  for (let i = 0; i < calls; i += 1) {
    const count = words?.[scene.chance.below(words.length)];
    placeOne(wishOf(kind, tongue, scene.chance, scene.voice, count), { ...scene, leavesWithinMs }, 0);
  }
}

type PlaceScene = LoadScene & { readonly leavesWithinMs: number };

/** A reconnecting caller asks again this often after an answer that broke. */
const RETURNS_MAX = 2;

function placeOne(wish: Wish, scene: PlaceScene, nth: number, former?: Seen): void {
  const { kind } = wish;
  const { chance } = scene;
  const seen = scene.newSeen(kind, wish.wanted, wish.isStream);
  const manners = mannersOf(kind, scene);
  if (former !== undefined) comeBack(seen, former, chance);
  if (kind === 'hasty') seen.deadlineMs = 200 + chance.below(4000);
  const headers: Record<string, string> = {};
  if (kind === 'reconnecting') {
    headers['idempotency-key'] = seen.again?.first.key ?? seen.key;
    headers['goodgate-replay'] = 'ids';
  }
  if (seen.deadlineMs !== undefined) headers['goodgate-deadline-ms'] = String(seen.deadlineMs);
  scene.site.place(wish, seen, { ...manners, headers }, (done) => {
    scene.ended(done);
    const isBroken = done.ending === 'cut' || done.ending === 'unheard' || done.ending === 'left';
    if (kind === 'reconnecting' && isBroken && nth < RETURNS_MAX && scene.nowMs() < scene.untilMs) {
      scene.at(100 + chance.float() * 900, () => placeOne(wish, scene, nth + 1, done));
    }
  });
}

/** By the last event where it knows one, and half of the time all the same by its key, as callers do that kept nothing. */
function comeBack(seen: Seen, former: Seen, chance: Chance): void {
  const first = former.again?.first ?? former;
  const canGoOn = former.requestId !== undefined && former.lastEventId !== undefined;
  if (!canGoOn || chance.float() < 0.5) {
    seen.again = { first, way: 'key' };
    return;
  }
  seen.again = { first, way: 'events' };
  seen.askedFor = former.askedFor ?? former.requestId;
  seen.lastEventId = former.lastEventId;
  // What it heard before stays heard.
  seen.text = former.text;
  seen.finish = former.finish;
}

function mannersOf(kind: CallerKind, { chance, patienceMs, leavesWithinMs }: PlaceScene): Omit<Manners, 'headers'> {
  const manners = { ...LEAVES, patienceMs };
  switch (kind) {
    case 'impatient':
      return { ...manners, leavesMs: chance.float() * leavesWithinMs };
    case 'reconnecting':
      return { ...manners, leavesMs: chance.float() < 0.4 ? chance.float() * 5000 : Number.POSITIVE_INFINITY };
    case 'slow-reader':
      return { ...manners, readsEveryMs: 200 + chance.float() * 2000 };
    default:
      return manners;
  }
}
