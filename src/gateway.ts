import { Alarms } from './attempts/alarm.ts';
import { backoffBaseMs } from './attempts/backoff.ts';
import { Budget } from './attempts/budget.ts';
import { deadline } from './attempts/deadline.ts';
import { type Door, type Entrance, fallback } from './attempts/fallback.ts';
import { retry } from './attempts/retry.ts';
import { type Candidates, picking } from './balance/pick.ts';
import { roundRobin } from './balance/round-robin.ts';
import type { Call, Dialect } from './call/call.ts';
import { Failure } from './call/failure.ts';
import { type Seat, seatOf } from './call/seat.ts';
import { matchesAny } from './config/glob.ts';
import {
  type AttemptClocks,
  clocksFor,
  type PoolSettings,
  type RouteSettings,
  type Settings,
} from './config/settings.ts';
import { classify } from './diagnosis/classify.ts';
import type { ExchangeClocks, Requester } from './http1/contract.ts';
import { explain } from './pipeline/explain.ts';
import { type Service, stack } from './pipeline/service.ts';
import { ask } from './providers/ask.ts';
import { listModels, type ModelSources } from './providers/models.ts';
import { speaks } from './providers/speaks.ts';
import { watch } from './stream/watch.ts';
import type { World } from './world/world.ts';

/** What the gateway needs besides its settings. */
export type GatewayParts = {
  readonly world: Pick<World, 'clock' | 'timers' | 'chance'>;
  readonly requester: Requester;
  /** Our pseudonym in `via`. */
  readonly name: string;
};

/** The path of a call: config × world → Service. A reload makes a new one; calls under way finish on the old. */
export function createGateway(settings: Settings, parts: GatewayParts): Service {
  const routes = settings.routes.map((route) => ({ route, service: routeService(route, settings, parts) }));
  const models = listModels(modelSources(settings, parts));
  const alarms = new Alarms(parts.world.timers);

  /** The first route in the order written that takes the call; one that names models is not asked for calls that name none. */
  const route: Service = (call) => {
    if (call.method === 'GET' && call.path === '/v1/models') return models(call);
    const path = call.path.split('?', 1)[0] ?? '';
    for (const { route, service } of routes) {
      if (!matchesAny(route.paths, path)) continue;
      if (call.model === undefined || matchesAny(route.models, call.model)) return service(call);
    }
    return Promise.reject(unrouted(call, settings));
  };

  return stack(
    [
      // First: whatever is thrown below leaves as one Failure with its story.
      explain,
      // Above all that waits or tries again: they share one clock.
      deadline({ clock: parts.world.clock, alarms }),
    ],
    route,
  );
}

/** The pools of a route, for each dialect that callers speak: only targets that understand a call are ever asked. */
function routeService(route: RouteSettings, settings: Settings, parts: GatewayParts): Service {
  const byDialect = new Map<Dialect, Service>();
  const { clock, chance } = parts.world;
  const pools = route.pools.map((pool) => poolSeats(pool, route, settings, parts));
  const build = (dialect: Dialect): Service => {
    const spoken = pools
      .map((pool) => ({ ...pool, seats: pool.seats.filter((seat) => speaks(seat.target, dialect)) }))
      .filter((pool) => pool.seats.length > 0);
    if (spoken.length === 0) return (call) => Promise.reject(unspoken(call));
    // Above retry: a pool is left only when its tries are spent.
    return fallback({ doors: spoken.map((pool) => door(pool, spoken.length > 1, parts)), clock, chance });
  };
  return (call) => {
    let service = byDialect.get(call.dialect);
    if (service === undefined) {
      service = build(call.dialect);
      byDialect.set(call.dialect, service);
    }
    return service(call);
  };
}

type PoolSeats = { readonly pool: PoolSettings; readonly seats: readonly Seat[]; readonly budget: Budget };

/** The seats of a pool, each with its own stack down to the wire. */
function poolSeats(pool: PoolSettings, route: RouteSettings, settings: Settings, parts: GatewayParts): PoolSeats {
  const { clock, timers } = parts.world;
  const { budgetRatio, budgetPerSecond } = settings.retries;
  const seats = pool.targets.map((target, index) => {
    const seat = seatOf(target, pool.name, index);
    const clocks = clocksFor(route, target);
    seat.ask = stack(
      [
        // Sees exactly what the target did, byte by byte; below it nothing judges.
        watch({ clock, timers, clocks, replyBytesHeldMax: settings.replyBytesHeldMax }),
      ],
      ask(clock, parts.requester, {
        target,
        fields: target.fields,
        via: `1.1 ${parts.name}`,
        model: target.model ?? pool.model,
        clocks: (call) => leftOf(clocks, call, clock.now()),
      }),
    );
    return seat;
  });
  return { pool, seats, budget: new Budget({ clock, timers, share: budgetRatio, floorPerS: budgetPerSecond }) };
}

/** One way into a pool: tries again above the pick, so that each try may move to another target. */
function entrance(
  { pool, seats, budget }: PoolSeats,
  candidates: Candidates,
  isElsewhereLeft: boolean,
  { world }: GatewayParts,
): Entrance {
  const picker = roundRobin({ seats: pool.targets.length, chance: world.chance });
  const picks = picking({ pool: pool.name, picker, seats: candidates, hearers: [], clock: world.clock });
  const again = retry({
    ...world,
    budget,
    baseMs: backoffBaseMs(seats.map((seat) => seat.target.origin)),
    othersLeft: picks.left,
    isElsewhereLeft,
    retryAfterMs: (failure) => classify(failure.evidence).retryAfterMs,
  });
  return { service: stack([again], picks.service), left: picks.left };
}

function door(spoken: PoolSeats, isElsewhereLeft: boolean, parts: GatewayParts): Door {
  const { pool, seats, budget } = spoken;
  const candidates: Candidates = { fit: () => seats, anyone: () => seats, due: () => undefined };
  const way = entrance(spoken, candidates, isElsewhereLeft, parts);
  return { name: pool.name, fit: way, anyone: way, share: () => 1, budget };
}

/** No clock of an attempt outlives the call. */
function leftOf(clocks: AttemptClocks, call: Call, nowMs: number): ExchangeClocks {
  const leftMs = Math.max(1, call.deadlineMs - nowMs);
  return clocks.headMs === 0 || clocks.headMs > leftMs ? { ...clocks, headMs: leftMs } : clocks;
}

/** Whom to ask for the list of models: every target once, and the names that routes know by themselves. */
function modelSources(settings: Settings, { world, requester, name }: GatewayParts): ModelSources {
  return {
    names: settings.routes.flatMap((route) => route.models.filter((model) => !model.includes('*'))),
    services: settings.targets.map((target) =>
      ask(world.clock, requester, {
        target,
        fields: target.fields,
        via: `1.1 ${name}`,
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
