import { Alarms } from './attempts/alarm.ts';
import { deadline } from './attempts/deadline.ts';
import { fallback } from './attempts/fallback.ts';
import type { Call, Dialect } from './call/call.ts';
import type { Control } from './call/control.ts';
import { Failure } from './call/failure.ts';
import { matchesAny } from './config/glob.ts';
import type { Settings } from './config/settings.ts';
import { control } from './control.ts';
import { Court } from './health/blame.ts';
import { Maintenance, maintenance } from './health/maintenance.ts';
import type { Requester } from './http1/contract.ts';
import { explain } from './pipeline/explain.ts';
import { type Service, stack } from './pipeline/service.ts';
import { PoolOfRoute, type PoolParts } from './pool.ts';
import { ask } from './providers/ask.ts';
import { listModels, type ModelSources } from './providers/models.ts';
import { speaks } from './providers/speaks.ts';
import type { World } from './world/world.ts';

/** What the gateway needs besides its settings. */
export type GatewayParts = {
  readonly world: Pick<World, 'clock' | 'timers' | 'chance'>;
  readonly requester: Requester;
  /** Our pseudonym in `via`. */
  readonly name: string;
};

/** The gateway: what answers calls, and what an operator can do to it while it runs. */
export type Gateway = { readonly service: Service; readonly control: Control };

/** The path of a call: config × world → Service. A reload makes a new one; calls under way finish on the old. */
export function createGateway(settings: Settings, parts: GatewayParts): Gateway {
  const { world, requester } = parts;
  const plan = new Maintenance(world.clock);
  const shared: PoolParts = {
    world,
    requester,
    via: `1.1 ${parts.name}`,
    court: new Court(),
    maintenance: plan,
    alarms: new Alarms(world.timers),
  };
  const routes = settings.routes.map((route) => {
    const pools = route.pools.map((pool) => new PoolOfRoute(pool, route, settings, shared));
    return { route, pools, service: routeService(pools, shared) };
  });
  const models = listModels(modelSources(settings, shared));

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

  const service = stack(
    [
      // First: whatever is thrown below leaves as one Failure with its story, and who was to blame is judged when all is known.
      explain((call) => shared.court.judge(call)),
      // Before any work: a refused call must cost nothing.
      maintenance(plan, world.clock),
      // Above all that waits or tries again: they share one clock.
      deadline({ clock: world.clock, alarms: new Alarms(world.timers) }),
    ],
    route,
  );
  return {
    service,
    control: control(
      routes.flatMap((each) => each.pools),
      plan,
    ),
  };
}

/** The pools of a route, for each dialect that callers speak: only targets that understand a call are ever asked. */
function routeService(pools: readonly PoolOfRoute[], parts: PoolParts): Service {
  const { clock, chance } = parts.world;
  const byDialect = new Map<Dialect, Service>();
  const build = (dialect: Dialect): Service => {
    const spoken = pools
      .map((pool) => ({ pool, seats: pool.seats.filter((seat) => speaks(seat.target, dialect)) }))
      .filter(({ seats }) => seats.length > 0);
    if (spoken.length === 0) return (call) => Promise.reject(unspoken(call));
    // Above retry, which each door begins with: a pool is left only when its tries are spent.
    return fallback({ doors: spoken.map(({ pool, seats }) => pool.door(seats, spoken.length > 1)), clock, chance });
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
