import { Wheel } from '../world/wheel.ts';
import type {
  Address,
  Chance,
  Clock,
  NameAnswer,
  Names,
  Net,
  PeerAddress,
  Timers,
  TlsClientOptions,
  TlsFacts,
  Wire,
  WireFault,
  WireHearer,
} from '../world/world.ts';

/** For tests: a world in which time passes and wires speak only when the test says so. */
export type PlayedWorld = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly net: Net;
  readonly names: Names;
  /** Every wire ever asked for, in order. */
  readonly wires: PlayedWire[];
  /** What names answer; a test replaces the functions. */
  readonly play: { lookup: Names['lookup']; query: Names['query']; servers: readonly string[] };
  /** Lets time pass, and everything due happen in its order; promises settle in between. */
  pass(ms: number): Promise<void>;
  /** Lets what is due in this very turn happen. */
  turn(): Promise<void>;
};

/** A wire in the test's hand. */
export class PlayedWire implements Wire {
  hearer: WireHearer;
  readonly address: Address;
  readonly tlsOptions: TlsClientOptions | undefined;
  /** What was written, as latin1 text. */
  sent = '';
  bytesWritten = 0;
  bytesRead = 0;
  bytesQueued = 0;
  isOpen = false;
  isPaused = false;
  isDestroyed = false;
  isHalfClosed = false;
  tls: TlsFacts | undefined;
  /** Set by the test: writes are queued, and `write` says so. */
  isStuck = false;
  readonly remote: PeerAddress = { ip: '192.0.2.1', port: 80 };
  readonly local: PeerAddress = { ip: '192.0.2.2', port: 50_000 };

  constructor(address: Address, hearer: WireHearer, tlsOptions?: TlsClientOptions) {
    this.address = address;
    this.hearer = hearer;
    this.tlsOptions = tlsOptions;
  }

  get ip(): string {
    return 'path' in this.address ? this.address.path : this.address.ip;
  }

  write(bytes: Uint8Array | string): boolean {
    if (this.isDestroyed) return true;
    this.sent += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    this.bytesWritten += bytes.length;
    if (this.isStuck) this.bytesQueued += bytes.length;
    return !this.isStuck;
  }

  end(): void {
    this.isHalfClosed = true;
  }

  reset(): void {
    this.destroy();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.isOpen = false;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** The connection stands. */
  opens(): void {
    this.isOpen = true;
    this.hearer.open();
  }

  /** The peer says something. */
  says(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.bytesRead += bytes.length;
    this.hearer.data(bytes);
  }

  /** The peer ends with FIN. */
  ends(): void {
    this.hearer.end();
  }

  /** It breaks, or was never to be. */
  breaks(code: string, syscall: string | undefined = 'read'): void {
    this.isOpen = false;
    const fault: WireFault = { code, syscall, tlsAlert: undefined, message: code };
    this.hearer.close(fault);
  }

  /** The kernel takes what is queued. */
  drains(): void {
    this.isStuck = false;
    this.bytesQueued = 0;
    this.hearer.drain();
  }
}

/** A world at time 0. Chance always says 0.5. */
export function playedWorld(): PlayedWorld {
  let nowMs = 0;
  let alarms: { readonly atMs: number; readonly ring: () => void }[] = [];
  let soon: (() => void)[] = [];
  const clock: Clock = { now: () => nowMs, wallMs: () => nowMs };
  const timers = new Wheel(clock, {
    set: (delayMs, ring) => void alarms.push({ atMs: nowMs + delayMs, ring }),
    soon: (run) => void soon.push(run),
    hold() {},
  });
  const wires: PlayedWire[] = [];
  const play: PlayedWorld['play'] = {
    lookup: () => Promise.resolve(['192.0.2.1']),
    query: () => Promise.resolve<NameAnswer>({ addresses: [], ttlS: 60 }),
    servers: [],
  };

  const turn = async (): Promise<void> => {
    for (let i = 0; i < 8; i += 1) {
      await Promise.resolve();
      const due = soon;
      soon = [];
      for (const run of due) run();
    }
  };
  const ring = (): void => {
    const due = alarms.filter((alarm) => alarm.atMs <= nowMs);
    alarms = alarms.filter((alarm) => alarm.atMs > nowMs);
    for (const alarm of due) alarm.ring();
  };

  return {
    clock,
    timers,
    chance: { float: () => 0.5, below: () => 0, id: () => '0'.repeat(32), bytes: (length) => new Uint8Array(length) },
    net: {
      listen: () => Promise.reject(new Error('nobody listens here')),
      connect(address, hearer) {
        const wire = new PlayedWire(address, hearer);
        wires.push(wire);
        return wire;
      },
      startTls(wire, options, hearer) {
        const under = wire instanceof PlayedWire ? wire.address : { path: '' };
        const secure = new PlayedWire(under, hearer, options);
        wires.push(secure);
        return secure;
      },
    },
    names: {
      lookup: (host) => play.lookup(host),
      query: (server, host, kind, timeoutMs) => play.query(server, host, kind, timeoutMs),
      servers: () => play.servers,
    },
    wires,
    play,
    turn,
    async pass(ms) {
      const endMs = nowMs + ms;
      await turn();
      while (nowMs < endMs) {
        nowMs = Math.min(endMs, ...alarms.map((alarm) => alarm.atMs));
        ring();
        await turn();
      }
    },
  };
}
