import { Failure } from './failure.ts';
import type { Fields } from './fields.ts';
import { ABANDONED, type Outcome, type Reply, type Sink } from './reply.ts';

/** What a relay steers: an exchange, or the reply below a filter. */
export type Upstream = {
  pause(): void;
  resume(): void;
  cancel(): void;
  /** What was held is out, and parts go straight to this sink from here on: who only passes them on may have them sent there (`through`). */
  flowing?(sink: Sink): void;
};

/** For a relay that holds everything already: there is nothing left to steer. */
export const NO_UPSTREAM: Upstream = { pause() {}, resume() {}, cancel() {} };

/** The head of a reply. */
export type Head = {
  readonly status: number;
  readonly fields: Fields;
  /** Announced length in bytes, -1 when not known. */
  readonly length: number;
  readonly target: string;
};

/** Bytes held before `flow` until the upstream is paused: the commit window of a stream, so that a held window never stalls itself. */
export const HELD_BYTES_MAX = 256 * 1024;

/**
 * The one implementation of `Reply`: a sink on the side of the upstream, a reply on the side of the caller. It settles
 * exactly once, tells observers before the sink, and holds copies of what comes before `flow`. A sink that throws is our
 * bug: it ends this reply as `gateway-bug` and never disturbs the upstream's other calls.
 */
export class Relay implements Reply, Sink {
  readonly status: number;
  readonly fields: Fields;
  readonly length: number;
  readonly target: string;
  /** Parts that came, held or passed on. */
  parts = 0;
  readonly #upstream: Upstream;
  #sink: Sink | undefined;
  /** Who takes the parts: the sink, or whom it would only pass them on to. */
  #taker: Sink | undefined;
  #held: Uint8Array[] | undefined;
  #heldBytes = 0;
  #isHoldPaused = false;
  #isFlushing = false;
  #isCancelled = false;
  #outcome: Outcome | undefined;
  #observers: ((outcome: Outcome) => void)[] | undefined;

  constructor(head: Head, upstream: Upstream) {
    this.status = head.status;
    this.fields = head.fields;
    this.length = head.length;
    this.target = head.target;
    this.#upstream = upstream;
  }

  /** undefined while it runs. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  // ---- the upstream's side --------------------------------------------------------------------------------------

  /** Bytes are valid only during the call: before `flow` a copy is held, afterwards they pass straight through. */
  part(bytes: Uint8Array): void {
    if (this.#outcome !== undefined) return;
    const taker = this.#taker;
    this.parts += 1;
    if (taker === undefined || this.#isFlushing) {
      this.#hold(copyOf(bytes));
      return;
    }
    try {
      taker.part(bytes);
    } catch (stranger) {
      this.fail(Failure.from(stranger));
    }
  }

  /** As `part`, for bytes that are ours for good: held without a copy. */
  give(bytes: Uint8Array): void {
    if (this.#sink === undefined || this.#isFlushing) {
      if (this.#outcome === undefined) this.#hold(bytes);
    } else this.part(bytes);
  }

  /** The upstream has no more to say. Once; later outcomes are ignored. */
  end(outcome: Outcome): void {
    if (!this.#settle(outcome)) return;
    if (this.#sink !== undefined && !this.#isFlushing) this.#tell(this.#sink, outcome);
  }

  /** Stops the upstream and ends as failed: for whoever finds out that what comes is no answer. */
  fail(failure: Failure): void {
    if (this.#outcome !== undefined) return;
    // Settled before the upstream is stopped: an upstream that reports its own cancellation must not be heard first.
    const outcome: Outcome = { kind: 'failed', failure };
    this.#settle(outcome);
    this.#upstream.cancel();
    if (this.#sink !== undefined && !this.#isFlushing) this.#tell(this.#sink, outcome);
  }

  #hold(owned: Uint8Array): void {
    if (this.#held === undefined) this.#held = [owned];
    else this.#held.push(owned);
    this.#heldBytes += owned.length;
    if (this.#heldBytes >= HELD_BYTES_MAX && !this.#isHoldPaused) {
      this.#isHoldPaused = true;
      this.#upstream.pause();
    }
  }

  // ---- the caller's side ----------------------------------------------------------------------------------------

  flow(sink: Sink): void {
    if (this.#sink !== undefined) throw new Error('a reply flows once');
    this.#sink = sink;
    this.#taker = sink;
    if (this.#isCancelled) return;
    if (this.#held !== undefined) this.#flush(sink);
    const outcome = this.#outcome;
    if (outcome !== undefined && !this.#isCancelled) this.#tell(sink, outcome);
    else if (this.#isHoldPaused) {
      this.#isHoldPaused = false;
      this.#upstream.resume();
    }
    if (this.#outcome === undefined) this.#upstream.flowing?.(sink);
  }

  /**
   * Parts go straight to `taker` from now on, and only the end to whom this flows: for a filter that has nothing to do with the parts but
   * to pass them on. After `flow`, and once all that was held is out.
   */
  through(taker: Sink): void {
    this.#taker = taker;
  }

  // Parts that come while the held ones are pushed (a sink that steers the upstream) queue behind them: order is kept.
  #flush(sink: Sink): void {
    const held = this.#held ?? [];
    this.#isFlushing = true;
    try {
      for (let i = 0; i < held.length && !this.#isCancelled; i++) {
        const bytes = held[i];
        if (bytes !== undefined) sink.part(bytes);
      }
      this.#isFlushing = false;
    } catch (stranger) {
      this.#isFlushing = false;
      this.#overrule(Failure.from(stranger));
    }
    this.#held = undefined;
    this.#heldBytes = 0;
  }

  // The sink broke while it took what was held: even an upstream that had answered whole has not been delivered.
  #overrule(failure: Failure): void {
    this.#upstream.cancel();
    if (!this.#settle({ kind: 'failed', failure })) this.#outcome = { kind: 'failed', failure };
  }

  /**
   * Hands over what is held, as owned bytes, so that a filter that holds the whole body need not copy it again. Before `flow` only;
   * the flow goes on with what comes after.
   */
  takeHeld(): readonly Uint8Array[] {
    const held = this.#held ?? NOTHING_HELD;
    this.#held = undefined;
    this.#heldBytes = 0;
    return held;
  }

  pause(): void {
    if (this.#outcome === undefined) this.#upstream.pause();
  }

  resume(): void {
    if (this.#outcome === undefined) this.#upstream.resume();
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#held = undefined;
    if (this.#outcome !== undefined) return;
    this.#settle(ABANDONED);
    this.#upstream.cancel();
  }

  onOutcome(observe: (outcome: Outcome) => void): void {
    if (this.#outcome !== undefined) observe(this.#outcome);
    else if (this.#observers === undefined) this.#observers = [observe];
    // Two or three, to measure: an array that is pushed to makes room for seventeen, and thousands of replies may be open.
    else this.#observers = this.#observers.concat(observe);
  }

  #settle(outcome: Outcome): boolean {
    if (this.#outcome !== undefined) return false;
    this.#outcome = outcome;
    const observers = this.#observers;
    this.#observers = undefined;
    if (observers !== undefined) for (const observe of observers) observe(outcome);
    return true;
  }

  // A sink that throws at its own end has nobody left to tell; its throw must not reach the upstream's read loop.
  #tell(sink: Sink, outcome: Outcome): void {
    if (this.#isCancelled) return;
    try {
      sink.end(outcome);
    } catch (stranger) {
      this.#outcome = { kind: 'failed', failure: Failure.from(stranger) };
    }
  }
}

const NOTHING_HELD: readonly Uint8Array[] = [];

/** In the place of a promise's two functions once it is settled: they would keep it, and all it resolved to, for as long as the reply flows. */
export const SETTLED = (): void => undefined;

/** The global of that name is looked up each time. */
const { allocUnsafe } = Buffer;

/** Bytes of our own: what a sink is handed is valid only during the call. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}

/** A reply that is in hand whole: `body` is ours for good. */
export function wholeReply(status: number, fields: Fields, body: Uint8Array, target: string): Relay {
  const relay = new Relay({ status, fields, length: body.length, target }, NO_UPSTREAM);
  if (body.length > 0) relay.give(body);
  relay.end({ kind: 'answered' });
  return relay;
}
