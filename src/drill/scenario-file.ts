import { BALANCES, REDUNDANCIES } from '../config/settings.ts';
import type { World } from '../world/world.ts';
import { type Form, readForm } from './form.ts';
import { formatFault, parseFaultOrder } from './parse-fault.ts';
import { BUSY_HOSTS, dayOf, type Scenario, targetOf } from './scenarios.ts';
import type { TlsMood } from './sim/host.ts';
import type { NameMood } from './sim/names.ts';
import type { Act, Deed, PoolPlan, TargetPlan } from './sim/plan.ts';
import { CURVES, type Load } from './workloads/load.ts';
import { CALLER_KINDS } from './workloads/seen.ts';
import { TONGUES } from './workloads/wish.ts';

/** Lines are what is wrong, each with its place. */
export type ReadScenario =
  | { readonly kind: 'scenario'; readonly scenario: Scenario }
  | { readonly kind: 'faults'; readonly lines: readonly string[] };

/** A day: longer ones are mistakes, and so are more of anything than one process can play. */
const TIME_MAX_MS = 86_400_000;
const TARGETS_MAX = 50;
const POOLS_MAX = 10;
const CALLERS_MAX = 50;
const EVENTS_MAX = 1000;
const CALLS_PER_S_MAX = 1000;
const CHARS_MAX = 300;

const NAME_MOODS: readonly NameMood[] = ['nxdomain', 'servfail', 'silent', 'slow'];
const TLS_MOODS: readonly TlsMood[] = ['expired', 'wrong-name', 'unknown-issuer', 'refusing', 'silent', 'cutting'];
const DEEDS = [
  ...['block', 'slow-line', 'reset-all', 'forget', 'power', 'freeze', 'names', 'wrong-address', 'hang-up'],
  ...['certificate', 'reload', 'restart', 'clock'],
] as readonly Exclude<Deed['word'], 'fault'>[];

/** Reads a scenario from a YAML file; docs/drill.md describes it. Unknown faults and impossible numbers are refused with their lines. */
export async function readScenario(world: Pick<World, 'files'>, path: string): Promise<ReadScenario> {
  const filled = await readForm(world, path, (form) => scenarioIn(form, path));
  if (filled.kind === 'faults') return filled;
  return { kind: 'scenario', scenario: filled.value };
}

function scenarioIn(form: Form, file: string): Scenario {
  const name = form.text('name', CHARS_MAX, 'scenario');
  const tells = form.text('tells', CHARS_MAX, 'As the file describes it.');
  const dialect = form.choice('dialect', ['openai', 'anthropic'], 'openai');
  const targets = targetsIn(form);
  const names = targets.map((target) => target.name);
  const pools = poolsIn(form, names);
  const region = form.text('region', CHARS_MAX, undefined);
  const deadlineMs = form.duration('deadline', 1000, TIME_MAX_MS, 60_000);
  const lastsMs = form.duration('lasts', 1000, TIME_MAX_MS, undefined);
  const loads = loadsIn(form, dialect);
  const acts = form.list('events', EVENTS_MAX).flatMap((event) => actIn(event, names, lastsMs) ?? []);
  const weather = weatherIn(form);
  return {
    name,
    tells,
    make: (seed, minutes) => {
      const safetyMs = lastsMs ?? minutes * 60_000;
      const more = { file, dialect, targets, pools, region, deadlineMs, loads, acts, safetyMs, ...weather };
      return dayOf(name, seed, minutes, more);
    },
  };
}

function targetsIn(form: Form): readonly TargetPlan[] {
  const map = form.map('targets');
  const names = map?.names() ?? [];
  if (names.length > TARGETS_MAX)
    form.fault('targets', `there are ${names.length} targets; expected at most ${TARGETS_MAX}`);
  const targets = names.slice(0, TARGETS_MAX).flatMap((name): TargetPlan[] => {
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name) || BUSY_HOSTS.includes(name)) {
      map?.fault(name, `a target is named in small letters, digits and dashes, and not ${BUSY_HOSTS.join(', ')}`);
    }
    const own = map?.map(name);
    if (own === undefined) return [targetOf(name)];
    const count = own.whole('workers', 1, 10_000, undefined);
    const busyMs = own.duration('busy', 1, 600_000, undefined);
    if ((count === undefined) !== (busyMs === undefined)) {
      map?.fault(name, 'workers and busy go together: so many workers, each busy so long with a request');
    }
    return [
      targetOf(name, {
        region: own.text('region', CHARS_MAX, undefined),
        isSecure: own.flag('tls'),
        ttlS: own.whole('name-ttl', 1, 86_400, own.flag('by-address') ? undefined : 30),
        paceWordsPerS: own.number('pace', 0, 10_000, 40),
        workers: count === undefined || busyMs === undefined ? undefined : { count, busyMs },
      }),
    ];
  });
  return targets.length === 0 ? ['a', 'b', 'c'].map((name) => targetOf(name)) : targets;
}

function poolsIn(form: Form, names: readonly string[]): readonly PoolPlan[] {
  const pools = form.list('pools', POOLS_MAX).map(
    (pool): PoolPlan => ({
      targets: pool.words('targets', names),
      balance: pool.choice('balance', BALANCES, 'least-connections'),
      redundancy: pool.choice('redundancy', REDUNDANCIES, undefined),
    }),
  );
  return pools.length > 0 ? pools : [{ targets: names, balance: 'least-connections', redundancy: undefined }];
}

function loadsIn(form: Form, dialect: 'openai' | 'anthropic'): readonly Load[] {
  const spoken = dialect === 'anthropic' ? (['messages'] as const) : TONGUES.filter((tongue) => tongue !== 'messages');
  const loads = form.list('callers', CALLERS_MAX).map(
    (caller): Load => ({
      kind: caller.choice('kind', CALLER_KINDS, 'plain'),
      perS: caller.number('per-second', 0.001, CALLS_PER_S_MAX, 1),
      curve: caller.choice('curve', CURVES, 'flat'),
      tongue: caller.choice('speaks', spoken, dialect === 'anthropic' ? 'messages' : 'chat'),
    }),
  );
  const tongue = dialect === 'anthropic' ? 'messages' : 'chat';
  if (loads.length > 0) return loads;
  return [
    { kind: 'plain', perS: 3, curve: 'flat', tongue },
    { kind: 'stream', perS: 1, curve: 'flat', tongue },
  ];
}

function weatherIn(form: Form): { readonly weather?: { delayMs: number; jitterMs: number; splitShare: number } } {
  const own = form.map('network');
  if (own === undefined) return {};
  return {
    weather: {
      delayMs: own.duration('delay', 0, 60_000, 10),
      jitterMs: own.duration('jitter', 0, 60_000, 5),
      splitShare: own.number('split', 0, 1, 0.1),
    },
  };
}

function actIn(event: Form, targets: readonly string[], lastsMs: number | undefined): Act | undefined {
  const maxMs = lastsMs ?? TIME_MAX_MS;
  const atMs = event.duration('at', 0, maxMs, undefined);
  const forMs = event.duration('for', 1, TIME_MAX_MS, maxMs - (atMs ?? 0));
  if (!event.has('at')) event.fault('at', 'expected at: when it happens, such as 20s');
  const deed = event.has('fault') ? faultIn(event, targets) : deedIn(event, targets);
  return deed === undefined || atMs === undefined ? undefined : { atMs, forMs, deed };
}

function hostsIn(event: Form, known: readonly string[]): readonly string[] {
  const hosts = event.words('targets', known);
  if (!event.has('targets')) event.fault('targets', `expected targets: whom it strikes, such as [${known[0] ?? 'a'}]`);
  return hosts;
}

function faultIn(event: Form, targets: readonly string[]): Deed | undefined {
  const text = event.text('fault', CHARS_MAX, '');
  const share = event.number('share', 0.001, 1, 1);
  const hosts = hostsIn(event, targets);
  if (text === '') return undefined;
  const order = parseFaultOrder(text);
  if (!order.ok) {
    event.fault('fault', order.problem);
    return undefined;
  }
  return { word: 'fault', hosts, fault: formatFault(order.value.fault), share: Math.min(share, order.value.share) };
}

function deedIn(event: Form, targets: readonly string[]): Deed | undefined {
  const word = event.choice('do', DEEDS, undefined);
  if (!event.has('do')) event.fault('do', `expected fault, or do: one of ${DEEDS.join(', ')}`);
  const everyone = [...targets, ...BUSY_HOSTS];
  switch (word) {
    case undefined:
      return undefined;
    case 'block':
      return { word, hosts: hostsIn(event, everyone), way: event.choice('way', ['in', 'out', 'both'], 'both') };
    case 'slow-line':
      return {
        word,
        hosts: hostsIn(event, everyone),
        delayMs: event.duration('delay', 0, 60_000, 200),
        jitterMs: event.duration('jitter', 0, 60_000, 300),
        bytesPerMs: event.number('bytes-per-ms', 0.01, 1e9, 20),
      };
    case 'reset-all':
    case 'forget':
    case 'power':
    case 'freeze':
      return { word, hosts: hostsIn(event, everyone) };
    case 'hang-up':
      return { word, hosts: hostsIn(event, targets) };
    case 'names':
      return { word, hosts: hostsIn(event, targets), mood: event.choice('mood', NAME_MOODS, 'silent') };
    case 'wrong-address':
      return { word, hosts: hostsIn(event, targets) };
    case 'certificate':
      return { word, hosts: hostsIn(event, targets), mood: event.choice('mood', TLS_MOODS, 'expired') };
    case 'reload':
      return { word, change: event.choice('change', ['same', 'without-first', 'broken'], 'same') };
    case 'restart':
      return { word };
    case 'clock':
      return { word, stepMs: event.number('step-ms', -86_400_000, 86_400_000, 3_600_000) };
  }
}
