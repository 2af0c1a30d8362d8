import { fieldOf } from '../call/fields.ts';
import { BODY_LIMITS, BodyReader } from '../http1/body.ts';
import { isFault } from '../http1/fault.ts';
import { requestFraming } from '../http1/framing.ts';
import { HeadGatherer, MORE, REFUSED } from '../http1/gather.ts';
import { HEAD_LIMITS, parseRequestHead, type RequestHead } from '../http1/head.ts';
import { responseHead } from '../http1/serialise.ts';
import type { Clock, Timer, Timers, Wire, WireFault, WireHearer } from '../world/world.ts';
import type { Ledger, Received } from './ledger.ts';
import { type Playing, play } from './play.ts';
import type { Script } from './script.ts';

/** A request whole in hand. */
export type WholeRequest = {
  readonly head: RequestHead;
  readonly body: Uint8Array;
  /** 1 for the first of its connection. */
  readonly nthOnWire: number;
  readonly connection: number;
  /** False when the sender wants the connection closed after the answer. */
  readonly isKept: boolean;
};

/** What the upstream does with a request; `record` is absent for requests that are not to be counted. */
export type Deed = { readonly script: Script; readonly record: Received | undefined; readonly isStruck: boolean };

/** What connections share. */
export type Host = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ledger: Ledger;
  serve(request: WholeRequest, wire: Wire): Deed;
  closed(connection: Connection): void;
};

/** OpenAI takes some 50 MB; a test that needs more tests something else. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** What may wait behind the request being answered: 1 MiB of pipelined requests. */
const EARLY_BYTES_MAX = 1 << 20;
/** nginx's `keepalive_timeout`; also the longest silence within a request. */
const IDLE_MS = 75_000;
/** RFC 9112 §9.6: after our FIN the peer may still send, and a close at once would reset what it has not read yet. */
const LINGER_MS = 2000;

/** One connection of the upstream: reads requests one after another and plays what is done about each. */
export class Connection implements WireHearer {
  readonly #wire: Wire;
  readonly #host: Host;
  readonly #number: number;
  readonly #idle: Timer;
  readonly #linger: Timer;
  readonly #gatherer = new HeadGatherer(HEAD_LIMITS.headBytesMax, 1);
  readonly #reader = new BodyReader({ ...BODY_LIMITS, bodyBytesMax: BODY_BYTES_MAX });
  #place: 'head' | 'body' | 'answer' | 'over' = 'head';
  #head: RequestHead | undefined;
  #parts: Buffer[] = [];
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #isReplaying = false;
  #served = 0;
  #deed: Deed | undefined;
  #playing: Playing | undefined;
  #writtenBefore = 0;

  constructor(wire: Wire, host: Host) {
    this.#wire = wire;
    this.#host = host;
    this.#number = host.ledger.open();
    this.#idle = host.timers.timer(() => this.#close());
    this.#linger = host.timers.timer(() => wire.destroy());
    this.#idle.arm(IDLE_MS);
  }

  /** Ends the connection as the death of a process does; one that is being closed, or that brought the order, is let go in peace. */
  reset(): void {
    const isOrder = this.#deed !== undefined && this.#deed.record === undefined;
    if (this.#place !== 'over' && !isOrder && this.#wire.isOpen) this.#wire.reset();
  }

  open(): void {}

  data(bytes: Uint8Array): void {
    if (this.#place === 'over') return;
    if (this.#place !== 'answer' && !this.#isReplaying) {
      this.#idle.arm(IDLE_MS);
      this.#read(bytes, 0);
      return;
    }
    this.#early.push(Buffer.from(bytes));
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > EARLY_BYTES_MAX) this.#wire.pause();
  }

  /** A peer that ends while it is being answered has gone, as proxies take it: nobody waits for the rest. */
  end(): void {
    if (this.#place === 'answer') this.#wire.destroy();
    else this.#close();
  }

  drain(): void {
    this.#playing?.drained();
  }

  close(_fault: WireFault | undefined): void {
    const wasReading = this.#place === 'body' || (this.#place === 'head' && this.#gatherer.isStarted);
    if (wasReading) this.#host.ledger.counters.refused += 1;
    this.#place = 'over';
    this.#idle.disarm();
    this.#linger.disarm();
    this.#playing?.stop();
    this.#settle('aborted');
    this.#host.ledger.close();
    this.#host.closed(this);
  }

  #read(bytes: Uint8Array, offset: number): void {
    let at = offset;
    while (at < bytes.length && (this.#place === 'head' || this.#place === 'body')) {
      const next = this.#place === 'head' ? this.#gatherer.feed(bytes, at) : this.#reader.feed(bytes, at);
      if (next === REFUSED) {
        this.#refuse((this.#gatherer.fault ?? this.#reader.fault)?.status ?? 400);
        return;
      }
      if (next === MORE) return;
      at = next;
      if (this.#place === 'head') this.#begin();
      else if (this.#reader.isDone) this.#answer();
    }
    if (at < bytes.length && this.#place === 'answer') this.data(bytes.subarray(at));
  }

  /** The head is whole. */
  #begin(): void {
    const head = parseRequestHead(this.#gatherer.text);
    this.#gatherer.reset();
    if (isFault(head)) {
      this.#refuse(head.status);
      return;
    }
    const framing = requestFraming(head.method, head.minorVersion, head.fields);
    if (isFault(framing) || framing.length > BODY_BYTES_MAX) {
      this.#refuse(isFault(framing) ? framing.status : 413);
      return;
    }
    this.#head = head;
    this.#place = 'body';
    this.#reader.begin(framing, { part: (bytes) => void this.#parts.push(Buffer.from(bytes)) });
    const isAwaiting = head.minorVersion === 1 && fieldOf(head.fields, 'expect')?.toLowerCase() === '100-continue';
    if (isAwaiting && !this.#reader.isDone) this.#wire.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (this.#reader.isDone) this.#answer();
  }

  /** The request is whole. */
  #answer(): void {
    const head = this.#head;
    if (head === undefined) return;
    const body = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#served += 1;
    this.#place = 'answer';
    this.#idle.disarm();
    this.#writtenBefore = this.#wire.bytesWritten + this.#wire.bytesQueued;
    const request = { head, body, nthOnWire: this.#served, connection: this.#number, isKept: isKept(head) };
    this.#deed = this.#host.serve(request, this.#wire);
    const { script } = this.#deed;
    this.#playing = play(script, this.#wire, this.#host, () => this.#played(script));
  }

  #played(script: Script): void {
    const { ending } = script;
    this.#playing = undefined;
    // In silence the request runs on until its sender gives up.
    if (ending.how === 'silence') return;
    this.#settle(this.#deed?.isStruck === true ? 'struck' : 'answered');
    if (ending.how === 'reset') this.#wire.reset();
    else if (ending.how === 'close') this.#close();
    else this.#ready(ending.idleMs ?? IDLE_MS);
  }

  /** Ready for the next request, part of which may be here already. */
  #ready(idleMs: number): void {
    this.#place = 'head';
    this.#idle.arm(idleMs);
    if (this.#early.length === 0) return;
    // Later, so that a long row of pipelined requests does not become a deep stack; what comes until then queues behind.
    this.#isReplaying = true;
    this.#host.timers.soon(() => this.#replay());
  }

  #replay(): void {
    const early = this.#early;
    this.#isReplaying = false;
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#place === 'over') return;
    this.#wire.resume();
    for (const bytes of early) this.data(bytes);
  }

  #refuse(status: number): void {
    this.#host.ledger.counters.refused += 1;
    this.#place = 'over';
    if (status > 0) this.#wire.write(responseHead(status, ['content-length', '0', 'connection', 'close']));
    this.#close();
  }

  #close(): void {
    this.#place = 'over';
    this.#wire.end();
    this.#idle.disarm();
    this.#linger.arm(LINGER_MS);
  }

  #settle(fate: 'answered' | 'struck' | 'aborted'): void {
    const record = this.#deed?.record;
    this.#deed = undefined;
    if (record === undefined) return;
    record.bytesSent = this.#wire.bytesWritten + this.#wire.bytesQueued - this.#writtenBefore;
    this.#host.ledger.end(record, fate, this.#host.clock.now());
  }
}

/** RFC 9112 §9.3. */
function isKept(head: RequestHead): boolean {
  const options = (fieldOf(head.fields, 'connection') ?? '').toLowerCase().split(/[\s,]+/);
  return head.minorVersion === 1 ? !options.includes('close') : options.includes('keep-alive');
}
