import { isLoopback } from '../../config/address.ts';
import type { Settings, TargetSettings } from '../../config/settings.ts';
import type { Address, World } from '../../world/world.ts';
import type { Received } from '../ledger.ts';
import { rawExchange } from '../raw-client.ts';
import type { Scenario } from '../scenarios.ts';
import { seatsAt } from '../seats.ts';
import type { Deed, Plan, TargetPlan } from '../sim/plan.ts';
import type { LiveStage } from './stage.ts';

/** A target of a running gateway, as far as a drill may touch it. */
export type Reached = {
  readonly target: TargetSettings;
  /** `sandbox` can be broken; `loopback` is called and left whole; `real` belongs to somebody, and costs. */
  readonly kind: 'sandbox' | 'loopback' | 'real';
  /** What a sandbox tells of itself. */
  readonly state: object | undefined;
};

/** Requests that a sandbox remembers are fetched so often: it keeps the last twenty. */
const LOOK_MS = 300;
const SILENT = { firstMs: 1000, quietMs: 1000 };

/** Looks at every target of a config: which are sandboxes, which are near, which are real. */
export function reach(world: World, settings: Settings): Promise<readonly Reached[]> {
  return Promise.all(
    settings.targets.map(async (target): Promise<Reached> => {
      if (!isLoopback(target.origin.host)) return { target, kind: 'real', state: undefined };
      const state = await controlled(world, target, 'GET', '/drill', '');
      return { target, kind: state === undefined ? 'loopback' : 'sandbox', state };
    }),
  );
}

/** A gateway that runs already, before sandboxes that run already: only what can be done through their own control is done. */
export function runningStage(
  world: World,
  settings: Settings,
  reached: readonly Reached[],
  scenario: Scenario,
  seed: string,
  minutes: number,
): LiveStage {
  const scripted = scenario.make(seed, minutes);
  const names = reached.map(({ target }) => target.name);
  const hosts = new Map(scripted.targets.map(({ name }, nth) => [name, names[nth % names.length] ?? name]));
  const sandboxes = new Map(reached.filter(({ kind }) => kind === 'sandbox').map((each) => [each.target.name, each]));
  const [route] = settings.routes;
  const plan: Plan = {
    ...scripted,
    deadlineMs: settings.deadlineMs,
    targets: names.map(
      (name, nth): TargetPlan => ({
        ...(scripted.targets[nth % scripted.targets.length] as TargetPlan),
        name,
      }),
    ),
    pools: [{ targets: names, balance: 'least-connections', redundancy: undefined }],
    acts: scripted.acts.flatMap((act) => {
      const deed = asFault(act.deed, hosts, sandboxes);
      return deed === undefined ? [] : [{ ...act, deed }];
    }),
  };
  const records = new Map<string, Map<number, Received>>(names.map((name) => [name, new Map()]));
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const [name, { target }] of sandboxes) {
      const state = await controlled(world, target, 'GET', '/drill', '');
      const last: unknown = Reflect.get(Object(state), 'last');
      for (const each of (Array.isArray(last) ? last : []) as readonly Received[])
        records.get(name)?.set(each.serial, each);
    }
    if (!isOver) world.timers.after(LOOK_MS, () => void look());
  };
  void look();
  const model = route?.pools[0]?.model ?? route?.models.find((each) => !each.includes('*')) ?? 'sandbox-chat';
  return {
    plan,
    world,
    gateway: { ip: settings.listen.ip, port: settings.listen.port },
    voice: { voice: 'sandbox', model },
    act: (deed) => {
      if (deed.word !== 'fault') return undefined;
      const struck = deed.hosts.flatMap((host) => sandboxes.get(host)?.target ?? []);
      const share = deed.share < 1 ? ` share=${deed.share}` : '';
      for (const target of struck) void controlled(world, target, 'PUT', '/drill/fault', `${deed.fault}${share}`);
      return () => {
        for (const target of struck) void controlled(world, target, 'DELETE', '/drill/fault', '');
      };
    },
    settled: async () => undefined,
    stations: async () => names.map((name) => ({ name, received: [...(records.get(name)?.values() ?? [])] })),
    seats: () => seatsAt(world, settings.admin),
    stop: async () => {
      isOver = true;
      for (const { target } of sandboxes.values()) await controlled(world, target, 'DELETE', '/drill/fault', '');
    },
  };
}

/** The nearest thing that a sandbox can do by itself; undefined when there is none. */
function asFault(
  deed: Deed,
  hosts: ReadonlyMap<string, string>,
  sandboxes: ReadonlyMap<string, Reached>,
): Deed | undefined {
  if (!('hosts' in deed)) return undefined;
  const struck = [...new Set(deed.hosts.map((host) => hosts.get(host) ?? host))].filter((host) => sandboxes.has(host));
  if (struck.length === 0) return undefined;
  const fault = deed.word === 'fault' ? deed.fault : NEAREST[deed.word];
  if (fault === undefined) return undefined;
  return { word: 'fault', hosts: struck, fault, share: deed.word === 'fault' ? deed.share : 1 };
}

const NEAREST: Partial<Record<Deed['word'], string>> = {
  block: 'accept-and-hang',
  freeze: 'accept-and-hang',
  // Its control must be reachable to heal it, so that it cannot refuse connections itself.
  power: 'reset-before-head',
  'slow-line': 'slow-drip(20, 50)',
  'reset-all': 'reset-before-head',
  forget: 'accept-and-hang',
};

/** Asks a sandbox on its own port; undefined when it is none. */
async function controlled(
  world: World,
  { origin }: TargetSettings,
  method: string,
  path: string,
  body: string,
): Promise<object | undefined> {
  const address: Address = { ip: origin.host === 'localhost' ? '127.0.0.1' : origin.host, port: origin.port };
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${origin.host}\r\nconnection: close\r\n`;
  const request = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const { text } = await rawExchange(world, address, request, SILENT);
  if (!text.startsWith('HTTP/1.1 200')) return undefined;
  if (method !== 'GET') return {};
  try {
    const state: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    const isSandbox = typeof state === 'object' && state !== null && 'fault' in state && 'counters' in state;
    return isSandbox ? state : undefined;
  } catch {
    return undefined;
  }
}
