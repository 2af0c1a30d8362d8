/**
 * Everything outside: time, chance, sockets, names, files, environment. Only this room touches the real ones;
 * `drill/` has the simulated twin. Every other room takes a `World`, or the part of it that it needs, as an argument.
 */
export type World = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly net: Net;
  readonly names: Names;
  readonly files: Files;
  readonly memory: Memory;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Two clocks: one that only goes forward, one that people read. Never subtract wall times. */
export type Clock = {
  /** Monotonic milliseconds with fractions, from an arbitrary start. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump. */
  wallMs(): number;
  /**
   * Looks once for all of a step of a call: `now` stands still until the loop has run what it runs now, or until the next `hold`. Only for what
   * runs in `Timers.soon` or hears a wire. Clocks that stand still anyway, as virtual ones, have none.
   */
  hold?(): void;
};

/** One coarse wheel for all timers of the process: arming is O(1) and allocates nothing. Resolution is `TICK_MS`. */
export type Timers = {
  /** A timer that is not armed yet; make it once, arm it often. */
  timer(run: () => void): Timer;
  /** Makes and arms a timer in one go; for code off the path of a call. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs once after the input of the present loop turn is handled: the place to write what one turn gathered. */
  soon(run: () => void): void;
};

/** A timer never fires early, and at most one tick plus the loop's own delay late. */
export type Timer = {
  /** Arms or re-arms; a former deadline is forgotten. */
  arm(delayMs: number): void;
  disarm(): void;
  readonly isArmed: boolean;
};

/** Chance, seeded in the drill. Not for secrets, except `id` and `bytes`, which are unguessable in the real world. */
export type Chance = {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [0, below); `below` ≥ 1. */
  below(below: number): number;
  /** 128 bits as 32 lower-case hex digits. */
  id(): string;
  bytes(length: number): Uint8Array;
};

/** An address to connect to or listen on: IP literal and port, or the path of a Unix socket. Names are resolved before. */
export type Address = { readonly ip: string; readonly port: number } | { readonly path: string };

export type Net = {
  /**
   * Listens and hands over each accepted wire; `accept` returns the hearer of its events. With `tls`, wires arrive after the handshake.
   * @throws an errno error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` …) as a rejection.
   */
  listen(options: ListenOptions, accept: (wire: Wire) => WireHearer): Promise<Listener>;
  /** Begins one TCP connection to one address; `hearer.open` or `hearer.close` follows, never synchronously. */
  connect(address: Address, hearer: WireHearer): Wire;
  /** Wraps an open wire in TLS as a client; the old hearer hears nothing more. The new `hearer.open` follows the handshake. */
  startTls(wire: Wire, options: TlsClientOptions, hearer: WireHearer): Wire;
};

export type ListenOptions = {
  readonly address: Address;
  /** Pending connections the kernel holds; 511 is Node's and nginx's default. */
  readonly backlog?: number;
  readonly tls?: TlsServerOptions;
  /** Told of handshakes that failed: they never become wires. */
  readonly onTlsFault?: (fault: WireFault, peer: PeerAddress) => void;
  /** Of these, one that speaks HTTP without TLS: a wire to tell it so in plain words. Nothing of it can be read. */
  readonly onPlain?: (wire: Wire) => WireHearer;
};

export type Listener = {
  readonly address: Address;
  /** Stops accepting; wires already accepted live on. */
  close(): Promise<void>;
};

export type TlsServerOptions = {
  readonly certificate: string;
  readonly key: string;
  readonly alpn?: readonly string[];
};

export type TlsClientOptions = {
  /** The name to verify and to send as SNI; an IP literal is verified but not sent. */
  readonly serverName: string;
  readonly alpn: readonly string[];
  /** PEM texts added to the default trust. */
  readonly ca?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
  /** False only where the operator wrote so in the config. */
  readonly isVerified: boolean;
  /** A former session of the same pool key, to resume. */
  readonly session?: Uint8Array;
  readonly onSession?: (session: Uint8Array) => void;
};

export type PeerAddress = { readonly ip: string; readonly port: number };

/** One connection, whatever carries it. */
export type Wire = {
  /** Who hears the events; replaced when the wire changes hands (pool, exchange, tunnel). */
  hearer: WireHearer;
  /**
   * Sends; strings are latin1. The bytes may be reused by the caller on return. False when more than the high-water mark
   * (64 KiB) is queued: stop until `drain`.
   */
  write(bytes: Uint8Array | string): boolean;
  /** Half-closes after what is queued. */
  end(): void;
  /** Closes at once with RST where the platform can; queued bytes are lost. */
  reset(): void;
  /** Closes at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
  /** Bytes handed to the platform since the wire opened: never less than what left, so that 0 proves that nothing was sent. */
  readonly bytesWritten: number;
  readonly bytesRead: number;
  readonly bytesQueued: number;
  readonly isOpen: boolean;
  readonly remote: PeerAddress;
  readonly local: PeerAddress;
  readonly tls: TlsFacts | undefined;
};

/** `close` comes exactly once and last. Every other event may be left unheard by a no-op. */
export type WireHearer = {
  /** Connected, and through the handshake where there is one. */
  open(): void;
  /** Bytes valid only during the call: keep a copy, not the view. */
  data(bytes: Uint8Array): void;
  /** The peer will send no more. */
  end(): void;
  drain(): void;
  close(fault: WireFault | undefined): void;
};

/** How a wire broke, from the platform: `code` is the errno or OpenSSL name. */
export type WireFault = {
  readonly code: string;
  readonly syscall: string | undefined;
  /** The TLS alert's name (`handshake_failure`, `certificate_required` …) when one was received. */
  readonly tlsAlert: string | undefined;
  readonly message: string;
};

export type TlsFacts = {
  readonly alpn: string | undefined;
  readonly protocol: string;
  readonly isResumed: boolean;
};

export type Names = {
  /** The system's own answer (hosts file, nsswitch). Rejects with an errno-coded error. No TTL is known. */
  lookup(host: string): Promise<readonly string[]>;
  /** Asks one DNS server. Rejects with `NameError`. */
  query(server: string, host: string, kind: 'A' | 'AAAA', timeoutMs: number): Promise<NameAnswer>;
  /** The servers the system is set to use, `ip` or `ip:port`. */
  servers(): readonly string[];
};

export type NameAnswer = { readonly addresses: readonly string[]; readonly ttlS: number };

export type Files = {
  /** UTF-8 text. Rejects with errno codes. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Calls back, debounced, when the file's content may have changed. */
  watch(path: string, changed: () => void): { close(): void };
};

/** The memory of the process. */
export type Memory = {
  /**
   * Collects what nobody needs any more and returns its pages to the system. Everything waits meanwhile, for a tenth of a second and
   * more: at rest only.
   */
  giveBack(): void;
};
