import type { Clock, Timer, Timers } from './world.ts';

/** Resolution of all timers. 10 ms is far below the shortest clock of a call (25 ms) and costs under 0.1 % of a core. */
export const TICK_MS = 10;

/** 512 slots turn once in 5.12 s: long timers are looked at once a turn, short ones lie alone. A power of two, so a mask finds the slot. */
const SLOTS = 512;

/** Wakes the wheel; the real one is `setTimeout`, the drill's is a virtual clock. */
export type Alarm = {
  set(delayMs: number, ring: () => void): void;
  /** Whether anybody waits for a timer: if not, the alarm that still turns the wheel need not keep the process alive. */
  hold?(isNeeded: boolean): void;
  soon(run: () => void): void;
};

class Spoke implements Timer {
  readonly run: () => void;
  readonly #wheel: Wheel;
  /** Infinity: not armed. Later than the slot says after a cheap re-arm: looked at again when the slot comes round. */
  deadlineMs = Number.POSITIVE_INFINITY;
  slot = -1;
  /** The deadline it was linked for: any later one needs no move. */
  linkedMs = 0;
  before: Spoke | undefined;
  after: Spoke | undefined;

  constructor(wheel: Wheel, run: () => void) {
    this.#wheel = wheel;
    this.run = run;
  }

  get isArmed(): boolean {
    return this.deadlineMs !== Number.POSITIVE_INFINITY;
  }

  arm(delayMs: number): void {
    this.#wheel.arm(this, delayMs);
  }

  disarm(): void {
    if (this.deadlineMs === Number.POSITIVE_INFINITY) return;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#wheel.released();
  }
}

/**
 * A hashed timing wheel (Varghese and Lauck, 1987, scheme 6). Re-arming later and disarming only write one field: the spoke stays where
 * it is and is moved or dropped when its slot comes round. That is the common case, as nearly every clock of a call is disarmed unfired.
 */
export class Wheel implements Timers {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #slots: (Spoke | undefined)[] = new Array<Spoke | undefined>(SLOTS).fill(undefined);
  #linked = 0;
  #armed = 0;
  #tick: number;
  #isSet = false;
  readonly #ring = (): void => this.#turn();

  constructor(clock: Clock, alarm: Alarm) {
    this.#clock = clock;
    this.#alarm = alarm;
    this.#tick = Math.floor(clock.now() / TICK_MS);
  }

  timer(run: () => void): Timer {
    return new Spoke(this, run);
  }

  after(delayMs: number, run: () => void): Timer {
    const spoke = new Spoke(this, run);
    spoke.arm(delayMs);
    return spoke;
  }

  soon(run: () => void): void {
    this.#alarm.soon(run);
  }

  /** A spoke is armed no more; for spokes only. */
  released(): void {
    this.#armed -= 1;
    if (this.#armed === 0) this.#alarm.hold?.(false);
  }

  arm(spoke: Spoke, delayMs: number): void {
    const nowMs = this.#clock.now();
    if (!spoke.isArmed) {
      this.#armed += 1;
      if (this.#armed === 1 && this.#isSet) this.#alarm.hold?.(true);
    }
    if (this.#linked === 0) this.#tick = Math.floor(nowMs / TICK_MS);
    const deadlineMs = nowMs + (delayMs > 0 ? delayMs : 0);
    // A spoke that lies in an earlier slot than it needs is moved when that slot comes: nothing to do now.
    if (spoke.slot !== -1 && deadlineMs >= spoke.linkedMs) {
      spoke.deadlineMs = deadlineMs;
      return;
    }
    if (spoke.slot !== -1) this.#unlink(spoke);
    spoke.deadlineMs = deadlineMs;
    this.#link(spoke);
    if (!this.#isSet) this.#set();
  }

  #set(): void {
    this.#isSet = true;
    this.#alarm.set(TICK_MS, this.#ring);
    if (this.#armed === 0) this.#alarm.hold?.(false);
  }

  #link(spoke: Spoke): void {
    // Rounded up, so that no timer is early; at least one tick ahead, so that a slot being turned is never added to.
    const tick = Math.max(Math.ceil(spoke.deadlineMs / TICK_MS), this.#tick + 1);
    const slot = tick & (SLOTS - 1);
    const first = this.#slots[slot];
    spoke.slot = slot;
    spoke.linkedMs = spoke.deadlineMs;
    spoke.before = undefined;
    spoke.after = first;
    if (first !== undefined) first.before = spoke;
    this.#slots[slot] = spoke;
    this.#linked += 1;
  }

  #unlink(spoke: Spoke): void {
    const { before, after } = spoke;
    if (before === undefined) this.#slots[spoke.slot] = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    spoke.slot = -1;
    spoke.before = undefined;
    spoke.after = undefined;
    this.#linked -= 1;
  }

  #turn(): void {
    this.#isSet = false;
    const nowMs = this.#clock.now();
    const target = Math.floor(nowMs / TICK_MS);
    // After a long stall one whole turn sees every spoke; more turns would see them again for nothing.
    const from = Math.max(this.#tick + 1, target - SLOTS + 1);
    for (let tick = from; tick <= target; tick += 1) {
      this.#tick = tick;
      this.#turnSlot(tick & (SLOTS - 1), nowMs);
    }
    this.#tick = Math.max(this.#tick, target);
    if (this.#linked > 0 && !this.#isSet) this.#set();
  }

  #turnSlot(slot: number, nowMs: number): void {
    let due: Spoke[] | undefined;
    let spoke = this.#slots[slot];
    while (spoke !== undefined) {
      const next = spoke.after;
      if (spoke.deadlineMs <= nowMs || !spoke.isArmed) {
        this.#unlink(spoke);
        if (spoke.isArmed) {
          due ??= [];
          due.push(spoke);
        }
      } else if ((Math.ceil(spoke.deadlineMs / TICK_MS) & (SLOTS - 1)) !== slot) {
        this.#unlink(spoke);
        this.#link(spoke);
      }
      spoke = next;
    }
    if (due === undefined) return;
    // Run after the list is whole again: what a timer does may arm and disarm others, also those due with it.
    for (const ready of due.reverse()) {
      if (ready.deadlineMs > nowMs) continue;
      ready.disarm();
      ready.run();
    }
  }
}
