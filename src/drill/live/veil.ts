import type { Address, Names, Net, TlsClientOptions, Wire, WireHearer, World } from '../../world/world.ts';
import type { TlsMood } from '../sim/host.ts';
import type { NameMood } from '../sim/names.ts';

/** The zone of the drill's own targets: names that nobody else has (RFC 6761). */
export const ZONE = '.drill.test';

/** What the way to one target is like. */
type Way = {
  isBlocked: boolean;
  certificate: TlsMood;
  name: NameMood;
  isLost: boolean;
  readonly wires: Set<VeiledWire>;
};

/** As the sim: the system's own patience with silent name servers. */
const SYSTEM_GIVES_UP_MS = 10_000;
const SLOW_MS = 2500;

/**
 * A gateway's world in which the way to its targets can be spoiled, on real sockets: each target is known by the port that it listens on.
 * TLS to them is a stand-in: it does or does not succeed, and nothing is encrypted, so that no certificate is needed.
 */
export class Veil {
  readonly #world: World;
  readonly #ways = new Map<number, Way>();
  readonly #ports = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** What the process under the veil sees. */
  get world(): World {
    return { ...this.#world, net: this.#net(), names: this.#names() };
  }

  add(name: string, port: number): void {
    this.#ports.set(`${name}${ZONE}`, port);
    this.#ways.set(port, { isBlocked: false, certificate: 'good', name: 'good', isLost: false, wires: new Set() });
  }

  /** Packets vanish: nothing new is connected, and what is connected hears nothing and is not heard. Lets go when it ends. */
  block(port: number, isBlocked: boolean): void {
    const way = this.#ways.get(port);
    if (way === undefined) return;
    way.isBlocked = isBlocked;
    if (!isBlocked) for (const wire of way.wires) wire.release();
  }

  /** Everything that is connected is reset, or forgotten without a word. */
  drop(port: number, how: 'reset' | 'forget'): void {
    for (const wire of this.#ways.get(port)?.wires ?? []) {
      if (how === 'reset') wire.broken('ECONNRESET', 'read');
      else wire.isVoid = true;
    }
  }

  certificate(port: number, mood: TlsMood): void {
    const way = this.#ways.get(port);
    if (way !== undefined) way.certificate = mood;
  }

  /** `isLost`: the name leads to an address that nobody has. */
  name(port: number, mood: NameMood, isLost: boolean): void {
    const way = this.#ways.get(port);
    if (way === undefined) return;
    way.name = mood;
    way.isLost = isLost;
  }

  #net(): Net {
    const { net } = this.#world;
    return {
      listen: (options, accept) => net.listen(options, accept),
      connect: (address, hearer) => this.#connect(address, hearer),
      startTls: (wire, options, hearer) => this.#startTls(wire, options, hearer),
    };
  }

  #connect(address: Address, hearer: WireHearer): Wire {
    const way = 'port' in address ? this.#ways.get(address.port) : undefined;
    if (way === undefined) return this.#world.net.connect(address, hearer);
    const real = way.isLost && 'port' in address ? { ip: address.ip, port: LOST_PORT } : address;
    return new VeiledWire(this.#world, way, real, hearer);
  }

  #startTls(wire: Wire, options: TlsClientOptions, hearer: WireHearer): Wire {
    if (!(wire instanceof VeiledWire)) return this.#world.net.startTls(wire, options, hearer);
    wire.hearer = hearer;
    const code = TLS_CODES[wire.way.certificate];
    this.#world.timers.soon(() => {
      if (wire.way.certificate === 'silent' || wire.way.isBlocked) return;
      if (code !== undefined) wire.broken(code, undefined);
      else wire.secured();
    });
    return wire;
  }

  #names(): Names {
    const { names, timers } = this.#world;
    const lookup = (host: string): Promise<readonly string[]> => {
      const port = this.#ports.get(host);
      if (port === undefined) return names.lookup(host);
      const mood = this.#ways.get(port)?.name ?? 'good';
      const found = ['127.0.0.1'];
      if (mood === 'good') return Promise.resolve(found);
      if (mood === 'nxdomain') return Promise.reject(nameError('ENOTFOUND'));
      if (mood === 'servfail') return Promise.reject(nameError('EAI_AGAIN'));
      return new Promise((fulfil, reject) => {
        if (mood === 'slow') timers.after(SLOW_MS, () => fulfil(found));
        else timers.after(SYSTEM_GIVES_UP_MS, () => reject(nameError('EAI_AGAIN')));
      });
    };
    return { lookup, query: (...question) => names.query(...question), servers: () => [] };
  }
}

/** The discard port: on no machine of today does anybody listen there. */
const LOST_PORT = 9;

const TLS_CODES: Partial<Record<TlsMood, string>> = {
  expired: 'CERT_HAS_EXPIRED',
  'wrong-name': 'ERR_TLS_CERT_ALTNAME_INVALID',
  'unknown-issuer': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  refusing: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  cutting: 'ECONNRESET',
};

function nameError(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' });
}

/** A real connection whose events can be kept back or made up. Connects only while its way is free. */
class VeiledWire implements Wire {
  hearer: WireHearer;
  readonly way: Way;
  isVoid = false;
  #real: Wire | undefined;
  #isTls = false;
  #isOver = false;
  readonly #world: World;
  readonly #address: Address;
  /** Events that the way keeps back, in order. */
  #held: (() => void)[] = [];
  #unsent: Buffer[] = [];

  constructor(world: World, way: Way, address: Address, hearer: WireHearer) {
    this.#world = world;
    this.way = way;
    this.#address = address;
    this.hearer = hearer;
    way.wires.add(this);
    if (!way.isBlocked) this.#dial();
  }

  #dial(): void {
    this.#real = this.#world.net.connect(this.#address, this.#ears);
  }

  /** The way is free again. */
  release(): void {
    if (this.isVoid || this.#isOver) return;
    if (this.#real === undefined) this.#dial();
    for (const event of this.#held.splice(0)) event();
    for (const bytes of this.#unsent.splice(0)) this.#real?.write(bytes);
  }

  secured(): void {
    this.#isTls = true;
    if (!this.#isOver) this.hearer.open();
  }

  /** It ends in this way, whatever the real one does. */
  broken(code: string, syscall: string | undefined): void {
    if (this.#isOver) return;
    this.#end();
    this.hearer.close({ code, syscall, tlsAlert: undefined, message: `${syscall ?? 'tls'} ${code}` });
  }

  #end(): void {
    this.#isOver = true;
    this.way.wires.delete(this);
    this.#real?.destroy();
  }

  get #isSilent(): boolean {
    return this.isVoid || this.way.isBlocked;
  }

  #heard(event: () => void): void {
    if (this.#isOver) return;
    if (this.#isSilent) this.#held.push(event);
    else event();
  }

  /** What the real one says. */
  readonly #ears: WireHearer = {
    open: () => this.#heard(() => this.hearer.open()),
    data: (bytes) => {
      if (!this.#isSilent && !this.#isOver) this.hearer.data(bytes);
      else if (!this.#isOver) {
        const copy = Buffer.from(bytes);
        this.#held.push(() => this.hearer.data(copy));
      }
    },
    end: () => this.#heard(() => this.hearer.end()),
    drain: () => this.#heard(() => this.hearer.drain()),
    close: (fault) =>
      this.#heard(() => {
        this.#isOver = true;
        this.way.wires.delete(this);
        this.hearer.close(fault);
      }),
  };

  // ---- what its owner does --------------------------------------------------------------------------------------

  write(bytes: Uint8Array | string): boolean {
    if (this.#real !== undefined && !this.#isSilent) return this.#real.write(bytes);
    this.#unsent.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes));
    return true;
  }

  end(): void {
    this.#real?.end();
  }

  reset(): void {
    this.#leave((real) => real.reset());
  }

  destroy(): void {
    this.#leave((real) => real.destroy());
  }

  #leave(leave: (real: Wire) => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.way.wires.delete(this);
    if (this.#real !== undefined) leave(this.#real);
    this.#world.timers.soon(() => this.hearer.close(undefined));
  }

  pause(): void {
    this.#real?.pause();
  }

  resume(): void {
    this.#real?.resume();
  }

  get bytesWritten(): number {
    return this.#real?.bytesWritten ?? 0;
  }

  get bytesRead(): number {
    return this.#real?.bytesRead ?? 0;
  }

  get bytesQueued(): number {
    return (this.#real?.bytesQueued ?? 0) + this.#unsent.reduce((sum, { length }) => sum + length, 0);
  }

  get isOpen(): boolean {
    return !this.#isOver && this.#real?.isOpen === true;
  }

  get remote(): Wire['remote'] {
    return this.#real?.remote ?? { ip: '', port: 0 };
  }

  get local(): Wire['local'] {
    return this.#real?.local ?? { ip: '', port: 0 };
  }

  get tls(): Wire['tls'] {
    return this.#isTls ? { alpn: undefined, protocol: 'TLSv1.3', isResumed: false } : undefined;
  }
}
