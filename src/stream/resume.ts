import type { Call } from '../call/call.ts';
import type { Failure } from '../call/failure.ts';
import { fieldOf } from '../call/fields.ts';
import { stopWork } from '../call/leave.ts';
import { note } from '../call/note.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import type { ResumeMode, Said } from '../call/said.ts';
import { Relay, type Upstream } from '../call/settle.ts';
import { variantOf } from '../call/variant.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import { type Ask, promised, type Service, tell } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import { LOGPROBS, MEDIA, REFUSAL, SEVERAL, TOOL } from './dialects/kinds.ts';
import { WatchedReply } from './watch-stream.ts';

export type ResumeOptions = {
  readonly clock: Clock;
  /** For calls that do not say. */
  readonly mode?: ResumeMode;
  /** 1: a second break in one answer says more about the call or the hour than about a target. */
  readonly resumesMax?: number;
};

const RESUMES_MAX = 1;

/** The caller's own word, which config can be overridden by. */
const RESUME_FIELD = 'goodgate-resume';

/** What cannot be compared as text: a new answer could not be told from another one. */
const NOT_COMPARABLE = TOOL | REFUSAL | MEDIA | SEVERAL | LOGPROBS;

/**
 * Above fallback: a streamed reply that breaks after its first part is finished by whoever can, under one envelope. When nobody can, it
 * ends as failed with the first cause: never cleanly, never with a terminal event.
 */
export function resume({ clock, mode: usual = 'best-effort', resumesMax = RESUMES_MAX }: ResumeOptions, ask: Ask): Ask {
  const next = promised(ask);
  return (call, taker) => {
    const mode = call.isStream && resumesMax > 0 ? modeOf(call, usual) : 'off';
    if (mode === 'off') {
      ask(call, taker);
      return;
    }
    const begun = next(call).then((reply) =>
      reply instanceof WatchedReply ? new Resuming(call, next, reply, mode, clock, resumesMax).begin() : reply,
    );
    tell(begun, taker);
  };
}

function modeOf(call: Call, usual: ResumeMode): ResumeMode {
  const wanted = fieldOf(call.fields, RESUME_FIELD);
  return wanted === 'off' || wanted === 'exact' || wanted === 'best-effort' ? wanted : usual;
}

/** One reply to the caller, of one or more legs. */
class Resuming implements Sink, Upstream {
  readonly #call: Call;
  readonly #next: Service;
  readonly #mode: Said['mode'];
  readonly #clock: Clock;
  readonly #relay: Relay;
  #leg: WatchedReply;
  /** Whom the relay flows to. */
  #taker: Sink | undefined;
  #resumesLeft: number;
  #isPaused = false;
  #isCancelled = false;
  /** Between the break of one leg and the first part of the next. */
  #isAsking = false;

  constructor(call: Call, next: Service, first: WatchedReply, mode: Said['mode'], clock: Clock, resumesMax: number) {
    this.#call = call;
    this.#next = next;
    this.#mode = mode;
    this.#clock = clock;
    this.#leg = first;
    this.#resumesLeft = resumesMax;
    this.#relay = new Relay(first, this);
  }

  begin(): Reply {
    this.#follow(this.#leg);
    return this.#relay;
  }

  #follow(leg: WatchedReply): void {
    leg.onOutcome((outcome) => {
      if (outcome.kind === 'abandoned' && this.#leg === leg) this.#relay.cancel();
    });
    leg.flow(this);
    if (this.#taker !== undefined) leg.through(this.#taker);
  }

  flowing(taker: Sink): void {
    this.#taker = taker;
    this.#leg.through(taker);
  }

  part(bytes: Uint8Array): void {
    this.#relay.part(bytes);
  }

  end(outcome: Outcome): void {
    if (outcome.kind !== 'failed') this.#relay.end(outcome);
    else this.#broke(outcome.failure);
  }

  #broke(failure: Failure): void {
    const said = this.#isResumable(failure) ? this.#leg.transcript.said(this.#mode) : undefined;
    if (said === undefined || !isComparable(said)) {
      this.#relay.end({ kind: 'failed', failure });
      return;
    }
    // probe: a broken stream is asked for its rest
    this.#resumesLeft -= 1;
    const { target } = this.#leg;
    note(
      this.#call.story,
      `${target} broke off after ${said.outputEvents} parts (${failure.code}): asking for the rest`,
    );
    this.#isAsking = true;
    this.#next(variantOf(this.#call, { said })).then(
      (leg) => this.#resumed(leg, failure),
      // The first cause is the one to tell: what befell the rescue is in the story.
      () => {
        this.#isAsking = false;
        this.#relay.end({ kind: 'failed', failure });
      },
    );
  }

  #isResumable(failure: Failure): boolean {
    if (this.#resumesLeft === 0 || this.#isCancelled || this.#call.isLeft) return false;
    if (this.#call.deadlineMs <= this.#clock.now()) return false;
    return CATALOGUE[failure.code].retry.ours !== 'never';
  }

  #resumed(leg: Reply, failure: Failure): void {
    this.#isAsking = false;
    if (this.#isCancelled || !(leg instanceof WatchedReply)) {
      leg.cancel();
      this.#relay.end({ kind: 'failed', failure });
      return;
    }
    // probe: a broken stream goes on from another target
    this.#leg = leg;
    // A comment, which readers of event streams skip: whoever looks at the wire sees where the answer changed hands.
    this.#relay.give(Buffer.from(`: resumed by ${leg.target.replaceAll(/[^\w.:-]/g, '_')}\n\n`));
    if (this.#isPaused) leg.pause();
    this.#follow(leg);
  }

  pause(): void {
    this.#isPaused = true;
    this.#leg.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#leg.resume();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#leg.cancel();
    // Whoever is asked for the rest is no leg yet, and would go on.
    if (this.#isAsking) stopWork(this.#call);
  }
}

/** A new answer can be laid over what was said, as far as the caller's mode allows. */
function isComparable(said: Said): boolean {
  if ((said.kinds & NOT_COMPARABLE) !== 0) return false;
  // Half a train of thought cannot be met again word by word: only who asks for best effort gets another answer after it.
  return said.mode === 'best-effort' || !said.isReasoningOpen;
}
