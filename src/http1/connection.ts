import type { Timings } from '../diagnosis/evidence.ts';
import type { Clock, Timers, Wire, WireFault, WireHearer } from '../world/world.ts';
import { type AnswerLimits, AnswerReader } from './answer.ts';
import type { Dialled } from './dial.ts';
import { PhaseClock } from './phase-clock.ts';

/** Who has a connection for the time of one exchange. */
export type ConnectionUser = {
  /** One turn has passed since the connection was asked to prove itself, and it is still open. */
  proved(): void;
  heard(bytes: Uint8Array): void;
  /** The peer will send no more. */
  ended(): void;
  drained(): void;
  closed(fault: WireFault | undefined): void;
  /** The clock that the user set has run out, and the loop was this late to say so. */
  expired(loopLagMs: number): void;
};

/** Who owns a connection for life. */
export type ConnectionOwner = {
  /** It is closed or about to be, by whomever; told once. */
  gone(connection: Connection): void;
  /** The peer closed it while nobody used it. */
  closedIdle(connection: Connection): void;
};

/**
 * One wire with its history. While nobody uses it, a single byte or the peer's FIN ends it at once: an answer that nobody asked for must
 * never be taken for the next one's (response-queue poisoning, taxonomy row F12).
 */
export class Connection implements WireHearer {
  readonly wire: Wire;
  readonly address: string;
  readonly note: string | undefined;
  /** What opening it took. */
  readonly timings: Timings;
  readonly openedMs: number;
  /** After this it is not used again. */
  readonly endsMs: number;
  readonly reader: AnswerReader;
  readonly clock: PhaseClock;
  /** Requests begun on it. */
  requests = 0;
  idleSinceMs: number;
  user: ConnectionUser | undefined;
  readonly #owner: ConnectionOwner;
  readonly #timers: Timers;
  #isGone = false;
  /** The wire's counts when the present use began: an exchange is told differences only. */
  #writtenBefore = 0;
  #readBefore = 0;
  readonly #prove = (): void => {
    if (!this.#isGone) this.user?.proved();
  };

  constructor(
    dialled: Dialled,
    life: { readonly openedMs: number; readonly endsMs: number },
    world: { readonly clock: Clock; readonly timers: Timers },
    limits: AnswerLimits,
    owner: ConnectionOwner,
  ) {
    this.wire = dialled.wire;
    this.address = dialled.address;
    this.note = dialled.note;
    this.timings = dialled.timings;
    this.openedMs = life.openedMs;
    this.idleSinceMs = life.openedMs;
    this.endsMs = life.endsMs;
    this.reader = new AnswerReader(limits);
    this.clock = new PhaseClock(world, (loopLagMs) => this.user?.expired(loopLagMs));
    this.#timers = world.timers;
    this.#owner = owner;
    this.wire.hearer = this;
  }

  /** Begins one use. */
  begin(): void {
    this.requests += 1;
    this.#writtenBefore = this.wire.bytesWritten;
    this.#readBefore = this.wire.bytesRead;
  }

  /** Bytes of this use that the platform took; 0 proves that nothing was sent. */
  get written(): number {
    return this.wire.bytesWritten - this.#writtenBefore;
  }

  get read(): number {
    return this.wire.bytesRead - this.#readBefore;
  }

  /** Lets one turn of the loop pass, in which a FIN or bytes that already wait in the kernel show themselves; then `proved`. */
  prove(): void {
    this.#timers.soon(this.#prove);
  }

  /** Closes it; the user hears nothing more. */
  destroy(): void {
    this.user = undefined;
    if (this.#isGone) return;
    this.#leave();
    this.wire.destroy();
  }

  /** The wire goes to someone else for good: an upgrade. */
  surrender(): Wire {
    this.user = undefined;
    this.#leave();
    return this.wire;
  }

  open(): void {}

  data(bytes: Uint8Array): void {
    if (this.user !== undefined) this.user.heard(bytes);
    else this.#dropIdle();
  }

  end(): void {
    if (this.user !== undefined) this.user.ended();
    else this.#dropIdle();
  }

  drain(): void {
    this.user?.drained();
  }

  close(fault: WireFault | undefined): void {
    if (this.#isGone) return;
    const { user } = this;
    if (user === undefined) this.#owner.closedIdle(this);
    this.#leave();
    user?.closed(fault);
  }

  #dropIdle(): void {
    if (this.#isGone) return;
    this.#owner.closedIdle(this);
    this.destroy();
  }

  #leave(): void {
    this.#isGone = true;
    this.clock.dispose();
    this.#owner.gone(this);
  }
}
