import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import type { Clock } from '../world/world.ts';

/** How long a target's word is believed that it has no such model, or takes no calls so large; both change within minutes. */
export const ABSENT_MS = 60_000;
/** Models remembered as absent from one pool; names come from callers. */
export const ABSENT_MAX = 256;

/** The size from which on a target refuses calls. */
type Ceiling = { readonly bytes: number; readonly untilMs: number };

/**
 * Remembers which target of a pool said that it has no such model, or that a call is too large for it. That is no failure of the target, so
 * nothing rests; but while another one can serve such calls, asking there first would cost every second of them a further try.
 */
export class Absences implements SeatHearer {
  readonly #clock: Clock;
  /** Until when, by model and then by the index of the seat. */
  readonly #byModel = new Map<string, Map<number, number>>();
  /** By the index of the seat. */
  readonly #ceilings = new Map<number, Ceiling>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The candidates that can serve the call, as far as is known; all of them when none can. The same list while nothing is known. */
  present(candidates: readonly Seat[], call: Call): readonly Seat[] {
    if ((this.#byModel.size === 0 && this.#ceilings.size === 0) || candidates.length <= 1) return candidates;
    const absent = this.#byModel.get(call.model ?? '');
    const nowMs = this.#clock.now();
    const present = candidates.filter(
      ({ index }) => (absent?.get(index) ?? 0) <= nowMs && !isAbove(call, this.#ceilings.get(index), nowMs),
    );
    return present.length > 0 && present.length < candidates.length ? present : candidates;
  }

  spoke(seat: Seat, call: Call): void {
    if (this.#ceilings.size > 0 && isAbove(call, this.#ceilings.get(seat.index), this.#clock.now()))
      this.#ceilings.delete(seat.index);
    if (this.#byModel.size === 0) return;
    const absent = this.#byModel.get(call.model ?? '');
    if (absent?.delete(seat.index) === true && absent.size === 0) this.#byModel.delete(call.model ?? '');
  }

  end(seat: Seat, call: Call, _attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind !== 'failed') return;
    const { code, evidence } = outcome.failure;
    if (code === 'model-not-found' && call.model !== undefined) this.#lacks(seat, call.model);
    // Fields that are too many (431) tell nothing of how large a body may be.
    if (code === 'request-too-large' && evidence.answer?.status === 413) this.#refuses(seat, sizeOf(call));
  }

  #lacks(seat: Seat, model: string): void {
    const absent = this.#byModel.get(model) ?? new Map<number, number>();
    absent.set(seat.index, this.#clock.now() + ABSENT_MS);
    this.#byModel.delete(model);
    this.#byModel.set(model, absent);
    for (const oldest of this.#byModel.keys()) {
      if (this.#byModel.size <= ABSENT_MAX) break;
      this.#byModel.delete(oldest);
    }
  }

  #refuses(seat: Seat, bytes: number): void {
    const nowMs = this.#clock.now();
    const known = this.#ceilings.get(seat.index);
    const least = known === undefined || known.untilMs <= nowMs ? bytes : Math.min(known.bytes, bytes);
    this.#ceilings.set(seat.index, { bytes: least, untilMs: nowMs + ABSENT_MS });
  }
}

function sizeOf({ body }: Call): number {
  return body?.length ?? 0;
}

function isAbove(call: Call, ceiling: Ceiling | undefined, nowMs: number): boolean {
  return ceiling !== undefined && nowMs < ceiling.untilMs && sizeOf(call) >= ceiling.bytes;
}
