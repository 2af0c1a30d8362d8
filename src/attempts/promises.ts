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
/** And so much after it: libraries add jitter of their own, and lines are slow. */
const LATE_MS = 10_000;

type Promised = { readonly caller: string; readonly dueMs: number; isKept: boolean };

/**
 * The times at which the refused were told to come back: one after the other, as the part of the drain that is kept for them allows, so that
 * they do not come back as they came. Who comes at its time is known again, and goes before those who are new.
 */
export class Promises {
  /** The last time that was given to anybody. */
  #lastMs = Number.NEGATIVE_INFINITY;
  /** As they were given, which is the order of their times but for the seconds; those whose time is over are forgotten. */
  #all: Promised[] = [];
  #forgotten = 0;
  readonly #byCaller = new Map<string, Promised[]>();

  /**
   * A time for this caller, in ms from now, whole seconds: behind those who wait, which takes `behindMs`, and behind those who were told before, each
   * `gapMs` after the other. `luck`, 0…1, spreads those for whom there is no time left.
   */
  give(caller: string, nowMs: number, behindMs: number, gapMs: number, luck: number): number {
    this.#forget(nowMs);
    const dueMs = Math.max(this.#lastMs, nowMs + behindMs) + gapMs;
    // These share the last quarter, and are promised nothing.
    if (dueMs - nowMs > PROMISED_MS_MAX) return PROMISED_MS_MAX * (1 - luck / 4);
    this.#lastMs = dueMs;
    const inMs = Math.max(PROMISED_MS_MIN, Math.ceil((dueMs - nowMs) / SECOND_MS) * SECOND_MS);
    if (this.#all.length - this.#forgotten < PROMISES_MAX)
      this.#remember({ caller, dueMs: nowMs + inMs, isKept: false });
    return inMs;
  }

  /** Nobody has waited for some time: who is refused from now on need not queue behind times that were given in a rush long over. */
  forgetRush(): void {
    this.#lastMs = Number.NEGATIVE_INFINITY;
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
    this.#all.push(promised);
    const own = this.#byCaller.get(promised.caller);
    if (own === undefined) this.#byCaller.set(promised.caller, [promised]);
    else own.push(promised);
  }

  #forget(nowMs: number): void {
    for (let first = this.#all[this.#forgotten]; first !== undefined; first = this.#all[this.#forgotten]) {
      if (!first.isKept && first.dueMs > nowMs - LATE_MS) break;
      this.#forgotten += 1;
      if (first.isKept) continue;
      const own = this.#byCaller.get(first.caller);
      own?.shift();
      if (own?.length === 0) this.#byCaller.delete(first.caller);
    }
    // The forgotten half is let go at once: each is moved once on average.
    if (this.#forgotten * 2 > this.#all.length) {
      this.#all = this.#all.slice(this.#forgotten);
      this.#forgotten = 0;
    }
  }
}
