import type { Chance, Timer } from '../world/world.ts';
import type { AnswerLimits } from './answer.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { type DialClocks, type DialFault, type Dialled, type DialTools, dial, type SessionStore } from './dial.ts';
import { IdleLimit, type IdleSettings } from './idle.ts';
import type { Route } from './route.ts';

/** Younger than this, an idle connection is as good as a busy one: half of 1 s, the shortest idle limit that servers are given. */
export const RECENT_MS = 500;

/** The same for a peer that was seen to close sooner: an eighth of what it allows, as 0.5 s is of the usual 4 s. */
const RECENT_PART = 1 / 8;

/** What bounds the connections of one origin. */
export type PoolSettings = {
  readonly idle: IdleSettings;
  readonly answer: AnswerLimits;
  /** Open connections to one origin. */
  readonly originConnectionsMax: number;
  /** Idle connections kept for one origin. 256: what a burst leaves behind, not what it needed. */
  readonly idleMax: number;
  /** A connection is closed after this long, varied by a fifth so that they do not all end at once: lets DNS and balancers move us. */
  readonly ageMaxMs: number;
  readonly requestsMax: number;
};

/** All connections of the process, counted in one place. */
export type Census = {
  count: number;
  readonly max: number;
  /** Closes an idle connection somewhere; false when there is none. */
  readonly evict: () => boolean;
};

/** What a pool needs of the world. */
export type PoolTools = Omit<DialTools, 'session'> & { readonly chance: Chance };

/** The connections of one origin: the one used last is used next, so that those not needed age out. */
export class Pool implements ConnectionOwner {
  readonly route: Route;
  readonly limit: IdleLimit;
  /** Set when it was given up for room: whoever still knows it looks again. */
  isForgotten = false;
  readonly #tools: PoolTools;
  readonly #settings: PoolSettings;
  readonly #census: Census;
  readonly #session: SessionStore = { session: undefined };
  /** In the order in which they fell idle: the last is taken, the first expires. */
  readonly #idle: Connection[] = [];
  readonly #sweeper: Timer;
  #open = 0;
  #isClosed = false;

  constructor(route: Route, tools: PoolTools, settings: PoolSettings, census: Census) {
    this.route = route;
    this.limit = new IdleLimit(settings.idle);
    this.#tools = tools;
    this.#settings = settings;
    this.#census = census;
    this.#sweeper = tools.timers.timer(() => this.#sweep());
  }

  /** True when nothing would be lost by forgetting this pool. */
  get isEmpty(): boolean {
    return this.#open === 0;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** The idle connection used last, if it is within its limits: `recent` asks for one that was used a moment ago. */
  take(nowMs: number, which: 'any' | 'recent'): Connection | undefined {
    if ((which === 'recent' && this.limit.isRacing(nowMs)) || this.limit.isFutile(nowMs)) return undefined;
    const limitMs = this.limit.limitMs(nowMs);
    const idleMaxMs = which === 'any' ? Number.POSITIVE_INFINITY : Math.min(RECENT_MS, limitMs * RECENT_PART);
    for (;;) {
      const connection = this.#idle.at(-1);
      if (connection === undefined) return undefined;
      const idleMs = nowMs - connection.idleSinceMs;
      if (idleMs >= idleMaxMs) return undefined;
      this.#idle.pop();
      if (idleMs < limitMs && nowMs < connection.endsMs && connection.wire.isOpen) return connection;
      // probe: a kept connection is too old to be used again
      connection.destroy();
    }
  }

  /** Takes back a connection on which everything went well. */
  give(connection: Connection, nowMs: number): void {
    connection.user = undefined;
    connection.idleSinceMs = nowMs;
    if (connection.requests > 1) this.limit.sawLife();
    const isSpent = connection.requests >= this.#settings.requestsMax || nowMs >= connection.endsMs;
    if (this.#isClosed || isSpent || this.limit.isFutile(nowMs) || this.#idle.length >= this.#settings.idleMax) {
      connection.destroy();
      return;
    }
    this.#idle.push(connection);
    if (!this.#sweeper.isArmed) this.#sweeper.arm(this.limit.limitMs(nowMs));
  }

  /** Opens a connection for one exchange. The count is taken now, so that a burst cannot pass the limit while it dials. */
  dial(clocks: DialClocks, opened: (connection: Connection) => void, failed: (fault: DialFault) => void): () => void {
    const note = this.#excess();
    if (note !== undefined) {
      let isWanted = true;
      this.#tools.timers.soon(() => {
        if (isWanted) failed({ ...TOO_MANY, note });
      });
      return () => {
        isWanted = false;
      };
    }
    this.#count(1);
    let isSettled = false;
    const cancel = dial({ ...this.#tools, session: this.#session }, this.route, clocks, {
      opened: (dialled) => {
        isSettled = true;
        opened(this.#connection(dialled));
      },
      failed: (fault) => {
        isSettled = true;
        this.#count(-1);
        failed(fault);
      },
    });
    return () => {
      if (isSettled) return;
      isSettled = true;
      this.#count(-1);
      cancel();
    };
  }

  /** Opens connections until `count` are idle; failures are left for the calls that need them to find. */
  warm(count: number, clocks: DialClocks): void {
    const wanted = Math.min(count, this.#settings.idleMax) - this.#idle.length;
    for (let i = 0; i < wanted; i += 1) {
      this.dial(
        clocks,
        (connection) => this.give(connection, this.#tools.clock.now()),
        () => {},
      );
    }
  }

  /** Closes the connection that has been idle for longest; false when none is idle. */
  evict(): boolean {
    const connection = this.#idle.shift();
    connection?.destroy();
    return connection !== undefined;
  }

  /** Closes what is idle; running exchanges go on, and their connections are closed after them. */
  close(): void {
    this.#isClosed = true;
    while (this.evict());
    this.#sweeper.disarm();
  }

  gone(connection: Connection): void {
    this.#count(-1);
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  closedIdle(connection: Connection): void {
    const nowMs = this.#tools.clock.now();
    this.limit.sawClose(nowMs - connection.idleSinceMs, nowMs);
  }

  #connection(dialled: Dialled): Connection {
    const openedMs = this.#tools.clock.now();
    const endsMs = openedMs + this.#settings.ageMaxMs * (0.8 + 0.4 * this.#tools.chance.float());
    return new Connection(dialled, { openedMs, endsMs }, this.#tools, this.#settings.answer, this);
  }

  /** Why no connection may be opened; idle ones make room for it. */
  #excess(): string | undefined {
    const { originConnectionsMax } = this.#settings;
    if (this.#open >= originConnectionsMax && !this.evict()) {
      return `${originConnectionsMax} connections to this target are open: limits.target-connections`;
    }
    if (this.#census.count >= this.#census.max && !this.#census.evict()) {
      return `${this.#census.max} connections are open: connectionsMax`;
    }
    return undefined;
  }

  #count(change: 1 | -1): void {
    this.#open += change;
    this.#census.count += change;
  }

  #sweep(): void {
    const nowMs = this.#tools.clock.now();
    const limitMs = this.limit.limitMs(nowMs);
    for (;;) {
      const first = this.#idle[0];
      if (first === undefined) return;
      const leftMs = first.idleSinceMs + limitMs - nowMs;
      if (leftMs > 0) {
        this.#sweeper.arm(leftMs);
        return;
      }
      this.evict();
    }
  }
}

// Named as the want it guards against: beyond this the system itself would refuse sockets (row B13).
const TOO_MANY = { phase: 'queue', firstEvent: 'errno', errno: 'EMFILE', syscall: 'connect', bytesWritten: 0 } as const;
