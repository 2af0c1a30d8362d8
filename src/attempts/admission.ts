import type { Call } from '../call/call.ts';
import { callerOf } from '../call/caller.ts';
import { Failure } from '../call/failure.ts';
import type { Outcome } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Phase } from '../diagnosis/evidence.ts';
import type { Ask } from '../pipeline/service.ts';
import type { Chance, Clock } from '../world/world.ts';
import { Window } from './window.ts';

/** One wasted call for each accepted one is tolerated (SRE book, ch. 21): K = 2. */
export const ADMISSION_K = 2;
/** Never more than this part is refused, so that recovery is always found out (Envoy). */
export const REFUSED_SHARE_MAX = 0.8;
/** Below this rate nothing is refused: five calls a second hurt nobody (Finagle). */
export const ADMISSION_CALLS_PER_S_MIN = 5;
/**
 * Accepted in a row that end the throttling, at most: by chance, at the 50 % where it begins, 0.1 %. Where fewer are accepted a shorter row is as
 * unlikely, and after an outage of all one or two are enough. Without it a window of bad memories would outlast the fault.
 */
export const ACCEPTED_ROW = 10;
const ROW_CHANCE = 0.001;
/** A failure is old news when its attempt began so long before another that was accepted. */
const STALE_MS = 1_000;
/** Told to the refused: a refusal lasts no longer than it takes to see ten acceptances. */
export const ADMISSION_RETRY_AFTER_MS = 1_000;

/** 30 s, in tenths (Envoy; the book's two minutes forget too slowly for a gateway that must be itself again in 10 s). */
const WINDOW_MS = 30_000;
const SLOTS = 10;

/** Phases that come before a target hears anything; who is out of reach for good is for health to find out. */
const UNSENT: ReadonlySet<Phase> = new Set(['dns', 'connect', 'proxy-connect', 'tls']);

/**
 * Refuses part of the calls before they are sent, while a pool accepts less than half of those it is sent:
 * P = (sent − 2 × accepted) / (sent + 1). Accepted is whatever any of its targets took and dealt with, a caller's mistake too; further
 * tries of a call are no further calls, or four broken targets of five would hold back what the fifth can answer.
 */
export class Admission implements SeatHearer {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #all = newTally();
  /** Of the one caller with most failures, if one has most: they are no reason to hold back anybody else. */
  readonly #own = newTally();
  #suspect = '';
  /** Its failures more than all others' since it became that (Boyer and Moore's majority vote). */
  #lead = 0;
  #row = 0;
  /** When the youngest attempt began that was accepted. */
  #acceptedMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, chance }: { readonly clock: Clock; readonly chance: Chance }) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** Above the pick of a pool. @throws Failure `admission-refused`. */
  before(ask: Ask): Ask {
    return (call, taker) => {
      const share = this.refusedShare(callerOf(call));
      if (share === 0 || this.#chance.float() >= share) {
        ask(call, taker);
        return;
      }
      // Counted as sent, as the book does: refusing must not look like calm.
      this.#countSent(call, this.#clock.now());
      taker.failed(
        new Failure('admission-refused', {
          phase: 'queue',
          firstEvent: 'answer',
          note: `${Math.round(share * 100)} % of calls are held back`,
          retryAfterMs: ADMISSION_RETRY_AFTER_MS,
        }),
      );
    };
  }

  /** The part of this caller's calls that is refused now, 0…0.8. */
  refusedShare(caller: string): number {
    // Nearly always: the last ten were accepted.
    if (this.#row >= ACCEPTED_ROW) return 0;
    const nowMs = this.#clock.now();
    let sent = this.#all.sent.sum(nowMs);
    let accepted = this.#all.accepted.sum(nowMs);
    if (caller !== this.#suspect) {
      sent -= this.#own.sent.sum(nowMs);
      accepted -= this.#own.accepted.sum(nowMs);
    }
    if (sent < (ADMISSION_CALLS_PER_S_MIN * WINDOW_MS) / 1000) return 0;
    const share = (sent - ADMISSION_K * accepted) / (sent + 1);
    return Math.min(REFUSED_SHARE_MAX, Math.max(0, share));
  }

  spoke(_seat: Seat, call: Call, attempt: Attempt): void {
    const nowMs = attempt.firstPartMs ?? attempt.startMs;
    this.#send(call, attempt, nowMs);
    this.#accept(call, attempt, nowMs);
  }

  end(_seat: Seat, call: Call, attempt: Attempt, outcome: Outcome): void {
    // Who spoke was accepted already, however it went on; what we stopped ourselves says nothing.
    if (attempt.firstPartMs !== undefined || outcome.kind === 'abandoned') return;
    // A target that cannot take as many connections at once was sent nothing: a surge of new streams is no reason to refuse the next.
    if (outcome.kind === 'failed' && UNSENT.has(outcome.failure.evidence.phase)) return;
    // Sent long before one that was accepted: it tells how the pool was, as silence does that ends at last.
    if (attempt.startMs < this.#acceptedMs - STALE_MS) return;
    const endMs = attempt.endMs ?? attempt.startMs;
    const { blame } = outcome.kind === 'failed' ? CATALOGUE[outcome.failure.code] : { blame: 'nobody' };
    const isAccepted = blame === 'caller' || blame === 'nobody' || blame === 'gateway';
    if (!isAccepted) this.#suspectIn(callerOf(call));
    this.#send(call, attempt, endMs);
    if (isAccepted) this.#accept(call, attempt, endMs);
    else this.#row = 0;
  }

  #suspectIn(caller: string): void {
    this.#lead += caller === this.#suspect ? 1 : -1;
    if (this.#lead >= 0) return;
    this.#suspect = caller;
    this.#lead = 1;
    this.#own.sent.clear();
    this.#own.accepted.clear();
  }

  /** Counted when its fate is known: an answer that is long in coming is no refusal. Once a call. */
  #send(call: Call, attempt: Attempt, nowMs: number): void {
    for (const former of call.story.attempts) {
      if (former === attempt) break;
      if (former.pool === attempt.pool) return;
    }
    this.#countSent(call, nowMs);
  }

  #countSent(call: Call, nowMs: number): void {
    this.#all.sent.add(nowMs);
    if (callerOf(call) === this.#suspect) this.#own.sent.add(nowMs);
  }

  #accept(call: Call, { startMs }: Attempt, nowMs: number): void {
    this.#acceptedMs = Math.max(this.#acceptedMs, startMs);
    this.#all.accepted.add(nowMs);
    if (callerOf(call) === this.#suspect) this.#own.accepted.add(nowMs);
    this.#row += 1;
    if (this.#row > ACCEPTED_ROW || this.#row < this.#rowNeeded(nowMs)) return;
    this.#row = ACCEPTED_ROW;
    // Who led in the last trouble need not lead in the next.
    this.#lead = 0;
    // What failed is forgiven, or bad memories would outlast the fault; what went well is what the next trouble is weighed against.
    for (const { sent, accepted } of [this.#all, this.#own]) sent.copy(accepted);
  }

  /** By the share that was accepted before this row, of which one is taken for granted: none at all is no certainty. */
  #rowNeeded(nowMs: number): number {
    const sent = this.#all.sent.sum(nowMs) - this.#row;
    const accepted = Math.max(1, this.#all.accepted.sum(nowMs) - this.#row);
    return accepted * 2 >= sent ? ACCEPTED_ROW : Math.log(ROW_CHANCE) / Math.log(accepted / sent);
  }
}

type Tally = { readonly sent: Window; readonly accepted: Window };

function newTally(): Tally {
  return { sent: new Window(SLOTS, WINDOW_MS / SLOTS), accepted: new Window(SLOTS, WINDOW_MS / SLOTS) };
}
