import type { Chance, PeerAddress, TlsFacts, Wire, WireFault, WireHearer } from '../../world/world.ts';
import type { Host } from './host.ts';
import type { Journal } from './journal.ts';
import type { Pipe } from './pipe.ts';
import type { SimTime } from './time.ts';

/** As in the real world. */
const HIGH_WATER_BYTES = 65_536;
const GATHER_MAX_BYTES = 16_384;
/** What the two kernels of a connection hold between them: Linux's usual 128 KiB receive window. */
const WINDOW_BYTES = 131_072;
/** One segment at most: loopback hands over 64 KiB at a time. */
const SEGMENT_BYTES = 65_536;
/** A segment in pieces comes in at most so many. */
const PIECES_MAX = 4;
/** A connection on which nothing has moved for so long lies idle. */
const IDLE_MS = 500;
/** Read memory is overwritten with this after its hearer returned: whoever kept a view of it shows. */
const SPENT = 0xa5;

export type WireParts = {
  readonly time: SimTime;
  readonly chance: Chance;
  readonly journal: Journal;
  readonly host: Host;
  readonly local: PeerAddress;
  readonly remote: PeerAddress;
  readonly serial: number;
  /** Told once when the wire is over. */
  readonly over: (wire: SimWire) => void;
};

/** One end of a connection in memory. */
export class SimWire implements Wire {
  hearer: WireHearer;
  readonly host: Host;
  readonly serial: number;
  readonly local: PeerAddress;
  readonly remote: PeerAddress;
  tls: TlsFacts | undefined;
  peer: SimWire | undefined;
  #out: Pipe | undefined;
  readonly #parts: WireParts;
  #state: 'connecting' | 'open' | 'over' = 'connecting';
  #isClosed = false;
  #queue: Buffer[] = [];
  #bytesQueued = 0;
  #bytesUnflushed = 0;
  #bytesWritten = 0;
  #bytesRead = 0;
  /** Sent, and not yet heard by the other side. */
  #inFlight = 0;
  #isFlushSet = false;
  #isEnding = false;
  #isFinSent = false;
  #isFinIn = false;
  #isEndHeard = false;
  #isPaused = false;
  #isFull = false;
  #inbox: Buffer[] = [];
  /** When something was last written or heard here. */
  #movedMs = 0;

  constructor(parts: WireParts, hearer: WireHearer) {
    this.#parts = parts;
    this.host = parts.host;
    this.serial = parts.serial;
    this.local = parts.local;
    this.remote = parts.remote;
    this.hearer = hearer;
  }

  get out(): Pipe | undefined {
    return this.#out;
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#isClosed;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesQueued(): number {
    return this.#bytesQueued;
  }

  // ---- what its owner does --------------------------------------------------------------------------------------

  write(bytes: Uint8Array | string): boolean {
    if (this.#state === 'over' || this.#isEnding) return true;
    const copy = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    if (copy.length === 0) return this.#bytesQueued < HIGH_WATER_BYTES;
    this.#movedMs = this.#parts.time.nowMs;
    this.#queue.push(copy);
    this.#bytesQueued += copy.length;
    this.#bytesUnflushed += copy.length;
    // As in the real world: what is large goes to the kernel at once, what is small waits for its company.
    if (this.#bytesUnflushed > GATHER_MAX_BYTES) this.#flush();
    else this.#setFlush();
    this.#isFull = this.#bytesQueued >= HIGH_WATER_BYTES;
    return !this.#isFull;
  }

  end(): void {
    if (this.#state === 'over' || this.#isEnding) return;
    this.#isEnding = true;
    this.#setFlush();
  }

  destroy(): void {
    if (this.#state === 'over') return;
    // The kernel still sends what it was given, and nothing else; unread bytes turn the FIN into a RST, as on Linux.
    const isRude = this.#inbox.length > 0;
    this.#dropUnflushed();
    if (!isRude) this.#flush();
    this.#leave(undefined);
    if (isRude) this.#out?.send(0, () => this.peer?.hearReset());
    else if (!this.#isFinSent) this.#out?.send(0, () => this.peer?.hearFin());
  }

  reset(): void {
    if (this.#state === 'over') return;
    this.#leave(undefined);
    this.#out?.send(0, () => this.peer?.hearReset());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#parts.time.at(0, () => this.host.hear(() => this.#empty()));
  }

  /** Nothing is on its way, nothing waits to be sent or read at this end, and so it has been for a while. */
  get #isIdle(): boolean {
    const isQuiet = this.#inFlight + this.#bytesQueued + this.#inbox.length === 0;
    const isHalf = this.#isEnding || this.#isFinIn;
    return this.isOpen && isQuiet && !isHalf && this.#parts.time.nowMs - this.#movedMs >= IDLE_MS;
  }

  // ---- what the network does ------------------------------------------------------------------------------------

  /** Connected, both ways. */
  join(peer: SimWire, out: Pipe): void {
    this.peer = peer;
    this.#out = out;
    if (this.#state === 'connecting') this.#state = 'open';
    this.#setFlush();
  }

  /** The next owner of the same connection takes it over, with what was read and nobody heard; this end hears nothing more. */
  surrender(next: SimWire): void {
    const { peer } = this;
    this.#state = 'over';
    this.#isClosed = true;
    next.#inbox = this.#inbox;
    this.#inbox = [];
    if (peer === undefined || this.#out === undefined) return;
    peer.peer = next;
    next.join(peer, this.#out);
  }

  /** Sends something that is no data, in its turn: a handshake's message. */
  signal(arrive: () => void): void {
    this.#out?.send(100, arrive);
  }

  /** The connection breaks on this side. */
  fail(code: string, syscall: string | undefined, more: Partial<WireFault> = {}): void {
    if (this.#state === 'over') return;
    this.#leave({ code, syscall, tlsAlert: undefined, message: `${syscall ?? 'tls'} ${code}`, ...more });
  }

  hearReset(): void {
    this.#parts.journal.fold(`r${this.serial}`);
    this.host.hear(() => this.fail('ECONNRESET', 'read'));
  }

  /** Closes it where it lies idle, as if the FIN had left some time ago and had just come in. */
  hangUp(): void {
    const { peer } = this;
    if (!this.#isIdle || peer === undefined || !peer.#isIdle) return;
    this.#isEnding = true;
    this.#isFinSent = true;
    peer.hearFin();
  }

  #setFlush(): void {
    if (this.#isFlushSet || this.#state !== 'open') return;
    this.#isFlushSet = true;
    this.#parts.time.at(0, () => {
      this.#isFlushSet = false;
      this.#flush();
    });
  }

  /** What waits for the end of the turn was never given to the kernel: no count of written bytes has it, and it must not leave. */
  #dropUnflushed(): void {
    if (this.#bytesUnflushed === 0) return;
    const all = Buffer.concat(this.#queue);
    this.#queue = [all.subarray(0, all.length - this.#bytesUnflushed)];
    this.#bytesQueued -= this.#bytesUnflushed;
    this.#bytesUnflushed = 0;
  }

  /** Gives what fits the window to the network; small writes of one turn leave together. */
  #flush(): void {
    if (this.#state !== 'open') return;
    this.#bytesWritten += this.#bytesUnflushed;
    this.#bytesUnflushed = 0;
    while (this.#queue.length > 0 && this.#inFlight < WINDOW_BYTES) this.#sendSome();
    if (this.#bytesQueued === 0) {
      if (this.#isFull) {
        this.#isFull = false;
        this.#parts.time.at(0, () => this.host.hear(() => this.#tellDrain()));
      }
      if (this.#isEnding && !this.#isFinSent) this.#sendFin();
    }
  }

  #tellDrain(): void {
    if (this.#state === 'open' && !this.#isClosed) this.hearer.drain();
  }

  #sendSome(): void {
    const room = Math.min(SEGMENT_BYTES, WINDOW_BYTES - this.#inFlight);
    let all = this.#queue.length === 1 ? (this.#queue[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#queue);
    this.#queue = [];
    if (all.length > room) {
      this.#queue.push(all.subarray(room));
      all = all.subarray(0, room);
    }
    this.#bytesQueued -= all.length;
    this.#inFlight += all.length;
    for (const piece of this.#pieces(all)) this.#out?.send(piece.length, () => this.peer?.hearData(piece));
  }

  #pieces(all: Buffer): Buffer[] {
    const { chance } = this.#parts;
    const share = this.#out?.splitShare ?? 0;
    if (share === 0 || all.length < 2 || chance.float() >= share) return [all];
    const pieces: Buffer[] = [];
    let rest = all;
    for (let count = 1 + chance.below(PIECES_MAX - 1); count > 0 && rest.length > 1; count -= 1) {
      const at = 1 + chance.below(rest.length - 1);
      pieces.push(rest.subarray(0, at));
      rest = rest.subarray(at);
    }
    pieces.push(rest);
    return pieces;
  }

  #sendFin(): void {
    this.#isFinSent = true;
    this.#out?.send(0, () => this.peer?.hearFin());
    if (this.#isEndHeard) this.#leave(undefined);
  }

  hearData(bytes: Buffer): void {
    this.#parts.journal.fold(`d${this.serial}@${this.#parts.time.nowMs}`);
    this.#parts.journal.fold(bytes);
    this.#movedMs = this.#parts.time.nowMs;
    if (this.#state === 'over') {
      // Nobody is here any more: the kernel answers for them.
      this.#out?.send(0, () => this.peer?.hearReset());
      return;
    }
    this.host.hear(() => {
      this.#inbox.push(bytes);
      this.#empty();
    });
  }

  hearFin(): void {
    if (this.#state === 'over') return;
    this.#parts.journal.fold(`f${this.serial}`);
    this.host.hear(() => {
      this.#isFinIn = true;
      this.#empty();
    });
  }

  /** Hands on what has come, as far as the owner wants it. */
  #empty(): void {
    while (!this.#isPaused && this.#state === 'open') {
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      this.#bytesRead += bytes.length;
      this.#credit(bytes.length);
      this.hearer.data(bytes);
      bytes.fill(SPENT);
    }
    if (this.#isFinIn && !this.#isEndHeard && this.#inbox.length === 0 && !this.#isPaused && this.#state === 'open') {
      this.#isEndHeard = true;
      this.hearer.end();
      if (this.#isFinSent) this.#leave(undefined);
    }
  }

  /** The other side may send on. */
  #credit(bytes: number): void {
    const { peer } = this;
    if (peer === undefined) return;
    peer.#inFlight -= bytes;
    if (peer.#queue.length > 0) this.#parts.time.at(this.#out?.delayMs ?? 0, () => peer.#flush());
  }

  #leave(fault: WireFault | undefined): void {
    this.#state = 'over';
    this.#queue = [];
    this.#bytesQueued = 0;
    this.#inbox = [];
    this.#parts.over(this);
    this.#parts.time.at(0, () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#parts.journal.fold(`c${this.serial}${fault?.code ?? ''}`);
      this.hearer.close(fault);
    });
  }
}
