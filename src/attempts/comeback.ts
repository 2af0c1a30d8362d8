import type { Call } from '../call/call.ts';
import { callerOf } from '../call/caller.ts';
import type { Clock } from '../world/world.ts';
import { BUDGET_FLOOR_PER_S, BUDGET_SHARE } from './budget.ts';
import { OUTAGE_WAIT_MS } from './decide.ts';
import { Window } from './window.ts';

/** What those are given who were held up by an outage, in the usual calls of their pool: it comes on top of the calls that come anew, and is no herd. */
export const COMEBACK_SHARE = 0.25;
/** After an outage short enough to be waited out, half as much again is no herd either: it is made up for in twice its time. */
export const COMEBACK_SHORT_SHARE = 0.5;
/** … within what further tries are allowed in any ten seconds (P4), or what is given after a long one, if that is more. */
const WINDOW_MS = 10_000;
/** The window's last slot is a part; of twenty it is a small one. */
const SLOTS = 20;
/** Who is let go late, since nothing happened when he was due, makes nobody behind him later, up to so much. */
const LATE_MS = 100;
/** At least so long; then as long as it holds somebody back, to let nobody go at once who was held back. */
export const COMEBACK_MS = 10_000;
const HOLDING_MS = 1_000;
/** But not for ever: who comes faster than ever before is no herd after a minute. */
const COMEBACK_MS_MAX = 60_000;
/** So long between two of them at most, or the wait for a free target would end first; a hundred replicas make 33 a second of it. */
const GAP_MS_MAX = 3_000;
/** So long nobody answered, and so many attempts failed or stayed silent meanwhile: an outage, and no pause between two calls. */
const OUTAGE_MS = 1_000;
const OUTAGE_FAILURES = 5;
/** Of different calls: one that kills whoever it is sent to is no outage, however often it is tried. */
const OUTAGE_CALLS = 2;
/** In the place of a caller's name: no credential or address is such. */
const MANY = Symbol('many');

/**
 * Notices when a pool comes back that answered nobody, and then says how fast those may be let go who were held up by it: waiting calls,
 * retries and hedges would else all come in the first second. Calls that come anew are no herd, and what they take is only counted. Costs a
 * comparison an attempt while all is well.
 */
export class Comeback {
  readonly #offeredPerS: () => number;
  readonly #serving: () => readonly string[];
  /** The first failure since anybody answered. */
  #failedMs = 0;
  #failures = 0;
  /** Of which calls, a few; and of all targets, whose calls they failed: one caller's, or more than one's. */
  readonly #calls = new Set<string>();
  readonly #targets = new Map<string, string | typeof MANY>();
  #caller = '';
  #areCallersMany = false;
  #sinceMs = Number.POSITIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  /** When the next of them is due, and those that were let go. */
  #dueMs = 0;
  #isShort = false;
  readonly #let = new Window(SLOTS + 1, WINDOW_MS / SLOTS);

  /** `offeredPerS`: calls that came for the pool, of late. `serving`: names of the targets that calls go to now. */
  constructor(offeredPerS: () => number, serving: () => readonly string[]) {
    this.#offeredPerS = offeredPerS;
    this.#serving = serving;
  }

  started(call: Call, nowMs: number): void {
    if (nowMs >= this.#untilMs || call.startMs >= this.#sinceMs) return;
    this.#dueMs = Math.max(this.#dueMs, nowMs - LATE_MS) + this.#gapMs();
    if (this.#isShort) this.#let.add(nowMs);
  }

  answered(nowMs: number, call: Call): void {
    if (this.#failures === 0) return;
    // Only one caller's calls failed, and another's is answered at once: it was his poison, and nobody was held up.
    const isPoison = !this.#areCallersMany && this.#caller !== callerOf(call);
    if (!isPoison && this.isOut(nowMs)) {
      this.#sinceMs = nowMs;
      this.#untilMs = nowMs + COMEBACK_MS;
      this.#lastMs = nowMs + COMEBACK_MS_MAX;
      this.#isShort = nowMs - this.#failedMs <= OUTAGE_WAIT_MS;
      this.#dueMs = nowMs + this.#gapMs();
    }
    this.#failures = 0;
    this.#calls.clear();
    this.#targets.clear();
    this.#areCallersMany = false;
  }

  failed(target: string, call: Call, nowMs: number): void {
    const { id } = call;
    const name = callerOf(call);
    if (this.#failures === 0) {
      this.#failedMs = nowMs;
      this.#caller = name;
    }
    this.#failures += 1;
    if (this.#caller !== name) this.#areCallersMany = true;
    const known = this.#targets.get(target);
    if (known === undefined) this.#targets.set(target, name);
    else if (known !== name) this.#targets.set(target, MANY);
    if (this.#calls.size < OUTAGE_CALLS) this.#calls.add(id);
  }

  /** True while the pool is coming back. Asks for the time only after an outage. */
  isOn(clock: Clock): boolean {
    return this.#untilMs !== Number.NEGATIVE_INFINITY && clock.now() < this.#untilMs;
  }

  /** True while one more of those who were held up would be too many for now. */
  isFull(nowMs: number): boolean {
    if (nowMs >= this.#untilMs) return false;
    if (this.#dueMs <= nowMs && (!this.#isShort || this.#let.sum(nowMs) < this.#letMax())) return false;
    this.#hold(nowMs);
    return true;
  }

  /** True for a call that began before the pool came back, while it is coming back: it waited, or failed, with all the others. */
  isHeldUp(call: Call, clock: Clock): boolean {
    return this.isOn(clock) && call.startMs < this.#sinceMs;
  }

  #hold(nowMs: number): void {
    this.#untilMs = Math.min(this.#lastMs, Math.max(this.#untilMs, nowMs + HOLDING_MS));
  }

  /**
   * True while nobody answers: every target that is asked at all was, for some time, and not one try went well. One caller's calls are no
   * proof against a target as soon as another's fail too: they may kill whoever they are sent to, as poison prompts do.
   */
  isOut(nowMs: number): boolean {
    if (this.#failures < OUTAGE_FAILURES || nowMs - this.#failedMs < OUTAGE_MS) return false;
    return this.#calls.size >= OUTAGE_CALLS && this.#serving().every((target) => this.#isProven(target));
  }

  /** The same, seen by more than one caller: it is nobody's own doing. */
  isOutForMany(nowMs: number): boolean {
    return this.#areCallersMany && this.isOut(nowMs);
  }

  #isProven(target: string): boolean {
    const whose = this.#targets.get(target);
    return whose !== undefined && (whose === MANY || !this.#areCallersMany);
  }

  #gapMs(): number {
    return Math.min(GAP_MS_MAX, 1000 / (this.#offeredPerS() * (this.#isShort ? COMEBACK_SHORT_SHARE : COMEBACK_SHARE)));
  }

  /** What may be let go in any ten seconds after a short outage. */
  #letMax(): number {
    const perS = this.#offeredPerS();
    return (Math.max(perS * COMEBACK_SHARE, perS * BUDGET_SHARE + BUDGET_FLOOR_PER_S) * WINDOW_MS) / 1000;
  }
}
