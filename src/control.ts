import type { Control, SeatView } from './call/control.ts';
import type { Seat } from './call/seat.ts';
import type { Maintenance } from './health/maintenance.ts';
import type { PoolHealth } from './health/pool-health.ts';
import type { PoolOfRoute } from './pool.ts';

/** What an operator can see and do while the gateway runs. */
export function control(pools: readonly PoolOfRoute[], plan: Maintenance): Control {
  /** Does something to a target in every pool it is in. */
  const everywhere = (target: string, act: (health: PoolHealth, seat: Seat) => void): boolean => {
    let isKnown = false;
    for (const { seats, health } of pools) {
      for (const seat of seats) {
        if (seat.target.name !== target) continue;
        isKnown = true;
        act(health, seat);
      }
    }
    return isKnown;
  };
  const isKnown = (scope: string): boolean =>
    scope === 'gateway' ||
    pools.some(
      (pool) => scope === `pool:${pool.name}` || pool.seats.some((seat) => scope === `target:${seat.target.name}`),
    );
  return {
    seats: () => pools.flatMap(({ seats, health }) => seats.map((seat) => viewOf(seat, health))),
    windows: () => plan.windows(),
    rest: (target, restMs) => everywhere(target, (health, seat) => health.rest(seat, restMs)),
    wake: (target) => everywhere(target, (health, seat) => health.wake(seat)),
    weigh: (target, weight) => everywhere(target, (health, seat) => health.weigh(seat, weight)),
    takeOut: (window) => isKnown(window.scope) && plan.set(window),
    putBack(scope) {
      const isPlanned = plan.windows().some((window) => window.scope === scope);
      plan.clear(scope);
      return isPlanned;
    },
  };
}

function viewOf(seat: Seat, health: PoolHealth): SeatView {
  // Fitness changes by the passing of time as well, and is brought up to date by whoever asks.
  health.isDue(seat);
  return {
    pool: seat.pool,
    target: seat.target.name,
    host: seat.target.origin.host,
    port: seat.target.origin.port,
    region: seat.target.region,
    fitness: seat.fitness,
    weight: seat.weight,
    effectiveWeight: seat.effectiveWeight,
    inFlight: seat.inFlight,
    inFlightMax: Number.isFinite(seat.inFlightMax) ? seat.inFlightMax : undefined,
  };
}
