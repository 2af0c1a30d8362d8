import type { Timer, Timers } from '../world/world.ts';

/** One lost attempt of a race: what was tried, and why it failed. */
export type Lost<I, F> = { readonly item: I; readonly fault: F };

/** What is raced and who hears of it. Exactly one of `won` and `lost` is called, unless the race is cancelled. */
export type RaceRules<I, T, F> = {
  /** One attempt each, in this order. None at all is a race lost at once. */
  readonly items: readonly I[];
  /** How long an attempt may stay silent before the next one starts beside it, in milliseconds. */
  staggerMs(item: I): number;
  /** Starts an attempt, which settles once through `win` or `lose`, at once or later; returns what stops it. */
  start(item: I, win: (value: T) => void, lose: (fault: F) => void): () => void;
  won(value: T, item: I): void;
  lost(faults: readonly Lost<I, F>[]): void;
};

/** A race under way. */
export type Race<I, F> = {
  /** Stops every attempt; nobody hears anything more. Returns what was lost until then. */
  cancel(): readonly Lost<I, F>[];
};

/**
 * The staggered race of RFC 8305 §5: attempts start one after another, run side by side, the first success stops the
 * others, and a failure starts the next one at once. Serves both connecting to addresses and asking name servers.
 */
export function race<I, T, F>(timers: Timers, rules: RaceRules<I, T, F>): Race<I, F> {
  const running = new Set<() => void>();
  const faults: Lost<I, F>[] = [];
  const waiting = rules.items.values();
  let next = waiting.next();
  let isOver = false;

  const stop = (): void => {
    isOver = true;
    stagger.disarm();
    for (const cancel of running) cancel();
    running.clear();
  };

  const startNext = (): void => {
    if (isOver) return;
    if (next.done) {
      if (running.size > 0) return;
      stop();
      rules.lost(faults);
      return;
    }
    const item = next.value;
    next = waiting.next();
    startOne(item);
  };
  const stagger: Timer = timers.timer(startNext);

  const startOne = (item: I): void => {
    let isSettled = false;
    let cancel: (() => void) | undefined;
    const settle = (): boolean => {
      if (isSettled || isOver) return false;
      isSettled = true;
      if (cancel !== undefined) running.delete(cancel);
      return true;
    };
    const win = (value: T): void => {
      if (!settle()) return;
      stop();
      rules.won(value, item);
    };
    const lose = (fault: F): void => {
      if (!settle()) return;
      faults.push({ item, fault });
      startNext();
    };
    cancel = rules.start(item, win, lose);
    if (isSettled || isOver) return;
    running.add(cancel);
    if (!next.done) stagger.arm(rules.staggerMs(item));
  };

  startNext();
  return {
    cancel() {
      stop();
      return faults;
    },
  };
}
