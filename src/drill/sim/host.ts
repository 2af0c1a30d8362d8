import type { SimTime } from './time.ts';

/** What the way to and from a host is like. */
export type Weather = {
  /** One way, milliseconds. */
  readonly delayMs: number;
  /** Added to the delay of a segment, uniformly from 0. */
  readonly jitterMs: number;
  /** Bytes a millisecond; Infinity is no limit. */
  readonly bytesPerMs: number;
  /** How many of the segments come in pieces, cut at any byte. */
  readonly splitShare: number;
  /** Nothing comes in: a half-open partition when `out` still works. */
  readonly isInBlocked: boolean;
  readonly isOutBlocked: boolean;
};

/** A good day on a local network, every segment whole. */
export const CALM: Weather = {
  delayMs: 0.2,
  jitterMs: 0,
  bytesPerMs: Number.POSITIVE_INFINITY,
  splitShare: 0,
  isInBlocked: false,
  isOutBlocked: false,
};

/** How the TLS of a host behaves to those who connect. */
export type TlsMood = 'good' | 'expired' | 'wrong-name' | 'unknown-issuer' | 'refusing' | 'silent' | 'cutting';

/** One machine of the simulated world. */
export class Host {
  readonly name: string;
  readonly ip: string;
  #weather: Weather;
  readonly #usual: Weather;
  readonly #changes = new Set<Partial<Weather>>();
  /** Undefined: its listeners speak plain TCP unless they say otherwise. */
  tls: TlsMood | undefined;
  isOn = true;
  /** Added to the wall clock. */
  wallStepMs = 0;
  nextPort = 32_768;
  /** When another host tried to connect, whether or not it got through. */
  readonly knocks: number[] = [];
  readonly #inTurns = new Set<() => void>();
  readonly #time: SimTime;
  #isFrozen = false;
  #deferred: (() => void)[] = [];

  constructor(time: SimTime, name: string, ip: string, weather: Partial<Weather>) {
    this.#time = time;
    this.name = name;
    this.ip = ip;
    this.#usual = { ...CALM, ...weather };
    this.#weather = this.#usual;
  }

  get weather(): Weather {
    return this.#weather;
  }

  /** The weather turns, on top of what it is already; returns what takes this change back, in any order. */
  turn(change: Partial<Weather>): () => void {
    this.#changes.add(change);
    this.#sum();
    return () => {
      this.#changes.delete(change);
      this.#sum();
    };
  }

  #sum(): void {
    this.#weather = Object.assign({ ...this.#usual }, ...this.#changes);
  }

  /** Runs whenever the process waits for the end of a turn of its loop, before that end; returns what takes it back. */
  inTurns(run: () => void): () => void {
    this.#inTurns.add(run);
    return () => void this.#inTurns.delete(run);
  }

  /** The process waits for the end of this turn. */
  turning(): void {
    for (const run of this.#inTurns) run();
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The process stops (SIGSTOP, a long collection): its kernel still accepts and acknowledges. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** It goes on, and hears in order what came meanwhile. */
  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#time.at(0, () => this.#catchUp());
  }

  /** One at a time; what comes now waits behind them. */
  #catchUp(): void {
    if (this.#isFrozen) return;
    this.#deferred.shift()?.();
    if (this.#deferred.length > 0) this.#time.at(0, () => this.#catchUp());
  }

  /** Runs what the process does about an event, now or when it thaws. */
  hear(run: () => void): void {
    if (this.#isFrozen || this.#deferred.length > 0) this.#deferred.push(run);
    else run();
  }
}
