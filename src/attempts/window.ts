/** Counts what happened lately, exactly, in equal slots of time: adding and asking cost the same however much happened. */
export class Window {
  readonly #counts: Float64Array;
  readonly #slotMs: number;
  #sum = 0;
  #slot = 0;

  /** Covers between `slots` − 1 and `slots` times `slotMs`, the present slot being still young. */
  constructor(slots: number, slotMs: number) {
    this.#counts = new Float64Array(slots);
    this.#slotMs = slotMs;
  }

  add(nowMs: number): void {
    this.#roll(nowMs);
    const at = this.#slot % this.#counts.length;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += 1;
  }

  /** Something counted at `fromMs` turns out to happen only now: it counts from now on, and anew where it is no longer counted. */
  postpone(fromMs: number, nowMs: number): void {
    this.#roll(nowMs);
    const slot = Math.floor(fromMs / this.#slotMs);
    const at = slot % this.#counts.length;
    const count = this.#counts[at] ?? 0;
    if (slot > this.#slot - this.#counts.length && count > 0) {
      this.#counts[at] = count - 1;
      this.#sum -= 1;
    }
    this.add(nowMs);
  }

  sum(nowMs: number): number {
    this.#roll(nowMs);
    return this.#sum;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#sum = 0;
  }

  /** Forgets its own counts for those of another window of the same slots. */
  copy(other: Window): void {
    this.#counts.set(other.#counts);
    this.#sum = other.#sum;
    this.#slot = other.#slot;
  }

  #roll(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    // What is told a little late counts as now.
    if (slot <= this.#slot) return;
    const steps = Math.min(slot - this.#slot, this.#counts.length);
    for (let i = 0; i < steps; i++) {
      const at = (slot - i) % this.#counts.length;
      this.#sum -= this.#counts[at] ?? 0;
      this.#counts[at] = 0;
    }
    this.#slot = slot;
  }
}
