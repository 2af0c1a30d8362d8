import { Alarms } from './attempts/alarm.ts';
import { deadline } from './attempts/deadline.ts';
import { fallback } from './attempts/fallback.ts';
import { HINT_BOUNDS, type Hints, readHints } from './attempts/hints.ts';
import { Ledgers } from './attempts/ledger.ts';
import type { Call, Caller, Dialect } from './call/call.ts';
import type { Control } from './call/control.ts';
import { Failure } from './call/failure.ts';
import type { Fields } from './call/fields.ts';
import type { Reply } from './call/reply.ts';
import { matchesAny } from './config/glob.ts';
import type { RouteSettings, Settings, TargetSettings } from './config/settings.ts';
import { control } from './control.ts';
import { Court } from './health/blame.ts';
import { Maintenance, maintenance } from './health/maintenance.ts';
import type { Requester } from './http1/contract.ts';
import { explain } from './pipeline/explain.ts';
import { type Ask, tell } from './pipeline/service.ts';
import { PoolOfRoute, type PoolParts } from './pool.ts';
import { ask } from './providers/ask.ts';
import { listModels, type ModelSources } from './providers/models.ts';
import { speaks } from './providers/speaks.ts';
import { standby } from './standby.ts';
import { TargetAbility } from './stream/abilities.ts';
import { assemble } from './stream/assemble.ts';
import { heartbeat } from './stream/heartbeat.ts';
import { Replays } from './stream/replay.ts';
import { resume } from './stream/resume.ts';
import type { World } from './world/world.ts';

/** What the gateway needs besides its settings. */
export type GatewayParts = {
  readonly world: Pick<World, 'clock' | 'timers' | 'chance'>;
  readonly requester: Requester;
  /** Our pseudonym in `via`. */
  readonly name: string;
  /** What outlives a reload. */
  readonly memory: Memory;
};

/** What a process remembers whatever config is in force. */
export type Memory = {
  /** Replies that may be read again. */
  readonly replays: Replays;
  /** What the operator took out of service. */
  readonly plan: Maintenance;
  /** What pools were asked, and spent on further tries. */
  readonly ledgers: Ledgers;
};

/** The gateway: what answers calls, and what an operator can do to it while it runs. */
export type Gateway = {
  readonly ask: Ask;
  readonly control: Control;
  /** What a caller asks for by its fields, within the bounds of the route that its path and model lead to. */
  hints(fields: Fields, path: string, model: string | undefined): Hints;
  /**
   * The reply of an earlier call, from after the last event its caller has.
   * @throws Failure with a status of 400 or 404 when there is none for this caller.
   */
  follow(id: string, lastEventId: string | undefined, caller: Caller): Reply;
  /** Stops what it does by itself; calls under way go on. */
  close(): void;
};

/** A fresh memory, with the bounds of these settings. */
export function createMemory(world: GatewayParts['world'], settings: Settings): Memory {
  const { clock, timers } = world;
  return {
    replays: new Replays({ clock, timers, ...replayBounds(settings) }),
    plan: new Maintenance(clock),
    ledgers: new Ledgers(),
  };
}

/** The path of a call: config × world → Ask. A reload makes a new one; calls under way finish on the old. */
export function createGateway(settings: Settings, parts: GatewayParts): Gateway {
  const { world, requester, memory } = parts;
  const { clock, timers } = world;
  const { replays, plan, ledgers } = memory;
  replays.change(replayBounds(settings));
  ledgers.change(new Set(settings.routes.flatMap(({ pools }) => pools.map(({ name }) => name))), clock.now());
  const shared: PoolParts = {
    world,
    requester,
    via: `1.1 ${parts.name}`,
    court: new Court(),
    maintenance: plan,
    softAlarms: new Alarms(timers),
    hardAlarms: new Alarms(timers),
    ledgerOf: (pool, windowMs) => ledgers.of(pool, clock.now(), windowMs),
    abilityOf: abilities(),
  };
  const routes = settings.routes.map((route) => routeOf(route, settings, shared));
  const pools = routes.flatMap((each) => each.pools);
  const models = listModels(modelSources(settings, shared));
  const find = (path: string, model: string | undefined) => routes.find((each) => takes(each.route, path, model));
  const path: Ask = (call, taker) => {
    if (call.method === 'GET' && call.path === '/v1/models') {
      tell(models(call), taker);
      return;
    }
    const route = find(barePath(call.path), call.model);
    if (route === undefined) taker.failed(unrouted(call, settings));
    else route.ask(call, taker);
  };
  // Above the routes: another pool may finish what one began.
  const resumed = resume({ clock, mode: settings.streams.resume, resumesMax: settings.retries.resumesMax }, path);
  // Above resume, which mends the stream that a plain answer is put together from.
  const assembled = settings.streams.isPlainStreamed ? assemble(resumed) : resumed;
  // Above all that waits or tries again: they share one clock. Each step tells the one above by calling it.
  const timed = deadline({ clock, alarms: new Alarms(timers) }, assembled);
  // Before any work: a refused call must cost nothing.
  const open = maintenance(plan, clock, timed);
  // Above all that asks: who comes back reads on, and asks nobody anew.
  const replayed = replays.over(open);
  // Above all that may be silent: its comments are for the connection of this caller, and in no journal.
  const place = (call: Call) => placeOf(call, pools);
  const beating = heartbeat({ timers, heartbeatMs: settings.heartbeatMs, place }, replayed);
  // First: whatever is thrown below leaves as one Failure with its story, and who was to blame is judged when all is known.
  const ask = explain((call) => shared.court.judge(call), beating);
  const ready = standby(pools, { ...shared, settings });
  return {
    ask,
    control: control(pools, plan),
    hints: hintReader(settings, find),
    follow: (id, lastEventId, caller) => replays.follow(id, lastEventId, caller),
    close() {
      ready.close();
      for (const pool of pools) pool.close();
    },
  };
}

type RouteInForce = {
  readonly route: RouteSettings;
  readonly pools: readonly PoolOfRoute[];
  readonly ask: Ask;
};

function routeOf(route: RouteSettings, settings: Settings, parts: PoolParts): RouteInForce {
  const make = (pool: RouteSettings['pools'][number]) => new PoolOfRoute(pool, route, settings, parts);
  const pools = route.pools.map(make);
  const larger = route.largerContext === undefined ? undefined : make(route.largerContext);
  for (const pool of pools) pool.meet(pools);
  return {
    route,
    pools: larger === undefined ? pools : [...pools, larger],
    ask: routeAsk(pools, larger, parts),
  };
}

/** The pools of a route, for each dialect that callers speak: only targets that understand a call are ever asked. */
function routeAsk(pools: readonly PoolOfRoute[], larger: PoolOfRoute | undefined, parts: PoolParts): Ask {
  const { clock, chance } = parts.world;
  const byDialect = new Map<Dialect, Ask>();
  const build = (dialect: Dialect): Ask => {
    const door = (pool: PoolOfRoute) => {
      const seats = pool.seats.filter((seat) => speaks(seat.target, dialect));
      return seats.length === 0 ? [] : [pool.door(seats)];
    };
    const doors = pools.flatMap(door);
    if (doors.length === 0) return (call, taker) => taker.failed(unspoken(call));
    // Above retry, which each door begins with: a pool is left only when its tries are spent.
    return fallback({
      doors,
      largerContext: larger === undefined ? undefined : door(larger)[0],
      clock,
      chance,
      onGiveUp: (call) => parts.court.judge(call),
    });
  };
  return (call, taker) => {
    let ask = byDialect.get(call.dialect);
    if (ask === undefined) {
      ask = build(call.dialect);
      byDialect.set(call.dialect, ask);
    }
    ask(call, taker);
  };
}

/** The first route in the order written takes the call; one that names models is not asked for calls that name none. */
function takes({ paths, models }: RouteSettings, path: string, model: string | undefined): boolean {
  return matchesAny(paths, path) && (model === undefined || matchesAny(models, model));
}

function barePath(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** A call without a deadline still ends: nobody waits longer than a day. */
const DEADLINE_MS_MAX = 86_400_000;

function hintReader(
  { routes, deadlineMs, overload }: Settings,
  find: (path: string, model: string | undefined) => RouteInForce | undefined,
): Gateway['hints'] {
  const boundsFor = (ms: number) => {
    const deadlineMsMax = ms || DEADLINE_MS_MAX;
    const deadlineMsMin = Math.min(HINT_BOUNDS.deadlineMsMin, deadlineMsMax);
    return { ...HINT_BOUNDS, deadlineMsMin, deadlineMsMax, priorityMax: overload.priorityMax };
  };
  const usual = boundsFor(deadlineMs);
  // Nearly always all routes have one deadline, and which one it will be needs no finding.
  if (routes.every((route) => route.deadlineMs === deadlineMs)) return (fields) => readHints(fields, usual);
  const byRoute = new Map(routes.map((route) => [route, boundsFor(route.deadlineMs)]));
  return (fields, path, model) => {
    const found = find(barePath(path), model);
    return readHints(fields, (found === undefined ? undefined : byRoute.get(found.route)) ?? usual);
  };
}

/** What a waiting call is told; the rooms know it by its id, whichever copy of it waits. */
function placeOf(call: Call, pools: readonly PoolOfRoute[]): string | undefined {
  for (const { room } of pools) {
    const waiting = room.size === 0 ? undefined : room.place(call);
    if (waiting === undefined) continue;
    const { place, expectedMs } = waiting;
    const wait = expectedMs > 0 ? `, about ${Math.ceil(expectedMs / 1000)} s` : '';
    return `waiting for a free target: place ${place}${wait}`;
  }
  return undefined;
}

/** One for each name: a target keeps what it learned, whatever pools it is in. */
function abilities(): PoolParts['abilityOf'] {
  const byName = new Map<string, TargetAbility>();
  return (target: TargetSettings) => {
    const known = byName.get(target.name) ?? new TargetAbility(target, target.goesOn);
    byName.set(target.name, known);
    return known;
  };
}

function replayBounds({ streams }: Settings) {
  return {
    bytesMax: streams.replayBytesMax,
    keepMs: streams.replayKeepMs,
    orphanMs: streams.orphanMs,
    announcedOrphanMs: streams.announcedOrphanMs,
  };
}

/** Whom to ask for the list of models: every target once, and the names that routes know by themselves. */
function modelSources(settings: Settings, { world, requester, via }: PoolParts): ModelSources {
  return {
    names: settings.routes.flatMap((route) => route.models.filter((model) => !model.includes('*'))),
    services: settings.targets.map((target) =>
      ask(world.clock, requester, {
        target,
        fields: target.fields,
        fieldsDefault: target.fieldsDefault,
        via,
        model: undefined,
        clocks: () => ({ ...settings.clocks, ...target.clocks, headMs: MODELS_HEAD_MS }),
      }),
    ),
  };
}

/** A list of models is shown to a person who waits; a target that takes longer is left out of it. */
const MODELS_HEAD_MS = 3_000;

function unrouted(call: Call, settings: Settings): Failure {
  const known = settings.routes.flatMap((route) => route.models);
  const note =
    call.model === undefined
      ? `no route takes ${call.method} ${call.path.slice(0, 100)}`
      : `no route for the model "${call.model.slice(0, 100)}"; routes know ${known.slice(0, 20).join(', ')}`;
  return new Failure('model-unknown', { phase: 'queue', firstEvent: 'answer', note });
}

function unspoken(call: Call): Failure {
  return new Failure('dialect-unspoken', {
    phase: 'queue',
    firstEvent: 'answer',
    note: `no target of the route speaks ${call.dialect}`,
  });
}
