import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import type { Outcome, Reply } from '../call/reply.ts';
import { Relay, wholeReply } from '../call/settle.ts';
import { classify } from '../diagnosis/classify.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import type { Clock, Timers } from '../world/world.ts';
import { STREAM_DIALECTS } from './events.ts';
import { BodyHold, type HeldBody } from './held-body.ts';
import type { StallLimits } from './stall.ts';
import { unrolled } from './unroll.ts';
import { decoded, judgePlain } from './watch-plain.ts';
import { StreamWatch } from './watch-stream.ts';

/** 64 KiB of a failing answer are kept: what evidence holds, and more than any provider's error. */
const ERROR_BYTES_MAX = 64 * 1024;

/** The body of a failing answer is there within a round trip; waiting longer only delays the next attempt. */
const ERROR_BODY_MS = 2_000;

/** Statuses by which a service or its edge says that another target may do better (proxies reference §2.3). 500 is the application's own answer. */
const ELSEWHERE: ReadonlySet<number> = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 529, 530]);

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export type WatchOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly clocks: StallLimits;
  /** A plain inference reply is held up to this many bytes; larger ones flow unchecked. */
  readonly replyBytesHeldMax: number;
};

/**
 * Nearest the target: turns a response head into a reply that is an answer (design §4, contract 2), or a failure. Streams are let
 * through at their first output event, plain inference replies when they are whole and JSON, anything else at its first bytes.
 * Fails with what `classify` makes of a failing status, a wrong kind of body, an error in a 200, an empty, garbled or silent stream.
 */
export function watch(options: WatchOptions, ask: Ask): Ask {
  return (call, taker) => ask(call, new Watching(call, options, taker));
}

class Watching implements Taker {
  readonly #call: Call;
  readonly #options: WatchOptions;
  readonly #taker: Taker;

  constructor(call: Call, options: WatchOptions, taker: Taker) {
    this.#call = call;
    this.#options = options;
    this.#taker = taker;
  }

  answered(raw: Reply): void {
    try {
      look(raw, this.#call, this.#options, this.#taker);
    } catch (stranger) {
      this.#taker.failed(stranger);
    }
  }

  failed(failure: unknown): void {
    this.#taker.failed(failure);
  }
}

function look(raw: Reply, call: Call, options: WatchOptions, taker: Taker): void {
  if (call.dialect === 'http') passThrough(raw, call, options, taker);
  else if (raw.status < 200 || raw.status >= 300) refuse(raw, options, taker);
  else if (call.isStream) stream(raw, call, options, taker);
  else plain(raw, options, taker);
}

function stream(raw: Reply, call: Call, options: WatchOptions, taker: Taker): void {
  const dialect = STREAM_DIALECTS[call.dialect];
  const type = mediaTypeOf(raw.fields);
  if (dialect === undefined) plain(raw, options, taker);
  // A page where events were due: read as what it is, so that it can be judged.
  else if (type.includes('html')) refuse(raw, options, taker);
  else if (type.includes('json'))
    plain(raw, options, {
      answered: (whole) => tellAsStream(whole, call, taker),
      failed: (failure) => taker.failed(failure),
    });
  else if (isEncoded(raw.fields)) {
    raw.cancel();
    taker.failed(failureOf({ ...answered(raw, NOTHING), firstEvent: 'parse', parse: 'content-encoding' }));
  } else {
    const { clock, timers, clocks: limits } = options;
    new StreamWatch(raw, call, dialect, { clock, timers, limits }, taker).begin();
  }
}

/** A plain answer though a stream was asked for: its words are good, and are told as the stream that the caller reads. */
function tellAsStream(whole: Reply, call: Call, taker: Taker): void {
  const body = whole instanceof Relay ? Buffer.concat(whole.takeHeld()) : NOTHING;
  const events = whole instanceof Relay && whole.outcome !== undefined ? unrolled(call.dialect, body) : undefined;
  if (events === undefined) {
    whole.cancel();
    taker.failed(
      failureOf({ ...answered(whole, body.subarray(0, ERROR_BYTES_MAX)), firstEvent: 'parse', parse: 'event-stream' }),
    );
    return;
  }
  const fields = withoutCoding(whole.fields).map((value, i, all) =>
    all[i - 1] === 'content-type' && i % 2 === 1 ? EVENT_STREAM : value,
  );
  taker.answered(wholeReply(whole.status, fields, events, whole.target));
}

function plain(raw: Reply, options: WatchOptions, taker: Taker): void {
  const hold: BodyHold = new BodyHold(raw, options.replyBytesHeldMax, (held) => {
    if (held.outcome?.kind === 'failed') taker.failed(held.outcome.failure);
    else if (held.outcome?.kind === 'abandoned') taker.failed(left());
    else if (held.isLarger) {
      const relay = new Relay(raw, raw);
      relay.give(held.bytes);
      hold.pourInto(relay);
      raw.onOutcome((outcome) => {
        if (outcome.kind === 'abandoned') relay.cancel();
      });
      taker.answered(relay);
    } else judge(raw, held.bytes, taker);
  });
  hold.begin();
}

function judge(raw: Reply, body: Uint8Array, taker: Taker): void {
  const coding = fieldOf(raw.fields, 'content-encoding');
  const bytes = coding === undefined ? body : decoded(coding, body);
  if (bytes === undefined) {
    taker.failed(failureOf({ ...answered(raw, body), firstEvent: 'parse', parse: 'content-encoding' }));
    return;
  }
  switch (judgePlain(bytes)) {
    case 'answer':
      taker.answered(
        wholeReply(raw.status, bytes === body ? raw.fields : withoutCoding(raw.fields), bytes, raw.target),
      );
      return;
    case 'error':
    case 'not-json':
      taker.failed(failureOf(answered(raw, bytes.subarray(0, ERROR_BYTES_MAX))));
      return;
  }
}

/** The answer is a failure: its body is read as far as evidence needs it, then judged. */
function refuse(raw: Reply, options: WatchOptions, taker: Taker): void {
  readError(raw, options, (body, outcome) =>
    taker.failed(outcome?.kind === 'abandoned' ? left() : failureOf(answered(raw, body))),
  );
}

function readError(
  raw: Reply,
  { timers }: WatchOptions,
  done: (body: Uint8Array, outcome: Outcome | undefined) => void,
): void {
  const settle = (held: HeldBody) => {
    timer.disarm();
    if (held.isLarger) raw.cancel();
    const body = held.bytes.subarray(0, ERROR_BYTES_MAX);
    done(
      (held.isLarger ? undefined : decoded(fieldOf(raw.fields, 'content-encoding') ?? '', body)) ?? body,
      held.outcome,
    );
  };
  const hold = new BodyHold(raw, ERROR_BYTES_MAX, settle);
  const timer = timers.timer(() => hold.stop());
  timer.arm(ERROR_BODY_MS);
  hold.begin();
}

/** Any other path: nothing is judged but a status that another target may not have, on methods that are safe to repeat. */
function passThrough(raw: Reply, call: Call, options: WatchOptions, taker: Taker): void {
  // A protocol of its own begins: it may be the caller who speaks first.
  if (raw.status === 101) taker.answered(raw);
  else if (ELSEWHERE.has(raw.status) && SAFE_METHODS.has(call.method)) refuse(raw, options, taker);
  // An event stream of any kind is let through at its head: its first event may be an hour away, and the head is what its reader waits for.
  else if (mediaTypeOf(raw.fields).startsWith('text/event-stream')) taker.answered(raw);
  else firstBytes(raw, taker);
}

function firstBytes(raw: Reply, taker: Taker): void {
  const relay = new Relay(raw, raw);
  let isSettled = false;
  raw.onOutcome((outcome) => {
    if (outcome.kind !== 'abandoned') return;
    relay.cancel();
    if (!isSettled) taker.failed(left());
    isSettled = true;
  });
  raw.flow({
    part(bytes) {
      relay.part(bytes);
      if (!isSettled) taker.answered(relay);
      isSettled = true;
    },
    end(outcome) {
      if (isSettled || outcome.kind !== 'failed') relay.end(outcome);
      if (isSettled) return;
      isSettled = true;
      if (outcome.kind === 'failed') taker.failed(outcome.failure);
      else taker.answered(relay);
    },
  });
}

function answered(raw: Reply, body: Uint8Array): Evidence {
  const answer = { status: raw.status, fields: raw.fields, body };
  return { phase: 'body', firstEvent: 'answer', isRequestSent: true, answer };
}

function failureOf(evidence: Evidence): Failure {
  return new Failure(classify(evidence).code, evidence);
}

function left(): Failure {
  return new Failure('caller-left', { phase: 'body', firstEvent: 'our-cancel', isRequestSent: true });
}

const NOTHING = new Uint8Array(0);
const EVENT_STREAM = 'text/event-stream; charset=utf-8';

function mediaTypeOf(fields: Fields): string {
  return (fieldOf(fields, 'content-type') ?? '').toLowerCase();
}

function isEncoded(fields: Fields): boolean {
  const coding = fieldOf(fields, 'content-encoding');
  return coding !== undefined && coding.trim().toLowerCase() !== 'identity';
}

/** The fields without those that spoke of the encoded bytes. */
function withoutCoding(fields: Fields): Fields {
  const kept: Fields = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name !== 'content-encoding' && name !== 'content-length') kept.push(name, fields[i + 1] ?? '');
  }
  return kept;
}
