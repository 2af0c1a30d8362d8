import type { Serving, serve } from '../../serve.ts';
import type { Timers, World } from '../../world/world.ts';
import type { Ask } from '../answers/answer.ts';
import type { Fault } from '../faults.ts';
import { startUpstream, type Upstream } from '../upstream.ts';
import { CallerSite } from '../workloads/caller.ts';
import { MODELS, POISON, VOICE } from '../workloads/wish.ts';
import type { Host } from './host.ts';
import { CONFIG_FILE, configOf, type Plan, type TargetPlan } from './plan.ts';
import { Universe } from './universe.ts';
import { busyWorkers } from './workers.ts';

/** One upstream and the machine it runs on. */
export type Station = {
  readonly plan: TargetPlan;
  readonly host: Host;
  readonly upstream: Upstream;
  /** Its name in the zone, where it has one. */
  readonly dnsName: string | undefined;
};

/** What a drill stands on in the real world. The process under test is handed in: it has the sandbox in it, and so cannot be known here. */
export type Ground = { readonly timers: Pick<Timers, 'soon'>; readonly serve: typeof serve };

/** Where everything is put up: a gateway, its upstreams and its callers, each on a machine of its own. */
export type Stage = {
  readonly universe: Universe;
  readonly gateway: { readonly host: Host; readonly world: World };
  readonly callers: { readonly host: Host; readonly site: CallerSite };
  readonly stations: readonly Station[];
  readonly serve: Ground['serve'];
  /** The running gateway; a restart makes a new one. */
  serving: Serving;
  readonly urls: ReadonlyMap<string, string>;
};

const GATEWAY = { ip: '10.0.0.1', port: 5020 } as const;
const PORT = 8080;
/** Every request is remembered: the checks want them all. */
const RECORDS_MAX = 1_000_000;

/** What the poison does to a service. */
export const POISONED: Fault = {
  word: 'status',
  values: { status: 500, 'retry-after': undefined, 'retry-after-date': undefined, 'retry-after-ms': undefined },
};

/** True for a request that carries the poison. */
export function isPoisoned(ask: Ask): boolean {
  return JSON.stringify(ask.body ?? '').includes(POISON);
}

/** The universe of a plan, with nothing in it yet. */
export function universeOf(plan: Plan): Universe {
  return new Universe(`${plan.scenario}/${plan.seed}`);
}

/** Puts everything up; the universe must be running meanwhile. */
export async function setStage(
  universe: Universe,
  plan: Plan,
  serve: Ground['serve'],
  say: (line: string) => void,
): Promise<Stage> {
  const gateway = universe.host('gateway', GATEWAY.ip, plan.weather);
  const callers = universe.host('callers', '10.9.0.1', plan.weather);
  const stations: Station[] = [];
  const urls = new Map<string, string>();
  for (const [nth, target] of plan.targets.entries()) {
    const ip = `10.1.0.${nth + 1}`;
    const { host, world } = universe.host(target.name, ip, plan.weather);
    if (target.isSecure) host.tls = 'good';
    const dnsName = target.ttlS === undefined ? undefined : `${target.name}.drill.test`;
    if (dnsName !== undefined) universe.names.set(dnsName, [ip], target.ttlS ?? 30);
    const { workers } = target;
    const upstream = await startUpstream(world, {
      name: target.name,
      address: { ip, port: PORT },
      voice: VOICE,
      models: MODELS,
      paceWordsPerS: target.paceWordsPerS,
      recordsMax: RECORDS_MAX,
      faultFor: (ask) => (isPoisoned(ask) ? POISONED : undefined),
      ...(workers === undefined ? {} : { queueMs: busyWorkers(world.clock.now, workers.count, workers.busyMs) }),
    });
    stations.push({ plan: target, host, upstream, dnsName });
    urls.set(target.name, `${target.isSecure ? 'https' : 'http'}://${dnsName ?? ip}:${PORT}/v1`);
  }
  await gateway.world.files.write(CONFIG_FILE, configOf(plan, urls));
  const serving = await serve(gateway.world, { config: CONFIG_FILE, say });
  const site = new CallerSite(callers.world, GATEWAY, universe.chance('callers'));
  return { universe, gateway, callers: { host: callers.host, site }, stations, serve, serving, urls };
}
