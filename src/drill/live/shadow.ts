import { readSource } from '../../config/source.ts';
import type { Serving, serve } from '../../serve.ts';
import type { Chance, World } from '../../world/world.ts';
import { formatFault, parseFault } from '../parse-fault.ts';
import { deedWords } from '../report/deeds.ts';
import type { Scenario } from '../scenarios.ts';
import { seatsAt } from '../seats.ts';
import { seededChance } from '../sim/chance.ts';
import type { Deed, Plan, PoolPlan, TargetPlan } from '../sim/plan.ts';
import { isPoisoned, POISONED } from '../sim/stage.ts';
import { busyWorkers } from '../sim/workers.ts';
import { startUpstream, type Upstream } from '../upstream.ts';
import { MODELS, VOICE } from '../workloads/wish.ts';
import { renamed, standIns } from './renamed.ts';
import type { LiveStage } from './stage.ts';
import { Veil, ZONE } from './veil.ts';

/** A copy of a config whose targets are sandboxes, ready for a process of its own. */
type Copy = { readonly text: string; readonly pools: readonly PoolPlan[]; readonly names: readonly string[] };

/** What a config says of a target that a sandbox in its place can keep. */
const TARGET_KEPT = new Set(['region', 'weight', 'timeouts']);
/** And of the whole; ports, keys and trust are not for a copy. */
const WHOLE_KEPT = new Set(['region', 'timeouts', 'limits', 'retries', 'hedge', 'streams', 'overload', 'heartbeat']);

/** What a shadow is made of. */
export type ShadowOptions = {
  readonly start: typeof serve;
  /** The config that is copied, and where its copy is written. */
  readonly config: string;
  readonly copyAt: string;
  readonly scenario: Scenario;
  readonly seed: string;
  readonly minutes: number;
};

/**
 * Starts a gateway of its own beside the one that runs: the same config, on free ports of loopback, with sandboxes for targets, and a veil
 * before them. @throws StartFault when the copy cannot start, Error when the config cannot be read.
 */
export async function shadowStage(world: World, options: ShadowOptions): Promise<LiveStage> {
  const { config, copyAt, scenario, seed, minutes, start } = options;
  const { source, faults } = readSource(config, await world.files.read(config), world.env);
  if (source === undefined) throw new Error(faults.map(({ message }) => message).join('; '));
  const scripted = scenario.make(seed, minutes);
  const veil = new Veil(world);
  const names = targetNames(source.value);
  const upstreams = await sandboxes(world, veil, names, scripted);
  const admin = { ip: '127.0.0.1', port: await freePort(world) };
  const data = { ip: '127.0.0.1', port: await freePort(world) };
  const isSecure = scripted.targets.some((target) => target.isSecure);
  const copy = copyOf(source.value, names, upstreams, isSecure, { data: data.port, admin: admin.port });
  await world.files.write(copyAt, copy.text);
  const begin = (): Promise<Serving> => start(veil.world, { config: copyAt, say: () => undefined });
  let serving = await begin();
  let restarting: Promise<void> = Promise.resolve();
  const write = (text: string): void => void world.files.write(copyAt, text);
  const restart = (): void => {
    restarting = restarting
      .then(() => serving.stop())
      .then(async () => {
        serving = await begin();
      });
  };
  const plan = planFor(scripted, names, copy.pools);
  return {
    plan: { ...plan, acts: plan.acts.filter(({ deed }) => deed.word !== 'clock') },
    notes: notesOf(plan),
    world,
    gateway: data,
    voice: undefined,
    act: (deed) =>
      act(deed, { veil, upstreams, chance: seededChance(`live ${seed}`), text: copy.text, write, restart }),
    settled: () => restarting,
    stations: async () => names.map((name) => ({ name, received: upstreams.get(name)?.records ?? [] })),
    seats: () => seatsAt(world, admin),
    stop: async () => {
      await restarting;
      await serving.stop();
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
    },
  };
}

/** A sandbox for each target, as quick and as roomy as the scenario has them. */
async function sandboxes(
  world: World,
  veil: Veil,
  names: readonly string[],
  scripted: Plan,
): Promise<ReadonlyMap<string, Upstream>> {
  const upstreams = new Map<string, Upstream>();
  for (const [nth, name] of names.entries()) {
    const like = scripted.targets[nth % scripted.targets.length];
    const workers = like?.workers;
    const upstream = await startUpstream(world, {
      name,
      voice: VOICE,
      models: MODELS,
      paceWordsPerS: like?.paceWordsPerS ?? 40,
      recordsMax: 100_000,
      faultFor: (ask) => (isPoisoned(ask) ? POISONED : undefined),
      ...(workers === undefined ? {} : { queueMs: busyWorkers(world.clock.now, workers.count, workers.busyMs) }),
    });
    upstreams.set(name, upstream);
    veil.add(name, portOf(upstream));
  }
  return upstreams;
}

/** The scenario with the targets of the config in the place of its own. */
function planFor(scripted: Plan, names: readonly string[], pools: readonly PoolPlan[]): Plan {
  const hosts = standIns(scripted.targets, names);
  return {
    ...scripted,
    targets: names.map(
      (name, nth): TargetPlan => ({
        ...(scripted.targets[nth % scripted.targets.length] as TargetPlan),
        name,
      }),
    ),
    pools,
    acts: scripted.acts.map((act) => ({ ...act, deed: renamed(act.deed, hosts) })),
  };
}

type Scene = {
  readonly veil: Veil;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly chance: Chance;
  readonly text: string;
  readonly write: (text: string) => void;
  readonly restart: () => void;
};

/** Does it, and returns what undoes it; undefined for what real sockets and clocks do not let us do. */
function act(deed: Deed, { veil, upstreams, chance, text, write, restart }: Scene): (() => void) | undefined {
  const each = (change: (port: number) => void): void => {
    for (const host of 'hosts' in deed ? deed.hosts : []) {
      const upstream = upstreams.get(host);
      if (upstream !== undefined) change(portOf(upstream));
    }
  };
  const turn = (there: (port: number) => void, back: (port: number) => void): (() => void) => {
    each(there);
    return () => each(back);
  };
  switch (deed.word) {
    case 'fault':
      return strike(upstreams, deed, chance);
    case 'block':
    case 'power':
    case 'freeze':
      return turn(
        (port) => veil.block(port, true),
        (port) => veil.block(port, false),
      );
    case 'reset-all':
    case 'forget':
    case 'hang-up':
      each((port) => veil.drop(port, deed.word === 'forget' ? 'forget' : 'reset'));
      return () => undefined;
    case 'names':
      return turn(
        (port) => veil.name(port, deed.mood, false),
        (port) => veil.name(port, 'good', false),
      );
    case 'wrong-address':
      return turn(
        (port) => veil.name(port, 'good', true),
        (port) => veil.name(port, 'good', false),
      );
    case 'certificate':
      return turn(
        (port) => veil.certificate(port, deed.mood),
        (port) => veil.certificate(port, 'good'),
      );
    case 'reload':
      write(deed.change === 'broken' ? '{ targets: [' : `${text}\n`);
      return () => write(text);
    case 'restart':
      restart();
      return () => undefined;
    case 'slow-line':
      return strike(upstreams, { word: 'fault', hosts: deed.hosts, fault: SLOW, share: 1 }, chance);
    case 'clock':
      return undefined;
  }
}

/** The nearest thing to a slow line. */
const SLOW = 'slow-drip(20, 50)';

/** What is done in another way, or not at all. */
function notesOf({ acts }: Plan): readonly string[] {
  const notes = acts.flatMap(({ deed }) => {
    if (deed.word === 'clock') return [`Left out, since real clocks are nobody's to set: ${deedWords(deed)}`];
    return deed.word === 'slow-line' ? [`In the place of a slow line, ${SLOW} was done: ${deedWords(deed)}`] : [];
  });
  return [...new Set(notes)];
}

/** Strikes sandboxes of this very process. */
function strike(
  upstreams: ReadonlyMap<string, Upstream>,
  deed: Extract<Deed, { word: 'fault' }>,
  from: Chance,
): () => void {
  const parsed = parseFault(deed.fault);
  if (!parsed.ok) throw new Error(parsed.problem);
  const struck = deed.hosts.flatMap((host) => upstreams.get(host) ?? []);
  for (const upstream of struck) void upstream.setFault(parsed.value, { share: deed.share, from });
  return () => {
    for (const upstream of struck) {
      if (upstream.order !== undefined && formatFault(upstream.order.fault) === formatFault(parsed.value)) {
        void upstream.setFault(undefined);
      }
    }
  };
}

function targetNames(value: unknown): readonly string[] {
  const names = Object.keys(Object(Reflect.get(Object(value), 'targets')));
  return names.length === 0 ? ['a', 'b', 'c'] : names;
}

function copyOf(
  value: unknown,
  names: readonly string[],
  upstreams: ReadonlyMap<string, Upstream>,
  isSecure: boolean,
  ports: { readonly data: number; readonly admin: number },
): Copy {
  const asked = Object(value) as Record<string, unknown>;
  const own = Object(asked['targets']) as Record<string, unknown>;
  const targets = Object.fromEntries(
    names.map((name) => {
      const upstream = upstreams.get(name);
      const port = upstream === undefined ? 0 : portOf(upstream);
      const kept = Object.entries(Object(own[name])).filter(([key]) => TARGET_KEPT.has(key));
      const url = `${isSecure ? 'https' : 'http'}://${name}${ZONE}:${port}/v1`;
      return [name, { ...Object.fromEntries(kept), dialect: 'openai', url, key: 'sk-drill', proxy: 'off' }];
    }),
  );
  const pools = poolsOf(asked['routes'], names);
  const kept = Object.entries(asked).filter(([key]) => WHOLE_KEPT.has(key));
  const text = JSON.stringify({
    ...Object.fromEntries(kept),
    listen: `127.0.0.1:${ports.data}`,
    admin: `127.0.0.1:${ports.admin}`,
    targets,
    routes: [
      { pools: pools.map(({ redundancy, ...pool }) => (redundancy === undefined ? pool : { ...pool, redundancy })) },
    ],
    log: { level: 'off' },
  });
  return { text, pools, names };
}

/** The pools of the first route, whatever models it is for: the callers of a drill ask for one. */
function poolsOf(routes: unknown, names: readonly string[]): readonly PoolPlan[] {
  const first: unknown = Array.isArray(routes) ? routes[0] : undefined;
  const pools: unknown = Reflect.get(Object(first), 'pools');
  const found = (Array.isArray(pools) ? pools : []).map((pool): PoolPlan => {
    const listed: unknown = Reflect.get(Object(pool), 'targets');
    return {
      targets: Array.isArray(listed) ? listed.map(String) : names,
      balance: Reflect.get(Object(pool), 'balance') ?? 'least-connections',
      redundancy: Reflect.get(Object(pool), 'redundancy') ?? undefined,
    };
  });
  return found.length > 0 ? found : [{ targets: names, balance: 'least-connections', redundancy: undefined }];
}

function portOf({ address }: Upstream): number {
  return 'port' in address ? address.port : 0;
}

/** A port that was free a moment ago. */
async function freePort(world: World): Promise<number> {
  const ear = { open() {}, data() {}, end() {}, drain() {}, close() {} };
  const listener = await world.net.listen({ address: { ip: '127.0.0.1', port: 0 } }, () => ear);
  await listener.close();
  return 'port' in listener.address ? listener.address.port : 0;
}
