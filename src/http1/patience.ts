import type { Clock, Timer, Timers, Wire } from '../world/world.ts';
import type { ServerLimits } from './contract.ts';

/** What a caller was too slow at. `idle`: nothing was asked. */
export type Impatience = 'head' | 'idle' | 'body' | 'write';

/**
 * A caller that moves fewer bytes a second than this over a whole interval is as good as silent: without it a byte now and then would hold
 * a connection for ever (slow body, slow read). 500 is Apache's (mod_reqtimeout, `MinRate`), far below any phone network.
 */
const BYTES_PER_SECOND_MIN = 500;

/** A round trip around the world, three times. */
const FRESH_MS = 1000;

/** What is dropped at most (64 KiB) takes a slow phone network (256 kbit/s) this long. */
const DISCARD_MS = 2000;

/** Time to send a first request before a scarce place is given to somebody else. */
const GRACE_MS = 100;

/** Written at once, it is a piece of a file: the events of a stream come one by one. */
export const DOWNLOAD_PART_BYTES = 16_384;

/** What a download has taken before its place may be given away: more than some late events that came all at once. */
const DOWNLOAD_BYTES_MIN = 131_072;

const NEVER = Number.POSITIVE_INFINITY;

/**
 * All clocks of one caller's connection, on one timer. On the usual path (a request in one read, an answer in one write) the timer is only
 * moved once, for the wait between two requests; it is never disarmed, but what fires too early is ignored.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #limits: ServerLimits;
  readonly #wire: Wire;
  readonly #timer: Timer;
  readonly #lost: (what: Impatience) => void;
  #waitsFor: 'head' | 'idle' | 'nothing' = 'nothing';
  #openedMs = 0;
  #bodyDueMs = NEVER;
  #bodyMark = 0;
  #writeDueMs = NEVER;
  #writeMark = 0;
  #downloadMs = NEVER;
  #downloadMark = 0;

  /** `lost` is called at most once for each wait. A limit of 0 is off. */
  constructor(world: Waiting, limits: ServerLimits, wire: Wire, lost: (what: Impatience) => void) {
    this.#clock = world.clock;
    this.#limits = limits;
    this.#wire = wire;
    this.#lost = lost;
    this.#timer = world.timers.timer(() => this.#ring());
  }

  /** A caller has just connected. */
  forConnection(isDraining: boolean): void {
    this.#openedMs = this.#clock.now();
    if (isDraining) this.forFirstRequest();
    else this.forHead();
  }

  /** From now on the whole head must come within its limit, however it trickles. */
  forHead(): void {
    this.#waitFor('head', this.#limits.headMs);
  }

  /** Nothing is under way: the caller may ask again within the limit. */
  forRequest(): void {
    this.#waitFor('idle', this.#limits.keepAliveMs);
  }

  /** The server drains, and this connection has not asked anything yet: its first request may be on its way. */
  forFirstRequest(): void {
    this.#waitFor('idle', FRESH_MS);
  }

  /** The rest of a body that nobody wants is still to come, and then the next request. */
  forRest(): void {
    this.#waitFor('idle', DISCARD_MS);
  }

  /** A request is in our hands. */
  forNothing(): void {
    this.#waitsFor = 'nothing';
    this.#downloadMs = NEVER;
  }

  /** The answer has a part of `DOWNLOAD_PART_BYTES` or more. */
  forDownload(): void {
    if (this.#downloadMs !== NEVER) return;
    this.#downloadMs = this.#clock.now();
    this.#downloadMark = this.#wire.bytesWritten;
  }

  /** Bytes of the body are awaited. */
  forBody(): void {
    if (this.#limits.bodyIdleMs === 0 || this.#bodyDueMs !== NEVER) return;
    this.#bodyMark = this.#wire.bytesRead;
    this.#bodyDueMs = this.#clock.now() + this.#limits.bodyIdleMs;
    this.#arm();
  }

  /** No more bytes of the body are awaited: it is whole, or we asked for a pause. */
  bodyCame(): void {
    this.#bodyDueMs = NEVER;
  }

  /** More is queued than the caller takes. */
  forDrain(): void {
    if (this.#limits.writeIdleMs === 0 || this.#writeDueMs !== NEVER) return;
    this.#writeMark = this.#wire.bytesWritten;
    this.#writeDueMs = this.#clock.now() + this.#limits.writeIdleMs;
    this.#arm();
  }

  drained(): void {
    this.#writeDueMs = NEVER;
  }

  /** True for a connection so young that its first request may be on its way. */
  get isFresh(): boolean {
    return this.#clock.now() - this.#openedMs < GRACE_MS;
  }

  /** True when the caller has been slow at its body, or at reading, for a moment already. */
  get isTried(): boolean {
    const { bodyIdleMs, writeIdleMs } = this.#limits;
    const nowMs = this.#clock.now();
    const bodyMs = nowMs - (this.#bodyDueMs - bodyIdleMs);
    const writeMs = nowMs - (this.#writeDueMs - writeIdleMs);
    return (
      (bodyMs >= FRESH_MS && isSlow(this.#wire.bytesRead - this.#bodyMark, bodyMs)) ||
      (writeMs >= FRESH_MS && isSlow(this.#wire.bytesWritten - this.#writeMark, writeMs))
    );
  }

  /**
   * True for a download that has run for a moment. The kernel takes megabytes for a caller that never reads them, and nobody is told how
   * much of it has arrived, so a slow reader of a file looks like a fast one until that is full.
   */
  get isDownloading(): boolean {
    const isLong = this.#clock.now() - this.#downloadMs >= FRESH_MS;
    return isLong && this.#wire.bytesWritten - this.#downloadMark >= DOWNLOAD_BYTES_MIN;
  }

  /** For good. */
  stop(): void {
    this.#waitsFor = 'nothing';
    this.#bodyDueMs = NEVER;
    this.#writeDueMs = NEVER;
    this.#timer.disarm();
  }

  #waitFor(what: 'head' | 'idle', ms: number): void {
    this.#waitsFor = ms === 0 ? 'nothing' : what;
    if (ms > 0) this.#timer.arm(ms);
  }

  #arm(): void {
    this.#timer.arm(Math.max(0, Math.min(this.#bodyDueMs, this.#writeDueMs) - this.#clock.now()));
  }

  #ring(): void {
    if (this.#waitsFor !== 'nothing') this.#lost(this.#waitsFor);
    else if (this.#bodyDueMs !== NEVER || this.#writeDueMs !== NEVER) this.#ringProgress();
  }

  #ringProgress(): void {
    const nowMs = this.#clock.now();
    const { bodyIdleMs, writeIdleMs } = this.#limits;
    if (nowMs >= this.#bodyDueMs) {
      if (isSlow(this.#wire.bytesRead - this.#bodyMark, bodyIdleMs)) {
        this.#lost('body');
        return;
      }
      this.#bodyMark = this.#wire.bytesRead;
      this.#bodyDueMs = nowMs + bodyIdleMs;
    }
    if (nowMs >= this.#writeDueMs) {
      if (isSlow(this.#wire.bytesWritten - this.#writeMark, writeIdleMs)) {
        this.#lost('write');
        return;
      }
      this.#writeMark = this.#wire.bytesWritten;
      this.#writeDueMs = nowMs + writeIdleMs;
    }
    this.#arm();
  }
}

/** The parts of the world it needs. */
type Waiting = { readonly clock: Clock; readonly timers: Timers };

/** True when fewer bytes moved in the interval than a caller that is still there would move. */
export function isSlow(bytes: number, intervalMs: number): boolean {
  return bytes < (BYTES_PER_SECOND_MIN * intervalMs) / 1000;
}
