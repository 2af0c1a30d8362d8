import { Window } from './window.ts';

/** The stretch that is accounted, and the slots it is counted in. */
export const BUDGET_WINDOW_MS = 10_000;
const SLOTS = 10;

/** What a pool was asked and what it paid of late. It outlives a reload: with each a pool would else have all it may spend once more. */
export class Ledger {
  readonly windowMs: number;
  readonly bornMs: number;
  readonly calls: Window;
  /** One slot more than the calls have: a full window of payments and a part, against at most a full window of calls. */
  readonly paid: Window;
  readonly paidNow = new Window(10, 100);

  constructor(nowMs: number, windowMs: number = BUDGET_WINDOW_MS) {
    this.windowMs = windowMs;
    this.bornMs = nowMs;
    this.calls = new Window(SLOTS, windowMs / SLOTS);
    this.paid = new Window(SLOTS + 1, windowMs / SLOTS);
  }
}

/** Of a pool by its name, as it was when it was last asked for. */
type Entry = {
  name: string;
  targets: readonly string[];
  readonly ledger: Ledger;
  /** Since when no config in force has such a pool. */
  goneMs: number | undefined;
};

/** A pool by its name, and the names of its targets. */
export type PoolNames = { readonly name: string; readonly targets: readonly string[] };

/** The ledgers of all pools, whatever config they are in. */
export class Ledgers {
  #entries: Entry[] = [];

  /** A config with these pools comes into force, and asks for their ledgers next. Of a pool that was taken away is remembered what still counts. */
  change(names: ReadonlySet<string>, nowMs: number): void {
    for (const entry of this.#entries) entry.goneMs = names.has(entry.name) ? undefined : (entry.goneMs ?? nowMs);
    this.#entries = this.#entries.filter(({ goneMs = nowMs, ledger }) => nowMs - goneMs <= ledger.windowMs);
  }

  /**
   * The ledger of this pool. With a target more or less a pool has another name and is the same: it goes on with that of a pool that was taken
   * away and has a target in common with it. A new one where another window was counted.
   */
  of({ name, targets }: PoolNames, nowMs: number, windowMs: number): Ledger {
    const alike = this.#entries.filter(({ ledger }) => ledger.windowMs === windowMs);
    const known =
      alike.find((entry) => entry.name === name) ??
      alike.find((entry) => entry.goneMs !== undefined && entry.targets.some((target) => targets.includes(target)));
    if (known !== undefined) {
      Object.assign(known, { name, targets, goneMs: undefined });
      return known.ledger;
    }
    const ledger = new Ledger(nowMs, windowMs);
    this.#entries = this.#entries.filter((entry) => entry.name !== name);
    this.#entries.push({ name, targets, ledger, goneMs: undefined });
    return ledger;
  }
}
