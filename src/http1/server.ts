import type { Address, Timer, Timers, TlsServerOptions, Wire, WireHearer, World } from '../world/world.ts';
import { BODY_LIMITS } from './body.ts';
import { CallerConnection } from './caller-connection.ts';
import { Census, type ServerStats } from './census.ts';
import type { FaultWriter, RequestHandler, ServerLimits } from './contract.ts';
import { dateLine } from './date.ts';
import { type FaultWord, faultOf } from './fault.ts';
import type { Hall } from './hall.ts';
import { HEAD_LIMITS } from './head.ts';
import { networksOf } from './networks.ts';
import { awaitPreface } from './preface.ts';

/** What a caller may cost; 0 is off for the clocks and for requests a connection. */
export const SERVER_LIMITS: ServerLimits = {
  headBytesMax: HEAD_LIMITS.headBytesMax,
  fieldsMax: HEAD_LIMITS.fieldsMax,
  // A long conversation with images fits in 64 MiB; the services take 20 to 50.
  bodyBytesMax: 67_108_864,
  // Two descriptors a call under a usual limit of 20,000.
  connectionsMax: 9500,
  requestsPerConnectionMax: 0,
  // Node waits 60 s, nginx 60; a head is one packet or two, and 30 s forgive a very bad network.
  headMs: 30_000,
  bodyIdleMs: 30_000,
  writeIdleMs: 60_000,
  // Balancers in front keep an unused connection for 60 s; the side that reuses it must be the first to close it.
  keepAliveMs: 65_000,
};

export type ServeHttpOptions = {
  readonly address: Extract<Address, { ip: string }>;
  readonly backlog?: number | undefined;
  readonly tls?: TlsServerOptions | undefined;
  readonly limits?: Partial<ServerLimits> | undefined;
  /** Networks (CIDR) whose connections must begin with a PROXY protocol header, version 2. Not together with `tls`: it comes before the handshake. */
  readonly proxyProtocolFrom?: readonly string[] | undefined;
  /** Networks whose `Forwarded` or `X-Forwarded-For` and `-Proto` are believed. */
  readonly forwardedFrom?: readonly string[] | undefined;
  /** Told of exceptions out of handlers; each ends its connection with `gateway-bug`. */
  readonly onStranger?: ((error: unknown) => void) | undefined;
};

export type HttpServer = {
  readonly address: { readonly ip: string; readonly port: number };
  readonly stats: ServerStats;
  /**
   * Accepts no more, closes idle connections, lets the others answer what they have begun (with `connection: close`), and cuts off what is
   * left after the grace. Resolves when no connection is left. A second call shortens the first.
   */
  drain(graceMs: number): Promise<void>;
};

/** A connection that was cut off is gone within this, or it is not ours to wait for. */
const CUT_OFF_MS = 1000;

/** Those that are not taken are answered and read until they close; beyond so many over the limit they are reset, so that a flood costs no memory. */
const TURNED_AWAY_MAX = 256;

/**
 * Serves HTTP/1.1 on one address.
 * @throws an errno error as a rejection when it cannot listen; TypeError on a network that is none.
 */
export async function serveHttp(
  world: Pick<World, 'net' | 'timers' | 'clock'>,
  options: ServeHttpOptions,
  handler: RequestHandler,
  faultWriter: FaultWriter,
): Promise<HttpServer> {
  const census = new Census();
  const hall = hallOf(world, options, census, handler, faultWriter);
  const balancers = networksOf(options.proxyProtocolFrom ?? []);
  const { isSecure } = hall;
  const { connectionsMax } = hall.limits;
  if (isSecure && options.proxyProtocolFrom !== undefined && options.proxyProtocolFrom.length > 0) {
    throw new TypeError('the PROXY protocol comes before TLS, so one listener cannot have both');
  }
  const accept = (wire: Wire): WireHearer => {
    census.connectionsAccepted += 1;
    if (connectionsMax > 0 && census.connections >= connectionsMax && !census.makeRoom())
      return refused(hall, wire, 'connections');
    if (!balancers(wire.remote.ip)) return new CallerConnection(hall, wire, { peer: wire.remote, isSecure });
    return awaitPreface(hall, wire, (origination) => new CallerConnection(hall, wire, origination));
  };
  const listener = await world.net.listen(
    {
      address: options.address,
      ...(options.backlog === undefined ? {} : { backlog: options.backlog }),
      ...(options.tls === undefined ? {} : { tls: { alpn: ['http/1.1'], ...options.tls } }),
      onTlsFault() {
        census.tlsFaults += 1;
      },
      onPlain: (wire) => refused(hall, wire, 'no-tls'),
    },
    accept,
  );
  return {
    address: 'ip' in listener.address ? listener.address : options.address,
    stats: census,
    async drain(graceMs) {
      hall.isDraining = true;
      census.retire();
      await allLetIn(world.timers, census);
      const closed = listener.close();
      const cut = world.timers.after(graceMs, () => census.cutOff());
      let giveUp: Timer | undefined;
      const late = new Promise<void>((fulfil) => {
        giveUp = world.timers.after(graceMs + CUT_OFF_MS, fulfil);
      });
      await Promise.race([census.emptied().then(() => closed), late]);
      cut.disarm();
      giveUp?.disarm();
    },
  };
}

/** Turns of the loop in which nobody came, after which the kernel's queue is taken for empty; and those we wait at most, should many come. */
const QUIET_TURNS = 2;
const LET_IN_TURNS_MAX = 1000;

/** Resolves when those who wait in the kernel's queue have been let in: closing the listener would reset them, though their requests are sent. */
function allLetIn(timers: Timers, census: Census): Promise<void> {
  return new Promise((fulfil) => {
    let accepted = census.connectionsAccepted;
    let quiet = 0;
    let turns = 0;
    const look = (): void => {
      turns += 1;
      quiet = census.connectionsAccepted === accepted ? quiet + 1 : 0;
      accepted = census.connectionsAccepted;
      if (quiet >= QUIET_TURNS || turns >= LET_IN_TURNS_MAX) fulfil();
      else timers.soon(look);
    };
    timers.soon(look);
  });
}

function hallOf(
  world: Pick<World, 'timers' | 'clock'>,
  options: ServeHttpOptions,
  census: Census,
  handler: RequestHandler,
  faultWriter: FaultWriter,
): Hall {
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const trusted = options.forwardedFrom ?? [];
  return {
    clock: world.clock,
    timers: world.timers,
    limits,
    headLimits: { ...HEAD_LIMITS, headBytesMax: limits.headBytesMax, fieldsMax: limits.fieldsMax },
    bodyLimits: { ...BODY_LIMITS, bodyBytesMax: limits.bodyBytesMax },
    handler,
    faultWriter,
    census,
    date: dateLine(world.clock),
    keepAliveLine: keepAliveLine(limits.keepAliveMs),
    isSecure: options.tls !== undefined,
    forwardedFrom: trusted.length === 0 ? undefined : networksOf(trusted),
    isDraining: false,
    stranger: (error) => options.onStranger?.(error),
  };
}

/** A caller that stops using its connection a second before we close it never sends a request into the closing. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** Says how long an unused connection is kept, for clients that listen to it; few would keep theirs as long without. */
function keepAliveLine(keepAliveMs: number): string {
  const seconds = Math.floor((keepAliveMs - KEEP_ALIVE_MARGIN_MS) / 1000);
  return `connection: keep-alive\r\n${seconds > 0 ? `keep-alive: timeout=${seconds}\r\n` : ''}`;
}

/**
 * A connection that is not taken, over the limit or without the TLS that this port speaks: a short answer and the end, whatever is asked on
 * it, so that the caller need not guess.
 */
function refused(hall: Hall, wire: Wire, word: FaultWord): WireHearer {
  const { connectionsMax } = hall.limits;
  if (connectionsMax > 0 && hall.census.connections >= connectionsMax + TURNED_AWAY_MAX) {
    hall.census.count(word);
    wire.reset();
    return DEAF;
  }
  const connection = new CallerConnection(hall, wire, { peer: wire.remote, isSecure: hall.isSecure });
  wire.hearer = connection;
  connection.refuse(faultOf(word));
  // Someone else waits for its end now.
  return wire.hearer;
}

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
