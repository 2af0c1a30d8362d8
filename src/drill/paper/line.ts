/** Calls that began at one moment; amounts. They are done one after the other, from the one time to the other. */
type Cohort = {
  readonly beganMs: number;
  fromMs: number;
  readonly doneMs: number;
  /** Still awaited: by calls that are tried for the first time, and by others. */
  first: number;
  again: number;
};

/** So many calls, of them those that were tried before. */
export type Amount = { readonly first: number; readonly again: number };

const NONE: Amount = { first: 0, again: 0 };

/**
 * The line before services of one kind that turn nobody away: first come, first served, however long it is. A service does not hear that
 * nobody waits any more, and does the work all the same; so each call's end is known when it comes.
 */
export class Line {
  readonly #callsPerMs: number;
  readonly #serviceMs: number;
  #cohorts: Cohort[] = [];
  /** The first that is not done, and the first that is not given up. */
  #done = 0;
  #given = 0;
  /** When all places that were taken so far are free again, less the time that one call takes. */
  #freeMs = Number.NEGATIVE_INFINITY;

  /** `places`: calls that all services together work on at once. */
  constructor(places: number, serviceMs: number) {
    this.#callsPerMs = places / serviceMs;
    this.#serviceMs = serviceMs;
  }

  come({ first, again }: Amount, nowMs: number): void {
    // Whoever was idle for the time of one call has all places free.
    const fromMs = Math.max(this.#freeMs, nowMs - this.#serviceMs);
    this.#freeMs = fromMs + (first + again) / this.#callsPerMs;
    const endOf = (freeMs: number): number => Math.max(nowMs, freeMs) + this.#serviceMs;
    this.#cohorts.push({ beganMs: nowMs, fromMs: endOf(fromMs), doneMs: endOf(this.#freeMs), first, again });
  }

  /** What is answered by then, of those who still wait. */
  answers(nowMs: number): Amount {
    let [first, again] = [0, 0];
    for (let next = this.#cohorts[this.#done]; next !== undefined && next.fromMs < nowMs; ) {
      const part = next.doneMs <= nowMs ? 1 : (nowMs - next.fromMs) / (next.doneMs - next.fromMs);
      first += next.first * part;
      again += next.again * part;
      next.first -= next.first * part;
      next.again -= next.again * part;
      next.fromMs = nowMs;
      if (part < 1) break;
      this.#done += 1;
      next = this.#cohorts[this.#done];
    }
    this.#forget();
    return { first, again };
  }

  /** Who has waited for longer than that goes away; the work stays. */
  leavers(nowMs: number, patienceMs: number): Amount {
    this.#given = Math.max(this.#given, this.#done);
    let [first, again] = [0, 0];
    for (let next = this.#cohorts[this.#given]; next !== undefined && next.beganMs + patienceMs <= nowMs; ) {
      first += next.first;
      again += next.again;
      next.first = 0;
      next.again = 0;
      this.#given += 1;
      next = this.#cohorts[this.#given];
    }
    return { first, again };
  }

  /** The services are gone, and with them all that waited and was worked on. */
  drop(): Amount {
    if (this.#cohorts.length === 0) return NONE;
    const dropped = this.answers(Number.POSITIVE_INFINITY);
    this.#freeMs = Number.NEGATIVE_INFINITY;
    return dropped;
  }

  #forget(): void {
    if (this.#done < FORGET_AT) return;
    this.#cohorts = this.#cohorts.slice(this.#done);
    this.#given = Math.max(0, this.#given - this.#done);
    this.#done = 0;
  }
}

/** In large steps, so that forgetting costs nothing per call. */
const FORGET_AT = 1000;
