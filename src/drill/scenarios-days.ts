import type { Chance } from '../world/world.ts';
import { WORDS_MAX } from './prose.ts';
import { seededChance } from './sim/chance.ts';
import type { Act, Plan, TargetPlan } from './sim/plan.ts';
import type { Load } from './workloads/load.ts';

/**
 * Kinds of days among the seeds of the swarm. On most everything is drawn, and much happens at once, which finds what nobody thought of; but
 * who is to blame shows only where little else happens and there are calls enough to see it. So some days are of one kind alone.
 */
export type Day =
  | 'anything'
  | 'one-sick'
  | 'odd-callers'
  | 'storm'
  | 'full-room'
  | 'astray'
  | 'sloppy'
  | 'slow-readers';

/** Of a hundred seeds. */
const DAYS: readonly (readonly [Day, number])[] = [
  ['one-sick', 16],
  ['odd-callers', 8],
  ['storm', 8],
  ['full-room', 5],
  ['astray', 4],
  ['sloppy', 4],
  ['slow-readers', 3],
];

/** What kind of day a seed is. */
export function dayOfSeed(seed: string): Day {
  let left = seededChance(`kind of day ${seed}`).float() * 100;
  for (const [day, share] of DAYS) {
    if (left < share) return day;
    left -= share;
  }
  return 'anything';
}

/** The plan of a seed as its kind of day has it. */
export function asDay(plan: Plan, day: Day): Plan {
  const chance = seededChance(`${day} ${plan.seed}`);
  switch (day) {
    case 'anything':
      return plan;
    case 'one-sick':
      return oneSick(evenly(plan, 2 + chance.below(3)), chance);
    case 'odd-callers':
      return oddCallers(evenly(plan, 2 + chance.below(3)), chance);
    case 'storm':
      return storm(plan, chance);
    case 'full-room':
      return fullRoom(evenly(plan, 1 + chance.below(3)), chance);
    case 'astray':
      return astray(evenly(plan, 1 + chance.below(2)), chance);
    case 'sloppy':
      return sloppy(plan, chance);
    case 'slow-readers':
      return slowReaders(evenly(plan, 1 + chance.below(3)), chance);
  }
}

/** Targets that are alike in one pool: only then does it show from outside that one of them is passed over. */
function evenly(plan: Plan, count: number): Plan {
  const [first] = plan.targets;
  const targets = Array.from({ length: count }, (_, nth): TargetPlan => {
    const own = plan.targets[nth % plan.targets.length] as TargetPlan;
    return { ...own, name: `t${nth + 1}`, region: undefined, paceWordsPerS: first?.paceWordsPerS ?? 40 };
  });
  const balance = plan.pools[0]?.balance === 'least-connections' ? 'least-connections' : 'round-robin';
  const pools = [{ targets: targets.map(({ name }) => name), balance, redundancy: undefined } as const];
  return { ...plan, targets, pools, region: undefined, acts: [] };
}

/** What no service survives with any call: the first half with an error that shows at once, the second with silence. */
const SICK = [
  ...['reset-before-head', 'close-before-head', 'garbage-status-line', 'bad-head-line', 'refuse'],
  ...['accept-and-hang', 'slow-head(12000)', 'silence-after-head', 'stall-after-events(0)'],
] as const;
/** In which all at once is wrong: long enough for the rests to grow, short enough that coming back shows before the end. */
const SICK_SAFETY_MS = 36_000;
const SICK_AT_MS = 6000;
/** Calls a second: in the ten seconds after a rest each of four targets gets twenty. */
const STEADY_PER_S = 16;

/** Of these days one half: when the sick one is well again, and still rests, all others fall sick for a moment. */
const TURNS_SHARE = 0.5;
const TURNED_MS = 3000;
/** By then the checks take it for sound again; after so long a fault its rest is longer. */
const TURNED_AFTER_MS = 6500;

/** One target fails every call, for a while; everything else is well, or is until then. */
function oneSick(plan: Plan, chance: Chance): Plan {
  const host = oneOf(chance, plan.targets).name;
  const fault = oneOf(chance, SICK);
  const act: Act = {
    atMs: SICK_AT_MS,
    forMs: 12_000 + chance.float() * 8000,
    deed: { word: 'fault', hosts: [host], fault, share: 1 },
  };
  const others = plan.targets.map(({ name }) => name).filter((name) => name !== host);
  const turned: Act = {
    atMs: act.atMs + act.forMs + TURNED_AFTER_MS,
    forMs: TURNED_MS,
    deed: { word: 'fault', hosts: others, fault: oneOf(chance, SICK.slice(0, 4)), share: 1 },
  };
  const acts = chance.float() < TURNS_SHARE ? [act, turned] : [act];
  return { ...plan, acts, safetyMs: SICK_SAFETY_MS, loads: [steady(plan), ...some(plan, chance, 0.3)] };
}

/** A second of each. */
const ODD: readonly (readonly [Load['kind'], number])[] = [
  ['poison', 4],
  ['bad', 4],
  ['reconnecting', 2],
  ['hasty', 2],
];
/** Callers who are gone before the slowest target has ended its shortest answer (8 words), and so few others that none lets it off between. */
const LEAVERS = { perS: 20, leavesWithinMs: 300 } as const;
const OTHERS_PER_S = 0.5;
const PACE_SLOW_WORDS_PER_S = 20;
/** What a service says of the call, not of itself. */
const REFUSALS = ['content-refused', 'context-too-long'] as const;

/**
 * Nothing fails, but many callers leave early, ask for what is refused, or for what no service can bear. Where all targets would rest for it
 * nothing would show, since then all are asked: so it strikes one of them, the one that speaks slowly or that refuses.
 */
function oddCallers(plan: Plan, chance: Chance): Plan {
  const tongue = plan.loads[0]?.tongue;
  const load = (kind: Load['kind'], perS: number): Load => ({ kind, perS, curve: 'flat', tongue });
  const odd = ODD.filter(() => chance.float() < 0.4).map(([kind, perS]) => load(kind, perS));
  const struck = oneOf(chance, plan.targets).name;
  const safetyMs = 20_000 + chance.float() * 10_000;
  if (chance.float() < 0.5) {
    const deed = { word: 'fault', hosts: [struck], fault: oneOf(chance, REFUSALS), share: 1 } as const;
    return {
      ...plan,
      safetyMs,
      loads: [steady(plan), ...odd],
      acts: [{ atMs: SICK_AT_MS, forMs: safetyMs - SICK_AT_MS, deed }],
    };
  }
  const targets = plan.targets.map((target) => ({
    ...target,
    paceWordsPerS: target.name === struck ? PACE_SLOW_WORDS_PER_S : 0,
  }));
  const pools = plan.pools.map((pool) => ({ ...pool, balance: 'round-robin' }) as const);
  const loads = [load('stream', OTHERS_PER_S), { ...load('impatient', 0), ...LEAVERS }, ...odd];
  return { ...plan, safetyMs, targets, pools, loads };
}

const STORMY = [
  'status(500)',
  'status(502)',
  'status(429,2)',
  'status(529)',
  'reset-before-head',
  'invalid-json',
] as const;
/** Above some ten calls a second the floor of the budget does not pay for everything. */
const CROWD_PER_S = 40;

/** A crowd, and all targets fail most of its calls at once: whatever is tried again is tried in vain. */
function storm(plan: Plan, chance: Chance): Plan {
  const hosts = plan.targets.map(({ name }) => name);
  const share = oneOf(chance, [0.5, 0.8, 1]);
  const act: Act = {
    atMs: 2000 + chance.float() * 4000,
    forMs: 4000 + chance.float() * 8000,
    deed: { word: 'fault', hosts, fault: oneOf(chance, STORMY), share },
  };
  const crowd: Load = { ...steady(plan), perS: CROWD_PER_S };
  return {
    ...plan,
    safetyMs: Math.min(plan.safetyMs, 20_000),
    acts: [act],
    loads: [crowd, ...some(plan, chance, 0.3)],
  };
}

/** Six calls at once for so long each: 15 calls/s. */
const BUSY_MS = 400;
/** Twelve calls each time: a quarter of what there is room for, and for six seconds more than all of it. */
const GREEDY_PER_S = 0.3;
const FULL_SAFETY_MS = 30_000;

/** All is well, but there is room for few calls at once, and one caller wants it all: the others must have their turns. */
function fullRoom(plan: Plan, chance: Chance): Plan {
  const each = Math.max(2, Math.round(6 / plan.targets.length));
  const targets = plan.targets.map((target) => ({
    ...target,
    paceWordsPerS: 0,
    workers: { count: 100, busyMs: BUSY_MS },
  }));
  const tongue = plan.loads[0]?.tongue;
  const load = (kind: Load['kind'], perS: number): Load => ({ kind, perS, curve: 'flat', tongue });
  const greedy: Load = { ...load('greedy', GREEDY_PER_S), curve: 'surge' };
  const loads = [greedy, load('plain', 1), load('stream', 0.5 + chance.float())];
  const config = [...plan.config, `overload: { concurrency: ${each} }`];
  // A long way would take up places as well.
  const weather = { ...plan.weather, delayMs: 1, jitterMs: 0, bytesPerMs: Number.POSITIVE_INFINITY };
  // An answer after which the connection ends at once, just when the next call has taken it.
  const deed = { word: 'fault', hosts: targets.map(({ name }) => name), fault: 'idle-close(0)', share: 1 } as const;
  const acts = chance.float() < 0.3 ? [{ atMs: 0, forMs: FULL_SAFETY_MS, deed }] : [];
  return { ...plan, targets, config, weather, loads, acts, safetyMs: FULL_SAFETY_MS };
}

/** Wrong from the first question on: what was learned before would hold for as long as connections do. */
const ASTRAY_MS = 20_000;

/** The names of all targets lead where nobody is, until somebody mends them. */
function astray(plan: Plan, chance: Chance): Plan {
  const targets = plan.targets.map((target) => ({ ...target, ttlS: oneOf(chance, [1, 10, 60]) }));
  const hosts = targets.map(({ name }) => name);
  const act: Act = { atMs: 0, forMs: ASTRAY_MS, deed: { word: 'wrong-address', hosts } };
  return { ...plan, targets, acts: [act], safetyMs: ASTRAY_MS + 5000, loads: plan.loads.slice(0, 3) };
}

const SLOPPY = ['missing-done', 'missing-done', 'idle-close(0)', 'idle-close(50)', 'reset-on-reuse'] as const;

/** All services answer well, but for a bad habit that a client has to live with. */
function sloppy(plan: Plan, chance: Chance): Plan {
  const hosts = plan.targets.map(({ name }) => name);
  const fault = oneOf(chance, SLOPPY);
  const act: Act = {
    atMs: 0,
    forMs: SICK_SAFETY_MS,
    deed: { word: 'fault', hosts, fault, share: oneOf(chance, [0.5, 1]) },
  };
  // Only of chat completions is the last event nothing but an end.
  const tongue = plan.dialect === 'anthropic' ? 'messages' : 'chat';
  const streams: Load = { kind: 'stream', perS: 3, curve: 'flat', tongue };
  return { ...plan, acts: [act], safetyMs: SICK_SAFETY_MS, loads: [steady(plan), streams, ...some(plan, chance, 0.2)] };
}

/** From one to two megabytes of events in most tongues: what lies between a service and its caller has room for less. */
const LONG_WORDS = [6000, 7000, WORDS_MAX] as const;
const SLOW_SAFETY_MS = 15_000;
/** Few: each of these answers costs as much as a hundred others. */
const SLOW_PER_S = 0.2;
/** So long may a slow reader take for one of them. */
const SLOW_DEADLINE_MS = 120_000;

/** Services say long answers as fast as they are let, and callers read slowly; on half of these days their network stands still for a while. */
function slowReaders(plan: Plan, chance: Chance): Plan {
  const targets = plan.targets.map((target) => ({ ...target, paceWordsPerS: 0 }));
  const tongue = plan.loads[1]?.tongue;
  const slow: Load = { kind: 'slow-reader', perS: SLOW_PER_S, curve: 'flat', tongue, words: LONG_WORDS };
  const stands: Act = {
    atMs: chance.float() * SLOW_SAFETY_MS * 0.5,
    forMs: 1000 + chance.float() * 5000,
    deed: { word: 'block', hosts: ['callers'], way: 'both' },
  };
  const acts = chance.float() < 0.5 ? [stands] : [];
  const loads: Load[] = [slow, { kind: 'plain', perS: 2, curve: 'flat', tongue }];
  return { ...plan, targets, acts, deadlineMs: SLOW_DEADLINE_MS, safetyMs: SLOW_SAFETY_MS, loads };
}

function steady(plan: Plan): Load {
  return { kind: 'plain', perS: STEADY_PER_S, curve: 'flat', tongue: plan.loads[0]?.tongue };
}

/** Some of the other callers that were drawn. */
function some({ loads }: Plan, chance: Chance, share: number): readonly Load[] {
  return loads.slice(1).filter(() => chance.float() < share);
}

function oneOf<T>(chance: Chance, list: readonly T[]): T {
  const found = list[chance.below(list.length)];
  if (found === undefined) throw new RangeError('nothing to choose from');
  return found;
}
