import type {
  Address,
  Chance,
  Listener,
  ListenOptions,
  Net,
  TlsClientOptions,
  Wire,
  WireHearer,
} from '../../world/world.ts';
import type { Host } from './host.ts';
import type { Journal } from './journal.ts';
import { Pipe } from './pipe.ts';
import type { SimTime } from './time.ts';
import { startTls } from './tls.ts';
import { SimWire } from './wire.ts';

/** When a SYN that met silence is sent again, and when the kernel gives up: Linux's tcp_syn_retries of 6. */
const SYN_MS = [0, 1000, 3000, 7000, 15_000, 31_000, 63_000] as const;
const SYN_GIVE_UP_MS = 127_000;
/** Nobody has that address: ARP gives up after three tries. */
const UNREACHABLE_MS = 3000;
/** As Node asks for. */
const BACKLOG = 511;

/** Who listens at an address. */
export type Ear = {
  readonly host: Host;
  readonly options: ListenOptions;
  readonly accept: (wire: Wire) => WireHearer;
  readonly backlog: number;
  /** Connections that the kernel holds for a frozen process. */
  waiting: number;
};

/** All hosts, and all connections between them. */
export class Network {
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #journal: Journal;
  readonly #hosts = new Map<string, Host>();
  readonly #ears = new Map<string, Ear>();
  readonly #wires = new Set<SimWire>();
  readonly #pipes = new Set<Pipe>();
  #serials = 0;
  /** Connections begun so far. */
  connects = 0;

  constructor(time: SimTime, chance: Chance, journal: Journal) {
    this.#time = time;
    this.#chance = chance;
    this.#journal = journal;
  }

  add(host: Host): Net {
    this.#hosts.set(host.ip, host);
    return {
      listen: (options, accept) => this.#listen(host, options, accept),
      connect: (address, hearer) => this.#connect(host, address, hearer),
      startTls: (wire, options, hearer) => this.#startTls(wire, options, hearer),
    };
  }

  /** Ends of connections that are not over, of one host or of all. */
  open(host?: Host): readonly SimWire[] {
    return host === undefined ? [...this.#wires] : [...this.#wires].filter((wire) => wire.host === host);
  }

  /** The most bytes that any end of a host holds unsent right now. */
  queuedMax(host: Host): number {
    let most = 0;
    for (const wire of this.#wires) if (wire.host === host && wire.bytesQueued > most) most = wire.bytesQueued;
    return most;
  }

  /** What weather kept back may go on its way. */
  settle(): void {
    for (const pipe of this.#pipes) pipe.retry();
  }

  /** All connections of a host are reset, as a balancer does that fails over. */
  resetAll(host: Host): void {
    for (const wire of this.open(host)) wire.reset();
  }

  /**
   * Whenever `at` waits for the end of a turn, these hosts have closed the connections that lie idle: their FINs wait in its kernel, and it
   * reads them first. Returns what ends it.
   */
  hangUpInTurns(at: Host, hosts: readonly Host[]): () => void {
    return at.inTurns(() => {
      for (const host of hosts) for (const wire of this.open(host)) this.#time.at(0, () => wire.hangUp());
    });
  }

  /** A firewall forgets the host's connections: nobody is told, and nothing arrives any more. */
  forgetAll(host: Host): void {
    for (const wire of this.open(host)) {
      if (wire.out !== undefined) wire.out.isVoid = true;
      if (wire.peer?.out !== undefined) wire.peer.out.isVoid = true;
    }
  }

  /** Power is lost: its ends are gone without a word, its listeners too once it is back. */
  cutPower(host: Host): void {
    this.forgetAll(host);
    host.isOn = false;
  }

  restorePower(host: Host): void {
    host.isOn = true;
    this.settle();
  }

  async #listen(host: Host, options: ListenOptions, accept: Ear['accept']): Promise<Listener> {
    if ('path' in options.address) throw errno('EACCES', 'listen');
    const { ip } = options.address;
    const port = options.address.port === 0 ? this.#freePort(host) : options.address.port;
    const key = keyOf(host, { ip, port });
    if (this.#ears.has(key)) throw errno('EADDRINUSE', 'listen');
    const ear: Ear = { host, options, accept, backlog: options.backlog ?? BACKLOG, waiting: 0 };
    this.#ears.set(key, ear);
    return {
      address: { ip, port },
      close: async () => {
        if (this.#ears.get(key) === ear) this.#ears.delete(key);
      },
    };
  }

  #freePort(host: Host): number {
    host.nextPort = host.nextPort >= 60_999 ? 32_768 : host.nextPort + 1;
    return host.nextPort;
  }

  #wire(host: Host, local: { ip: string; port: number }, remote: { ip: string; port: number }, hearer: WireHearer) {
    this.#serials += 1;
    const wire = new SimWire(
      {
        time: this.#time,
        chance: this.#chance,
        journal: this.#journal,
        host,
        local,
        remote,
        serial: this.#serials,
        over: (ended) => this.#over(ended),
      },
      hearer,
    );
    this.#wires.add(wire);
    return wire;
  }

  #over(wire: SimWire): void {
    this.#wires.delete(wire);
    const { peer } = wire;
    if (wire.out === undefined || peer?.isOver === false) return;
    this.#pipes.delete(wire.out);
    if (peer?.out !== undefined) this.#pipes.delete(peer.out);
  }

  #connect(host: Host, address: Address, hearer: WireHearer): Wire {
    this.connects += 1;
    const to = 'path' in address ? { ip: '', port: 0 } : address;
    const local = { ip: isLoopback(to.ip) ? to.ip : host.ip, port: this.#freePort(host) };
    const wire = this.#wire(host, local, { ip: to.ip, port: to.port }, hearer);
    const target = isLoopback(to.ip) ? host : this.#hosts.get(to.ip);
    if (target === undefined) {
      this.#time.at(UNREACHABLE_MS, () => wire.fail('EHOSTUNREACH', 'connect'));
      return wire;
    }
    if (target !== host) target.knocks.push(this.#time.nowMs);
    const there = new Pipe(this.#time, this.#chance, host, target);
    const back = new Pipe(this.#time, this.#chance, target, host);
    const syn = (nth: number): void => {
      if (wire.isOver || wire.peer !== undefined) return;
      const nextMs = (SYN_MS[nth + 1] ?? SYN_GIVE_UP_MS) - (SYN_MS[nth] ?? 0);
      const isLast = nth + 1 >= SYN_MS.length;
      const arrives = !there.isBlocked && !back.isBlocked && this.#arrive(wire, target, to, there, back);
      if (arrives) return;
      this.#time.at(nextMs, () => {
        if (!isLast) syn(nth + 1);
        else if (wire.peer === undefined) wire.fail('ETIMEDOUT', 'connect');
      });
    };
    this.#time.at(0, () => syn(0));
    return wire;
  }

  /** A SYN reaches the other side; false when it falls on the floor there. */
  #arrive(wire: SimWire, target: Host, to: { ip: string; port: number }, there: Pipe, back: Pipe): boolean {
    const ear = this.#ears.get(keyOf(target, to));
    const tripMs = there.delayMs + back.delayMs;
    if (ear === undefined) {
      this.#time.at(tripMs, () => wire.fail('ECONNREFUSED', 'connect'));
      return true;
    }
    if (target.isFrozen && ear.waiting >= ear.backlog) return false;
    this.#time.at(there.delayMs, () => this.#join(wire, ear, there, back));
    return true;
  }

  #join(wire: SimWire, ear: Ear, there: Pipe, back: Pipe): void {
    if (wire.isOver) return;
    this.#pipes.add(there);
    this.#pipes.add(back);
    const far = this.#wire(ear.host, wire.remote, wire.local, DEAF);
    far.join(wire, back);
    wire.peer = far;
    this.#journal.fold(`j${wire.serial}-${far.serial}@${this.#time.nowMs}`);
    const isSecure = ear.options.tls !== undefined || ear.host.tls !== undefined;
    if (!isSecure) {
      ear.waiting += 1;
      ear.host.hear(() => {
        ear.waiting -= 1;
        admit(ear, far);
      });
    } else {
      far.hearer = { ...DEAF, data: () => far.reset(), end: () => far.destroy() };
      this.#secrets.set(far, () => admit(ear, far));
    }
    this.#time.at(back.delayMs, () => {
      if (wire.isOver) return;
      wire.join(far, there);
      wire.hearer.open();
    });
  }

  /** What makes an end whose handshake is awaited into one that its process hears of. */
  readonly #secrets = new WeakMap<SimWire, () => void>();

  #startTls(wire: Wire, options: TlsClientOptions, hearer: WireHearer): Wire {
    if (!(wire instanceof SimWire)) throw new TypeError('TLS starts on a wire of this world only');
    const secure = this.#wire(wire.host, wire.local, wire.remote, hearer);
    wire.surrender(secure);
    this.#wires.delete(wire);
    const far = secure.peer;
    const finish = far === undefined ? undefined : this.#secrets.get(far);
    startTls(this.#time, secure, options, finish);
    return secure;
  }
}

function admit(ear: Ear, wire: SimWire): void {
  if (wire.isOver) return;
  wire.hearer = ear.accept(wire);
  wire.hearer.open();
}

function keyOf(host: Host, { ip, port }: { ip: string; port: number }): string {
  return isLoopback(ip) ? `${host.name}:${port}` : `${ip}:${port}`;
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1';
}

function errno(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
