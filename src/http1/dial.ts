import type { Evidence, Timings } from '../diagnosis/evidence.ts';
import type { Address, Clock, Net, Timers, TlsClientOptions, Wire, WireFault, WireHearer } from '../world/world.ts';
import { ipFamily } from './addresses.ts';
import type { Connector, Unreached } from './connector.ts';
import type { ExchangeClocks } from './contract.ts';
import { codeOf, endingOf } from './ending.ts';
import { PhaseClock } from './phase-clock.ts';
import type { Resolver, Unresolved } from './resolver.ts';
import type { Route, TlsTerms } from './route.ts';
import { openTunnel } from './tunnel.ts';

/** What dialling needs of the world and of its neighbours. */
export type DialTools = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Net;
  readonly resolver: Resolver;
  readonly connector: Connector;
  /** Settings for TLS resumption, one store for each pool. */
  readonly session: SessionStore;
};

/** The last TLS session of a pool, so that the next connection shakes hands in one round trip less. */
export type SessionStore = { session: Uint8Array | undefined };

/** A connection ready for requests. */
export type Dialled = {
  readonly wire: Wire;
  readonly address: string;
  readonly timings: Timings;
  readonly note: string | undefined;
};

/** The clocks that run while a connection is opened. */
export type DialClocks = Pick<ExchangeClocks, 'dnsMs' | 'connectMs' | 'tlsMs'>;

/** What is known of a failed dialling; the exchange adds what it knows. */
export type DialFault = Evidence;

type Heard = { opened(dialled: Dialled): void; failed(fault: DialFault): void };

/**
 * Opens one connection along a route: name, TCP, proxy, TLS, each under its own clock and with its own evidence. Exactly one of
 * `opened` and `failed` is called, never before `dial` returns what cancels it, unless that is called first.
 */
export function dial(tools: DialTools, route: Route, clocks: DialClocks, heard: Heard): () => void {
  const dialling = new Dialling(tools, route, clocks, heard);
  // One turn of grace, so that whoever asked holds our handle when the first thing (a cached refusal) fails.
  tools.timers.soon(() => dialling.start());
  return () => dialling.cancel();
}

class Dialling {
  readonly #tools: DialTools;
  readonly #route: Route;
  readonly #clocks: DialClocks;
  readonly #heard: Heard;
  readonly #clock: PhaseClock;
  #isOver = false;
  #stopStep: (() => void) | undefined;
  #stepMs = 0;
  #address: string | undefined;
  #note: string | undefined;
  #phase: 'dns' | 'connect' | 'proxy-connect' | 'tls' = 'dns';
  #timings: { dnsMs?: number; connectMs?: number; tlsMs?: number } = {};

  constructor(tools: DialTools, route: Route, clocks: DialClocks, heard: Heard) {
    this.#tools = tools;
    this.#route = route;
    this.#clocks = clocks;
    this.#heard = heard;
    this.#clock = new PhaseClock(tools, (loopLagMs) => this.#late(loopLagMs));
  }

  start(): void {
    if (this.#isOver) return;
    this.#stepMs = this.#tools.clock.now();
    const { socket, hop } = this.#route;
    if (socket !== undefined || hop === undefined) {
      this.#connect(socket === undefined ? [] : [socket]);
      return;
    }
    if (ipFamily(hop.host) !== 0) {
      this.#connect([{ ip: hop.host, port: hop.port }]);
      return;
    }
    const stop = this.#tools.resolver.resolve(
      hop.host,
      this.#clocks.dnsMs,
      ({ ips, source }) => {
        this.#timings = { dnsMs: this.#step() };
        if (source === 'stale') this.#note = 'dns=stale';
        this.#connect(ips.map((ip) => ({ ip, port: hop.port })));
      },
      (fault) => {
        if (fault.kind === 'name-error') this.#note = fault.fault.note;
        this.#fail(unresolved(fault, this.#clocks.dnsMs));
      },
    );
    // A name that is remembered is told at once: the step after it is under way by then, and has a stop of its own.
    if (this.#phase === 'dns') this.#stopStep = stop;
  }

  cancel(): void {
    this.#isOver = true;
    this.#clock.dispose();
    this.#stopStep?.();
  }

  /** Milliseconds since the last step ended. */
  #step(): number {
    const nowMs = this.#tools.clock.now();
    const took = nowMs - this.#stepMs;
    this.#stepMs = nowMs;
    return took;
  }

  #connect(addresses: readonly Address[]): void {
    this.#phase = 'connect';
    this.#stopStep = this.#tools.connector.reach(
      addresses,
      this.#clocks.connectMs,
      ({ wire, address }) => {
        this.#address = address;
        this.#timings.connectMs = this.#step();
        this.#stopStep = () => wire.destroy();
        if (this.#route.proxyTls !== undefined) this.#secure(wire, this.#route.proxyTls, 'proxy-connect');
        else this.#tunnel(wire);
      },
      (fault) => {
        this.#address = fault.address;
        if (fault.note !== undefined) this.#note = fault.note;
        const { hop } = this.#route;
        if (hop !== undefined) this.#tools.resolver.doubt(hop.host);
        this.#fail(unreached(fault, this.#clocks.connectMs));
      },
    );
  }

  #tunnel(wire: Wire): void {
    const { tunnelTo, proxyAuthorization } = this.#route;
    if (tunnelTo === undefined) {
      this.#secureEnd(wire);
      return;
    }
    this.#phase = 'proxy-connect';
    this.#clock.watch('connect', this.#clocks.connectMs, this.#tools.clock.now());
    openTunnel(
      wire,
      tunnelTo,
      proxyAuthorization,
      () => {
        this.#timings.connectMs = (this.#timings.connectMs ?? 0) + this.#step();
        this.#secureEnd(wire);
      },
      (fault) => this.#fail(fault),
    );
  }

  #secureEnd(wire: Wire): void {
    if (this.#route.tls === undefined) this.#open(wire);
    else this.#secure(wire, this.#route.tls, 'tls');
  }

  /** The handshake with the service, or with the proxy itself; only the former resumes sessions, of which there is one store. */
  #secure(wire: Wire, terms: TlsTerms, phase: 'tls' | 'proxy-connect'): void {
    this.#phase = phase;
    this.#clock.watch('tls', this.#clocks.tlsMs, this.#tools.clock.now());
    const store = phase === 'tls' ? this.#tools.session : undefined;
    const hearer: WireHearer = {
      open: () => this.#secured(secure, phase),
      close: (fault: WireFault | undefined) => {
        // A session the peer will not take must not fail every handshake to come.
        if (store !== undefined) store.session = undefined;
        this.#fail(endingOf(fault));
      },
      data() {},
      end() {},
      drain() {},
    };
    let secure: Wire;
    try {
      secure = this.#tools.net.startTls(wire, this.#withSession(terms, store), hearer);
    } catch (cause) {
      // A key or a certificate in the config that cannot be read: no wire is made, and no peer is to blame.
      wire.destroy();
      this.#fail({ firstEvent: 'errno', errno: codeOf(cause), note: 'the TLS settings cannot be used', cause });
      return;
    }
    this.#stopStep = () => secure.destroy();
  }

  #withSession(terms: TlsTerms, store: SessionStore | undefined): TlsClientOptions {
    return {
      ...terms,
      ...(store?.session === undefined ? {} : { session: store.session }),
      onSession(session) {
        if (store !== undefined) store.session = session;
      },
    };
  }

  #secured(wire: Wire, phase: 'tls' | 'proxy-connect'): void {
    if (this.#isOver) return;
    const alpn = wire.tls?.alpn;
    // No answer to ALPN means HTTP/1.1; a foreign one means a server that ignores what it was offered (row E8).
    if (alpn !== undefined && alpn !== 'http/1.1') {
      wire.destroy();
      this.#fail({ firstEvent: 'parse', parse: 'alpn' });
      return;
    }
    const took = this.#step();
    if (phase === 'tls') {
      this.#timings.tlsMs = took;
      this.#open(wire);
    } else {
      this.#timings.connectMs = (this.#timings.connectMs ?? 0) + took;
      this.#tunnel(wire);
    }
  }

  #open(wire: Wire): void {
    this.#isOver = true;
    this.#clock.dispose();
    this.#heard.opened({ wire, address: this.#address ?? '', timings: this.#timings, note: this.#note });
  }

  #late(loopLagMs: number): void {
    const { name, limitMs } = this.#clock;
    this.#stopStep?.();
    this.#fail({ firstEvent: 'our-timer', clock: name, limitMs, loopLagMs });
  }

  #fail(fault: Omit<Evidence, 'phase'>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#clock.dispose();
    // Whatever fails on the way to or through a proxy is the proxy's hop, its name and its port included (row D7).
    const phase = this.#route.hasProxy && this.#phase !== 'tls' ? 'proxy-connect' : this.#phase;
    const { hop, authority } = this.#route;
    this.#heard.failed({
      ...fault,
      phase,
      host: phase === 'proxy-connect' && hop !== undefined ? `${hop.host}:${hop.port}` : authority,
      address: this.#address,
      note: fault.note ?? this.#note,
      timings: this.#timings,
    });
  }
}

function unresolved(fault: Unresolved, limitMs: number): Omit<Evidence, 'phase'> {
  if (fault.kind === 'clock') {
    return { firstEvent: 'our-timer', clock: 'dns', limitMs, loopLagMs: fault.loopLagMs };
  }
  const { code, syscall } = fault.fault;
  return { firstEvent: 'name-error', errno: code, syscall };
}

function unreached(fault: Unreached, limitMs: number): Omit<Evidence, 'phase'> {
  const { syscall, loopLagMs } = fault;
  if (fault.kind === 'clock') return { firstEvent: 'our-timer', clock: 'connect', limitMs, syscall, loopLagMs };
  return { firstEvent: 'errno', errno: fault.errno, syscall };
}
