import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { ANSWERED, type Outcome, type Reply, type Sink } from '../call/reply.ts';
import { type Head, Relay, type Upstream } from '../call/settle.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence, StreamFacts } from '../diagnosis/evidence.ts';
import type { Taker } from '../pipeline/service.ts';
import type { Clock, Timers } from '../world/world.ts';
import type { StreamDialect } from './dialects/dialect.ts';
import { EMPTY, ERROR, FINISH, GARBLED, JUNK, OUTPUT, PING, TERMINAL, TEXT } from './dialects/kinds.ts';
import { errorWords } from './error-words.ts';
import { EventReader } from './events.ts';
import { Skim } from './skim.ts';
import { StallClock, type StallHearer, type StallLimits } from './stall.ts';
import { Transcript } from './transcript.ts';

/** 64 events or 256 KiB are held for the first output (Bifrost's startup buffer); a service that says more than that is alive. */
export const HELD_EVENTS_MAX = 64;
export const HELD_BYTES_MAX = 256 * 1024;

/** 64 events in a row that are none of the dialect: this is no stream of it. */
const JUNK_EVENTS_MAX = 64;

/** What may still come between the finish reason and `[DONE]`: the usage chunk, which services send at once. */
const GRACE_MS = 1_000;

/** After the end the upstream may finish its framing within this much, so that its connection can be used again. */
const DRAIN_BYTES_MAX = 64 * 1024;
const DRAIN_MS = 1_000;

/** As evidence keeps it. */
const ERROR_BYTES_MAX = 64 * 1024;

export type StreamWatchParts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: StallLimits;
};

/** A streamed reply that its watcher has let through, with what it has said so far. */
export class WatchedReply extends Relay {
  readonly transcript: Transcript;

  constructor(head: Head, upstream: Upstream, transcript: Transcript) {
    super(head, upstream);
    this.transcript = transcript;
  }
}

/**
 * Watches one event stream on its way to the caller. Holds it until the first output, then passes whole events byte for byte, and ends it
 * only by the dialect's terminal event or finish reason. Everything else that ends it is a failure: thrown while nothing was let through,
 * the outcome afterwards.
 */
export class StreamWatch implements Sink, Upstream, StallHearer {
  readonly #raw: Reply;
  readonly #call: Call;
  readonly #dialect: StreamDialect;
  /** undefined once it was told: it must not be kept for as long as the reply flows. */
  #taker: Taker | undefined;
  readonly #reader: EventReader;
  readonly #relay: WatchedReply;
  readonly #transcript: Transcript;
  readonly #stall: StallClock;
  #isCommitted = false;
  #isOver = false;
  #isRawRunning = true;
  #heldBytes = 0;
  #heldEvents = 0;
  #drainedBytes = 0;
  #events = 0;
  #malformedEvents = 0;
  #junkInARow = 0;
  #finishes = 0;

  constructor(raw: Reply, call: Call, dialect: StreamDialect, parts: StreamWatchParts, taker: Taker) {
    this.#raw = raw;
    this.#call = call;
    this.#dialect = dialect;
    this.#taker = taker;
    this.#reader = new EventReader(dialect);
    this.#transcript = new Transcript();
    const head = { status: raw.status, fields: raw.fields, length: -1, target: raw.target };
    this.#relay = new WatchedReply(head, this, this.#transcript);
    this.#stall = new StallClock(parts.clock, parts.timers, parts.limits, this);
  }

  begin(): void {
    this.#raw.onOutcome((outcome) => {
      if (outcome.kind === 'abandoned') this.#abandoned();
    });
    this.#raw.flow(this);
  }

  // ---- what the target sends ------------------------------------------------------------------------------------

  part(bytes: Uint8Array): void {
    if (this.#isOver) {
      this.#drainedBytes += bytes.length;
      if (this.#drainedBytes > DRAIN_BYTES_MAX) this.#raw.cancel();
      return;
    }
    this.#stall.life();
    this.#reader.feed(bytes);
    this.#read();
  }

  #read(): void {
    const reader = this.#reader;
    const { source } = reader;
    // Events that may pass and touch each other leave as one part.
    let runFrom = -1;
    let runTo = -1;
    while (!this.#isOver && reader.next()) {
      const { kinds } = reader;
      this.#events += 1;
      if ((kinds & (ERROR | GARBLED | JUNK | PING)) !== 0 && !this.#isPassed(kinds)) {
        if (runFrom >= 0) this.#pass(source, runFrom, runTo);
        runFrom = -1;
        if ((kinds & (ERROR | GARBLED)) !== 0) this.#broken(kinds);
        continue;
      }
      if (runFrom < 0) runFrom = reader.start;
      runTo = reader.end;
      this.#hear(kinds);
      if ((kinds & TERMINAL) !== 0) {
        this.#pass(source, runFrom, runTo);
        this.#terminal();
        return;
      }
    }
    if (this.#isOver) return;
    if (runFrom >= 0) this.#pass(source, runFrom, runTo);
    if (reader.isTooLong) this.#fail(this.#evidence('parse', 'event-too-large'));
  }

  /** Among events that say nothing: pings pass once the reply is let through, unless they are empty events; the rest never does. */
  #isPassed(kinds: number): boolean {
    if ((kinds & (ERROR | GARBLED)) !== 0) return false;
    if ((kinds & PING) !== 0) return this.#isCommitted && (kinds & EMPTY) === 0;
    this.#malformedEvents += 1;
    this.#junkInARow += 1;
    if (this.#junkInARow > JUNK_EVENTS_MAX) this.#fail(this.#evidence('parse', 'event-junk'));
    return false;
  }

  #hear(kinds: number): void {
    const reader = this.#reader;
    const transcript = this.#transcript;
    this.#junkInARow = 0;
    if (!this.#isCommitted) this.#heldEvents += 1;
    if (transcript.isShaping(kinds) && (kinds & PING) === 0) transcript.shape(reader.data());
    transcript.note(kinds);
    if ((kinds & OUTPUT) !== 0) {
      this.#stall.output();
      if ((kinds & TEXT) !== 0 && reader.textFrom >= 0) {
        transcript.add(reader.source, reader.textFrom, reader.textTo);
      }
    }
    if ((kinds & FINISH) !== 0) {
      this.#finishes += reader.finishes;
      if ((kinds & TERMINAL) === 0) this.#stall.expectEnd(GRACE_MS);
    }
  }

  #pass(source: Uint8Array, from: number, to: number): void {
    this.#relay.part(from === 0 && to === source.length ? source : source.subarray(from, to));
    if (this.#isCommitted) return;
    this.#heldBytes += to - from;
    const isSaid = (this.#transcript.kinds & (OUTPUT | FINISH)) !== 0;
    if (isSaid || this.#heldEvents >= HELD_EVENTS_MAX || this.#heldBytes >= HELD_BYTES_MAX) this.#commit();
  }

  #commit(): void {
    this.#isCommitted = true;
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.answered(this.#relay);
  }

  // ---- how it ends ----------------------------------------------------------------------------------------------

  /** The terminal event came, unless nothing was ever said: a stream of `[DONE]` alone is no answer. */
  #terminal(): void {
    if (this.#isCommitted) this.#complete();
    else this.#fail(this.#evidence('answer'));
  }

  #complete(): void {
    this.#isOver = true;
    // What follows the end is read off, so that the connection lives on; `ended` stops waiting for it.
    if (this.#isRawRunning) this.#stall.expectEnd(DRAIN_MS);
    else this.#stall.stop();
    this.#relay.end(ANSWERED);
  }

  end(outcome: Outcome): void {
    this.#isRawRunning = false;
    if (this.#isOver) {
      this.#stall.stop();
      return;
    }
    if (outcome.kind === 'answered') {
      // Services leave out the blank line after their last event: a clean end stands for it.
      this.#reader.feed(BLANK_LINE);
      this.#read();
      if (this.#isOver) return;
    }
    if (outcome.kind === 'failed') {
      const { failure } = outcome;
      // Below nobody knows whether anything was said before the silence, and that tells the cause.
      const judged = failure.evidence.clock === 'between-bytes' ? undefined : failure;
      this.#fail({ ...failure.evidence, stream: this.#facts() }, judged);
    } else this.#fail(this.#evidence('answer'));
  }

  /** Every choice that was asked for has its finish reason. Known only here, when the terminal event is missing: `n` is looked up then. */
  #isFinished(): boolean {
    return this.#isCommitted && this.#finishes > 0 && this.#finishes >= choicesAsked(this.#call.body);
  }

  /** The time after the finish reason, or after the end, is over. */
  ended(): void {
    if (!this.#isOver) this.#fail(this.#evidence('answer'));
    this.#stall.stop();
    if (this.#isRawRunning) this.#raw.cancel();
  }

  stalled(limitMs: number): void {
    if (this.#isOver) return;
    // probe: a stream stalls
    this.#fail({
      phase: 'body',
      firstEvent: 'our-timer',
      clock: 'between-parts',
      limitMs,
      elapsedMs: limitMs,
      isRequestSent: true,
      stream: this.#facts(),
    });
  }

  #broken(kinds: number): void {
    if ((kinds & GARBLED) !== 0) {
      if (!this.#isRawRunning) {
        // Cut off in its middle by the end: not garbled, but not whole.
        this.#fail(this.#evidence('answer'));
        return;
      }
      this.#malformedEvents += 1;
      this.#fail(this.#evidence('parse', 'event-json'));
      return;
    }
    const data = this.#reader.data();
    const { type, message } = errorWords(data);
    const body = Buffer.from(data.subarray(0, ERROR_BYTES_MAX));
    const stream = { ...this.#facts(), errorType: type, errorMessage: message };
    this.#fail({
      ...this.#evidence('answer'),
      answer: { status: this.#raw.status, fields: this.#raw.fields, body },
      stream,
    });
  }

  /**
   * It ended otherwise than by its terminal event. When the answer is finished, only that event is missing, and is written here, so that
   * every reader sees the end; else it is a failure. `judged` is what a lower room already made of it: nobody reclassifies.
   */
  #fail(evidence: Evidence, judged?: Failure): void {
    if (this.#isOver) return;
    const { closing } = this.#dialect;
    if (closing !== undefined && this.#isFinished()) {
      // probe: a finished stream gets the terminal event that it lacked
      this.#relay.part(closing);
      this.#complete();
      return;
    }
    this.#isOver = true;
    this.#stall.stop();
    const failure = new Failure(judged?.code ?? classify(evidence).code, evidence);
    if (this.#isCommitted) this.#relay.fail(failure);
    else {
      this.#relay.cancel();
      this.#taker?.failed(failure);
    }
  }

  #abandoned(): void {
    this.#isRawRunning = false;
    this.#stall.stop();
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isCommitted) this.#relay.cancel();
    else
      this.#taker?.failed(new Failure('caller-left', { phase: 'body', firstEvent: 'our-cancel', isRequestSent: true }));
  }

  #evidence(firstEvent: 'answer' | 'parse', parse?: string): Evidence {
    const { status, fields } = this.#raw;
    const answer = { status, fields, body: NOTHING };
    return { phase: 'body', firstEvent, parse, isRequestSent: true, answer, stream: this.#facts() };
  }

  #facts(): StreamFacts {
    return {
      events: this.#events,
      outputEvents: this.#transcript.outputEvents,
      malformedEvents: this.#malformedEvents,
    };
  }

  // ---- what the caller does -------------------------------------------------------------------------------------

  pause(): void {
    this.#stall.pause();
    this.#raw.pause();
  }

  resume(): void {
    this.#stall.resume();
    this.#raw.resume();
  }

  cancel(): void {
    this.#raw.cancel();
  }
}

const NOTHING = new Uint8Array(0);
const BLANK_LINE = Buffer.from('\n\n');

const CHOICES = new Skim(['n']);

/** `n` of the request; 1 when it says nothing. */
function choicesAsked(body: Uint8Array | undefined): number {
  if (body === undefined || !CHOICES.read(body, 0, body.length)) return 1;
  const from = CHOICES.from[0] as number;
  const n = from < 0 ? 1 : Number(Buffer.from(body.subarray(from, CHOICES.to[0])).toString('latin1'));
  return Number.isInteger(n) && n > 1 ? n : 1;
}
