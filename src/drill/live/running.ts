import type { SeatView } from '../../call/control.ts';
import { isLoopback } from '../../config/address.ts';
import type { Settings } from '../../config/settings.ts';
import type { World } from '../../world/world.ts';
import { deedWords } from '../report/deeds.ts';
import type { Scenario } from '../scenarios.ts';
import { seatsAt } from '../seats.ts';
import type { Act, Deed, Plan, TargetPlan } from '../sim/plan.ts';
import { renamed, standIns } from './renamed.ts';
import { controlled, type Reached, striking, watched } from './sandboxes.ts';
import type { LiveStage } from './stage.ts';

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
  const watch = watched(world, names, sandboxes);
  const strike = striking(world);
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
      const share = deed.share < 1 ? ` share=${deed.share}` : '';
      const heal = struck.map((target) => strike(target, `${deed.fault}${share}`));
      return () => {
        for (const each of heal) each();
      };
    },
    settled: async () => undefined,
    stations: () => watch.stations(),
    seats: () => seatsAt(world, settings.admin),
    stop: async () => {
      watch.stop();
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
