import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { ABANDONED, type Outcome, type Reply } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import { type Attempt, begunAttempt } from '../call/story.ts';
import { type Ask, promised, type Taker, tell } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { Picker } from './picker.ts';
import { revisitable, unvisited, unvisitedCount } from './visited.ts';

export type PickOptions = {
  readonly pool: string;
  readonly picker: Picker;
  /** The seats to choose among, and those to fall back on when all of them were asked; health's word, not ours. */
  readonly seats: Candidates;
  /** Narrows the choice before the picker: regions. */
  readonly narrow?: (seats: readonly Seat[], call: Call) => readonly Seat[];
  /** Where a call waits when every seat is at its limit; without one it fails at once with `queue-full`. */
  readonly room?: Room;
  /** Whether one more may be under way at a seat; unset, `inFlightMax` decides for all models alike. */
  readonly hasRoom?: (seat: Seat, call: Call) => boolean;
  readonly hearers: readonly SeatHearer[];
  readonly clock: Clock;
};

export type Candidates = {
  /** Those to choose among. The list may be the same object from call to call and is not changed. */
  fit(): readonly Seat[];
  /** When all of the fit were asked: everyone the operator lets be asked. Empty to leave it to the next pool. */
  anyone(): readonly Seat[];
  /** A rested seat whose one probe is due; undefined nearly always. */
  due(call: Call): Seat | undefined;
};

export type Room = {
  /** True while others wait for what this call wants: a newcomer must not overtake them. */
  mustWait(call: Call): boolean;
  /**
   * Waits for the call's turn: `go` starts it, or answers undefined when nothing that this call may use is free, and the turn is another's.
   * @throws Failure `queue-full`, `queue-timeout`, `caller-left`, `deadline-passed`.
   */
  enter(call: Call, go: () => Promise<Reply> | undefined): Promise<Reply>;
};

/** The pick and what can be known before it. */
export type Picking = {
  readonly ask: Ask;
  /** How many seats may be asked for this call and were not. */
  readonly left: (call: Call) => number;
};

/**
 * Opens one attempt at one seat: the last service of a pool's stack. A seat asked before for this call is taken again only when nobody
 * else is left, and never if it stayed silent.
 * @throws Failure `no-target-fit` when there is nobody to ask, what `room` throws, what the seat throws.
 */
export function picking(options: PickOptions): Picking {
  const { seats, room, pool } = options;
  const parts = partsOf(options);
  /** False when it must wait: then nothing is told. */
  const go = (call: Call, taker: Taker): boolean => {
    const seat = choose(call, options);
    if (seat === FULL) return false;
    if (seat === NOBODY) taker.failed(nobody(pool));
    else new Attempting(seat, call, parts, taker).begin();
    return true;
  };
  const goWaiting = (call: Call): Promise<Reply> | undefined => {
    // It stood in a line: nobody wants it any more.
    if (call.isLeft) return Promise.reject(stopped());
    let isGone = true;
    const reply = promised((each, taker) => {
      isGone = go(each, taker);
    })(call);
    return isGone ? reply : undefined;
  };
  const ask: Ask = (call, taker) => {
    const isFirst = room === undefined || !room.mustWait(call);
    if (isFirst && call.isLeft) taker.failed(stopped());
    else if (isFirst && go(call, taker)) return;
    else if (room === undefined) taker.failed(full(pool));
    else
      tell(
        room.enter(call, () => goWaiting(call)),
        taker,
      );
  };
  return { ask, left: (call) => unvisitedCount(seats.fit(), seats.anyone(), call, pool) };
}

const NOBODY = 'nobody';
const FULL = 'full';

function choose(call: Call, options: PickOptions): Seat | typeof NOBODY | typeof FULL {
  const { seats, picker, narrow, pool, hasRoom = isBelow } = options;
  let candidates = seats.fit();
  if (call.story.attempts.length === 0) {
    const due = seats.due(call);
    if (due !== undefined) return due;
  } else {
    candidates = remaining(candidates, seats.anyone(), call, pool);
  }
  if (candidates.length === 0) {
    // probe: all of the fit are gone, and anyone is asked
    candidates = seats.anyone();
    if (call.story.attempts.length > 0) candidates = remaining(candidates, candidates, call, pool);
    if (candidates.length === 0) return NOBODY;
  }
  const near = narrow === undefined ? candidates : narrow(candidates, call);
  const seat = picker.pick(near, call);
  if (seat === undefined) return NOBODY;
  // Below the limit of the whole seat it is below every model's own.
  if (seat.inFlight < seat.inFlightMax) return seat;
  const free = candidates.filter((each) => hasRoom(each, call));
  return picker.pick(free, call) ?? FULL;
}

/** The fit and unasked, else anyone unasked, else those who answered something and may be asked again. */
function remaining(fit: readonly Seat[], anyone: readonly Seat[], call: Call, pool: string): readonly Seat[] {
  const fresh = unvisited(fit, call, pool);
  if (fresh.length > 0) return fresh;
  const others = unvisited(anyone, call, pool);
  return others.length > 0 ? others : revisitable(fit.length > 0 ? fit : anyone, call, pool);
}

function isBelow(seat: Seat): boolean {
  return seat.inFlight < seat.inFlightMax;
}

function nobody(pool: string): Failure {
  return new Failure('no-target-fit', {
    phase: 'queue',
    firstEvent: 'answer',
    note: `pool ${pool} has no target to ask`,
  });
}

function full(pool: string): Failure {
  return new Failure('queue-full', {
    phase: 'queue',
    firstEvent: 'answer',
    note: `pool ${pool}: every target is at its limit`,
  });
}

function stopped(): Failure {
  return new Failure('caller-left', { phase: 'queue', firstEvent: 'our-cancel' });
}

/** The options, and of the hearers those that an event means something to. */
type PickParts = PickOptions & {
  readonly starting: readonly Hearing<'start'>[];
  readonly speaking: readonly Hearing<'spoke'>[];
  readonly ending: readonly Hearing<'end'>[];
};

type Hearing<Event extends keyof SeatHearer> = Required<Pick<SeatHearer, Event>>;

function partsOf(options: PickOptions): PickParts {
  const hearing = <Event extends keyof SeatHearer>(event: Event) =>
    options.hearers.filter((hearer): hearer is SeatHearer & Hearing<Event> => hearer[event] !== undefined);
  return { ...options, starting: hearing('start'), speaking: hearing('spoke'), ending: hearing('end') };
}

/** One attempt at one seat. */
class Attempting implements Taker {
  readonly #seat: Seat;
  readonly #call: Call;
  readonly #parts: PickParts;
  readonly #attempt: Attempt;
  readonly #taker: Taker;
  /** Who throws after telling has told: its load is given back once. */
  #isTold = false;

  constructor(seat: Seat, call: Call, parts: PickParts, taker: Taker) {
    this.#seat = seat;
    this.#call = call;
    this.#parts = parts;
    this.#attempt = begunAttempt(seat.target.name, parts.pool, parts.clock.now());
    this.#taker = taker;
  }

  begin(): void {
    const call = this.#call;
    const attempt = this.#attempt;
    call.attempt = attempt;
    call.story.attempts.push(attempt);
    for (const hearer of this.#parts.starting) hearer.start(this.#seat, call, attempt);
    try {
      this.#seat.ask(call, this);
    } catch (stranger) {
      // It would leak the load that the seat was charged with.
      this.failed(stranger);
    }
  }

  answered(reply: Reply): void {
    if (this.#isTold) {
      reply.cancel();
      return;
    }
    this.#isTold = true;
    const { speaking, clock } = this.#parts;
    const attempt = this.#attempt;
    attempt.firstPartMs ??= clock.now();
    for (const hearer of speaking) hearer.spoke(this.#seat, this.#call, attempt);
    reply.onOutcome((outcome) => this.#end(outcome));
    this.#taker.answered(reply);
  }

  failed(stranger: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const failure = Failure.from(stranger);
    this.#end(outcomeOf(failure, this.#call, this.#attempt));
    this.#taker.failed(failure);
  }

  #end(outcome: Outcome): void {
    ended(this.#attempt, outcome, this.#parts.clock.now());
    for (const hearer of this.#parts.ending) hearer.end(this.#seat, this.#call, this.#attempt, outcome);
  }
}

/** An attempt that we stopped ourselves says nothing about its target. */
function outcomeOf(failure: Failure, call: Call, attempt: Attempt): Outcome {
  const isOurs = call.isLeft || attempt.verdict === 'superseded' || failure.evidence.firstEvent === 'our-cancel';
  if (isOurs || failure.code === 'caller-left' || failure.code === 'deadline-passed') return ABANDONED;
  return { kind: 'failed', failure };
}

function ended(attempt: Attempt, outcome: Outcome, nowMs: number): void {
  attempt.endMs = nowMs;
  attempt.cancel = undefined;
  switch (outcome.kind) {
    case 'answered':
      attempt.verdict = 'answered';
      break;
    case 'abandoned':
      // One that hedge gave up as silent carries its code already.
      if (attempt.code !== undefined) attempt.verdict = 'failed';
      else if (attempt.verdict !== 'superseded') attempt.verdict = 'abandoned';
      break;
    case 'failed': {
      const { code, evidence } = outcome.failure;
      attempt.code = code;
      attempt.verdict = 'failed';
      attempt.reason = code.replaceAll('-', ' ');
      attempt.status ??= evidence.answer?.status;
      attempt.bytesWritten = Math.max(attempt.bytesWritten, evidence.bytesWritten ?? 0);
      break;
    }
  }
}
