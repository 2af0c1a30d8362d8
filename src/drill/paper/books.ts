import type { Size } from './size.ts';

/** What holds calls back, in the words of the config or of the world. */
export type Bound =
  | 'capacity of the targets'
  | 'too few calls accepted'
  | 'overload.concurrency'
  | 'retries.budget'
  | 'retries.attempts'
  | 'overload.waiting'
  | 'overload.wait'
  | 'timeouts.head'
  | 'timeouts.deadline';

/** A tenth of a second: shorter than any wait that matters, and ten minutes are 6,000 steps. */
export const STEP_MS = 100;
export const WINDOW_S = 10;

/** As in `attempts/admission.ts`. */
const ADMISSION_WINDOW_S = 30;
const ADMISSION_K = 2;
const REFUSED_SHARE_MAX = 0.8;
const ADMISSION_CALLS_PER_S_MIN = 5;
const ACCEPTED_ROW = 10;
const ROW_CHANCE = 0.001;

/** The sum over the last seconds, step by step. */
class Recent {
  readonly #steps: number;
  #list: number[] = [0];
  #at = 0;
  sum = 0;

  constructor(seconds: number) {
    this.#steps = (seconds * 1000) / STEP_MS;
  }

  /** A new step begins. */
  turn(): void {
    this.#at = (this.#at + 1) % this.#steps;
    this.sum -= this.#list[this.#at] ?? 0;
    this.#list[this.#at] = 0;
  }

  add(amount: number): void {
    this.#list[this.#at] = (this.#list[this.#at] ?? 0) + amount;
    this.sum += amount;
  }

  copy(other: Recent): void {
    this.#list = [...other.#list];
    this.#at = other.#at;
    this.sum = other.sum;
  }
}

/** The retry budgets of all replicas, the share they hold back, the drain rate, and what was felt when. */
export class Books {
  readonly #size: Size;
  readonly #offered = new Recent(WINDOW_S);
  readonly #paid = new Recent(WINDOW_S);
  readonly #drained = new Recent(WINDOW_S);
  readonly #sent = new Recent(ADMISSION_WINDOW_S);
  readonly #accepted = new Recent(ADMISSION_WINDOW_S);
  #row = ACCEPTED_ROW;
  #steps = 0;
  readonly gaveWay = new Map<Bound, { atS: number; calls: number }>();

  constructor(size: Size) {
    this.#size = size;
  }

  /** A step begins with so many calls. */
  offer(calls: number): void {
    for (const each of [this.#offered, this.#paid, this.#drained, this.#sent, this.#accepted]) each.turn();
    this.#offered.add(calls);
    this.#steps += 1;
  }

  /** How many further tries are affordable now: 20 % of the calls of ten seconds, and the floor of every replica. */
  pay(tries: number): number {
    if (this.#size.attemptsMax < 2 || tries <= 0) return 0;
    const { budgetShare, budgetPerS, replicas } = this.#size;
    const allowed = this.#offered.sum * budgetShare + budgetPerS * replicas * WINDOW_S;
    const paid = Math.max(0, Math.min(tries, allowed - this.#paid.sum));
    this.#paid.add(paid);
    return paid;
  }

  /** Part of the calls that is held back now, since too few of the last ones were accepted. */
  heldBack(): number {
    const sent = this.#sent.sum;
    const least = ADMISSION_CALLS_PER_S_MIN * ADMISSION_WINDOW_S * this.#size.replicas;
    if (this.#row >= ACCEPTED_ROW || sent < least) return 0;
    return Math.min(REFUSED_SHARE_MAX, Math.max(0, (sent - ADMISSION_K * this.#accepted.sum) / sent));
  }

  /** Calls that were held back count as sent. */
  hold(calls: number): void {
    this.#sent.add(calls);
  }

  /** Calls whose first try was answered or refused in this step, and all that was answered. */
  judge(sent: number, accepted: number, failed: number): void {
    this.#sent.add(sent);
    this.#accepted.add(accepted);
    if (failed > accepted / ACCEPTED_ROW) this.#row = 0;
    else this.#row += accepted / this.#size.replicas;
    if (this.#row >= ACCEPTED_ROW || accepted === 0 || this.#row < this.#rowNeeded()) return;
    this.#row = ACCEPTED_ROW;
    this.#sent.copy(this.#accepted);
  }

  #rowNeeded(): number {
    const { replicas } = this.#size;
    const sent = this.#sent.sum / replicas - this.#row;
    const accepted = Math.max(1, this.#accepted.sum / replicas - this.#row);
    return accepted * 2 >= sent ? ACCEPTED_ROW : Math.log(ROW_CHANCE) / Math.log(accepted / sent);
  }

  /** Calls that left in a millisecond, over the last ten seconds. */
  drain(calls: number): number {
    this.#drained.add(calls);
    return this.#drained.sum / (Math.min(this.#steps, (WINDOW_S * 1000) / STEP_MS) * STEP_MS);
  }

  felt(bound: Bound, calls: number, nowMs: number): void {
    const known = this.gaveWay.get(bound);
    if (known === undefined) this.gaveWay.set(bound, { atS: nowMs / 1000, calls });
    else known.calls += calls;
  }
}
