import { BALANCES } from '../config/settings.ts';
import type { Chance } from '../world/world.ts';
import { asDay, dayOfSeed } from './scenarios-days.ts';
import { seededChance } from './sim/chance.ts';
import type { TlsMood, Weather } from './sim/host.ts';
import type { NameMood } from './sim/names.ts';
import type { Act, Deed, Plan, PoolPlan, TargetPlan } from './sim/plan.ts';
import { CURVES, type Load } from './workloads/load.ts';
import { CALLER_KINDS, type CallerKind } from './workloads/seen.ts';
import type { Tongue } from './workloads/wish.ts';

/** Faults a seed may draw: the vocabulary, with the values that make the rarer ones common. */
const FAULTS = [
  'refuse',
  'accept-and-hang',
  'reset-before-head',
  'close-before-head',
  'reset-after-bytes(0)',
  'reset-after-bytes(300)',
  'reset-after-bytes(4000)',
  'reset-on-reuse',
  'idle-close(0)',
  'idle-close(50)',
  'idle-close(1000)',
  'slow-head(500)',
  'slow-head(12000)',
  'garbage-status-line',
  'bad-head-line',
  'cut-head(1)',
  'cut-head(40)',
  'oversized-head',
  'silence-after-head',
  'slow-drip(20,50)',
  'bad-chunk-size',
  'bad-chunk-size(7)',
  'wrong-content-length(too-long)',
  'wrong-content-length(too-short)',
  'bad-gzip',
  'invalid-json',
  'truncated-json',
  'stall-after-events(0)',
  'stall-after-events(3)',
  'cut-after-events(0)',
  'cut-after-events(1)',
  'cut-after-events(6,clean)',
  'cut-after-events(6,fin)',
  'cut-after-events(6,reset)',
  'invalid-json-event(0)',
  'invalid-json-event(4)',
  'error-event(0)',
  'error-event(3)',
  'missing-done',
  'empty-stream',
  'status(500)',
  'status(502)',
  'status(503,1)',
  'status(429,2)',
  'status(529)',
  'status(401)',
  'status(403)',
  'html-error',
  'html-error(502,cloudflare)',
  'edge-error',
  'captive-portal',
  'quota-exhausted',
] as const;

const TLS_MOODS: readonly TlsMood[] = ['expired', 'wrong-name', 'unknown-issuer', 'refusing', 'silent', 'cutting'];
const NAME_MOODS: readonly NameMood[] = ['nxdomain', 'servfail', 'silent', 'slow'];
const REGIONS = ['eu', 'us'] as const;

function oneOf<T>(chance: Chance, list: readonly [T, ...T[]] | readonly T[]): T {
  const found = list[chance.below(list.length)];
  if (found === undefined) throw new RangeError('nothing to choose from');
  return found;
}

/** How long things go wrong when nobody says: short runs mostly, since a tenth of the length finds more than a tenth of the faults. */
const MINUTES = [0.2, 0.3, 0.3, 0.4, 0.5, 0.75, 1] as const;
/** After the healing: rests run out and slow start ends within 40 s, and then every call counts. */
const LIVENESS_MS = 50_000;

/** A plan whose every knob is drawn from the seed: what kind of day it is, targets, pools, network, callers, and what goes wrong when. */
export function swarmPlan(seed: string, asked?: number): Plan {
  return asDay(anything(seed, asked), dayOfSeed(seed));
}

function anything(seed: string, asked: number | undefined): Plan {
  const chance = seededChance(`swarm ${seed}`);
  const minutes = asked ?? oneOf(seededChance(`minutes ${seed}`), MINUTES);
  const dialect = chance.float() < 0.2 ? 'anthropic' : 'openai';
  const hasRegions = chance.float() < 0.3;
  const targets = Array.from({ length: 1 + chance.below(5) }, (_, nth) => drawTarget(chance, nth, hasRegions));
  const pools = drawPools(chance, targets, hasRegions);
  const safetyMs = minutes * 60_000;
  const acts = [...drawActs(chance, targets, safetyMs), ...drawHangUp(seed, targets, safetyMs)];
  return {
    seed,
    scenario: 'swarm',
    dialect,
    targets,
    pools,
    region: hasRegions ? targets[0]?.region : undefined,
    timeouts: drawTimeouts(chance),
    deadlineMs: oneOf(chance, [30_000, 60_000, 120_000]),
    config: chance.float() < 0.2 ? ['hedge: { mode: off }'] : [],
    weather: drawWeather(chance),
    loads: drawLoads(chance, dialect),
    acts,
    safetyMs,
    livenessMs: LIVENESS_MS,
  };
}

function drawTarget(chance: Chance, nth: number, hasRegions: boolean): TargetPlan {
  return {
    name: `t${nth + 1}`,
    region: hasRegions ? oneOf(chance, REGIONS) : undefined,
    isSecure: chance.float() < 0.4,
    ttlS: chance.float() < 0.5 ? oneOf(chance, [1, 10, 60]) : undefined,
    paceWordsPerS: oneOf(chance, [0, 20, 40, 80]),
    workers: undefined,
  };
}

function drawPools(chance: Chance, targets: readonly TargetPlan[], hasRegions: boolean): PoolPlan[] {
  const names = targets.map(({ name }) => name);
  const cut = names.length > 1 && chance.float() < 0.4 ? 1 + chance.below(names.length - 1) : names.length;
  const groups = [names.slice(0, cut), names.slice(cut)].filter((group) => group.length > 0);
  return groups.map((group, nth): PoolPlan => {
    const regions = new Set(targets.filter(({ name }) => group.includes(name)).map(({ region }) => region));
    const isMulti = hasRegions && regions.size > 1 && nth === 0;
    const redundancy = isMulti
      ? 'multi-region'
      : nth === 0
        ? undefined
        : oneOf(chance, ['backup', 'hot-standby'] as const);
    return { targets: group, balance: oneOf(chance, BALANCES), redundancy };
  });
}

function drawTimeouts(chance: Chance): Record<string, string> {
  const timeouts: Record<string, string> = {};
  const maybe = (name: string, values: readonly string[]): void => {
    if (chance.float() < 0.25) timeouts[name] = oneOf(chance, values);
  };
  maybe('connect', ['500ms', '1s', '5s']);
  maybe('first-part', ['5s', '15s', '30s']);
  maybe('head', ['5s', '15s', '30s']);
  maybe('between-parts', ['3s', '10s']);
  maybe('between-bytes', ['5s', '15s']);
  maybe('drain', ['5s', '25s']);
  return timeouts;
}

function drawWeather(chance: Chance): Partial<Weather> {
  return {
    delayMs: oneOf(chance, [0.1, 1, 10, 40]),
    jitterMs: oneOf(chance, [0, 1, 20]),
    bytesPerMs: oneOf(chance, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2000, 500]),
    splitShare: oneOf(chance, [0, 0.1, 0.5, 1]),
  };
}

const TONGUES: readonly Tongue[] = ['chat', 'chat', 'responses', 'completions'];

function drawLoads(chance: Chance, dialect: NonNullable<Plan['dialect']>): Load[] {
  const tongue = (): Tongue => (dialect === 'anthropic' ? 'messages' : oneOf(chance, TONGUES));
  const loads: Load[] = [
    {
      kind: 'plain',
      perS: chance.float() < CROWD_SHARE ? 40 : 1 + chance.float() * 4,
      curve: oneOf(chance, CURVES),
      tongue: tongue(),
    },
    { kind: 'stream', perS: 0.5 + chance.float() * 1.5, curve: oneOf(chance, CURVES), tongue: tongue() },
  ];
  for (const kind of CALLER_KINDS) {
    if (kind === 'plain' || kind === 'stream' || chance.float() < 0.5) continue;
    if (kind === 'embeddings' && dialect === 'anthropic') continue;
    loads.push({ kind, perS: perSOf(kind, chance), curve: oneOf(chance, CURVES), tongue: tongue() });
  }
  return loads;
}

/**
 * In so many runs there is a crowd: of plain callers, since below some ten calls a second the floor of the budget pays for everything, and of
 * those who leave, since only then would it show if leaving were held against a target.
 */
const CROWD_SHARE = 0.1;

function perSOf(kind: CallerKind, chance: Chance): number {
  switch (kind) {
    case 'greedy':
      return 0.1;
    case 'slow-reader':
      return 0.2;
    case 'impatient':
      return chance.float() < CROWD_SHARE ? 8 : 0.2 + chance.float();
    default:
      return 0.2 + chance.float();
  }
}

function drawActs(chance: Chance, targets: readonly TargetPlan[], safetyMs: number): Act[] {
  const acts: Act[] = [];
  for (let count = chance.below(9); count > 0; count -= 1) {
    const atMs = chance.float() * safetyMs * 0.8;
    const forMs = 500 + chance.float() * oneOf(chance, [2000, 20_000, safetyMs]);
    acts.push(...drawAct(chance, targets, atMs, Math.min(forMs, safetyMs - atMs)));
  }
  return acts.sort((a, b) => a.atMs - b.atMs);
}

function drawAct(chance: Chance, targets: readonly TargetPlan[], atMs: number, forMs: number): Act[] {
  const names = targets.map(({ name }) => name);
  const some = names.filter(() => chance.float() < 0.5);
  const hosts = some.length === 0 ? [oneOf(chance, names)] : chance.float() < 0.2 ? names : some;
  const one = (deed: Deed): Act[] => [{ atMs, forMs, deed }];
  switch (chance.below(16)) {
    case 0:
      return one({ word: 'block', hosts, way: oneOf(chance, ['in', 'out', 'both'] as const) });
    case 1:
      return one({ word: 'slow-line', hosts, delayMs: 200, jitterMs: 300, bytesPerMs: oneOf(chance, [1, 20]) });
    case 2:
      return one({ word: oneOf(chance, ['reset-all', 'forget'] as const), hosts });
    case 3:
      return one({ word: oneOf(chance, ['power', 'freeze'] as const), hosts });
    case 4:
      return one({ word: 'names', hosts, mood: oneOf(chance, NAME_MOODS) });
    case 5:
      return one({ word: 'wrong-address', hosts });
    case 6:
      return one({ word: 'certificate', hosts, mood: oneOf(chance, TLS_MOODS) });
    case 7:
      return one({ word: 'reload', change: oneOf(chance, ['same', 'without-first', 'broken'] as const) });
    case 8:
      return one(
        chance.float() < 0.5 ? { word: 'restart' } : { word: 'clock', stepMs: (chance.float() - 0.5) * 7.2e6 },
      );
    case 9:
      return swizzle(chance, hosts, atMs, forMs);
    case 10:
      return one({ word: 'block', hosts: [oneOf(chance, ['callers', 'gateway'])], way: 'both' });
    default:
      return one({ word: 'fault', hosts, fault: oneOf(chance, FAULTS), share: oneOf(chance, [1, 1, 0.5, 0.1]) });
  }
}

/** Of the seeds. */
const HANG_UP_SHARE = 0.1;
const HANG_UP_MS = 10_000;

/** Idle connections end just when they are taken. By a chance of its own, since all other seeds stay what they were. */
function drawHangUp(seed: string, targets: readonly TargetPlan[], safetyMs: number): Act[] {
  const chance = seededChance(`hang-up ${seed}`);
  if (chance.float() >= HANG_UP_SHARE) return [];
  const atMs = chance.float() * safetyMs * 0.5;
  const hosts = targets.map(({ name }) => name);
  return [{ atMs, forMs: Math.min(HANG_UP_MS, safetyMs - atMs), deed: { word: 'hang-up', hosts } }];
}

/** FoundationDB's swizzle-clogging: connections are stopped one by one, and let go in another order. */
function swizzle(chance: Chance, hosts: readonly string[], atMs: number, forMs: number): Act[] {
  return hosts.map((host) => {
    const fromMs = atMs + chance.float() * forMs * 0.5;
    const endMs = fromMs + chance.float() * (atMs + forMs - fromMs);
    return { atMs: fromMs, forMs: endMs - fromMs, deed: { word: 'block', hosts: [host], way: 'both' } };
  });
}
