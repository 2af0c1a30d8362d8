import type { Timer, Timers } from '../world/world.ts';

/** What an alarm wakes. */
export type Ringer = { ring(): void };

/** Idle timers kept for reuse; beyond it they are left to the collector. One for each call of a busy second. */
const IDLE_ALARMS_MAX = 4096;

/** Timers that are used again and again, so that guarding a call by the clock allocates none. */
export class Alarms {
  readonly #timers: Timers;
  readonly #idle: Alarm[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Wakes `ringer` once, after the delay, unless cleared before. */
  set(delayMs: number, ringer: Ringer): Alarm {
    const alarm = this.#idle.pop() ?? new Alarm(this.#timers, this.#idle);
    alarm.begin(delayMs, ringer);
    return alarm;
  }
}

/** One running alarm. After it rang or was cleared it belongs to somebody else: forget it at once. */
export class Alarm {
  readonly #timer: Timer;
  readonly #idle: Alarm[];
  #ringer: Ringer | undefined;

  constructor(timers: Timers, idle: Alarm[]) {
    this.#idle = idle;
    this.#timer = timers.timer(() => {
      const ringer = this.#ringer;
      this.#release();
      ringer?.ring();
    });
  }

  /** For `Alarms` only. */
  begin(delayMs: number, ringer: Ringer): void {
    this.#ringer = ringer;
    this.#timer.arm(delayMs);
  }

  clear(): void {
    this.#timer.disarm();
    this.#release();
  }

  #release(): void {
    this.#ringer = undefined;
    if (this.#idle.length < IDLE_ALARMS_MAX) this.#idle.push(this);
  }
}
