import type { SeatView } from '../../call/control.ts';
import { isLoopback } from '../../config/address.ts';
import type { Settings } from '../../config/settings.ts';
import type { Address, World } from '../../world/world.ts';
import type { Received } from '../ledger.ts';
import { rawExchange } from '../raw-client.ts';
import { deedWords } from '../report/deeds.ts';
import type { Scenario } from '../scenarios.ts';
import { seatsAt } from '../seats.ts';
import type { Act, Deed, Plan, TargetPlan } from '../sim/plan.ts';
import { renamed, standIns } from './renamed.ts';
import type { LiveStage } from './stage.ts';

/** A target of a running gateway, as far as a drill may touch it. */
export type Reached = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `sandbox` can be broken; `loopback` is called and left whole; `real` belongs to somebody, and costs. */
  readonly kind: 'sandbox' | 'loopback' | 'real';
};

/** Requests that a sandbox remembers are fetched so often: it tells the last hundred. */
const LOOK_MS = 300;
const SILENT = { firstMs: 1000, quietMs: 1000 };

/**
 * Looks at every target of a running gateway, as the gateway itself tells of them: which are sandboxes, which are near, which are real. The
 * config is not asked, since it may name none (then the gateway has found some) or have changed since.
 */
export function reach(world: World, seats: readonly SeatView[]): Promise<readonly Reached[]> {
  const byName = new Map(seats.map(({ target: name, host, port }) => [name, { name, host, port }]));
  return Promise.all(
    [...byName.values()].map(async (target): Promise<Reached> => {
      if (!isLoopback(target.host)) return { ...target, kind: 'real' };
      const state = await controlled(world, target, 'GET', '/drill', '');
      return { ...target, kind: state === undefined ? 'loopback' : 'sandbox' };
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
  const names = reached.map(({ name }) => name);
  const hosts = standIns(scripted.targets, names);
  const sandboxes = new Map(reached.filter(({ kind }) => kind === 'sandbox').map((each) => [each.name, each]));
  const [route] = settings.routes;
  const adapted = scripted.acts.map((act) => adapt(act, hosts, sandboxes));
  const plan: Plan = {
    ...scripted,
    deadlineMs: settings.deadlineMs,
    targets: names.map(
      (name, nth): TargetPlan => ({
        ...(scripted.targets[nth % scripted.targets.length] as TargetPlan),
        name,
        workers: undefined,
      }),
    ),
    pools: [{ targets: names, balance: 'least-connections', redundancy: undefined }],
    acts: adapted.flatMap(({ act }) => act ?? []),
  };
  const records = new Map<string, Map<number, Received>>(names.map((name) => [name, new Map()]));
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const [name, target] of sandboxes) {
      const askedMs = world.clock.now();
      const state = await controlled(world, target, 'GET', '/drill', '');
      const { nowMs, last } = { nowMs: askedMs, last: [], ...state };
      // The sandbox tells the time by the clock of its own process, as it is when it is asked; its answer takes a while.
      const aheadMs = nowMs - askedMs;
      for (const each of last as readonly Received[]) {
        const { startMs, endMs } = each;
        const own = { ...each, startMs: startMs - aheadMs, endMs: endMs === undefined ? undefined : endMs - aheadMs };
        records.get(name)?.set(each.serial, own);
      }
    }
  };
  // What is done to one target by several acts at once: the last one counts, until it is over.
  const orders = new Map<string, { readonly text: string }[]>();
  const strike = (target: Reached, text: string): (() => void) => {
    const own = { text };
    orders.set(target.name, [...(orders.get(target.name) ?? []), own]);
    void controlled(world, target, 'PUT', '/drill/fault', text);
    return () => {
      const left = (orders.get(target.name) ?? []).filter((each) => each !== own);
      orders.set(target.name, left);
      const last = left.at(-1)?.text;
      void controlled(world, target, last === undefined ? 'DELETE' : 'PUT', '/drill/fault', last ?? '');
    };
  };
  const lookOn = async (): Promise<void> => {
    await look();
    if (!isOver) world.timers.after(LOOK_MS, () => void lookOn());
  };
  void lookOn();
  const model = route?.pools[0]?.model ?? route?.models.find((each) => !each.includes('*')) ?? 'sandbox-chat';
  return {
    plan,
    world,
    gateway: { ip: settings.listen.ip, port: settings.listen.port },
    voice: { voice: 'sandbox', model },
    notes: [...new Set([...notesOf(scripted), ...adapted.flatMap(({ note }) => note ?? [])])],
    act: (deed) => {
      if (deed.word !== 'fault') return undefined;
      const struck = deed.hosts.flatMap((host) => sandboxes.get(host) ?? []);
      const order = `${deed.fault}${deed.share < 1 ? ` share=${deed.share}` : ''}`;
      const heal = struck.map((target) => strike(target, order));
      return () => {
        for (const each of heal) each();
      };
    },
    settled: async () => undefined,
    stations: async () => {
      await look();
      return names.map((name) => ({ name, received: [...(records.get(name)?.values() ?? [])] }));
    },
    seats: () => seatsAt(world, settings.admin),
    stop: async () => {
      isOver = true;
      for (const target of sandboxes.values()) await controlled(world, target, 'DELETE', '/drill/fault', '');
    },
  };
}

/** What of the services and callers of a scenario sandboxes that run already cannot be like. */
function notesOf({ targets, loads }: Plan): readonly string[] {
  const notes: string[] = [];
  if (targets.some(({ workers }) => workers !== undefined))
    notes.push('Left out, since a sandbox has room for any number of calls: services with little room.');
  if (loads.some(({ kind }) => kind === 'poison'))
    notes.push(
      'Left out, since a sandbox bears every call: what no service can bear is answered as any other call is.',
    );
  return notes;
}

/** An act as far as sandboxes can do it to themselves, or the nearest thing that they can; the note says what is different. */
function adapt(
  act: Act,
  hosts: ReadonlyMap<string, string>,
  sandboxes: ReadonlyMap<string, Reached>,
): { readonly act?: Act; readonly note?: string } {
  const asked = renamed(act.deed, hosts);
  if (!('hosts' in asked)) return { note: `Left out, since it cannot be done from outside: ${deedWords(asked)}` };
  const struck = asked.hosts.filter((host) => sandboxes.has(host));
  if (struck.length === 0) return { note: `Left out, since these are no sandboxes: ${deedWords(asked)}` };
  const text = asked.word === 'fault' ? asked.fault : NEAREST[asked.word];
  const forMs = Math.min(LASTS_MS_MAX, Math.ceil(act.forMs));
  // Nobody can tell it to listen again while it does not: it has to know beforehand when. Who stands still answers when it goes on.
  const fault = text === 'refuse' || text === 'slow-head' ? `${text}(${forMs})` : text;
  const share = asked.word === 'fault' ? asked.share : 1;
  const done: Act = { ...act, deed: { word: 'fault', hosts: struck, fault, share } };
  if (asked.word === 'fault') return { act: done };
  return {
    act: done,
    note: `In the place of what a sandbox cannot do to itself, ${fault} was done: ${deedWords(asked)}`,
  };
}

/** The longest that a fault may last. */
const LASTS_MS_MAX = 600_000;

const NEAREST: Record<Exclude<Extract<Deed, { hosts: readonly string[] }>['word'], 'fault'>, string> = {
  block: 'accept-and-hang',
  freeze: 'slow-head',
  power: 'refuse',
  'slow-line': 'slow-drip(20, 50)',
  'reset-all': 'reset-before-head',
  forget: 'accept-and-hang',
  'hang-up': 'idle-close(0)',
  // No connection comes about, whatever the reason.
  names: 'refuse',
  'wrong-address': 'refuse',
  certificate: 'refuse',
};

/** Asks a sandbox on its own port; undefined when it is none. */
async function controlled(
  world: World,
  target: Pick<Reached, 'host' | 'port'>,
  method: string,
  path: string,
  body: string,
): Promise<object | undefined> {
  const { host, port } = target;
  const address: Address = { ip: host.endsWith('localhost') ? '127.0.0.1' : host, port };
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`;
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
