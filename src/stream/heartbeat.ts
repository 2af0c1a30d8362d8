import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import { Relay, type Upstream } from '../call/settle.ts';
import { type Ask, promised, type Taker } from '../pipeline/service.ts';
import type { Timer, Timers } from '../world/world.ts';
import { STREAM_DIALECTS } from './events.ts';

export type HeartbeatOptions = {
  readonly timers: Timers;
  /** After this much silence a comment is written; 0 is off. Well under the 30 to 60 s at which balancers and browsers drop a silent connection. */
  readonly heartbeatMs: number;
  /**
   * What a caller that waits in a line is told of its place, in a comment every third of `heartbeatMs`; undefined for calls that do not.
   * One line.
   */
  readonly place?: (call: Call) => string | undefined;
};

/** Silence is measured in thirds, so that parts need only be counted: a comment comes after 1 to 1.34 times `heartbeatMs`. */
const THIRDS = 3;

const COMMENT = Buffer.from(': waiting\n\n');

/**
 * Keeps the caller's connection alive while a stream says nothing: comments, which readers of event streams skip. A call that has no first
 * part by then is answered early with a bare head, and its failure, should it fail, is told in-band.
 */
export function heartbeat(options: HeartbeatOptions, ask: Ask): Ask {
  const next = promised(ask);
  return (call, taker) => {
    const isBeating = options.heartbeatMs > 0 && call.isStream && STREAM_DIALECTS[call.dialect] !== undefined;
    if (isBeating) new Beating(call, options, taker).begin(next(call));
    else ask(call, taker);
  };
}

class Beating implements Sink, Upstream {
  readonly #call: Call;
  readonly #timer: Timer;
  readonly #place: HeartbeatOptions['place'];
  readonly #tickMs: number;
  /** undefined once it was told: it must not be kept for as long as the reply flows. */
  #taker: Taker | undefined;
  #relay: Relay | undefined;
  #reply: Reply | undefined;
  /** Whom the relay flows to. */
  #sink: Sink | undefined;
  #parts = 0;
  #partsBefore = 0;
  #quietTicks = 0;
  #isPaused = false;
  #isOver = false;

  constructor(call: Call, { timers, heartbeatMs, place }: HeartbeatOptions, taker: Taker) {
    this.#call = call;
    this.#taker = taker;
    this.#place = place;
    this.#tickMs = Math.max(1, heartbeatMs / THIRDS);
    this.#timer = timers.timer(() => this.#tick());
  }

  begin(promise: Promise<Reply>): void {
    this.#timer.arm(this.#tickMs);
    promise.then(
      (reply) => this.#answered(reply),
      (stranger) => this.#failed(Failure.from(stranger)),
    );
  }

  #answered(reply: Reply): void {
    this.#reply = reply;
    if (this.#isOver) {
      reply.cancel();
      return;
    }
    if (this.#relay === undefined) {
      this.#relay = new Relay(reply, this);
      this.#settle(this.#relay);
    }
    reply.onOutcome((outcome) => {
      if (outcome.kind === 'abandoned') this.#relay?.cancel();
    });
    if (this.#isPaused) reply.pause();
    reply.flow(this);
    if (this.#sink !== undefined) this.flowing(this.#sink);
  }

  flowing(sink: Sink): void {
    this.#sink = sink;
    if (this.#reply instanceof Relay) this.#reply.through(sink);
  }

  #settle(relay: Relay): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.answered(relay);
  }

  #failed(failure: Failure): void {
    this.#timer.disarm();
    if (this.#relay === undefined) this.#taker?.failed(failure);
    else this.#relay.end({ kind: 'failed', failure });
  }

  #tick(): void {
    this.#timer.arm(this.#tickMs);
    const parts = this.#reply instanceof Relay ? this.#reply.parts : this.#parts;
    if (parts !== this.#partsBefore) this.#quietTicks = 0;
    this.#partsBefore = parts;
    this.#quietTicks += 1;
    // A caller that does not read has no use for comments.
    if (this.#isPaused) return;
    const place = this.#reply === undefined ? this.#place?.(this.#call) : undefined;
    if (this.#quietTicks < THIRDS && place === undefined) return;
    this.#quietTicks = 0;
    const comment = place === undefined ? COMMENT : Buffer.from(`: ${place}\n\n`);
    if (this.#relay === undefined) {
      if (this.#call.isLeft) return;
      // Nothing is known yet of who will speak.
      const fields = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache, no-transform'];
      this.#relay = new Relay({ status: 200, fields, length: -1, target: '' }, this);
      this.#relay.part(comment);
      this.#settle(this.#relay);
    } else this.#relay.part(comment);
  }

  part(bytes: Uint8Array): void {
    this.#parts += 1;
    this.#relay?.part(bytes);
  }

  end(outcome: Outcome): void {
    this.#timer.disarm();
    this.#relay?.end(outcome);
  }

  pause(): void {
    this.#isPaused = true;
    this.#reply?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#quietTicks = 0;
    this.#reply?.resume();
  }

  cancel(): void {
    this.#isOver = true;
    this.#timer.disarm();
    this.#reply?.cancel();
  }
}
