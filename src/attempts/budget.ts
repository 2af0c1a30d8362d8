import type { Call } from '../call/call.ts';
import type { Clock, Timers } from '../world/world.ts';
import { stopped } from './pause.ts';
import { Window } from './window.ts';

/** One further try for each five calls: Finagle's and tower's number; it bounds the load of a bad day to 1.2 × (P4). */
export const BUDGET_SHARE = 0.2;
/** Tries a second that are always affordable, so that a quiet pool can try again at all. */
export const BUDGET_FLOOR_PER_S = 10;
/** The stretch that is accounted, and the slots it is counted in. */
export const BUDGET_WINDOW_MS = 10_000;
const SLOTS = 10;
const SLOT_MS = BUDGET_WINDOW_MS / SLOTS;
/** Tries that may wait for their turn: five seconds' worth of a pool of 1,000 calls/s. Beyond it waiting would outlast most deadlines. */
export const BUDGET_WAITERS_MAX = 1000;
/** Sums of fifths are compared with a slack far below one try. */
const SLACK = 1e-6;

/**
 * What a pool may spend on further tries: retries, hedges, moves from it to another pool, resumed streams. It has one owner, so that
 * layers cannot multiply. Whenever a try is paid, the last 10 s hold at most 20 % × calls + 10/s × 10 s paid tries.
 */
export class Budget {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #share: number;
  readonly #floor: number;
  readonly #calls = new Window(SLOTS, SLOT_MS);
  /** One slot more than the calls have: a full window of payments and a part, against at most a full window of calls. */
  readonly #paid = new Window(SLOTS + 1, SLOT_MS);
  readonly #waiters = new Set<() => void>();
  #isWakeSet = false;

  constructor(options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly share?: number;
    readonly floorPerS?: number;
  }) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#share = options.share ?? BUDGET_SHARE;
    this.#floor = ((options.floorPerS ?? BUDGET_FLOOR_PER_S) * BUDGET_WINDOW_MS) / 1000;
  }

  /** A call came in. */
  deposit(): void {
    this.#calls.add(this.#clock.now());
    if (this.#waiters.size > 0) this.#wake();
  }

  /** Tries that could be paid now, whole or in part. */
  balance(): number {
    const nowMs = this.#clock.now();
    return Math.max(0, this.#calls.sum(nowMs) * this.#share + this.#floor - this.#paid.sum(nowMs));
  }

  /** Pays for one try now; false when it cannot be afforded, or others wait for their turn already. */
  tryPay(): boolean {
    return this.#waiters.size === 0 && this.#spend();
  }

  /**
   * Pays for one try, now or when its turn comes, first come first served. Undefined when paid at once; false when too many wait.
   * @throws Failure `caller-left` or `deadline-passed` (as a rejection) when the wait was stopped.
   */
  turn(call: Call): Promise<void> | undefined | false {
    if (this.tryPay()) return undefined;
    if (this.#waiters.size >= BUDGET_WAITERS_MAX) return false;
    if (call.isLeft) return Promise.reject(stopped(call));
    return new Promise((resolve, reject) => {
      const go = () => {
        call.leavers.delete(stop);
        resolve();
      };
      const stop = () => {
        call.leavers.delete(stop);
        this.#waiters.delete(go);
        reject(stopped(call));
      };
      call.leavers.add(stop);
      this.#waiters.add(go);
      this.#setWake();
    });
  }

  /** Tries that wait for their turn. */
  get waiting(): number {
    return this.#waiters.size;
  }

  #spend(): boolean {
    const nowMs = this.#clock.now();
    if (this.#paid.sum(nowMs) + 1 > this.#calls.sum(nowMs) * this.#share + this.#floor + SLACK) return false;
    this.#paid.add(nowMs);
    return true;
  }

  #wake(): void {
    for (const go of this.#waiters) {
      if (!this.#spend()) return;
      this.#waiters.delete(go);
      go();
    }
  }

  /** What is affordable grows by calls, and as slots grow old: only the second needs a timer, and only while somebody waits. */
  #setWake(): void {
    if (this.#isWakeSet) return;
    this.#isWakeSet = true;
    this.#timers.after(SLOT_MS - (this.#clock.now() % SLOT_MS), () => {
      this.#isWakeSet = false;
      this.#wake();
      if (this.#waiters.size > 0) this.#setWake();
    });
  }
}
