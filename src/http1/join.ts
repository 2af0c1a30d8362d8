import type { Timer, Timers, Wire, WireFault, WireHearer } from '../world/world.ts';

/**
 * A tunnel in which nothing moves for this long is closed: one whose peer vanished without a FIN would be held for ever. Protocols that keep
 * tunnels open ping each other every half minute or so; an hour (HAProxy's advice for `timeout tunnel`) is for those that do not.
 */
export const TUNNEL_IDLE_MS = 3_600_000;

/** With one half closed the other has at most this long between bytes: what is left to say is on its way. */
export const HALF_CLOSED_IDLE_MS = 60_000;

/** Bytes that may come before the ends are joined: one read of the kernel's, as the wire is paused. */
const EARLY_BYTES_MAX = 262_144;

/** One end of a tunnel. Until the two are joined, what comes here is kept. */
export class TunnelEnd implements WireHearer {
  readonly wire: Wire;
  #hearer: WireHearer | undefined;
  #early: Uint8Array[];
  /** Bytes kept so far. */
  earlyBytes: number;
  #isEnded = false;
  #closed: { readonly fault: WireFault | undefined } | undefined;

  /** Takes the wire over, with the bytes that were read behind the head. */
  constructor(wire: Wire, early: Uint8Array) {
    this.wire = wire;
    this.#early = early.length === 0 ? [] : [Uint8Array.from(early)];
    this.earlyBytes = early.length;
    wire.hearer = this;
    wire.pause();
  }

  /** Hands on what came so far and all that comes from now on. Once. */
  hearWith(hearer: WireHearer): void {
    this.#hearer = hearer;
    // First: what was kept may fill the other side, which pauses this one again.
    this.wire.resume();
    for (const bytes of this.#early) hearer.data(bytes);
    this.#early = [];
    if (this.#isEnded) hearer.end();
    if (this.#closed !== undefined) hearer.close(this.#closed.fault);
  }

  open(): void {}

  data(bytes: Uint8Array): void {
    if (this.#hearer !== undefined) {
      this.#hearer.data(bytes);
      return;
    }
    this.#early.push(Uint8Array.from(bytes));
    this.earlyBytes += bytes.length;
    if (this.earlyBytes > EARLY_BYTES_MAX) this.wire.reset();
  }

  end(): void {
    this.#isEnded = true;
    this.#hearer?.end();
  }

  drain(): void {
    this.#hearer?.drain();
  }

  close(fault: WireFault | undefined): void {
    this.#closed = { fault };
    this.#hearer?.close(fault);
  }
}

/** How a tunnel ended: `whole`: both sides closed in order · `cut`: one side broke it or went away · `idle`: nothing moved. */
export type TunnelEnding =
  | { readonly kind: 'whole' | 'idle' }
  | { readonly kind: 'cut'; readonly by: 'caller' | 'target'; readonly fault: WireFault | undefined };

export type JoinOptions = {
  readonly timers: Timers;
  /** 0 is off. */
  readonly idleMs?: number;
};

/**
 * Lets bytes flow both ways between two ends, at the pace of the slower reader. A closed half closes the other side's, a break on one side is a
 * reset on the other. `over` is told once, as soon as it is known how the tunnel ended.
 */
export function join(
  caller: TunnelEnd,
  target: TunnelEnd,
  options: JoinOptions,
  over: (ending: TunnelEnding) => void,
): void {
  new Joint(caller, target, options, over).begin();
}

class Joint {
  readonly #caller: TunnelEnd;
  readonly #target: TunnelEnd;
  readonly #idleMs: number;
  readonly #over: (ending: TunnelEnding) => void;
  readonly #timer: Timer;
  readonly #ended = new Set<TunnelEnd>();
  #open = 2;
  #isOver = false;
  #moved = -1;

  constructor(caller: TunnelEnd, target: TunnelEnd, options: JoinOptions, over: (ending: TunnelEnding) => void) {
    this.#caller = caller;
    this.#target = target;
    this.#idleMs = options.idleMs ?? TUNNEL_IDLE_MS;
    this.#over = over;
    this.#timer = options.timers.timer(() => this.#look());
  }

  begin(): void {
    this.#watch();
    this.#connect(this.#caller, this.#target, 'caller');
    this.#connect(this.#target, this.#caller, 'target');
  }

  #connect(from: TunnelEnd, to: TunnelEnd, by: 'caller' | 'target'): void {
    from.hearWith({
      open() {},
      data(bytes) {
        if (!to.wire.write(bytes)) from.wire.pause();
      },
      end: () => {
        this.#ended.add(from);
        to.wire.end();
        this.#watch();
      },
      drain() {
        to.wire.resume();
      },
      close: (fault) => this.#closed(to, by, fault),
    });
  }

  #closed(other: TunnelEnd, by: 'caller' | 'target', fault: WireFault | undefined): void {
    this.#open -= 1;
    if (this.#open === 0) this.#timer.disarm();
    if (this.#isOver) return;
    // What is still queued for the other side flows out; the timer has an eye on it.
    if (this.#ended.size === 2 && fault === undefined) {
      this.#end({ kind: 'whole' });
      return;
    }
    this.#end({ kind: 'cut', by, fault });
    other.wire.reset();
  }

  #end(ending: TunnelEnding): void {
    this.#isOver = true;
    this.#over(ending);
  }

  get #limitMs(): number {
    return this.#ended.size === 0 ? this.#idleMs : HALF_CLOSED_IDLE_MS;
  }

  #watch(): void {
    if (this.#open === 0 || this.#limitMs === 0) return;
    this.#moved = this.#movedNow();
    this.#timer.arm(this.#limitMs);
  }

  #movedNow(): number {
    const [caller, target] = [this.#caller.wire, this.#target.wire];
    return caller.bytesRead + target.bytesRead + caller.bytesWritten + target.bytesWritten;
  }

  #look(): void {
    if (this.#movedNow() !== this.#moved) {
      this.#watch();
      return;
    }
    if (!this.#isOver) this.#end({ kind: 'idle' });
    this.#caller.wire.reset();
    this.#target.wire.reset();
  }
}
