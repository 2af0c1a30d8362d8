import { Calendar } from './calendar.ts';

/** Further ahead nobody is sent away: after the usual deadline of a call nobody waits for its answer any more. */
export const PROMISED_MS_MAX = 600_000;
/** Times are told in whole seconds, as the field has them, so that who keeps to his is there just then. */
const SECOND_MS = 1_000;
/** At least. */
export const PROMISED_MS_MIN = SECOND_MS;
/** Those who come back are known by their callers; so many times are remembered, at under 100 bytes each. */
export const PROMISES_MAX = 10_000;
/** Who comes so much before its time is on time: timers may ring a little early, but the way there and back takes longer. */
const EARLY_MS = 10;
/** And so much after it, or up to a second less: libraries add jitter of their own, and lines are slow. */
const LATE_MS = 10_000;

/** How the room stands when somebody is refused. */
export type Crowd = {
  /** Until those are served who wait. */
  readonly behindMs: number;
  /** From one who was told to the next, if what is kept for them all is used up. */
  readonly gapMs: number;
  /** Callers who share in it, as far as is known; 1 or more. */
  readonly callers: number;
};

/** `untilMs` is the end of what was taken for it from the calendar, which is told in whole seconds as `dueMs`. */
type Promised = { readonly caller: string; readonly dueMs: number; untilMs: number; isKept: boolean };

/**
 * The times at which the refused were told to come back: one after the other, as the part of the drain that is kept for them allows, so that
 * they do not come back as they came. Who comes at its time is known again, and goes before those who are new. Who is refused most often gets no
 * more of these times than the others: each of its own comes so much after the one before that all callers could have as many.
 */
export class Promises {
  /** What was given to anybody of the time to come; a little longer than the furthest that is told, for the second that has begun. */
  readonly #calendar = new Calendar(PROMISED_MS_MAX / SECOND_MS + 1);
  /** By the second in which they are due, with those that were kept, until they are over. */
  readonly #bySecond = new Map<number, Promised[]>();
  #remembered = 0;
  /** Up to this second all are forgotten. */
  #forgotten = 0;
  /** Of each caller those to come, the soonest first. */
  readonly #byCaller = new Map<string, Promised[]>();

  /**
   * A time for this caller, in ms from now, whole seconds: behind those who wait, at a time that nobody else was told. `luck`, 0…1, spreads those for
   * whom there is no time left.
   */
  give(caller: string, nowMs: number, { behindMs, gapMs, callers }: Crowd, luck: number): number {
    this.#forget(nowMs);
    const last = this.#byCaller.get(caller)?.at(-1);
    const ownMs = (last?.untilMs ?? Number.NEGATIVE_INFINITY) + gapMs * (callers - 1);
    const untilMs = this.#calendar.take(nowMs, Math.max(ownMs, nowMs + behindMs), gapMs);
    // These share the last quarter, and are promised nothing.
    if (untilMs === undefined || untilMs - nowMs > PROMISED_MS_MAX) return PROMISED_MS_MAX * (1 - luck / 4);
    const inMs = Math.max(PROMISED_MS_MIN, Math.ceil((untilMs - nowMs) / SECOND_MS) * SECOND_MS);
    if (this.#remembered < PROMISES_MAX) this.#remember({ caller, dueMs: nowMs + inMs, untilMs, isKept: false });
    return inMs;
  }

  /** Nobody has waited for some time: who is refused from now on need not queue behind times that were given in a rush long over. */
  forgetRush(): void {
    this.#calendar.clear();
    for (const own of this.#byCaller.values()) for (const each of own) each.untilMs = Number.NEGATIVE_INFINITY;
  }

  /** True when this caller was told to come at about this time, once for each time it was told. */
  keep(caller: string, nowMs: number): boolean {
    if (this.#byCaller.size === 0) return false;
    this.#forget(nowMs);
    const own = this.#byCaller.get(caller);
    const [first] = own ?? [];
    if (own === undefined || first === undefined || first.dueMs > nowMs + EARLY_MS) return false;
    first.isKept = true;
    own.shift();
    if (own.length === 0) this.#byCaller.delete(caller);
    return true;
  }

  #remember(promised: Promised): void {
    const { caller, dueMs } = promised;
    this.#remembered += 1;
    const second = Math.floor(dueMs / SECOND_MS);
    const others = this.#bySecond.get(second);
    if (others === undefined) this.#bySecond.set(second, [promised]);
    else others.push(promised);
    const own = this.#byCaller.get(caller);
    if (own === undefined) this.#byCaller.set(caller, [promised]);
    // Nearly always at the end: only when a rush was forgotten the new one may be due first.
    else own.splice(own.findLastIndex((each) => each.dueMs <= dueMs) + 1, 0, promised);
  }

  #forget(nowMs: number): void {
    const second = Math.floor((nowMs - LATE_MS) / SECOND_MS);
    if (this.#remembered === 0) this.#forgotten = second;
    while (this.#forgotten < second && this.#remembered > 0) {
      this.#forgotten += 1;
      const over = this.#bySecond.get(this.#forgotten);
      if (over === undefined) continue;
      this.#bySecond.delete(this.#forgotten);
      this.#remembered -= over.length;
      for (const { isKept, caller } of over) {
        if (isKept) continue;
        const own = this.#byCaller.get(caller);
        own?.shift();
        if (own?.length === 0) this.#byCaller.delete(caller);
      }
    }
  }
}
