import { Alarms } from './attempts/alarm.ts';
import { backoffBaseMs } from './attempts/backoff.ts';
import { Budget } from './attempts/budget.ts';
import type { Door, Entrance } from './attempts/fallback.ts';
import { hardLimit } from './attempts/hard-limit.ts';
import { hedge } from './attempts/hedge.ts';
import { retry } from './attempts/retry.ts';
import { SoftLimit } from './attempts/soft-limit.ts';
import { ipHash } from './balance/ip-hash.ts';
import { latency } from './balance/latency.ts';
import { leastConnections } from './balance/least-connections.ts';
import { load } from './balance/load.ts';
import { picking } from './balance/pick.ts';
import type { Picker } from './balance/picker.ts';
import { prefix } from './balance/prefix.ts';
import { regionChoice } from './balance/region.ts';
import { roundRobin } from './balance/round-robin.ts';
import { unvisitedCount } from './balance/visited.ts';
import type { Call } from './call/call.ts';
import { type Seat, type SeatHearer, seatOf } from './call/seat.ts';
import {
  type AttemptClocks,
  type Balance,
  clocksFor,
  type PoolSettings,
  type RouteSettings,
  type Settings,
} from './config/settings.ts';
import { classify } from './diagnosis/classify.ts';
import type { Court } from './health/blame.ts';
import type { Maintenance } from './health/maintenance.ts';
import { PoolHealth, type View } from './health/pool-health.ts';
import type { ExchangeClocks, Requester } from './http1/contract.ts';
import { stack } from './pipeline/service.ts';
import { ask } from './providers/ask.ts';
import { watch } from './stream/watch.ts';
import type { World } from './world/world.ts';

/** What every pool of a gateway shares. */
export type PoolParts = {
  readonly world: Pick<World, 'clock' | 'timers' | 'chance'>;
  readonly requester: Requester;
  /** Our member of `via`. */
  readonly via: string;
  readonly court: Court;
  readonly maintenance: Maintenance;
  readonly alarms: Alarms;
};

/** One pool of one route: its seats, their health and load, and what it may spend on further tries. */
export class PoolOfRoute {
  readonly name: string;
  readonly seats: readonly Seat[];
  readonly #pool: PoolSettings;
  readonly #settings: Settings;
  readonly #parts: PoolParts;
  readonly #budget: Budget;
  readonly health: PoolHealth;
  readonly #soft: SoftLimit;
  readonly #hardAlarms: Alarms;
  readonly #everyone: { readonly willing: () => readonly Seat[]; readonly allowed: () => readonly Seat[] };
  #isElsewhereLeft = false;
  readonly #hearers: readonly SeatHearer[];

  constructor(pool: PoolSettings, route: RouteSettings, settings: Settings, parts: PoolParts) {
    const { clock, timers, chance } = parts.world;
    this.name = pool.name;
    this.#pool = pool;
    this.#settings = settings;
    this.#parts = parts;
    this.seats = pool.targets.map((target, index) => seatOf(target, pool.name, index));
    this.#hardAlarms = new Alarms(timers);
    for (const seat of this.seats) this.#furnish(seat, route);
    this.#budget = new Budget({
      clock,
      timers,
      share: settings.retries.budgetRatio,
      floorPerS: settings.retries.budgetPerSecond,
    });
    this.health = new PoolHealth({
      pool: pool.name,
      seats: this.seats,
      clock,
      chance,
      court: parts.court,
      maintenance: parts.maintenance,
    });
    const view = this.health.lenient(this.seats);
    this.#everyone = { willing: () => view.fit(), allowed: () => view.anyone() };
    this.#soft = new SoftLimit(clock, settings.hedge);
    this.#hearers = [load, this.health, this.#soft];
  }

  /** Everything below the pick. */
  #furnish(seat: Seat, route: RouteSettings): void {
    const target = this.#pool.targets[seat.index];
    if (target === undefined) return;
    const { world, requester, via } = this.#parts;
    const clocks = clocksFor(route, target);
    seat.ask = stack(
      [
        // Above watch, which knows when the first part has come; below the pick, which sees it as the target's failure.
        hardLimit({
          clock: world.clock,
          alarms: this.#hardAlarms,
          firstPartMs: clocks.firstPartMs,
          isLast: (call) => this.#isLast(call),
        }),
        // Sees exactly what the target did, byte by byte; below it nothing judges.
        watch({
          clock: world.clock,
          timers: world.timers,
          clocks,
          replyBytesHeldMax: this.#settings.replyBytesHeldMax,
        }),
      ],
      // Speaks the target's dialect over http1/.
      ask(world.clock, requester, {
        target,
        fields: target.fields,
        fieldsDefault: target.fieldsDefault,
        via,
        model: target.model ?? this.#pool.model,
        clocks: (call) => withinDeadline(clocks, call, world.clock.now()),
      }),
    );
  }

  /** True when the attempt under way is at the last target that could be asked. */
  #isLast(call: Call): boolean {
    const { willing, allowed } = this.#everyone;
    return !this.#isElsewhereLeft && unvisitedCount(willing(), allowed(), call, this.name) === 0;
  }

  /** The pool as fallback sees it, for calls that only some of its targets understand. */
  door(seats: readonly Seat[], isElsewhereLeft: boolean): Door {
    this.#isElsewhereLeft = isElsewhereLeft;
    const strict = this.health.strict(seats);
    return {
      name: this.name,
      fit: this.#entrance(seats, strict, isElsewhereLeft),
      anyone: this.#entrance(seats, this.health.lenient(seats), isElsewhereLeft),
      share: () => strict.share(),
      budget: this.#budget,
    };
  }

  #entrance(seats: readonly Seat[], view: View, isElsewhereLeft: boolean): Entrance {
    const { world, alarms } = this.#parts;
    const { regions } = this.#pool;
    const picks = picking({
      pool: this.name,
      picker: pickerOf(this.#pool.balance, this.seats, this.#parts.world),
      seats: view,
      ...(regions.length > 0 ? { narrow: regionChoice({ regions, seats, chance: world.chance }) } : {}),
      hearers: this.#hearers,
      clock: world.clock,
    });
    const again = retry({
      ...world,
      budget: this.#budget,
      baseMs: backoffBaseMs(seats.map((seat) => seat.target.origin)),
      othersLeft: picks.left,
      isElsewhereLeft,
      retryAfterMs: (failure) => classify(failure.evidence).retryAfterMs,
    });
    // Above hedge: a hedged pair is one try; pays the budget.
    const filters = [again];
    if (this.#settings.hedge !== undefined) {
      // Nearest the targets: it alone sees how slow each is.
      filters.push(
        hedge({
          clock: world.clock,
          alarms,
          budget: this.#budget,
          softMs: (call) => this.#soft.ms(call),
          othersLeft: picks.left,
          isElsewhereLeft,
          onSilent: (attempt) => this.health.silent(attempt),
        }),
      );
    }
    return { service: stack(filters, picks.service), left: picks.left };
  }
}

function pickerOf(balance: Balance, seats: readonly Seat[], { clock, chance }: PoolParts['world']): Picker {
  switch (balance) {
    case 'round-robin':
      return roundRobin({ seats: seats.length, chance });
    case 'least-connections':
      return leastConnections({ clock, chance });
    case 'ip-hash':
      return ipHash({ clock, seats });
    case 'latency':
      return latency({ clock, chance });
    case 'prefix':
      return prefix({ clock, seats });
  }
}

/** No clock of an attempt outlives the call. */
function withinDeadline(clocks: AttemptClocks, call: Call, nowMs: number): ExchangeClocks {
  const leftMs = Math.max(1, call.deadlineMs - nowMs);
  return clocks.headMs === 0 || clocks.headMs > leftMs ? { ...clocks, headMs: leftMs } : clocks;
}
