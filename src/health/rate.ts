/** Ten exact buckets over 30 s: a tight burst of failures and the same burst spread out reach the same decision (Linkerd's reason against a moving average). */
export const RATE_WINDOW_MS = 30_000;
const BUCKETS = 10;
const BUCKET_MS = RATE_WINDOW_MS / BUCKETS;

/** How many of the calls of the last 30 s succeeded. */
export class Rate {
  readonly #good = new Float64Array(BUCKETS);
  readonly #all = new Float64Array(BUCKETS);
  #goodSum = 0;
  #allSum = 0;
  #bucket = 0;

  add(nowMs: number, isGood: boolean): void {
    this.#roll(nowMs);
    const at = this.#bucket % BUCKETS;
    this.#all[at] = (this.#all[at] ?? 0) + 1;
    this.#allSum += 1;
    if (!isGood) return;
    this.#good[at] = (this.#good[at] ?? 0) + 1;
    this.#goodSum += 1;
  }

  total(nowMs: number): number {
    this.#roll(nowMs);
    return this.#allSum;
  }

  /** 0…1; 1 when nothing happened. */
  share(nowMs: number): number {
    this.#roll(nowMs);
    return this.#allSum === 0 ? 1 : this.#goodSum / this.#allSum;
  }

  clear(): void {
    this.#good.fill(0);
    this.#all.fill(0);
    this.#goodSum = 0;
    this.#allSum = 0;
  }

  #roll(nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    // What is told a little late counts as now.
    if (bucket <= this.#bucket) return;
    const steps = Math.min(bucket - this.#bucket, BUCKETS);
    for (let i = 1; i <= steps; i++) {
      const at = (bucket - steps + i) % BUCKETS;
      this.#goodSum -= this.#good[at] ?? 0;
      this.#allSum -= this.#all[at] ?? 0;
      this.#good[at] = 0;
      this.#all[at] = 0;
    }
    this.#bucket = bucket;
  }
}
