import type { Clock, NameAnswer, Names, Timers } from '../world/world.ts';
import { LOOKUP_DEFAULTS, type LookupSettings, lookUp, type NameFault } from './lookup.ts';
import { PhaseClock } from './phase-clock.ts';

/** How long answers, good and bad, are believed. */
export type ResolverSettings = LookupSettings & {
  /** Names held; the one not asked for longest goes first. 1024 are more than any config has. */
  readonly namesMax: number;
  /** A TTL under this is raised to it: 1 s, so that a TTL of 0 does not mean one query a call. */
  readonly ttlMinMs: number;
  /** A TTL above this is cut to it: an hour, so that a typo in a zone passes. */
  readonly ttlMaxMs: number;
  /** A used answer is asked for anew, unseen, from this part of its life on. */
  readonly refreshAt: number;
  /** How long "no such name" is believed. */
  readonly negativeMs: number;
  /** How long a failure of all servers is not asked again, when there is nothing stale to serve. */
  readonly failureMs: number;
  /** Stale answers: how old at most, how soon one is given while the servers stay silent, and for how long it counts (RFC 8767 §5). */
  readonly staleMaxMs: number;
  readonly staleAfterMs: number;
  readonly staleTtlMs: number;
  /** A look-up that nobody answers ends after this (RFC 8767: 10 to 30 s). */
  readonly resolutionMs: number;
};

/** RFC 8767 for what is stale, RFC 2308 for what is negative but shorter: a new name must not wait for minutes. */
export const RESOLVER_DEFAULTS: ResolverSettings = {
  ...LOOKUP_DEFAULTS,
  namesMax: 1024,
  ttlMinMs: 1000,
  ttlMaxMs: 3_600_000,
  refreshAt: 0.8,
  negativeMs: 5000,
  failureMs: 1000,
  staleMaxMs: 86_400_000,
  staleAfterMs: 1800,
  staleTtlMs: 30_000,
  resolutionMs: 10_000,
};

/** The addresses of a name, never none. */
export type Resolved = { readonly ips: readonly string[]; readonly source: 'fresh' | 'cached' | 'stale' };

/** `clock`: our own limit was reached, nobody had answered. */
export type Unresolved =
  | { readonly kind: 'name-error'; readonly fault: NameFault }
  | { readonly kind: 'clock'; readonly loopLagMs: number };

/** Turns names into addresses. */
export type Resolver = {
  /** Calls one of the two once: at once when the answer is held, else later. `dnsMs` 0 is off. Returns what stops the waiting. */
  resolve(
    host: string,
    dnsMs: number,
    resolved: (resolved: Resolved) => void,
    failed: (fault: Unresolved) => void,
  ): () => void;
  /** None of its addresses could be reached: the name may have moved, and is asked for again by whoever wants it next. */
  doubt(host: string): void;
};

type Waiter = { hear(outcome: 'good' | NameFault): void };

/** All that is known of one name. */
type Entry = {
  readonly host: string;
  ips: readonly string[];
  /** When `ips` were last confirmed; they are fresh until `freshUntilMs`. */
  confirmedMs: number;
  refreshMs: number;
  freshUntilMs: number;
  isStale: boolean;
  fault: NameFault | undefined;
  faultUntilMs: number;
  /** The look-up under way: one for all who wait. */
  waiters: Set<Waiter> | undefined;
};

type ResolverWorld = { readonly clock: Clock; readonly timers: Timers; readonly names: Names };

/** Remembers names: TTL, negative answers, refresh ahead of expiry, one look-up at a time for each name, stale answers when resolvers fail. */
export function createResolver(world: ResolverWorld, settings: ResolverSettings = RESOLVER_DEFAULTS): Resolver {
  const memory = new NameMemory(world, settings);
  return {
    resolve(host, dnsMs, resolved, failed) {
      const entry = memory.entryOf(host);
      const nowMs = world.clock.now();
      if (nowMs < entry.freshUntilMs) {
        if (nowMs >= entry.refreshMs) memory.lookUp(entry);
        resolved({ ips: entry.ips, source: entry.isStale ? 'stale' : 'cached' });
        return () => {};
      }
      if (entry.fault !== undefined && nowMs < entry.faultUntilMs) {
        failed({ kind: 'name-error', fault: entry.fault });
        return () => {};
      }
      const waiters = memory.lookUp(entry);
      const stop = (): void => {
        waiters.delete(waiter);
        clock.dispose();
      };
      const waiter: Waiter = {
        hear(outcome) {
          stop();
          if (outcome === 'good') resolved({ ips: entry.ips, source: entry.isStale ? 'stale' : 'fresh' });
          else failed({ kind: 'name-error', fault: outcome });
        },
      };
      // Whoever could be served stale waits only a moment for better; the look-up itself goes on.
      const hasStale = memory.isServable(entry, nowMs);
      const waitMs = hasStale ? Math.min(settings.staleAfterMs, dnsMs || settings.staleAfterMs) : dnsMs;
      const clock = new PhaseClock(world, (loopLagMs) => {
        stop();
        if (hasStale) resolved({ ips: entry.ips, source: 'stale' });
        else failed({ kind: 'clock', loopLagMs });
      });
      clock.watch('dns', waitMs, nowMs);
      waiters.add(waiter);
      return stop;
    },
    doubt: (host) => memory.expire(host),
  };
}

/** What is known of names, and the look-ups under way. */
class NameMemory {
  readonly #world: ResolverWorld;
  readonly #settings: ResolverSettings;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(world: ResolverWorld, settings: ResolverSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  entryOf(host: string): Entry {
    const entry = this.#entries.get(host) ?? emptyEntry(host);
    this.#entries.delete(host);
    this.#entries.set(host, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#settings.namesMax) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }

  /** What was confirmed only just is not asked for again: an outage must not become one query a call. What is known stays for the worst case. */
  expire(host: string): void {
    const entry = this.#entries.get(host);
    if (entry === undefined || this.#world.clock.now() - entry.confirmedMs < this.#settings.ttlMinMs) return;
    entry.freshUntilMs = 0;
  }

  isServable(entry: Entry, nowMs: number): boolean {
    return entry.ips.length > 0 && nowMs - entry.confirmedMs < this.#settings.staleMaxMs;
  }

  /** Joins the look-up under way, or starts one. */
  lookUp(entry: Entry): Set<Waiter> {
    if (entry.waiters !== undefined) return entry.waiters;
    const waiters = new Set<Waiter>();
    entry.waiters = waiters;
    const land = (outcome: 'good' | NameFault): void => {
      limit.disarm();
      entry.waiters = undefined;
      for (const waiter of waiters) waiter.hear(outcome);
    };
    const limit = this.#world.timers.timer(() => {
      giveUp();
      land(this.#suffer(entry, { code: 'ETIMEOUT', syscall: undefined, isFinal: false, note: undefined }));
    });
    limit.arm(this.#settings.resolutionMs);
    const giveUp = lookUp(
      this.#world,
      this.#settings,
      entry.host,
      (answer) => land(this.#learn(entry, answer)),
      (fault) => land(this.#suffer(entry, fault)),
    );
    return waiters;
  }

  #learn(entry: Entry, answer: NameAnswer): 'good' {
    const { ttlMinMs, ttlMaxMs, refreshAt } = this.#settings;
    const nowMs = this.#world.clock.now();
    const ttlMs = Math.min(Math.max(answer.ttlS * 1000, ttlMinMs), ttlMaxMs);
    entry.ips = answer.addresses;
    entry.confirmedMs = nowMs;
    entry.refreshMs = nowMs + ttlMs * refreshAt;
    entry.freshUntilMs = nowMs + ttlMs;
    entry.isStale = false;
    entry.fault = undefined;
    return 'good';
  }

  /** A failure of the servers keeps the last good answer in service; an honest "no such name" does not (RFC 8767 §5). */
  #suffer(entry: Entry, fault: NameFault): 'good' | NameFault {
    const { staleTtlMs, negativeMs, failureMs } = this.#settings;
    const nowMs = this.#world.clock.now();
    if (!fault.isFinal && this.isServable(entry, nowMs)) {
      entry.isStale = true;
      entry.freshUntilMs = nowMs + staleTtlMs;
      entry.refreshMs = entry.freshUntilMs;
      return 'good';
    }
    if (fault.isFinal) entry.ips = [];
    entry.fault = fault;
    entry.faultUntilMs = nowMs + (fault.isFinal ? negativeMs : failureMs);
    entry.freshUntilMs = 0;
    return fault;
  }
}

function emptyEntry(host: string): Entry {
  return {
    host,
    ips: [],
    confirmedMs: 0,
    refreshMs: 0,
    freshUntilMs: 0,
    isStale: false,
    fault: undefined,
    faultUntilMs: 0,
    waiters: undefined,
  };
}
