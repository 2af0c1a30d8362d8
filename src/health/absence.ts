import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import type { Clock } from '../world/world.ts';

/** How long a target's word that it has no such model is believed; models are deployed and withdrawn within minutes. */
export const ABSENT_MS = 60_000;
/** Models remembered as absent from one pool; names come from callers. */
export const ABSENT_MAX = 256;

/**
 * Remembers which target of a pool said that it has no such model. That is no failure of the target, so nothing rests; but while another one
 * has the model, asking there first would cost every second call a further try.
 */
export class Absences implements SeatHearer {
  readonly #clock: Clock;
  /** Until when, by model and then by the index of the seat. */
  readonly #byModel = new Map<string, Map<number, number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The candidates that have the call's model, as far as is known; all of them when none has. The same list while nothing is absent. */
  present(candidates: readonly Seat[], call: Call): readonly Seat[] {
    if (this.#byModel.size === 0 || candidates.length <= 1) return candidates;
    const absent = this.#byModel.get(call.model ?? '');
    if (absent === undefined) return candidates;
    const nowMs = this.#clock.now();
    const present = candidates.filter((seat) => (absent.get(seat.index) ?? 0) <= nowMs);
    return present.length > 0 ? present : candidates;
  }

  start(): void {}

  spoke(seat: Seat, call: Call): void {
    if (this.#byModel.size === 0) return;
    const absent = this.#byModel.get(call.model ?? '');
    if (absent?.delete(seat.index) === true && absent.size === 0) this.#byModel.delete(call.model ?? '');
  }

  end(seat: Seat, call: Call, _attempt: Attempt, outcome: Outcome): void {
    if (outcome.kind !== 'failed' || outcome.failure.code !== 'model-not-found' || call.model === undefined) return;
    const absent = this.#byModel.get(call.model) ?? new Map<number, number>();
    absent.set(seat.index, this.#clock.now() + ABSENT_MS);
    this.#byModel.delete(call.model);
    this.#byModel.set(call.model, absent);
    for (const oldest of this.#byModel.keys()) {
      if (this.#byModel.size <= ABSENT_MAX) break;
      this.#byModel.delete(oldest);
    }
  }
}
