import type { Call, Dialect } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { note } from '../call/note.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import type { Said } from '../call/said.ts';
import { Relay, type Upstream } from '../call/settle.ts';
import { readTopLevel } from '../call/top-level.ts';
import { variantOf } from '../call/variant.ts';
import { type Ask, promised, type Service, type Taker, tell } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { TargetAbility } from './abilities.ts';
import type { StreamDialect } from './dialects/dialect.ts';
import { FINISH, MEDIA, OUTPUT, PING, REASONING, TERMINAL, TEXT, TOOL } from './dialects/kinds.ts';
import { EventReader, STREAM_DIALECTS } from './events.ts';
import { type Json, parsed } from './json.ts';
import { chatLeg, completionsLeg } from './legs/chat-leg.ts';
import { type LegScript, type LegStart, written } from './legs/leg.ts';
import { messagesLeg } from './legs/messages-leg.ts';
import { responsesLeg } from './legs/responses-leg.ts';
import { BASE_CHARS_MIN, continued, isFormBound, isRepeatable } from './prefill.ts';
import { Splice, type Tolerance } from './splice.ts';
import { Transcript } from './transcript.ts';
import { WatchedReply } from './watch-stream.ts';

const SCRIPTS: Readonly<Partial<Record<Dialect, (start: LegStart) => LegScript>>> = {
  'openai-chat': chatLeg,
  'openai-completions': completionsLeg,
  'anthropic-messages': messagesLeg,
  'openai-responses': responsesLeg,
};

export type GoOnOptions = {
  readonly clock: Clock;
  readonly ability: TargetAbility;
  /** The model that this target is asked for, when it is not the call's. */
  readonly model: string | undefined;
};

/**
 * Above watch and the clocks of the first part: a call that was partly answered already (`call.said`) is asked for the rest, in whichever way this target can: going on
 * from the text, or a whole new answer of which only what goes beyond the text is let through; the latter first where the request is one
 * that gets the same answer again. Other calls pass untouched.
 * @throws Failure what the target throws; `no-target-fit`, blaming nobody, when its answer differs from what was said.
 */
export function goOn({ clock, ability, model }: GoOnOptions, ask: Ask): Ask {
  const next = promised(ask);
  return (call, taker) => {
    const { said, attempt } = call;
    const dialect = STREAM_DIALECTS[call.dialect];
    if (said === undefined || dialect === undefined) {
      ask(call, ability.isUnheard ? listening(taker, ability) : taker);
      return;
    }
    // The target speaks as soon as it says again what was said: nobody above must take it for silent until it comes to something new.
    const heard: Service = (asked) =>
      next(asked).then((reply) => {
        if (attempt !== undefined) attempt.firstPartMs ??= clock.now();
        return reply;
      });
    tell(rest(call, heard, said, dialect, ability, model ?? call.model ?? ''), taker);
  };
}

/** Who a target is, it says with its first answer. */
function listening(taker: Taker, ability: TargetAbility): Taker {
  return {
    answered(reply) {
      ability.heard(reply.fields);
      taker.answered(reply);
    },
    failed: (failure) => taker.failed(failure),
  };
}

async function rest(
  call: Call,
  next: Service,
  said: Said,
  dialect: StreamDialect,
  ability: TargetAbility,
  model: string,
): Promise<Reply> {
  const request = parsed(call.body ?? '') ?? {};
  const anew = async (): Promise<Reply> => {
    const reply = await next(variantOf(call, { said: undefined }));
    return leg(reply, call, { said, tokensBefore: 0 }, new Splice(said.text, toleranceOf(said, request)), dialect);
  };
  const going = continued(call.dialect, call.body, said, ability.of(model));
  if (going === undefined) return anew();
  const from = async (): Promise<Reply> => {
    const asked = variantOf(call, { body: going.body, modelAt: readTopLevel(going.body)?.modelAt, said: undefined });
    const start = { said, tokensBefore: said.outputEvents };
    return leg(await next(asked), call, start, new Splice(said.text.slice(going.base.length), 'loose'), dialect);
  };
  // A target that gives the same answer to the same request is best asked the same: letter by letter, nothing else is as exact. Going on
  // from a text is not, even at temperature 0: its tokens are not those that the model chose, and its words count for no penalty.
  if (isRepeatable(request)) {
    return anew().catch((stranger: unknown) => {
      const failure = Failure.from(stranger);
      // Who asked for exactness has its answer: this target does not give it.
      if (call.isLeft || !isDifferent(failure) || said.mode === 'exact') throw failure;
      note(call.story, 'the target gave another answer to the same request: asked to go on from the partial one');
      return from();
    });
  }
  return from().catch((stranger: unknown) => {
    const failure = Failure.from(stranger);
    if (call.isLeft || !(isRefusal(failure) || isDifferent(failure))) throw failure;
    // Learned once: the refusal of a prefill is never the caller's final error.
    if (failure.code === 'request-rejected') ability.refused(model);
    note(call.story, `the target did not go on from the partial answer (${failure.code}): asked for a whole one`);
    return anew();
  });
}

/** White space and case may differ only in prose, and only where the caller did not ask for an exact answer. */
function toleranceOf(said: Said, request: Json): Tolerance {
  const isProse = said.mode === 'best-effort' && !isFormBound(request);
  return isProse ? 'loose' : 'exact';
}

function leg(reply: Reply, call: Call, start: LegStart, splice: Splice, dialect: StreamDialect): Promise<Reply> {
  const script = SCRIPTS[call.dialect]?.(start);
  if (!(reply instanceof Relay) || script === undefined) {
    reply.cancel();
    return Promise.reject(different());
  }
  return new Promise((fulfil, reject) => new LegStream(reply, start, script, splice, dialect, fulfil, reject).begin());
}

function different(): Failure {
  const differs = 'its answer differs from what was said already';
  return new Failure('no-target-fit', { phase: 'body', firstEvent: 'our-cancel', isRequestSent: true, note: differs });
}

/** The target answered that it will not do this: some do so with a 500. */
function isRefusal(failure: Failure): boolean {
  return failure.code === 'request-rejected' || failure.code === 'service-error';
}

function isDifferent(failure: Failure): boolean {
  return failure.code === 'no-target-fit' && failure.evidence.firstEvent === 'our-cancel';
}

/** So much of a continuation is compared with how the answer began: who begins it again has not gone on. */
const RESTART_CHARS = BASE_CHARS_MIN;

/** The second reply on its way to reading as the rest of the first. */
class LegStream implements Sink, Upstream {
  readonly #raw: Relay;
  readonly #start: LegStart;
  readonly #script: LegScript;
  readonly #splice: Splice;
  readonly #reader: EventReader;
  readonly #relay: WatchedReply;
  readonly #fulfil: (reply: Reply) => void;
  readonly #reject: (failure: Failure) => void;
  #isCommitted = false;
  #isOver = false;
  /** The beginning of a continuation, held until it is clear that it is one. */
  #doubtful = '';
  #isDoubted: boolean;

  constructor(
    raw: Relay,
    start: LegStart,
    script: LegScript,
    splice: Splice,
    dialect: StreamDialect,
    fulfil: (reply: Reply) => void,
    reject: (failure: Failure) => void,
  ) {
    this.#raw = raw;
    this.#start = start;
    this.#script = script;
    this.#splice = splice;
    this.#reader = new EventReader(dialect);
    this.#relay = new WatchedReply(raw, this, Transcript.after(start.said));
    this.#fulfil = fulfil;
    this.#reject = reject;
    this.#isDoubted = start.tokensBefore > 0;
  }

  begin(): void {
    this.#raw.onOutcome((outcome) => {
      if (outcome.kind === 'abandoned') this.#abandoned();
    });
    this.#raw.flow(this);
  }

  part(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#reader.feed(bytes);
    while (!this.#isOver && this.#reader.next()) this.#event();
  }

  #event(): void {
    const { kinds } = this.#reader;
    if ((kinds & PING) !== 0) {
      if (this.#isCommitted) this.#pass(this.#raws(), kinds);
      return;
    }
    const event = parsed(this.#reader.data());
    if (event === undefined) {
      // `[DONE]`: watch has seen to it that it comes after an end.
      if ((kinds & TERMINAL) !== 0) this.#pass(this.#raws(), kinds);
      return;
    }
    const text = (kinds & TEXT) === 0 ? '' : this.#newText(event);
    if (text === undefined || !this.#isInStep(kinds)) {
      this.#differ();
      return;
    }
    this.#write(event, kinds, text);
  }

  #raws(): Uint8Array {
    return this.#reader.source.subarray(this.#reader.start, this.#reader.end);
  }

  /** What of the event's text is new; undefined when it is another text. */
  #newText(event: Json): string | undefined {
    const spliced = this.#splice.take(this.#script.textOf(event));
    if (spliced.kind === 'diverged') return undefined;
    const text = spliced.kind === 'past' ? spliced.rest : '';
    if (text === '' && this.#start.tokensBefore > 0) this.#start.tokensBefore -= 1;
    return this.#isDoubted ? this.#trusted(text) : text;
  }

  #trusted(text: string): string | undefined {
    this.#doubtful += text;
    const held = this.#doubtful;
    if (held === '' || this.#start.said.text.startsWith(held)) return held.length >= RESTART_CHARS ? undefined : '';
    if (held.length >= RESTART_CHARS && this.#start.said.text.startsWith(held.slice(0, RESTART_CHARS)))
      return undefined;
    this.#isDoubted = false;
    this.#doubtful = '';
    return held;
  }

  /** Until all that was said is met, nothing but its text and reasoning may come: a tool call or an end says that it is another answer. */
  #isInStep(kinds: number): boolean {
    return this.#splice.isPast || (kinds & (OUTPUT | FINISH) & ~(TEXT | REASONING)) === 0;
  }

  #write(event: Json, kinds: number, text: string): void {
    const isPast = this.#splice.isPast;
    // A second train of thought is not shown after the first, nor after the answer began.
    const isThought = (kinds & OUTPUT) === REASONING && (kinds & FINISH) === 0;
    if (isThought && (this.#start.said.kinds & (REASONING | TEXT)) !== 0) return;
    let shown = text;
    if ((kinds & FINISH) !== 0 && this.#isDoubted) {
      shown = this.#doubtful;
      this.#isDoubted = false;
    }
    const { transcript } = this.#relay;
    for (const changed of this.#script.rewrite(event, shown === '' ? kinds : kinds | TEXT, shown, isPast)) {
      if ((kinds & OUTPUT) === 0 || changed['type'] !== event['type'])
        transcript.shape(Buffer.from(JSON.stringify(changed)));
      else if (shown !== '') transcript.addText(shown);
      this.#pass(written(changed, this.#script.isNamed), kinds);
    }
  }

  #pass(bytes: Uint8Array, kinds: number): void {
    this.#relay.transcript.note(kinds);
    this.#relay.give(bytes);
    if (this.#isCommitted || (kinds & (TEXT | TOOL | MEDIA | FINISH | TERMINAL)) === 0) return;
    this.#isCommitted = true;
    this.#fulfil(this.#relay);
  }

  #differ(): void {
    this.#isOver = true;
    this.#raw.cancel();
    // What was let through already stays true; only its rest is missing.
    if (this.#isCommitted) this.#relay.fail(different());
    else this.#reject(different());
  }

  end(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isCommitted) this.#relay.end(outcome);
    else this.#reject(outcome.kind === 'failed' ? outcome.failure : different());
  }

  #abandoned(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isCommitted) this.#relay.cancel();
    else this.#reject(new Failure('caller-left', { phase: 'body', firstEvent: 'our-cancel', isRequestSent: true }));
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  cancel(): void {
    this.#raw.cancel();
  }
}
