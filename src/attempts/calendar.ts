const SECOND_MS = 1_000;

/**
 * Time to come, which is given away in pieces and no part of it twice: who may not come before a later time leaves what lies before it to others. Plain
 * structure, no clock; one number for each second.
 */
export class Calendar {
  readonly #takenMs: Float64Array;
  /** The first second it tells of. */
  #second = 0;

  constructor(seconds: number) {
    this.#takenMs = new Float64Array(seconds);
  }

  /** Takes the first `needMs` that are free from `fromMs` on, in one piece or more; the end of the last, or undefined when there is not so much left. */
  take(nowMs: number, fromMs: number, needMs: number): number | undefined {
    this.#turn(nowMs);
    const endSecond = this.#second + this.#takenMs.length;
    let leftMs = needMs;
    let last = Math.floor(fromMs / SECOND_MS);
    while (last < endSecond && this.#freeMs(last, fromMs) < leftMs) leftMs -= this.#freeMs(last++, fromMs);
    if (last >= endSecond) return undefined;
    for (let second = Math.floor(fromMs / SECOND_MS); second < last; second++) {
      this.#add(second, this.#freeMs(second, fromMs));
    }
    const beginMs = Math.max(fromMs, last * SECOND_MS + this.#taken(last));
    this.#add(last, leftMs);
    return beginMs + leftMs;
  }

  clear(): void {
    this.#takenMs.fill(0);
  }

  #freeMs(second: number, fromMs: number): number {
    return Math.min(SECOND_MS - this.#taken(second), (second + 1) * SECOND_MS - fromMs);
  }

  #taken(second: number): number {
    return this.#takenMs[second % this.#takenMs.length] ?? 0;
  }

  #add(second: number, ms: number): void {
    this.#takenMs[second % this.#takenMs.length] = this.#taken(second) + ms;
  }

  /** What is past makes room for what is further ahead. */
  #turn(nowMs: number): void {
    const now = Math.floor(nowMs / SECOND_MS);
    const steps = Math.min(now - this.#second, this.#takenMs.length);
    for (let i = 1; i <= steps; i++) this.#takenMs[(now - i) % this.#takenMs.length] = 0;
    this.#second = Math.max(this.#second, now);
  }
}
