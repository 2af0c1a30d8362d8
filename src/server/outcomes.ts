import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import type { GroupCount } from '../diagnosis/radius.ts';

/** Five minutes: what is older says nothing of now. */
const RECENT_MS = 5 * 60_000;
/** The last 16 outcomes: enough for a share, few enough that a change shows within eight calls. */
const OUTCOMES_MAX = 16;

/** The last outcomes of a group of attempts, in two numbers. */
export class Outcomes {
  /** The last outcome is the lowest bit; 1 is a failure. */
  #bits = 0;
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #answeredMs = Number.NEGATIVE_INFINITY;

  /** `nowMs` on the world's monotonic clock. */
  add(failing: boolean, nowMs: number): void {
    if (nowMs - this.#lastMs > RECENT_MS) this.#count = 0;
    this.#bits = ((this.#bits << 1) | (failing ? 1 : 0)) & ((1 << OUTCOMES_MAX) - 1);
    this.#count = Math.min(OUTCOMES_MAX, this.#count + 1);
    this.#lastMs = nowMs;
    if (!failing) this.#answeredMs = nowMs;
  }

  /** When the last good one came; minus infinity when none did. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  /** Outcomes looked at; 0 when the group was not heard of lately. */
  total(nowMs: number): number {
    return nowMs - this.#lastMs > RECENT_MS ? 0 : this.#count;
  }

  failing(nowMs: number): number {
    let failing = 0;
    for (let bit = 0; bit < this.total(nowMs); bit += 1) failing += (this.#bits >> bit) & 1;
    return failing;
  }
}

/** A group's outcomes as the blast radius counts them. */
export function countOf(name: string, outcomes: Outcomes, nowMs: number): GroupCount {
  return { name, failing: outcomes.failing(nowMs), total: outcomes.total(nowMs) };
}

/** Causes that say something of the target or the way to it. A caller's own mistake is an answer like any other. */
export function isFailing(code: CauseCode): boolean {
  const cause: Cause = CATALOGUE[code];
  return cause.blame !== 'caller' && cause.blame !== 'nobody';
}
