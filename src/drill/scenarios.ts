import type { Act, Deed, Plan, PoolPlan, TargetPlan } from './sim/plan.ts';
import type { Load } from './workloads/load.ts';

/** A bad day that people know by name. */
export type Scenario = {
  readonly name: string;
  /** What happens, in one sentence. */
  readonly tells: string;
  readonly make: (seed: string, minutes: number) => Plan;
};

const LOADS: readonly Load[] = [
  { kind: 'plain', perS: 3, curve: 'flat' },
  { kind: 'stream', perS: 1, curve: 'flat' },
  { kind: 'embeddings', perS: 0.5, curve: 'flat' },
];

const TARGETS: readonly TargetPlan[] = ['a', 'b', 'c'].map((name) => targetOf(name));

/** The other machines of a drill: a target cannot have their names. */
export const BUSY_HOSTS: readonly string[] = ['gateway', 'callers'];

/** A target that is reached by its name and speaks at an ordinary pace. */
export function targetOf(name: string, more: Partial<TargetPlan> = {}): TargetPlan {
  return { name, region: undefined, isSecure: false, ttlS: 30, paceWordsPerS: 40, workers: undefined, ...more };
}

const POOL: PoolPlan = { targets: ['a', 'b', 'c'], balance: 'least-connections', redundancy: undefined };

/** A day on which nothing happens, to which each scenario adds what does. */
export function dayOf(scenario: string, seed: string, minutes: number, more: Partial<Plan>): Plan {
  return {
    seed,
    scenario,
    targets: TARGETS,
    pools: [POOL],
    region: undefined,
    timeouts: {},
    deadlineMs: 60_000,
    config: [],
    weather: { delayMs: 10, jitterMs: 5, splitShare: 0.1 },
    loads: LOADS,
    acts: [],
    safetyMs: minutes * 60_000,
    livenessMs: 60_000,
    ...more,
  };
}

/** An act from one part of the time to another; both from 0 to 1. */
function during(minutes: number, from: number, until: number, deed: Deed): Act {
  const wholeMs = minutes * 60_000;
  return { atMs: from * wholeMs, forMs: (until - from) * wholeMs, deed };
}

function scenario(name: string, tells: string, change: (minutes: number) => Partial<Plan>): Scenario {
  return { name, tells, make: (seed, minutes) => dayOf(name, seed, minutes, change(minutes)) };
}

/** One thing happens to some targets for the middle third of the time. */
function oneThing(name: string, tells: string, deed: Deed, more: Partial<Plan> = {}): Scenario {
  return scenario(name, tells, (minutes) => ({ acts: [during(minutes, 0.3, 0.65, deed)], ...more }));
}

function fault(hosts: readonly string[], text: string, share = 1): Deed {
  return { word: 'fault', hosts, fault: text, share };
}

/** Services with this many workers, each busy so long with a request: what they can do in a second is `count / busyMs`. */
function busy(count: number, busyMs: number): Partial<Plan> {
  return { targets: TARGETS.map((target) => ({ ...target, workers: { count, busyMs } })) };
}

const ALL = ['a', 'b', 'c'] as const;
const SECURE = TARGETS.map((target) => ({ ...target, isSecure: true }));
const REGIONAL: Partial<Plan> = {
  targets: [
    targetOf('a', { region: 'eu' }),
    targetOf('b', { region: 'eu' }),
    targetOf('c', { region: 'us' }),
    targetOf('d', { region: 'us' }),
  ],
  pools: [{ targets: ['a', 'b', 'c', 'd'], balance: 'least-connections', redundancy: 'multi-region' }],
  region: 'eu',
};

/** All scenarios, by the names people use. */
export const SCENARIOS: readonly Scenario[] = [
  oneThing(
    'server-overload',
    'One service answers 503 to half of its calls for want of capacity.',
    fault(['a'], 'status(503,1)', 0.5),
  ),
  scenario('launch-day', 'Five times as many callers as usual come at once, to services with little room.', () => ({
    ...busy(8, 400),
    loads: LOADS.map((load) => ({ ...load, curve: 'surge' })),
  })),
  oneThing('slow-provider', 'One service takes 12 s to begin an answer.', fault(['a'], 'slow-head(12000)')),
  oneThing(
    'provider-crash',
    'One service dies: nobody listens, and what was connected is reset.',
    fault(['a'], 'refuse'),
  ),
  scenario('maintenance-window', 'All services are restarted, one after the other.', (minutes) => ({
    acts: ALL.map((name, nth) => during(minutes, 0.2 + nth * 0.2, 0.3 + nth * 0.2, fault([name], 'refuse'))),
  })),
  scenario('regional-outage', 'A whole region loses its power; another one is left.', (minutes) => ({
    ...REGIONAL,
    acts: [during(minutes, 0.3, 0.65, { word: 'power', hosts: ['a', 'b'] })],
  })),
  oneThing('dns-outage', 'No name server answers.', { word: 'names', hosts: ALL, mood: 'silent' }),
  oneThing(
    'expired-certificate',
    'The certificate of one service has run out.',
    { word: 'certificate', hosts: ['a'], mood: 'expired' },
    { targets: SECURE },
  ),
  oneThing('firewall-drop', 'Packets to one service vanish without a word.', {
    word: 'block',
    hosts: ['a'],
    way: 'in',
  }),
  oneThing('half-open', 'One service hears everything, and nothing it says arrives.', {
    word: 'block',
    hosts: ['b'],
    way: 'out',
  }),
  oneThing('bad-deploy', 'One service answers garbage under a 200.', fault(['a'], 'invalid-json')),
  oneThing(
    'stream-cutter',
    'Every tenth stream of every service is cut in the middle.',
    fault(ALL, 'cut-after-events(6,fin)', 0.1),
  ),
  scenario('flapping', 'One service comes and goes every few seconds.', (minutes) => ({
    acts: Array.from({ length: 8 }, (_, nth) => {
      const from = 0.2 + nth * 0.06;
      return during(minutes, from, from + 0.03, fault(['b'], 'reset-before-head'));
    }),
  })),
  oneThing('brown-out', 'Every service fails one call in five.', fault(ALL, 'status(500)', 0.2)),
  oneThing('rate-limit-storm', 'Every service says 429 to most calls.', fault(ALL, 'status(429,2)', 0.7)),
  scenario(
    'retry-storm',
    'A stall makes callers and gateway try again; when it is over, the load must go back by itself.',
    (minutes) => ({
      ...busy(20, 500),
      loads: [{ kind: 'plain', perS: 80, curve: 'flat' }],
      acts: [during(minutes, 0.3, 0.4, { word: 'freeze', hosts: ALL })],
    }),
  ),
  scenario('thundering-herd', 'All services are gone for a while, and come back at the same moment.', (minutes) => ({
    acts: [during(minutes, 0.3, 0.5, fault(ALL, 'refuse'))],
    loads: LOADS.map((load) => ({ ...load, perS: load.perS * 4 })),
  })),
  scenario(
    'poison-caller',
    'One caller asks what no service can bear; another speaks bad HTTP; a third leaves early.',
    () => ({
      loads: [
        ...LOADS,
        { kind: 'plain', perS: 6, curve: 'flat' },
        { kind: 'poison', perS: 4, curve: 'flat' },
        { kind: 'bad', perS: 3, curve: 'flat' },
        { kind: 'impatient', perS: 5, curve: 'flat' },
      ],
    }),
  ),
  oneThing('key-revoked', 'One key is not accepted any more.', fault(['a'], 'status(401)')),
  oneThing('quota-exhausted', 'One account is used up.', fault(['a'], 'quota-exhausted')),
  scenario('swizzle-clog', 'Connections stop one by one, and are let go in another order.', (minutes) => ({
    acts: [
      during(minutes, 0.2, 0.55, { word: 'block', hosts: ['a'], way: 'both' }),
      during(minutes, 0.3, 0.7, { word: 'block', hosts: ['b'], way: 'both' }),
      during(minutes, 0.4, 0.5, { word: 'block', hosts: ['c'], way: 'both' }),
    ],
  })),
  scenario('rolling-config', 'The config is changed and changed back under load, once to nonsense.', (minutes) => ({
    acts: [
      during(minutes, 0.2, 0.3, { word: 'reload', change: 'same' }),
      during(minutes, 0.4, 0.5, { word: 'reload', change: 'without-first' }),
      during(minutes, 0.6, 0.7, { word: 'reload', change: 'broken' }),
    ],
  })),
  scenario('restart', 'The gateway is restarted in the middle of it all.', (minutes) => ({
    acts: [during(minutes, 0.5, 0.6, { word: 'restart' })],
  })),
];

/** The scenario of that name. */
export function scenarioOf(name: string): Scenario | undefined {
  return SCENARIOS.find((each) => each.name === name);
}
