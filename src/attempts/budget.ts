import type { Call } from '../call/call.ts';
import type { Clock, Timers } from '../world/world.ts';
import { OUTAGE_WAIT_MS } from './decide.ts';
import { BUDGET_WINDOW_MS, Ledger } from './ledger.ts';
import { stopped } from './pause.ts';

/** One further try for each five calls: Finagle's and tower's number; it bounds the load of a bad day to 1.2 × (P4). */
export const BUDGET_SHARE = 0.2;
/** Tries a second that are always affordable, so that a quiet pool can try again at all. */
export const BUDGET_FLOOR_PER_S = 10;
/**
 * … and what is left of that floor while nobody in the pool answers: one in the whole window. Trying again at targets that all fail is load
 * without hope, and a floor for each of a hundred replicas is no small one (P4).
 */
export const BUDGET_SCARCE_FLOOR = 1;
/** Of the whole window, what may be spent in one second: what was saved up must not come out as a herd. At steady load this is 0.4 times the calls. */
export const BUDGET_BURST_SHARE = 0.2;
/** How often waiting tries are let go, a few each time. */
const PACE_MS = 100;
/** Tries that may wait for their turn: five seconds' worth of a pool of 1,000 calls/s. Beyond it waiting would outlast most deadlines. */
export const BUDGET_WAITERS_MAX = 1000;
/** While nobody in the pool answers, a call waits no longer than this for a try that would most likely fail too: its caller is better told. */
const SCARCE_WAIT_MS = 2_000;
/** Who was waiting before nobody answered any more: as long as a short outage is waited out. */
const SCARCE_LATER_MS = OUTAGE_WAIT_MS;
/** Broken streams that may wait to be finished: as many as a process has callers. Half an answer was paid for, and its reader is kept alive meanwhile. */
export const BUDGET_BROKEN_MAX = 10_000;
/** Sums of fifths are compared with a slack far below one try. */
const SLACK = 1e-6;

/** What kind of further try it is. */
export type Further = {
  /** It is made in another pool. */
  readonly isMove?: boolean;
  /** The call reached nobody yet: nobody was asked a first time. Such a try is paid only while nobody answers, and otherwise free. */
  readonly isUnsent?: boolean;
  /** While nobody answers it waits so long, if that is longer than usual. */
  readonly hopeMs?: number;
};

/** A try that waits for its turn. */
type Waiter = {
  readonly sinceMs: number;
  /** How long it waits while nobody in the pool answers. */
  readonly patienceMs: number;
  go(): void;
  giveUp(): void;
};

/**
 * What a pool may spend on further tries: retries, hedges, moves from it to another pool, resumed streams. It has one owner, so that
 * layers cannot multiply. Whenever a try is paid, the last 10 s hold at most 20 % × calls + 10/s × 10 s paid tries.
 */
export class Budget {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #share: number;
  readonly #floor: number;
  readonly #ledger: Ledger;
  readonly #isScarce: () => boolean;
  readonly #waiters = new Set<Waiter>();
  /** Calls that had more than one try already go first: what they cost would be lost, and their end shows who was to blame. */
  readonly #seniors = new Set<Waiter>();
  /** Who leaves the pool for another one before them: somebody there may answer, whatever is wrong here. */
  readonly #movers = new Set<Waiter>();
  /** Calls that reached nobody: all are let go as soon as somebody answers, and the waiting room says how fast. */
  readonly #unsent = new Set<Waiter>();
  /** Broken streams before all: their callers have begun to read. */
  readonly #broken = new Set<Waiter>();
  /** Of what the whole window allows, what may go in one second. */
  readonly #burstShare: number;
  #isWakeSet = false;
  /** Since when nobody answered without a break, as far as was looked: it is while somebody waits. */
  #scarceSinceMs: number | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly share?: number;
    readonly floorPerS?: number;
    readonly ledger?: Ledger;
    /** True while nobody in the pool answers, and on the way back from that. */
    readonly isScarce?: () => boolean;
  }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#share = options.share ?? BUDGET_SHARE;
    this.#ledger = options.ledger ?? new Ledger(options.clock.now());
    const { windowMs } = this.#ledger;
    this.#burstShare = Math.min(1, (BUDGET_BURST_SHARE * BUDGET_WINDOW_MS) / windowMs);
    this.#floor = ((options.floorPerS ?? BUDGET_FLOOR_PER_S) * windowMs) / 1000;
    this.#isScarce = options.isScarce ?? (() => false);
  }

  /** A call came in, at that time; the clock is not asked again. */
  deposit(nowMs: number): void {
    this.#ledger.calls.add(nowMs);
  }

  /**
   * A try that was paid at `paidMs` is made only now, since it waited for a free target: it counts from now on. Else what was paid over half a
   * minute could arrive within ten seconds.
   */
  madeLate(paidMs: number): void {
    this.#ledger.paid.postpone(paidMs, this.#clock.now());
  }

  /** Calls a second that came of late; a budget younger than its window has seen less than a window of them. */
  offeredPerS(): number {
    const nowMs = this.#clock.now();
    const { windowMs, bornMs, calls } = this.#ledger;
    const overMs = Math.min(windowMs, Math.max(1000, nowMs - bornMs));
    return (calls.sum(nowMs) * 1000) / overMs;
  }

  /** Tries that could be paid now, whole or in part. */
  balance(): number {
    const nowMs = this.#clock.now();
    return Math.max(0, this.#allowance(nowMs, false) - this.#ledger.paid.sum(nowMs));
  }

  /** Pays for one try now; false when it cannot be afforded, or others wait for their turn already. */
  tryPay(): boolean {
    return this.waiting === 0 && this.#spend(false);
  }

  /**
   * Pays for one try, now or when its turn comes: first come first served, but who was tried more than once before who was tried once.
   * Undefined when paid at once; false when too many wait, or as the wait's end when nobody in the pool has answered for too long.
   * @throws Failure `caller-left` or `deadline-passed` (as a rejection) when the wait was stopped.
   */
  turn(call: Call, what: Further = {}): Promise<boolean> | undefined | false {
    const { isMove = false, isUnsent = false, hopeMs = 0 } = what;
    if (isUnsent && !this.#isScarce()) return undefined;
    const isBroken = call.said !== undefined && !isUnsent;
    if (this.waiting === 0 && this.#spend(isMove || isBroken)) return undefined;
    if (isBroken ? this.#broken.size >= BUDGET_BROKEN_MAX : this.waiting >= BUDGET_WAITERS_MAX) return false;
    if (call.isLeft) return Promise.reject(stopped(call));
    const line = isUnsent ? this.#unsent : this.#lineOf(call, isMove);
    const nowMs = this.#clock.now();
    const usualMs = this.#lookAround(nowMs) ? Math.max(SCARCE_WAIT_MS, hopeMs) : SCARCE_LATER_MS;
    return new Promise((resolve, reject) => {
      const stop = () => {
        line.delete(waiter);
        reject(stopped(call));
      };
      const settle = (isPaid: boolean) => {
        line.delete(waiter);
        call.leavers.delete(stop);
        resolve(isPaid);
      };
      const waiter: Waiter = {
        sinceMs: nowMs,
        patienceMs: isMove || isBroken ? Number.POSITIVE_INFINITY : usualMs,
        go: () => settle(true),
        giveUp: () => settle(false),
      };
      call.leavers.add(stop);
      line.add(waiter);
      this.#setWake();
    });
  }

  /** True while nobody answers; remembers since when. */
  #lookAround(nowMs: number): boolean {
    const isScarce = this.#isScarce();
    this.#scarceSinceMs = isScarce ? (this.#scarceSinceMs ?? nowMs) : undefined;
    return isScarce;
  }

  /** Tries that wait for their turn. */
  get waiting(): number {
    return this.#waiters.size + this.#seniors.size + this.#unsent.size + this.#movers.size + this.#broken.size;
  }

  #lineOf(call: Call, isMove: boolean): Set<Waiter> {
    if (call.said !== undefined) return this.#broken;
    if (isMove) return this.#movers;
    return call.story.attempts.length > 1 ? this.#seniors : this.#waiters;
  }

  /** What the window allows in all; for what has hope, the floor is there whatever becomes of the others. */
  #allowance(nowMs: number, hasHope: boolean): number {
    const floor = hasHope || !this.#isScarce() ? this.#floor : Math.min(this.#floor, BUDGET_SCARCE_FLOOR);
    return this.#ledger.calls.sum(nowMs) * this.#share + floor;
  }

  #spend(hasHope: boolean): boolean {
    const nowMs = this.#clock.now();
    const allowance = this.#allowance(nowMs, hasHope) + SLACK;
    const { paid, paidNow } = this.#ledger;
    if (paid.sum(nowMs) + 1 > allowance) return false;
    if (paidNow.sum(nowMs) + 1 > Math.max(1, allowance * this.#burstShare)) return false;
    paid.add(nowMs);
    paidNow.add(nowMs);
    return true;
  }

  /** Lets go as many as even spending allows, and never more than there is. */
  #wake(): void {
    const nowMs = this.#clock.now();
    let left = Math.max(1, (this.#allowance(nowMs, true) * PACE_MS) / this.#ledger.windowMs);
    if (this.#lookAround(nowMs)) this.#giveUp(nowMs);
    else for (const waiter of this.#unsent) waiter.go();
    for (const line of [this.#broken, this.#movers, this.#seniors, this.#unsent, this.#waiters]) {
      const hasHope = line === this.#broken || line === this.#movers;
      for (const waiter of line) {
        if (left < 1 || !this.#spend(hasHope)) return;
        // probe: a waiting try is let go
        left -= 1;
        waiter.go();
      }
    }
  }

  /** A pool that a reload has taken away may never answer again: nobody waits for it until his deadline. */
  #giveUp(nowMs: number): void {
    const scarceSinceMs = this.#scarceSinceMs ?? nowMs;
    for (const line of [this.#seniors, this.#unsent, this.#waiters]) {
      for (const waiter of line) {
        if (nowMs - Math.max(waiter.sinceMs, scarceSinceMs) < waiter.patienceMs) continue;
        // probe: a waiting try is given up
        waiter.giveUp();
      }
    }
  }

  /** Only while somebody waits. */
  #setWake(): void {
    if (this.#isWakeSet) return;
    this.#isWakeSet = true;
    this.#timers.after(PACE_MS, () => {
      this.#isWakeSet = false;
      this.#wake();
      if (this.waiting > 0) this.#setWake();
    });
  }
}
