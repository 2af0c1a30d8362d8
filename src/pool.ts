import { Admission } from './attempts/admission.ts';
import type { Alarms } from './attempts/alarm.ts';
import { backoffBaseMs } from './attempts/backoff.ts';
import { Budget } from './attempts/budget.ts';
import type { Door, Entrance } from './attempts/fallback.ts';
import { hardLimit } from './attempts/hard-limit.ts';
import { hedge } from './attempts/hedge.ts';
import type { Ledger, PoolNames } from './attempts/ledger.ts';
import { LIMIT_BOUNDS, Limits } from './attempts/limit.ts';
import { retry } from './attempts/retry.ts';
import { SoftLimit } from './attempts/soft-limit.ts';
import { WaitingRoom } from './attempts/waiting.ts';
import { ipHash } from './balance/ip-hash.ts';
import { latency } from './balance/latency.ts';
import { leastConnections } from './balance/least-connections.ts';
import { load } from './balance/load.ts';
import { onTheWayBack } from './balance/on-the-way-back.ts';
import { picking } from './balance/pick.ts';
import type { Picker } from './balance/picker.ts';
import { prefix } from './balance/prefix.ts';
import { regionChoice } from './balance/region.ts';
import { roundRobin } from './balance/round-robin.ts';
import { unvisitedCount } from './balance/visited.ts';
import type { Call } from './call/call.ts';
import type { Failure } from './call/failure.ts';
import { type Seat, type SeatHearer, seatOf } from './call/seat.ts';
import type { Attempt } from './call/story.ts';
import {
  type AttemptClocks,
  type Balance,
  clocksFor,
  type PoolSettings,
  type RouteSettings,
  type Settings,
  type TargetSettings,
} from './config/settings.ts';
import { classify } from './diagnosis/classify.ts';
import { Absences } from './health/absence.ts';
import type { Court } from './health/blame.ts';
import type { Maintenance } from './health/maintenance.ts';
import { PoolHealth, type View } from './health/pool-health.ts';
import type { ExchangeClocks, Requester } from './http1/contract.ts';
import { asking } from './providers/ask.ts';
import { speaks } from './providers/speaks.ts';
import type { TargetAbility } from './stream/abilities.ts';
import { goOn } from './stream/go-on.ts';
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
  /** Alarms of like delay cost least to set anew: one set for the soft limits, one for the hard ones. */
  readonly softAlarms: Alarms;
  readonly hardAlarms: Alarms;
  /** What a pool was asked and paid of late; by its name and those of its targets. */
  readonly ledgerOf: (pool: PoolNames, windowMs: number) => Ledger;
  /** What each target can do, learned once whatever pools it is in. */
  readonly abilityOf: (target: TargetSettings) => TargetAbility;
};

/** One pool of one route: its seats, their health, load and limits, who waits for them, and what it may spend on further tries. */
export class PoolOfRoute {
  readonly name: string;
  readonly seats: readonly Seat[];
  readonly health: PoolHealth;
  readonly room: WaitingRoom;
  readonly settings: PoolSettings;
  readonly #whole: Settings;
  readonly #parts: PoolParts;
  readonly #budget: Budget;
  readonly #soft: SoftLimit;
  readonly #limits: Limits;
  readonly #admission: Admission;
  readonly #absences: Absences;
  readonly #picker: Picker;
  readonly #hearers: readonly SeatHearer[];
  /** All pools that a call of this route may be asked in, this one included. */
  #mates: readonly PoolOfRoute[] = [this];

  constructor(pool: PoolSettings, route: RouteSettings, whole: Settings, parts: PoolParts) {
    const { clock, timers, chance } = parts.world;
    const { retries, overload } = whole;
    this.name = pool.name;
    this.settings = pool;
    this.#whole = whole;
    this.#parts = parts;
    this.seats = pool.targets.map((target, index) => seatOf(target, pool.name, index));
    for (const seat of this.seats) this.#furnish(seat, route);
    this.#budget = new Budget({
      clock,
      timers,
      share: retries.budgetRatio,
      floorPerS: retries.budgetPerSecond,
      ledger: parts.ledgerOf(
        { name: pool.name, targets: pool.targets.map(({ name }) => name) },
        retries.budgetWindowMs,
      ),
      isScarce: () => this.room.isTryScarce(),
    });
    const { court, maintenance } = parts;
    const isOut = () => this.room.isOutForMany();
    this.health = new PoolHealth({ pool: pool.name, seats: this.seats, clock, chance, court, maintenance, isOut });
    const { waitersMax, waitMaxMs, waitElsewhereMs, concurrencyMax } = overload;
    this.room = new WaitingRoom({
      clock,
      timers,
      chance,
      bounds: { sizeMax: waitersMax, waitMaxMs, waitElsewhereMs },
      offeredPerS: () => this.#budget.offeredPerS(),
      serving: () => this.seats.filter(({ fitness }) => fitness === 'serving').map(({ target }) => target.name),
      onLateTry: (former, sinceMs) => {
        if (former.pool === pool.name) this.#budget.madeLate(sinceMs);
      },
      underWay: () => this.seats.reduce((sum, { inFlight }) => sum + inFlight, 0),
    });
    this.#limits = new Limits(clock, { ...LIMIT_BOUNDS, max: concurrencyMax ?? LIMIT_BOUNDS.max });
    this.#soft = new SoftLimit(clock, whole.hedge);
    this.#admission = new Admission({ clock, chance });
    this.#absences = new Absences(clock);
    this.#picker = pickerOf(pool.balance, this.seats, parts.world, () => this.room.isComingBack());
    // Load first, since all go by it; the room last, because it starts waiting calls by what the others have just learned.
    this.#hearers = [load, this.#limits, this.health, this.#absences, this.#soft, this.#admission, this.room.hearer];
  }

  /** Tells the pools of a route of each other. */
  meet(mates: readonly PoolOfRoute[]): void {
    this.#mates = mates;
  }

  /** The pool is out of force: it hears no more of what operators plan. */
  close(): void {
    this.health.close();
  }

  /** Everything below the pick. */
  #furnish(seat: Seat, route: RouteSettings): void {
    const target = this.settings.targets[seat.index];
    if (target === undefined) return;
    const { world, requester, via, hardAlarms, abilityOf } = this.#parts;
    const { clock, timers } = world;
    const clocks = clocksFor(route, target);
    const model = target.model ?? this.settings.model;
    // Speaks the target's dialect over http1/.
    const spoken = asking(clock, requester, {
      target,
      fields: target.fields,
      fieldsDefault: target.fieldsDefault,
      via,
      model,
      clocks: attemptClocks(clocks, clock),
      mayReplay: () => this.#budget.tryPay(),
    });
    // Sees exactly what the target did, byte by byte; below it nothing judges.
    const watched = watch({ clock, timers, clocks, replyBytesHeldMax: this.#whole.replyBytesHeldMax }, spoken);
    // Above watch, which knows when the first part has come; below the pick, which sees it as the target's failure.
    const limited = hardLimit(
      {
        clock,
        alarms: hardAlarms,
        firstPartMs: clocks.firstPartMs,
        isLast: (call) => this.#mates.every((mate) => mate.#unasked(call) === 0),
      },
      watched,
    );
    // Above the clocks of the first part: what was said already is said again before anything new comes.
    seat.ask = goOn({ clock, ability: abilityOf(target), model }, limited);
  }

  /** Targets that may be asked for a call and were not. */
  #unasked(call: Call): number {
    const seats = this.seats.filter((seat) => speaks(seat.target, call.dialect));
    const view = this.health.lenient(seats);
    return unvisitedCount(view.fit(), view.anyone(), call, this.name);
  }

  /** The pool as fallback sees it, for calls that only some of its targets understand. */
  door(seats: readonly Seat[]): Door {
    const strict = this.health.strict(seats);
    return {
      name: this.name,
      // Whoever is asked strictly has others behind him, in another pool or in this one's second round.
      fit: this.#entrance(seats, strict, false),
      // Nobody comes after: whoever is here gets all the time there is.
      anyone: this.#entrance(seats, this.health.lenient(seats), true),
      share: () => strict.share(),
      budget: this.#budget,
    };
  }

  /** Who lacks the model is left out before the region is chosen, so that a region without it is no region for this call. */
  #narrow(choose: ReturnType<typeof regionChoice> | undefined): ReturnType<typeof regionChoice> {
    const absences = this.#absences;
    if (choose === undefined) return (seats, call) => absences.present(seats, call);
    return (seats, call) => choose(absences.present(seats, call), call);
  }

  #entrance(seats: readonly Seat[], view: View, isLast: boolean): Entrance {
    const { clock, chance } = this.#parts.world;
    const { regions } = this.settings;
    const { retries } = this.#whole;
    const picks = picking({
      pool: this.name,
      picker: this.#picker,
      seats: view,
      room: this.room.door(isLast),
      hasRoom: (seat, call) => this.#limits.hasRoom(seat, call),
      narrow: this.#narrow(regions.length > 0 ? regionChoice({ regions, seats, chance }) : undefined),
      hearers: this.#hearers,
      clock,
    });
    // Below all that tries again: what is held back here was sent nowhere, and costs no try.
    const admitted = this.#admission.before(picks.ask);
    // Nearest the targets of what tries again: it alone sees how slow each is.
    const hedged = hedge(
      {
        clock,
        alarms: this.#parts.softAlarms,
        budget: this.#budget,
        // Where it is off silence is watched all the same: what is lost would hold its place for as long as a call may take.
        mayHedge: this.#whole.hedge !== undefined,
        softMs: (call) => this.#soft.ms(call),
        othersLeft: picks.left,
        isElsewhereLeft: !isLast,
        onSilent: (attempt, call) => this.#silent(attempt, call),
      },
      admitted,
    );
    // Above hedge: a hedged pair is one try, and it pays the budget.
    const retried = retry(
      {
        ...this.#parts.world,
        budget: this.#budget,
        baseMs: backoffBaseMs(
          seats.map((seat) => seat.target.origin),
          retries.backoffLanMs,
          retries.backoffWanMs,
        ),
        othersLeft: picks.left,
        isElsewhereLeft: !isLast,
        retryAfterMs,
        outageMs: () => this.health.outageMs(),
        limits: retries,
      },
      hedged,
    );
    return { ask: retried, left: picks.left };
  }

  #silent(attempt: Attempt, call: Call): void {
    this.health.silent(attempt);
    this.room.silent(call, attempt);
    const seat = this.seats.find(({ target }) => target.name === attempt.target);
    if (seat !== undefined) this.#limits.silent(seat, call, attempt);
  }
}

function retryAfterMs({ evidence }: Failure): number | undefined {
  return classify(evidence).retryAfterMs;
}

function pickerOf(
  balance: Balance,
  seats: readonly Seat[],
  { clock, chance }: PoolParts['world'],
  isComingBack: () => boolean,
): Picker {
  const byLoad = (usual: Picker) => onTheWayBack(usual, { seats: seats.length, chance, isComingBack });
  switch (balance) {
    case 'round-robin':
      return roundRobin({ seats: seats.length, chance });
    case 'least-connections':
      return byLoad(leastConnections({ clock, chance }));
    case 'ip-hash':
      return ipHash({ clock, seats });
    case 'latency':
      return byLoad(latency({ clock, chance }));
    case 'prefix':
      return prefix({ clock, seats });
  }
}

/** The clocks of one attempt: none outlives the call, and between the bytes of a stream only the watch knows what silence means. */
function attemptClocks(clocks: AttemptClocks, clock: World['clock']): (call: Call) => ExchangeClocks {
  const streamed: AttemptClocks = { ...clocks, betweenBytesMs: 0 };
  return (call) => {
    const own = call.isStream ? streamed : clocks;
    const leftMs = Math.max(1, call.deadlineMs - clock.now());
    return own.headMs === 0 || own.headMs > leftMs ? { ...own, headMs: leftMs } : own;
  };
}
