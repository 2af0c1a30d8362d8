import type { Call } from '../call/call.ts';
import { callerOf } from '../call/caller.ts';
import { Failure } from '../call/failure.ts';
import { note } from '../call/note.ts';
import type { Outcome, Reply } from '../call/reply.ts';
import type { SeatHearer } from '../call/seat.ts';
import { type Attempt, wasSent } from '../call/story.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Chance, Clock, Timers } from '../world/world.ts';
import { Comeback } from './comeback.ts';
import { BEFORE_ALL, BEHIND_ALL, Line, type Waiter } from './line.ts';
import { stopped } from './pause.ts';
import { PROMISED_MS_MIN, Promises } from './promises.ts';
import { Window } from './window.ts';

/** Bounds of a waiting room. */
export type WaitingBounds = {
  /** Calls that may wait for one pool. */
  readonly sizeMax: number;
  /** Longest wait; who would have to wait longer is told at once. */
  readonly waitMaxMs: number;
  /** Longest wait while other pools could be asked: a tenth of the time left, at most this. */
  readonly waitElsewhereMs: number;
};

/**
 * 1,000: at 16 KiB a call 16 MB, and at 100 calls/s ten seconds. 10 s: what a person waits for a first sign of life. 250 ms: reference
 * value for a queue in front of a choice.
 */
export const WAITING_BOUNDS: WaitingBounds = { sizeMax: 1_000, waitMaxMs: 10_000, waitElsewhereMs: 250 };

/** A line that has not been empty for so long is no burst but overload, and the newest are served first: the old ones have mostly given up. */
export const OVERLOAD_MS = 1_000;
/** Waiters asked in one turn whether they can use what is free. */
const SCAN_MAX = 8;
/** How often a room with waiters looks around by itself: for ended patience, and for targets that came back. */
const LOOK_MS = 100;
/** The drain rate is counted over this time. */
const DRAIN_WINDOW_MS = 10_000;
/** Of what drains, the part that is kept for those who come back when they were told; the rest is for who is new. */
const TOLD_SHARE = 0.5;

/** Where calls wait for a pool whose targets are all at their limit: bounded, by priority, fair to callers, aware of deadlines. */
export class WaitingRoom {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #chance: Chance;
  readonly #bounds: WaitingBounds;
  readonly #comeback: Comeback;
  readonly #underWay: () => number;
  readonly #onLateTry: (former: Attempt, sinceMs: number) => void;
  readonly #lines = new Map<string, Line>();
  readonly #waiters = new Map<string, Waiter>();
  readonly #drained = new Window(10, DRAIN_WINDOW_MS / 10);
  #countedSinceMs = 0;
  readonly #promises = new Promises();
  /** Since when somebody has been waiting without a break, and how many were drained meanwhile. */
  #busySinceMs = 0;
  #busyDrained = 0;
  #emptiedMs = 0;
  #isLooking = false;
  #isServing = false;

  constructor(options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly chance: Chance;
    readonly bounds?: WaitingBounds;
    /** Calls a second that came for the pool of late; by them a pool that comes back is asked. */
    readonly offeredPerS?: () => number;
    /** Names of the targets that calls go to now: an outage is when none of them answers. */
    readonly serving?: () => readonly string[];
    /** Attempts under way at all targets of the pool. */
    readonly underWay?: () => number;
    /** A further try of a call has waited since then and is made now; `former` is the one before it, which its target was sent. */
    readonly onLateTry?: (former: Attempt, sinceMs: number) => void;
  }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#chance = options.chance;
    this.#bounds = options.bounds ?? WAITING_BOUNDS;
    const { offeredPerS = () => Number.POSITIVE_INFINITY, serving = () => [], underWay = () => 0 } = options;
    this.#underWay = underWay;
    this.#onLateTry = options.onLateTry ?? (() => undefined);
    this.#comeback = new Comeback(offeredPerS, serving);
  }

  /** The room as a pick sees it: `last` waits as long as it may, the others soon go to the next pool. */
  door(isLast: boolean): {
    mustWait(call: Call): boolean;
    enter(call: Call, go: () => Promise<Reply> | undefined): Promise<Reply>;
  } {
    return {
      mustWait: (call) => {
        // After an outage who comes anew does not pay for it: the line is let go little by little beside him.
        if (this.isComingBack())
          return this.#comeback.isHeldUp(call, this.#clock) && this.#comeback.isFull(this.#clock.now());
        return this.#waiters.size > 0 && (this.#lines.get(call.model ?? '')?.size ?? 0) > 0;
      },
      enter: (call, go) => this.#enter(call, go, isLast),
    };
  }

  /** Hears of ended attempts, which free a place, and of answers, by which limits grow. */
  readonly hearer: Required<SeatHearer> = {
    start: (_seat, call, attempt) => this.#comeback.started(call, attempt.startMs),
    spoke: (_seat, call, attempt) => {
      this.#comeback.answered(attempt.firstPartMs ?? attempt.startMs, call);
      if (this.#waiters.size > 0) this.#serve();
    },
    end: (_seat, call, attempt, outcome) => {
      // A refusal frees a place as well, but nobody was served by it.
      if (attempt.firstPartMs !== undefined) this.#drain(attempt);
      else if (isTrouble(outcome)) this.#comeback.failed(attempt.target, call, attempt.endMs ?? attempt.startMs);
      if (this.#waiters.size > 0) this.#serve();
    },
  };

  /** An attempt is silent beyond what is ordinary: it may never end, and counts as failed for telling an outage. */
  silent(call: Call, attempt: Attempt): void {
    this.#comeback.failed(attempt.target, call, this.#clock.now());
  }

  /** True for a while after an outage of the whole pool. */
  isComingBack(): boolean {
    return this.#comeback.isOn(this.#clock);
  }

  /** True during one: there is no hope in further tries. Asked when somebody wants to. */
  isTryScarce(): boolean {
    return this.#comeback.isOut(this.#clock.now());
  }

  /** True during one that more than one caller sees: no failure in it need be doubted. */
  isOutForMany(): boolean {
    return this.#comeback.isOutForMany(this.#clock.now());
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Its place (1 is next) and the wait expected, for a call that waits. */
  place(call: Call): { readonly place: number; readonly expectedMs: number } | undefined {
    const waiter = this.#waiters.get(call.id);
    if (waiter === undefined) return undefined;
    const ahead = this.#lines.get(call.model ?? '')?.ahead(waiter) ?? 0;
    return { place: ahead + 1, expectedMs: this.#expectedMs(ahead + 1) };
  }

  #enter(call: Call, go: () => Promise<Reply> | undefined, isLast: boolean): Promise<Reply> {
    if (call.isLeft) return Promise.reject(stopped(call));
    const nowMs = this.#clock.now();
    const leftMs = call.deadlineMs - nowMs;
    const { sizeMax, waitMaxMs, waitElsewhereMs } = this.#bounds;
    const model = call.model ?? '';
    const line = this.#lines.get(model) ?? new Line();
    const caller = callerOf(call);
    const isHeldUp = this.#comeback.isHeldUp(call, this.#clock);
    const waitMs = Math.min(waitMaxMs * (isHeldUp ? HELD_UP_PATIENCE : 1), leftMs);
    const patienceMs = isLast ? waitMs : Math.min(waitElsewhereMs, leftMs / 10);
    const isPromised = call.story.attempts.length === 0 && this.#promises.keep(caller, nowMs);
    const priority = rankOf(call, isHeldUp) + (isPromised ? KEPT : 0);
    if (this.#waiters.size >= sizeMax) {
      const loser = line.loser(priority, caller);
      const why = 'as many as may be are waiting';
      if (loser === undefined) return Promise.reject(this.#refusal('queue-full', why, { call, caller, isLast }));
      this.#finish(loser, Promise.reject(this.#refusal('queue-full', 'gave way to another caller', loser)));
    }
    return new Promise((resolve) => {
      const stop = () => this.#finish(waiter, Promise.reject(stopped(call)));
      const waiter: Waiter = {
        call,
        caller,
        isLast,
        priority,
        sinceMs: nowMs,
        untilMs: nowMs + patienceMs,
        go,
        settle: (reply) => {
          call.leavers.delete(stop);
          resolve(reply);
        },
      };
      if (this.#waiters.size === 0) {
        this.#busySinceMs = nowMs;
        this.#busyDrained = 0;
        if (nowMs - this.#emptiedMs > DRAIN_WINDOW_MS) this.#promises.forgetRush();
      }
      line.add(waiter);
      this.#lines.set(model, line);
      this.#waiters.set(call.id, waiter);
      call.leavers.add(stop);
      // Those before him may wait for what he does not want: a target that all of them have left to ask.
      this.#serve();
      if (this.#waiters.get(call.id) !== waiter) return;
      // Who cannot be served in time learns it now and can do something else.
      if (isLast && this.#leastMs(line.ahead(waiter) + 1) > patienceMs) {
        this.#finish(waiter, Promise.reject(this.#refusal('queue-full', 'the wait would be too long', waiter)));
        return;
      }
      this.#look();
    });
  }

  /** Gives every free place to whoever is next and can use it. */
  #serve(): void {
    // An attempt that starts or fails at once is heard again in here.
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      const isNewestFirst = this.#clock.now() - this.#busySinceMs > OVERLOAD_MS;
      for (const line of [...this.#lines.values()]) while (this.#serveOne(line, isNewestFirst)) {}
    } finally {
      this.#isServing = false;
    }
  }

  #serveOne(line: Line, isNewestFirst: boolean): boolean {
    const isHeld = this.#comeback.isFull(this.#clock.now());
    for (const waiter of line.next(SCAN_MAX, isNewestFirst)) {
      if (isHeld && this.#comeback.isHeldUp(waiter.call, this.#clock)) continue;
      const { story } = waiter.call;
      const former = story.attempts.at(-1);
      const reply = waiter.go();
      if (reply === undefined) continue;
      line.serve(waiter);
      const waitedMs = this.#clock.now() - waiter.sinceMs;
      if (waitedMs > 0) {
        note(story, `waited ${(waitedMs / 1000).toFixed(2)} s for a free target`);
        if (former !== undefined && wasSent(former)) this.#onLateTry(former, waiter.sinceMs);
      }
      this.#finish(waiter, reply);
      return true;
    }
    return false;
  }

  /** Once for each waiter, whatever became of it. */
  #finish(waiter: Waiter, reply: Promise<Reply>): void {
    const model = waiter.call.model ?? '';
    const line = this.#lines.get(model);
    line?.remove(waiter);
    if (line?.size === 0) this.#lines.delete(model);
    if (this.#waiters.get(waiter.call.id) === waiter) this.#waiters.delete(waiter.call.id);
    if (this.#waiters.size === 0) this.#emptiedMs = this.#clock.now();
    waiter.settle(reply);
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timers.after(LOOK_MS, () => {
      this.#isLooking = false;
      this.#serve();
      const nowMs = this.#clock.now();
      for (const line of [...this.#lines.values()]) {
        for (const waiter of line.overdue(nowMs)) {
          this.#finish(waiter, Promise.reject(this.#refusal('queue-timeout', 'no target became free in time', waiter)));
        }
      }
      if (this.#waiters.size > 0) this.#look();
    });
  }

  #drain(attempt: Attempt): void {
    const nowMs = attempt.endMs ?? attempt.startMs;
    // After a silence counting begins anew, with the whole time that this first one took.
    if (this.#drained.sum(nowMs) === 0) this.#countedSinceMs = attempt.startMs;
    this.#drained.add(nowMs);
    this.#busyDrained += 1;
  }

  /**
   * What was drained while nobody waited tells how much was asked, not how much can be served: it is the best guess until a line has shown more.
   * While nothing was drained yet nothing is known, and nobody is turned away for it.
   */
  #expectedMs(place: number): number {
    const nowMs = this.#clock.now();
    const drained = this.#drained.sum(nowMs);
    const overMs = Math.min(DRAIN_WINDOW_MS, Math.max(1, nowMs - this.#countedSinceMs));
    const guessMs = drained === 0 ? 0 : (place * overMs) / drained;
    const busyMs = nowMs - this.#busySinceMs;
    if (busyMs >= DRAIN_WINDOW_MS || this.#busyDrained === 0) return guessMs;
    return Math.min(guessMs, (place * Math.max(OVERLOAD_MS, busyMs)) / this.#busyDrained);
  }

  /**
   * The least that can be expected by all that is known: nobody is turned away for less. A young line does not show yet how long attempts take that
   * began with it, so all that are under way may end now.
   */
  #leastMs(place: number): number {
    const expectedMs = this.#expectedMs(place);
    const busyMs = this.#clock.now() - this.#busySinceMs;
    if (busyMs >= DRAIN_WINDOW_MS) return expectedMs;
    const atBest = this.#busyDrained + this.#underWay();
    return atBest === 0 ? 0 : Math.min(expectedMs, (place * busyMs) / atBest);
  }

  /** Each who is refused for good is told a time of its own; who goes to the next pool is told nothing by this one. */
  #refusal(code: CauseCode, why: string, { call, caller, isLast }: Refused): Failure {
    const behindMs = this.#expectedMs(this.#waiters.size);
    const gapMs = this.#expectedMs(1) / TOLD_SHARE;
    // Where only other models' calls wait, whoever is refused is the first.
    const callers = Math.max(1, this.#lines.get(call.model ?? '')?.callers ?? 1);
    const nowMs = this.#clock.now();
    return new Failure(code, {
      phase: 'queue',
      firstEvent: 'our-timer',
      clock: 'queue',
      note: `${why}; ${this.#waiters.size} wait`,
      retryAfterMs: isLast
        ? this.#promises.give(caller, nowMs, { behindMs, gapMs, callers }, this.#chance.float())
        : Math.max(PROMISED_MS_MIN, behindMs),
    });
  }
}

type Refused = Pick<Waiter, 'call' | 'caller' | 'isLast'>;

/** Who is held back lest all come at once waits twice as long as others: targets are there, and answer. */
const HELD_UP_PATIENCE = 2;

/** What was promised comes before what is new and of the same priority; priorities are whole numbers. */
const KEPT = 0.5;

/**
 * A call that failed elsewhere goes before all that were not begun, or what it cost would be lost; a hedge, beside which another attempt runs,
 * after them. After an outage all who failed in it go behind as well: there are more of them than can be made up for, and who comes now
 * must not pay for it.
 */
function rankOf({ story, priority }: Call, isHeldUp: boolean): number {
  if (story.attempts.length === 0) return priority;
  const isBehind = isHeldUp || story.attempts.some(({ verdict }) => verdict === 'running');
  return isBehind ? BEHIND_ALL : BEFORE_ALL;
}

/** A target that turns down a caller's mistake is well. */
function isTrouble(outcome: Outcome): boolean {
  if (outcome.kind !== 'failed') return false;
  const { blame } = CATALOGUE[outcome.failure.code];
  return blame !== 'caller' && blame !== 'nobody';
}
