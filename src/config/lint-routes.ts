/** Routes that look redundant and are not, or that no call ever takes. */
import type { Config } from './config.ts';
import { covers } from './glob.ts';
import type { Remark, Rule } from './lint.ts';
import type { PoolSettings, RouteSettings, Settings, TargetSettings } from './settings.ts';
import type { Path } from './source.ts';

/** The rules about routes and pools. */
export const routeRules: readonly Rule[] = [singlePoints, hidden, pools, oneTry];

function singlePoints({ asked }: Config, { routes }: Settings): Remark[] {
  return routes.flatMap((route, index): Remark[] => {
    const targets = route.pools.flatMap((pool) => pool.targets.filter((target) => target.weight > 0));
    const services = new Set(targets.map(({ origin }) => `${origin.host}:${origin.port}`));
    if (services.size > 1) return [];
    const names = new Set(targets.map((target) => target.name));
    const [only] = names;
    return [
      {
        rule: 'single-point',
        path: asked.routes === undefined ? ['targets'] : ['routes', index, 'pools'],
        part: 'name',
        message:
          names.size === 1
            ? `Route ${route.name} has one target, ${only}: when that fails, its calls fail.`
            : `All targets of route ${route.name} are the same service, ${[...services].join('')}: when that fails, its calls fail.`,
        advice: 'Add a pool with a target elsewhere.',
      },
    ];
  });
}

function hidden(_config: Config, { routes }: Settings): Remark[] {
  return routes.flatMap((route, index): Remark[] => {
    const before = routes.slice(0, index).find((former) => takesAll(former, route));
    if (before === undefined) return [];
    return [
      {
        rule: 'unreachable-route',
        path: ['routes', index],
        message: `No call reaches route ${route.name}: route ${before.name} stands before it and takes them all.`,
        advice: 'Move the narrower route up.',
      },
    ];
  });
}

function takesAll(wide: RouteSettings, narrow: RouteSettings): boolean {
  return allCovered(wide.models, narrow.models) && allCovered(wide.paths, narrow.paths);
}

/** An empty list takes everything, and a list takes an empty one only if it is empty too. */
function allCovered(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((glob) => wide.some((each) => covers(each, glob)));
}

function pools({ asked }: Config, { routes }: Settings): Remark[] {
  if (asked.routes === undefined) return [];
  return routes.flatMap((route, index) =>
    route.pools.flatMap((pool, at) => {
      const path = ['routes', index, 'pools', at];
      return [
        ...standIn(route.pools, at, path),
        ...otherModels(route, at, path),
        ...mixedDialects(pool, path),
        ...oneRegion(pool, path),
      ];
    }),
  );
}

/** Pools that stand in for those before them, and cannot. */
function standIn(all: readonly PoolSettings[], at: number, path: Path): Remark[] {
  const pool = all[at];
  if (pool === undefined) return [];
  if (at === 0 && (pool.redundancy === 'backup' || pool.redundancy === 'hot-standby')) {
    return [
      {
        rule: 'backup-first',
        path: [...path, 'redundancy'],
        message: `The first pool is a ${pool.redundancy}, but nothing stands before it.`,
        advice: 'Remove the word, or put the pool it stands in for before it.',
      },
    ];
  }
  const same = all.slice(0, at).some((former) => membersOf(former) === membersOf(pool));
  if (!same) return [];
  return [
    {
      rule: 'same-pool',
      path: [...path, 'targets'],
      part: 'name',
      message: `This pool has the targets and the model of one before it: what failed there fails here.`,
      advice: 'Give it other targets.',
    },
  ];
}

function membersOf(pool: PoolSettings): string {
  return JSON.stringify([pool.targets.map((target) => target.name).sort(), pool.model]);
}

/** A model is known to those who make it: a pool of another kind must be told what to ask for. */
function otherModels(route: RouteSettings, at: number, path: Path): Remark[] {
  const pool = route.pools[at];
  const first = route.pools[0]?.targets[0];
  if (at === 0 || pool === undefined || first === undefined || pool.model !== undefined || route.models.length === 0)
    return [];
  const strangers = pool.targets.filter((target) => target.model === undefined && maker(target) !== maker(first));
  if (strangers.length === 0) return [];
  const names = strangers.map((target) => target.name).join(', ');
  return [
    {
      rule: 'model-elsewhere',
      path,
      message: `${names} would be asked for the caller's model (${route.name}), which belongs to ${first.name}.`,
      advice: 'Give this pool a model that its targets have.',
    },
  ];
}

/** OpenAI's models are at Azure too; apart from that, another dialect or another host is another maker. */
function maker({ dialect, origin }: TargetSettings): string {
  const isOpenAi = dialect === 'azure-openai' || origin.host === 'api.openai.com';
  return isOpenAi ? 'openai' : `${dialect} ${origin.host}`;
}

function mixedDialects(pool: PoolSettings, path: Path): Remark[] {
  const families = new Set(pool.targets.map(({ dialect }) => (dialect === 'azure-openai' ? 'openai' : dialect)));
  if (families.size < 2) return [];
  return [
    {
      rule: 'mixed-dialects',
      path: [...path, 'targets'],
      message: `Targets of one pool serve interchangeably, but these speak ${[...families].join(' and ')}.`,
      advice: 'Put them into pools of their own, each with its model.',
    },
  ];
}

function oneRegion(pool: PoolSettings, path: Path): Remark[] {
  if (pool.redundancy !== 'multi-region' || pool.regions.length > 1) return [];
  return [
    {
      rule: 'one-region',
      path: [...path, 'redundancy'],
      message: `This pool is multi-region, but all its targets are in ${pool.regions.join('')}.`,
      advice: 'Add a target in another region.',
    },
  ];
}

function oneTry({ asked }: Config): Remark[] {
  if (asked.retries?.attempts !== 1) return [];
  return [
    {
      rule: 'no-retries',
      path: ['retries', 'attempts'],
      message: 'A call is tried once, so a failure that another try would mend reaches the caller.',
      advice: 'Allow 2 or more attempts.',
    },
  ];
}
