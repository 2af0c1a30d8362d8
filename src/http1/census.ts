import type { Wire } from '../world/world.ts';
import type { FaultWord } from './fault.ts';

/** `place`: of whoever only holds one. `any-place`: there is no such, so files that are being fetched give way to who may want a word. */
export type Want = 'place' | 'any-place';

/** What a drain asks of a connection. */
export type Held = {
  /** Close now if you are in the middle of nothing, else after your answer. */
  retire(): void;
  /** The time is over. */
  cutOff(): void;
  /** Somebody new wants your place: close at once, and say so, if you only hold it (no request, or one that crawls), or a file goes out on it. */
  giveWay(to: Want): boolean;
};

/** Counts since the start, for metrics. */
export type ServerStats = {
  readonly connections: number;
  readonly connectionsAccepted: number;
  readonly requests: number;
  readonly requestsOpen: number;
  /** Refusals by the word of the engine. */
  readonly faults: ReadonlyMap<FaultWord, number>;
  /** Handshakes that failed before they became connections. */
  readonly tlsFaults: number;
};

/** Connections asked to give way for one newcomer: a look at all of 10,000 would make each of a flood cost a millisecond. */
const ASKED_MAX = 256;

/** Who is connected to one server, and what has happened there. */
export class Census implements ServerStats {
  connectionsAccepted = 0;
  requests = 0;
  requestsOpen = 0;
  tlsFaults = 0;
  readonly faults = new Map<FaultWord, number>();
  readonly #held = new Map<Wire, Held>();
  #emptied: (() => void)[] = [];

  get connections(): number {
    return this.#held.size;
  }

  /** From now on `by` speaks for the wire; one for each wire at a time. */
  hold(wire: Wire, by: Held): void {
    this.#held.set(wire, by);
  }

  /** The wire has closed. */
  gone(wire: Wire): void {
    this.#held.delete(wire);
    if (this.#held.size > 0) return;
    for (const tell of this.#emptied) tell();
    this.#emptied = [];
  }

  began(): void {
    this.requests += 1;
    this.requestsOpen += 1;
  }

  ended(): void {
    this.requestsOpen -= 1;
  }

  count(word: FaultWord): void {
    this.faults.set(word, (this.faults.get(word) ?? 0) + 1);
  }

  retire(): void {
    for (const by of [...this.#held.values()]) by.retire();
  }

  cutOff(): void {
    for (const by of [...this.#held.values()]) by.cutOff();
  }

  /**
   * Makes room for one more by closing the oldest connection that is in the middle of nothing. Those asked in vain go to the end of the row,
   * so that the next look begins elsewhere.
   */
  makeRoom(): boolean {
    return this.#roomBy('place') || this.#roomBy('any-place');
  }

  #roomBy(want: Want): boolean {
    let left = ASKED_MAX;
    for (const [wire, by] of this.#held) {
      if (by.giveWay(want)) return true;
      this.#held.delete(wire);
      this.#held.set(wire, by);
      left -= 1;
      if (left === 0) return false;
    }
    return false;
  }

  /** Resolves when nobody is connected. */
  emptied(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise((fulfil) => void this.#emptied.push(fulfil));
  }
}
