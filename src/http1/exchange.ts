import type { Fields } from '../call/fields.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Clock, Wire, WireFault } from '../world/world.ts';
import type { AnswerHearer } from './answer.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import type { Exchange, OutgoingRequest, Receiver } from './contract.ts';
import type { DialFault } from './dial.ts';
import { type Ending, endingOf, FIN } from './ending.ts';
import type { Framing } from './framing.ts';
import type { ResponseHead } from './head.ts';
import { keepsAlive } from './keep-alive.ts';
import { type Pool, RECENT_MS } from './pool.ts';
import { ExchangeRecord } from './record.ts';
import { Sending, spent } from './sending.ts';

/** A 408 this soon on a reused connection answers the server's idle timer, not our request (taxonomy row F13). */
const IDLE_RACE_MS = 1000;

/** A request of this size always fits the kernel's buffer of a connection at rest: to hand it over is to send it. */
const SURELY_SENT_BYTES = 16_384;

/** Takes over the wire after 101, with what was read past the head. */
export type Switched = (fields: Fields, wire: Wire, early: Uint8Array) => void;

/**
 * One request and its answer: finds a connection, writes, listens, keeps the clocks, and knows how it ended. On a reused connection it
 * allocates nothing but itself, its record and what the head holds.
 */
export class RunningExchange implements Exchange, ConnectionUser, AnswerHearer {
  readonly #pool: Pool;
  readonly #clock: Clock;
  #request: OutgoingRequest;
  readonly #receiver: Receiver;
  readonly #switched: Switched | undefined;
  #headText: string;
  readonly #isReplayable: boolean;
  readonly #record: ExchangeRecord;
  #connection: Connection | undefined;
  #cancelDial: (() => void) | undefined;
  /** Only for requests that one write does not surely send. */
  #sending: Sending | undefined;
  #isPaused = false;
  /** The peer will keep the connection after this answer. */
  #isKept = false;

  constructor(
    pool: Pool,
    clock: Clock,
    request: OutgoingRequest,
    receiver: Receiver,
    headText: string,
    switched: Switched | undefined,
  ) {
    this.#pool = pool;
    this.#clock = clock;
    this.#request = request;
    this.#receiver = receiver;
    this.#headText = headText;
    this.#switched = switched;
    this.#isReplayable = request.isReplayable && request.bodyFlow === undefined;
    this.#record = new ExchangeRecord(pool.route.authority, clock.now());
  }

  // ---- finding a connection -------------------------------------------------------------------------------------

  /** Begins, once. Nothing is heard before it returns. */
  start(): void {
    this.#reuse(this.#record.startMs);
  }

  #reuse(nowMs: number): void {
    // What may not be sent twice goes only where the race with an idle close is least likely; upgrades are too rare to pool.
    const which = this.#isReplayable ? 'any' : 'recent';
    const connection = this.#switched === undefined ? this.#pool.take(nowMs, which) : undefined;
    if (connection === undefined) {
      this.#dial();
      return;
    }
    this.#connection = connection;
    connection.user = this;
    const idleMs = nowMs - connection.idleSinceMs;
    this.#record.reuse(connection, idleMs);
    // A turn of the loop shows a FIN that already waits in the kernel. A request that may be replayed, on a connection used a moment
    // ago, skips it: the turn delays every call, the replay nearly none, and nobody sees it.
    if (this.#isReplayable && idleMs < RECENT_MS) {
      this.#send(connection, nowMs);
      return;
    }
    this.#record.state = 'prove';
    connection.prove();
  }

  proved(): void {
    const connection = this.#connection;
    if (this.#record.state === 'prove' && connection !== undefined) this.#send(connection, this.#clock.now());
  }

  #dial(): void {
    this.#record.dial();
    this.#connection = undefined;
    this.#cancelDial = this.#pool.dial(
      this.#request.clocks,
      (connection) => {
        this.#cancelDial = undefined;
        this.#connection = connection;
        connection.user = this;
        this.#record.fresh(connection);
        this.#send(connection, this.#clock.now());
      },
      (fault) => {
        this.#cancelDial = undefined;
        this.#record.undialled(fault);
        this.#fail(fault);
      },
    );
  }

  // ---- sending --------------------------------------------------------------------------------------------------

  #send(connection: Connection, nowMs: number): void {
    const { wire } = connection;
    const { body, bodyFlow, method, clocks } = this.#request;
    connection.begin();
    connection.reader.begin(method, this);
    this.#record.send(nowMs);
    // Writes of one turn leave together: a head and a small body are one packet.
    wire.write(this.#headText);
    if (bodyFlow === undefined && this.#headText.length + (body?.length ?? 0) <= SURELY_SENT_BYTES) {
      if (body !== undefined) wire.write(body);
      this.#record.handOver(nowMs);
      connection.clock.watch('head', clocks.headMs, nowMs);
      return;
    }
    this.#sending = new Sending(connection, this.#request, this.#record, this.#clock, (note) =>
      this.#fail({ firstEvent: 'our-cancel', note }),
    );
    this.#sending.start(nowMs);
  }

  drained(): void {
    this.#sending?.drained();
  }

  // ---- hearing --------------------------------------------------------------------------------------------------

  heard(bytes: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { state } = this.#record;
    if (state === 'prove') this.#dead(FIN);
    else if (state === 'send' && connection.written === 0) this.refused('unasked');
    else {
      if (state === 'body' && connection.clock.isRunning) connection.clock.extend(this.#clock.now());
      this.#feed(connection, bytes);
    }
  }

  /** What throws here is our own side, hearing: it ends this exchange, and no one else's connection. */
  #feed(connection: Connection, bytes: Uint8Array): void {
    try {
      connection.reader.feed(bytes);
    } catch (cause) {
      if (this.#record.state === 'over') throw cause;
      this.#record.blame('queue');
      this.#fail({ firstEvent: 'errno', cause });
    }
  }

  informational(status: number, fields: Fields): void {
    this.#receiver.informational(status, fields);
  }

  head(head: ResponseHead, framing: Framing): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { status, fields } = head;
    const nowMs = this.#clock.now();
    this.#isKept = keepsAlive(head, this.#pool.limit);
    if (status === 408 && this.#isIdleRace(nowMs)) {
      if (!this.#replay(connection)) this.#answerInstead(status, fields);
      return;
    }
    if (status === 407 && this.#pool.route.isAbsolute) {
      this.#record.blame('proxy-connect');
      this.#answerInstead(status, fields);
      return;
    }
    this.#record.hear(nowMs);
    // From here on it is never sent again. Row F5: an early refusal is relayed, and the rest of the upload is not worth sending.
    this.#headText = '';
    if (this.#record.isHandedOver) this.#request = spent(this.#request);
    else if (status >= 400 || !this.#isKept) this.#sending?.refuse();
    connection.clock.watch('between-bytes', this.#request.clocks.betweenBytesMs, nowMs);
    if (this.#isPaused) this.pause();
    this.#receiver.head(status, fields, framing.length);
  }

  part(bytes: Uint8Array): void {
    this.#receiver.part(bytes);
  }

  whole(trailers: Fields | undefined, isClean: boolean): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const isSent = this.#record.isHandedOver && connection.wire.bytesQueued === 0;
    const isKept = isClean && isSent && this.#isKept && this.#switched === undefined;
    this.#settle();
    if (isKept) {
      connection.clock.off();
      if (this.#isPaused) connection.wire.resume();
      this.#pool.give(connection, this.#record.endMs);
    } else {
      connection.destroy();
    }
    this.#receiver.end(trailers);
  }

  refused(word: string): void {
    this.#fail({ firstEvent: 'parse', parse: word });
  }

  switched(head: ResponseHead, early: Uint8Array): void {
    const connection = this.#connection;
    if (this.#switched === undefined || connection === undefined) {
      this.refused('upgrade');
      return;
    }
    this.#settle();
    this.#switched(head.fields, connection.surrender(), early);
  }

  // ---- ending ---------------------------------------------------------------------------------------------------

  /**
   * The peer's FIN. A body that only the end can end is whole then, in TLS too: RFC 9112 §9.8 asks for a close_notify before it, but the
   * platform does not say whether one came. Whoever must know reads it in the content (design §5: a terminal event).
   */
  ended(): void {
    if (this.#connection?.reader.isBodyToClose === true) this.#connection.reader.finishAtEof();
    else this.#dead(FIN);
  }

  closed(fault: WireFault | undefined): void {
    const ending = endingOf(fault);
    if (ending.firstEvent === 'fin') this.ended();
    else this.#dead(ending);
  }

  expired(loopLagMs: number): void {
    const connection = this.#connection;
    if (connection === undefined || (this.#record.state === 'body' && this.#isPaused)) return;
    const { name, limitMs } = connection.clock;
    if (name === 'write' && this.#sending?.isMoving() === true) return;
    // A request that still waits to be read is not yet one that waits for its answer.
    const clock = name === 'head' && connection.wire.bytesQueued > 0 ? 'write' : name;
    this.#fail({ firstEvent: 'our-timer', clock, limitMs, loopLagMs });
  }

  /** The connection died under us. Before the first byte of an answer, on a reused one, that is the keep-alive race. */
  #dead(ending: Ending): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { isReused, idleMs, state } = this.#record;
    const nowMs = this.#clock.now();
    const isSilent = state === 'prove' || connection.read === 0;
    if (isReused && isSilent) this.#pool.limit.sawDead(idleMs, nowMs);
    if (state === 'prove') {
      // probe: an idle connection dies in the turn in which it is taken
      connection.destroy();
      this.#reuse(nowMs);
    } else if (!isSilent || !this.#replay(connection)) {
      this.#fail(ending);
    }
  }

  #isIdleRace(nowMs: number): boolean {
    const { isReused, sendMs, idleMs } = this.#record;
    if (!isReused || this.#isKept || nowMs - sendMs > IDLE_RACE_MS) return false;
    this.#pool.limit.sawDead(idleMs, nowMs);
    return true;
  }

  /** Sends it again on a fresh connection: proven unsent, or declared safe and paid for. Once, as a fresh one is not reused. */
  #replay(connection: Connection): boolean {
    const isUnsent = connection.written === 0 && this.#request.bodyFlow === undefined;
    if (!this.#record.isReused || !(isUnsent || (this.#isReplayable && this.#request.mayReplay?.() !== false)))
      return false;
    // probe: a dead reused connection is replaced and the request sent again
    this.#record.replay(connection.written);
    this.#sending?.stop();
    this.#sending = undefined;
    connection.reader.stop();
    connection.destroy();
    this.#dial();
    return true;
  }

  /** An answer that is not the service's to our request: its status is the evidence. */
  #answerInstead(status: number, fields: Fields): void {
    this.#fail({ firstEvent: 'answer', answer: { status, fields, body: new Uint8Array(0) } });
  }

  #fail(fault: Omit<Evidence, 'phase'> | DialFault): void {
    if (this.#record.state === 'over') return;
    this.#record.annotate(fault.note);
    this.#abandon();
    this.#receiver.fail({ ...fault, ...this.facts() });
  }

  /** Nothing more is heard; what was known stays known. */
  #settle(): void {
    this.#record.settle(this.#clock.now());
    this.#connection = undefined;
  }

  #abandon(): void {
    const connection = this.#connection;
    this.#settle();
    this.#sending?.stop();
    this.#cancelDial?.();
    connection?.reader.stop();
    connection?.destroy();
  }

  // ---- the owner's side -----------------------------------------------------------------------------------------

  pause(): void {
    this.#isPaused = true;
    if (this.#record.state === 'body') this.#connection?.wire.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const connection = this.#connection;
    if (connection === undefined || this.#record.state !== 'body') return;
    // Silence while nobody listened was ours, not the peer's.
    connection.clock.watch('between-bytes', this.#request.clocks.betweenBytesMs, this.#clock.now());
    connection.wire.resume();
  }

  cancel(): void {
    if (this.#record.state !== 'over') this.#abandon();
  }

  facts(): Omit<Evidence, 'firstEvent'> {
    return this.#record.facts(this.#clock.now());
  }
}
