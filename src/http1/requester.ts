import type { Evidence } from '../diagnosis/evidence.ts';
import type { World } from '../world/world.ts';
import { ANSWER_LIMITS, type AnswerLimits } from './answer.ts';
import { CONNECTOR_DEFAULTS, type ConnectorSettings, createConnector } from './connector.ts';
import type { Exchange, Origin, OutgoingRequest, Receiver, Requester } from './contract.ts';
import type { DialClocks } from './dial.ts';
import { RunningExchange, type Switched } from './exchange.ts';
import { IDLE_DEFAULTS, type IdleSettings } from './idle.ts';
import { type Census, Pool, type PoolTools } from './pool.ts';
import { createResolver, RESOLVER_DEFAULTS, type ResolverSettings } from './resolver.ts';
import { poolKey, type Route, routeOf } from './route.ts';
import { requestHead } from './serialise.ts';
import { framingLines } from './upload.ts';

/** All that can be set on the client side. */
export type RequesterSettings = {
  readonly resolver: ResolverSettings;
  readonly connector: ConnectorSettings;
  readonly idle: IdleSettings;
  readonly answer: AnswerLimits;
  /**
   * Open connections of the process to all origins. 16384: under the usual limit of 20,000 files. Beyond it a call fails at once: calls
   * wait in the waiting room of `attempts/`, which knows their deadlines, and nowhere else.
   */
  readonly connectionsMax: number;
  /** Open connections to one origin; beyond it a call fails at once. As many as to all unless told otherwise. */
  readonly originConnectionsMax: number;
  /** Idle connections kept for one origin. */
  readonly idleMax: number;
  readonly ageMaxMs: number;
  readonly requestsMax: number;
  /** Origins remembered; those without a connection are forgotten beyond it. */
  readonly originsMax: number;
  /** The clocks under which `warm` opens connections, for no call waits for them. */
  readonly warmClocks: DialClocks;
};

/** The numbers of design §5. A connection ends after 300 s or 1000 requests, so that DNS and balancers can move us. */
export const REQUESTER_DEFAULTS: RequesterSettings = {
  resolver: RESOLVER_DEFAULTS,
  connector: CONNECTOR_DEFAULTS,
  idle: IDLE_DEFAULTS,
  answer: ANSWER_LIMITS,
  connectionsMax: 16_384,
  originConnectionsMax: 16_384,
  idleMax: 256,
  ageMaxMs: 300_000,
  requestsMax: 1000,
  originsMax: 1024,
  warmClocks: { dnsMs: 5000, connectMs: 3000, tlsMs: 3000 },
};

/** The client side of HTTP/1.1. Settings left out are the defaults. */
export function createRequester(
  world: Pick<World, 'clock' | 'timers' | 'chance' | 'net' | 'names'>,
  chosen: Partial<RequesterSettings> = {},
): Requester {
  const settings: RequesterSettings = { ...REQUESTER_DEFAULTS, ...chosen };
  const tools: PoolTools = {
    clock: world.clock,
    timers: world.timers,
    chance: world.chance,
    net: world.net,
    resolver: createResolver(world, settings.resolver),
    connector: createConnector(world, settings.connector),
  };
  const pools = new Pools(tools, settings);

  const run = (origin: Origin, request: OutgoingRequest, receiver: Receiver, switched?: Switched): Exchange => {
    let pool: Pool;
    let head: string;
    try {
      pool = switched === undefined ? pools.of(origin) : pools.ofUpgrades(origin);
      head = headOf(pool.route, request, switched !== undefined);
    } catch (cause) {
      return unsendable(world.timers, receiver, cause);
    }
    const exchange = new RunningExchange(pool, world.clock, request, receiver, head, switched);
    exchange.start();
    return exchange;
  };

  return {
    exchange: (origin, request, receiver) => run(origin, request, receiver),
    upgrade: run,
    warm: (origin, count) => pools.of(origin).warm(count, settings.warmClocks),
    close: () => pools.close(),
  };
}

/** The pools by origin. An origin object that was seen before finds its pool without its key being made again. */
class Pools {
  readonly #tools: PoolTools;
  readonly #settings: RequesterSettings;
  readonly #census: Census;
  readonly #byKey = new Map<string, Pool>();
  readonly #byOrigin = new WeakMap<Origin, Pool>();

  constructor(tools: PoolTools, settings: RequesterSettings) {
    this.#tools = tools;
    this.#settings = settings;
    this.#census = { count: 0, max: settings.connectionsMax, evict: () => this.#evict() };
  }

  of(origin: Origin): Pool {
    const known = this.#byOrigin.get(origin);
    if (known !== undefined && !known.isForgotten) return known;
    const pool = this.#pool(poolKey(origin), () => routeOf(origin, false));
    this.#byOrigin.set(origin, pool);
    return pool;
  }

  /** A forward proxy would read an upgrade as its own: it is asked for a tunnel, also where plain requests need none. */
  ofUpgrades(origin: Origin): Pool {
    if (origin.via === undefined || origin.isSecure) return this.of(origin);
    return this.#pool(`${poolKey(origin)} tunnelled`, () => routeOf(origin, true));
  }

  close(): void {
    for (const pool of this.#byKey.values()) pool.close();
  }

  #pool(key: string, route: () => Route): Pool {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#forget();
    const pool = new Pool(route(), this.#tools, this.#settings, this.#census);
    this.#byKey.set(key, pool);
    return pool;
  }

  /** Makes room for one more by forgetting the oldest pools without connections; what they had learned is lost. */
  #forget(): void {
    for (const [key, pool] of this.#byKey) {
      if (this.#byKey.size < this.#settings.originsMax) return;
      if (!pool.isEmpty) continue;
      pool.isForgotten = true;
      this.#byKey.delete(key);
    }
  }

  #evict(): boolean {
    for (const pool of this.#byKey.values()) {
      if (pool.evict()) return true;
    }
    return false;
  }
}

/** The head as it goes out: our own lines first, so that nothing the caller sent can stand before them. */
function headOf(route: Route, request: OutgoingRequest, isUpgrade: boolean): string {
  const target = route.isAbsolute ? `http://${route.hostField}${request.target}` : request.target;
  const own = `${route.ownLines}${isUpgrade ? 'connection: upgrade\r\n' : ''}${framingLines(request)}${request.ownLines ?? ''}`;
  return requestHead(request.method, target, request.fields, own);
}

/** A request with a field or target that cannot be written is our own bug: it fails alone, and nothing was sent. */
function unsendable(timers: World['timers'], receiver: Receiver, cause: unknown): Exchange {
  let isOver = false;
  timers.soon(() => {
    if (isOver) return;
    isOver = true;
    receiver.fail({ ...UNSENDABLE, firstEvent: 'errno', cause });
  });
  return {
    pause() {},
    resume() {},
    cancel() {
      isOver = true;
    },
    facts: () => UNSENDABLE,
  };
}

const UNSENDABLE: Omit<Evidence, 'firstEvent'> = { phase: 'queue', bytesWritten: 0, isRequestSent: false };
