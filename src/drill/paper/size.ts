import type { World } from '../../world/world.ts';
import { type Filled, type Form, readForm } from '../form.ts';

/** Services of one kind. */
export type ServiceSize = {
  readonly name: string;
  readonly count: number;
  /** Calls that one of them works on at once. */
  readonly concurrency: number;
  readonly serviceMs: number;
  /** Part of the calls that it fails by itself, 0…1. */
  readonly errors: number;
  /** Above its concurrency: says 429 or 503 at once, or lets calls wait for their turn. */
  readonly overload: 'refuse' | 'queue';
  /** Gone from one time to another; undefined is never. */
  readonly downFromMs: number | undefined;
  readonly downForMs: number;
};

/** One point of the traffic; between two points it goes in a straight line. */
export type TrafficPoint = { readonly atMs: number; readonly perS: number };

/** What is to be worked out on paper. The settings are those of the config, with its defaults. */
export type Size = {
  readonly replicas: number;
  readonly services: readonly ServiceSize[];
  readonly traffic: readonly TrafficPoint[];
  readonly lastsMs: number;
  /** Part of the callers who were refused or failed and ask again, after `insistAfterMs`. */
  readonly insist: number;
  readonly insistAfterMs: number;
  readonly budgetShare: number;
  readonly budgetPerS: number;
  readonly attemptsMax: number;
  readonly waitersMax: number;
  readonly waitMaxMs: number;
  readonly deadlineMs: number;
};

export const REPLICAS_MAX = 1000;
export const CALLS_PER_S_MAX = 1_000_000;
const TARGETS_MAX = 10_000;
const KINDS_MAX = 100;
const POINTS_MAX = 1000;
const LASTS_MS_MAX = 86_400_000;

/** Three replicas on an afternoon on which the traffic doubles and one kind of service is gone for a minute. */
export const SAMPLE: Size = {
  replicas: 3,
  services: [
    { ...serviceOf('hosted'), count: 2, concurrency: 100, serviceMs: 2000 },
    { ...serviceOf('own'), count: 4, concurrency: 20, serviceMs: 1500, downFromMs: 240_000, downForMs: 60_000 },
  ],
  traffic: [
    { atMs: 0, perS: 60 },
    { atMs: 120_000, perS: 140 },
    { atMs: 360_000, perS: 60 },
  ],
  lastsMs: 600_000,
  insist: 0.3,
  insistAfterMs: 5000,
  budgetShare: 0.2,
  budgetPerS: 10,
  attemptsMax: 3,
  waitersMax: 1000,
  waitMaxMs: 10_000,
  deadlineMs: 600_000,
};

function serviceOf(name: string): ServiceSize {
  return {
    name,
    count: 1,
    concurrency: 10,
    serviceMs: 1000,
    errors: 0,
    overload: 'refuse',
    downFromMs: undefined,
    downForMs: 0,
  };
}

/** Reads a size from a YAML file; bad numbers are refused with their lines. */
export function readSize(world: Pick<World, 'files'>, path: string): Promise<Filled<Size>> {
  return readForm(world, path, sizeIn);
}

function sizeIn(form: Form): Size {
  const services = servicesIn(form);
  const targets = services.reduce((sum, { count }) => sum + count, 0);
  if (targets > TARGETS_MAX) form.fault('targets', `there are ${targets} targets; expected at most ${TARGETS_MAX}`);
  if (services.length === 0) form.fault('targets', 'expected targets: names with concurrency and service-time');
  const traffic = form.list('traffic', POINTS_MAX).map((point) => ({
    atMs: point.duration('at', 0, LASTS_MS_MAX, 0),
    perS: point.number('per-second', 0, CALLS_PER_S_MAX, 0),
  }));
  if (traffic.length === 0) form.fault('traffic', 'expected traffic: such as [{ at: 0s, per-second: 100 }]');
  for (const [nth, { atMs }] of traffic.entries()) {
    if (atMs < (traffic[nth - 1]?.atMs ?? 0)) form.fault('traffic', 'its points go forward in time', [nth, 'at']);
  }
  const retries = form.map('retries');
  const overload = form.map('overload');
  const callers = form.map('callers');
  return {
    replicas: form.whole('replicas', 1, REPLICAS_MAX, 1),
    services,
    traffic,
    lastsMs: form.duration('lasts', 1000, LASTS_MS_MAX, 600_000),
    insist: callers?.number('insist', 0, 1, 0) ?? 0,
    insistAfterMs: callers?.duration('after', 100, 600_000, 5000) ?? 5000,
    budgetShare: retries?.number('budget', 0, 1, SAMPLE.budgetShare) ?? SAMPLE.budgetShare,
    budgetPerS: retries?.number('budget-per-second', 0, 100_000, SAMPLE.budgetPerS) ?? SAMPLE.budgetPerS,
    attemptsMax: retries?.whole('attempts', 1, 20, SAMPLE.attemptsMax) ?? SAMPLE.attemptsMax,
    waitersMax: overload?.whole('waiting', 0, 1_000_000, SAMPLE.waitersMax) ?? SAMPLE.waitersMax,
    waitMaxMs: overload?.duration('wait', 0, 600_000, SAMPLE.waitMaxMs) ?? SAMPLE.waitMaxMs,
    deadlineMs: form.duration('deadline', 1000, LASTS_MS_MAX, SAMPLE.deadlineMs),
  };
}

function servicesIn(form: Form): readonly ServiceSize[] {
  const map = form.map('targets');
  return (map?.names() ?? []).slice(0, KINDS_MAX).flatMap((name): ServiceSize[] => {
    const own = map?.map(name);
    if (own === undefined) return [serviceOf(name)];
    const down = own.map('down');
    return [
      {
        name,
        count: own.whole('count', 1, TARGETS_MAX, 1),
        concurrency: own.whole('concurrency', 1, 10_000_000, 10),
        serviceMs: own.duration('service-time', 1, 600_000, 1000),
        errors: own.number('errors', 0, 1, 0),
        overload: own.choice('overload', ['refuse', 'queue'], 'refuse'),
        downFromMs: down?.duration('at', 0, LASTS_MS_MAX, 0),
        downForMs: down?.duration('for', 1, LASTS_MS_MAX, 60_000) ?? 0,
      },
    ];
  });
}
