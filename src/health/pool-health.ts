import type { Call } from '../call/call.ts';
import { isIdempotent } from '../call/method.ts';
import type { Outcome } from '../call/reply.ts';
import type { Fitness, Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Chance, Clock } from '../world/world.ts';
import { type Court, isDoubtful } from './blame.ts';
import { type FitLists, fitLists, shareOf, trialWeights } from './fit.ts';
import type { Maintenance } from './maintenance.ts';
import { Outage } from './outage.ts';
import { outliers } from './outlier.ts';
import { calmMs } from './quota.ts';
import { REST_LIMITS, Rest, type RestCause, type RestLimits } from './rest.ts';

/** How often weights in slow start are brought up to date: 1 % of the ramp. */
const RAMP_STEP_MS = 300;
/** How often targets are compared with each other, and only when one failed (Envoy's sweep). */
const OUTLIER_SWEEP_MS = 10_000;

export type PoolHealthOptions = {
  readonly pool: string;
  /** All seats of the pool, by index. */
  readonly seats: readonly Seat[];
  readonly clock: Clock;
  readonly chance: Chance;
  readonly court: Court;
  readonly maintenance?: Maintenance;
  readonly limits?: RestLimits;
  /** True while nobody in the pool answers any of several callers. */
  readonly isOut?: () => boolean;
  /** Told after each change; `cause` only of a rest. */
  readonly onChange?: (seat: Seat, from: Fitness, cause: RestCause | undefined) => void;
};

/** Who may be picked, as balance asks for it. */
export type View = {
  fit(): readonly Seat[];
  anyone(): readonly Seat[];
  due(call: Call): Seat | undefined;
  /** The part of its usual load that the pool can take, 0…1. */
  share(): number;
};

/** The health of the targets of one pool: hears every attempt, keeps `fitness` and `effectiveWeight`, and says who may be picked. */
export class PoolHealth implements SeatHearer {
  readonly #options: PoolHealthOptions;
  readonly #rests: readonly Rest[];
  readonly #outage = new Outage();
  #version = 0;
  #isStale = true;
  /** When something changes by the passing of time alone. */
  #nextMs = Number.POSITIVE_INFINITY;
  #sweepMs = 0;
  readonly #stopHearing: (() => void) | undefined;

  constructor(options: PoolHealthOptions) {
    this.#options = options;
    this.#rests = options.seats.map(() => new Rest(options.chance, options.limits ?? REST_LIMITS));
    options.court.join(options.pool, (attempt) => this.#convict(attempt));
    this.#stopHearing = options.maintenance?.onChange(() => this.#spoil());
  }

  /** No more is heard of the operator's plan. */
  close(): void {
    this.#stopHearing?.();
  }

  // ---- who may be picked ----------------------------------------------------------------------------------------

  /** For a pool with others behind it: only those that serve. */
  strict(seats: readonly Seat[]): View {
    const lists = this.#lists(seats);
    return {
      fit: () => lists().serving,
      anyone: () => NO_SEATS,
      due: (call) => this.#due(lists(), call),
      share: () =>
        shareOf(
          lists(),
          lists().probing.some((seat) => this.#rest(seat).isDue(this.#now())),
        ),
    };
  }

  /** For the last resort, or a pool that is alone: health never removes the last route. */
  lenient(seats: readonly Seat[]): View {
    const lists = this.#lists(seats);
    return {
      fit: () => lists().willing,
      anyone: () => lists().allowed,
      // Without anybody serving, everybody is asked anyway.
      due: (call) => (lists().serving.length === 0 ? undefined : this.#due(lists(), call)),
      share: () => 1,
    };
  }

  /** Milliseconds until a rested target is tried again; 0 when one may be asked now. For an honest `Retry-After`. */
  backInMs(): number {
    this.#refresh();
    let soonest = Number.POSITIVE_INFINITY;
    for (const seat of this.#options.seats) {
      if (seat.fitness === 'serving' || seat.fitness === 'probing') return 0;
      if (seat.fitness === 'resting') soonest = Math.min(soonest, this.#rest(seat).nextMs() - this.#now());
    }
    return Math.max(0, soonest);
  }

  /** For how long all that was asked of the pool has failed; infinite when it never answered anybody. */
  outageMs(): number {
    return this.#outage.ms(this.#now());
  }

  // ---- what attempts show ---------------------------------------------------------------------------------------

  start(seat: Seat, _call: Call, attempt: Attempt): void {
    if (seat.fitness !== 'serving') this.#rest(seat).start(attempt.startMs, attempt);
  }

  spoke(seat: Seat, call: Call, attempt: Attempt): void {
    const nowMs = attempt.firstPartMs ?? attempt.startMs;
    this.#outage.spoke(nowMs);
    this.#rest(seat).spoke(nowMs, attempt);
    // Somebody answered: whoever failed this call before did so by himself.
    if (call.story.attempts.length > 1) this.#options.court.judge(call);
  }

  end(seat: Seat, call: Call, attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind === 'failed') this.#outage.failed(seat.index, call, attempt, this.#rest(seat).heardMs);
    this.#ended(seat, attempt, outcome);
  }

  #ended(seat: Seat, attempt: Attempt, outcome: Outcome): void {
    const rest = this.#rest(seat);
    switch (outcome.kind) {
      case 'answered':
        if (rest.answered(attempt.endMs ?? this.#now(), attempt)) this.#back(seat);
        return;
      case 'abandoned':
        rest.abandoned(attempt);
        if (seat.fitness !== 'serving') this.#spoil();
        return;
      case 'failed':
        this.#failed(seat, attempt, outcome.failure.evidence.answer?.fields);
        return;
    }
  }

  /** The soft limit passed without a word, seen by hedge: a target silent to call after call rests, though none of them ends as failed. */
  silent(attempt: Attempt): void {
    const seat = this.#seatOf(attempt);
    if (seat !== undefined && this.#rest(seat).struck(this.#now(), attempt)) this.#rested(seat);
  }

  /** A probe that was no call is about to be sent: it takes the lease, if one is free. */
  probing(seat: Seat, attempt: Attempt): void {
    this.#rest(seat).start(this.#now(), attempt);
  }

  /** What became of it. There is no caller to doubt, so a failure counts at once. */
  probed(seat: Seat, attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind === 'failed') attempt.code = outcome.failure.code;
    if (outcome.kind === 'failed' && isDoubtful(attempt)) this.#convict(attempt);
    else this.#ended(seat, attempt, outcome);
  }

  // ---- the operator ---------------------------------------------------------------------------------------------

  /** Rests a target whatever it does, until the time is over or it is woken. */
  rest(seat: Seat, restMs: number): void {
    this.#rest(seat).rest(this.#now(), restMs);
    this.#spoil();
  }

  /** Ends a rest. */
  wake(seat: Seat): void {
    this.#rest(seat).wake(this.#now());
    this.#spoil();
  }

  /** A new weight, live; 0 takes no new calls. */
  weigh(seat: Seat, weight: number): void {
    seat.weight = Math.max(0, weight);
    this.#spoil();
  }

  /** True for a seat whose probe may be sent now. */
  isDue(seat: Seat): boolean {
    this.#refresh();
    return seat.fitness === 'probing' && this.#rest(seat).isDue(this.#now());
  }

  // ---- inside ---------------------------------------------------------------------------------------------------

  #now(): number {
    return this.#options.clock.now();
  }

  #rest(seat: Seat): Rest {
    const rest = this.#rests[seat.index];
    if (rest === undefined) throw new Error(`seat ${seat.index} is not of pool ${this.#options.pool}`);
    return rest;
  }

  #seatOf(attempt: Attempt): Seat | undefined {
    return this.#options.seats.find((seat) => seat.target.name === attempt.target);
  }

  #failed(seat: Seat, attempt: Attempt, fields: readonly string[] | undefined): void {
    if (attempt.code === undefined) return;
    const rest = this.#rest(seat);
    switch (UNREACHABLE.has(attempt.code) ? 'host' : CATALOGUE[attempt.code].blame) {
      case 'host':
        // In an outage the calls that would clear up a doubt wait for each other, and those who may be well are not asked meanwhile.
        if (isDoubtful(attempt) && this.#options.isOut?.() !== true) return;
        if (rest.failed(this.#now(), attempt)) this.#rested(seat);
        this.#sweep();
        return;
      case 'quota':
      case 'capacity': {
        const askedMs = fields === undefined ? undefined : calmMs(fields, this.#options.clock.wallMs());
        if (rest.refused(this.#now(), attempt, askedMs)) this.#rested(seat);
        return;
      }
      case 'credential':
        // A key that the caller brought is the caller's to mend.
        if (seat.target.isCallerCredentialPassed) this.#release(seat, attempt);
        else if (rest.unauthorised(this.#now(), attempt)) this.#rested(seat);
        return;
      default:
        this.#release(seat, attempt);
    }
  }

  /** The attempt says nothing about the target, except that it lives. */
  #release(seat: Seat, attempt: Attempt): void {
    this.#rest(seat).abandoned(attempt);
    if (seat.fitness !== 'serving') this.#spoil();
  }

  #convict(attempt: Attempt): void {
    const seat = this.#seatOf(attempt);
    if (seat === undefined) return;
    if (this.#rest(seat).failed(this.#now(), attempt)) this.#rested(seat);
    this.#sweep();
  }

  #rested(seat: Seat): void {
    this.#spoil();
    this.#refresh(this.#rest(seat).cause);
  }

  /** A target came back. If nobody served before it, all lay down for one reason, so the others get up with it: or it would carry all alone. */
  #back(seat: Seat): void {
    const wasAlone = this.#options.seats.every((each) => each === seat || each.fitness !== 'serving');
    this.#spoil();
    for (const other of wasAlone ? this.#options.seats : NO_SEATS) {
      const rest = this.#rest(other);
      if (other !== seat && rest.cause === 'failures' && rest.state(this.#now()) !== 'serving') rest.wake(this.#now());
    }
    this.#refresh();
  }

  #sweep(): void {
    if (this.#now() < this.#sweepMs) return;
    this.#sweepMs = this.#now() + OUTLIER_SWEEP_MS;
    const nowMs = this.#now();
    for (const index of outliers(this.#rests.map((rest) => rest.record(nowMs)))) {
      const rest = this.#rests[index];
      if (rest?.state(nowMs) === 'serving') rest.standOut(nowMs);
    }
    this.#spoil();
  }

  #due(lists: FitLists, call: Call): Seat | undefined {
    if (lists.probing.length === 0) return undefined;
    const canMove = call.isReplayable || isIdempotent(call.method);
    const nowMs = this.#now();
    return lists.probing.find((seat) => {
      const rest = this.#rest(seat);
      return rest.isDue(nowMs) && (canMove || rest.isOverdue(nowMs));
    });
  }

  #spoil(): void {
    this.#isStale = true;
  }

  /** The lists of some seats, made anew only when something changed. While all serve at full weight this costs two comparisons. */
  #lists(seats: readonly Seat[]): () => FitLists {
    let version = -1;
    let lists = fitLists(seats);
    return () => {
      this.#refresh();
      if (version !== this.#version) {
        version = this.#version;
        lists = fitLists(seats);
      }
      return lists;
    };
  }

  #refresh(cause?: RestCause): void {
    if (!this.#isStale && (this.#nextMs === Number.POSITIVE_INFINITY || this.#now() < this.#nextMs)) return;
    const { seats, maintenance, onChange, pool } = this.#options;
    const nowMs = this.#now();
    this.#isStale = false;
    this.#version += 1;
    this.#nextMs = nowMs + (maintenance?.nextMs() ?? Number.POSITIVE_INFINITY);
    for (const seat of seats) {
      const rest = this.#rest(seat);
      const from = seat.fitness;
      seat.fitness = maintenance?.word(seat.target.name, pool) ?? rest.state(nowMs);
      this.#nextMs = Math.min(
        this.#nextMs,
        rest.nextMs(),
        rest.ramp(nowMs) < 1 ? nowMs + RAMP_STEP_MS : Number.POSITIVE_INFINITY,
      );
      if (seat.fitness !== from) onChange?.(seat, from, seat.fitness === 'resting' ? (cause ?? rest.cause) : undefined);
    }
    trialWeights(seats, (seat) => this.#rest(seat).ramp(nowMs));
  }
}

const NO_SEATS: readonly Seat[] = [];

/** Not the target's fault, but it cannot be reached from here while another may. If none can, all rest, and then health is ignored. */
const UNREACHABLE: ReadonlySet<CauseCode> = new Set(['dns-failed', 'dns-timeout', 'connect-forbidden']);
