import type { Chance } from '../../world/world.ts';
import type { Host } from './host.ts';
import type { SimTime } from './time.ts';

/** The most that one lost segment waits for its next try once the way is free again: TCP's first retransmission timeout. */
const RESENT_MS = 200;

/** Bytes of header that every segment costs on a slow line. */
const OVERHEAD_BYTES = 40;

type Segment = { readonly nth: number; readonly bytes: number; readonly arrive: () => void };

/** One direction of a connection: what is sent arrives in order, later. */
export class Pipe {
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #from: Host;
  readonly #to: Host;
  /** When the line is free again, and when the last segment on it arrives. */
  #freeMs = 0;
  #lastMs = 0;
  /** Segments the network has lost so far, to be sent again. */
  #held: Segment[] = [];
  #sent = 0;
  #heard = 0;
  readonly #early = new Map<number, Segment>();
  /** Everything vanishes, for ever: the state of a half-open connection. */
  isVoid = false;

  constructor(time: SimTime, chance: Chance, from: Host, to: Host) {
    this.#time = time;
    this.#chance = chance;
    this.#from = from;
    this.#to = to;
  }

  get isBlocked(): boolean {
    const [from, to] = [this.#from, this.#to];
    if (from === to) return !from.isOn;
    return from.weather.isOutBlocked || to.weather.isInBlocked || !from.isOn || !to.isOn;
  }

  get delayMs(): number {
    return this.#from === this.#to ? 0.02 : this.#from.weather.delayMs + this.#to.weather.delayMs;
  }

  get splitShare(): number {
    return this.#from === this.#to ? 0 : Math.max(this.#from.weather.splitShare, this.#to.weather.splitShare);
  }

  send(bytes: number, arrive: () => void): void {
    if (this.isVoid) return;
    this.#sent += 1;
    const segment = { nth: this.#sent, bytes, arrive };
    if (this.isBlocked) this.#held.push(segment);
    else this.#launch(segment);
  }

  #launch(segment: Segment): void {
    const { bytes } = segment;
    const nowMs = this.#time.nowMs;
    const rate = Math.min(this.#from.weather.bytesPerMs, this.#to.weather.bytesPerMs);
    const jitterMs = this.#from.weather.jitterMs + this.#to.weather.jitterMs;
    this.#freeMs = Math.max(this.#freeMs, nowMs) + (Number.isFinite(rate) ? (bytes + OVERHEAD_BYTES) / rate : 0);
    const lateMs = jitterMs > 0 ? this.#chance.float() * jitterMs : 0;
    this.#lastMs = Math.max(this.#lastMs, this.#freeMs + this.delayMs + lateMs);
    this.#time.when(this.#lastMs, () => {
      if (this.isVoid) return;
      // The way was blocked while it was under way: lost, and sent again.
      if (this.isBlocked) this.#held.push(segment);
      else this.#hear(segment);
    });
  }

  /** What comes before its turn waits for what was lost before it, as in every TCP. */
  #hear(segment: Segment): void {
    this.#early.set(segment.nth, segment);
    for (;;) {
      const next = this.#early.get(this.#heard + 1);
      if (next === undefined) return;
      this.#heard += 1;
      this.#early.delete(next.nth);
      next.arrive();
    }
  }

  /** The way may be free again: what was lost is sent anew. */
  retry(): void {
    if (this.#held.length === 0 || this.isBlocked) return;
    this.#time.at(this.#chance.float() * RESENT_MS, () => {
      if (this.isBlocked) return;
      const held = this.#held;
      this.#held = [];
      for (const segment of held) this.#launch(segment);
    });
  }
}
