import type { Call } from '../call/call.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';

/**
 * What failures of a pool have in common: since when nobody speaks, and which calls failed at one target at the same time. Costs one
 * comparison an attempt while all is well.
 */
export class Outage {
  /** When anybody last spoke, and when the first failure came after that. Nobody ever spoke, until somebody does. */
  #spokeMs = Number.POSITIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  /** The last failure of each seat, by its index. */
  readonly #last: ({ readonly id: string; readonly attempt: Attempt } | undefined)[] = [];

  spoke(nowMs: number): void {
    this.#spokeMs = nowMs;
  }

  /** `heardMs`: when the target was last heard. Two calls that fail at it while both are under way, unheard between: it is the doing of neither. */
  failed(index: number, { id, startMs }: Call, attempt: Attempt, heardMs: number): void {
    const { code, endMs = attempt.startMs } = attempt;
    if (code === undefined || !IS_TROUBLE.has(CATALOGUE[code].blame)) return;
    if (this.#failedMs <= this.#spokeMs) this.#failedMs = endMs;
    const former = this.#last[index];
    const formerMs = former?.attempt.endMs ?? Number.NEGATIVE_INFINITY;
    if (former !== undefined && former.id !== id && formerMs >= startMs && formerMs >= heardMs) {
      // probe: calls fail together, and none of them is the poison
      former.attempt.isShared = true;
      attempt.isShared = true;
    }
    this.#last[index] = { id, attempt };
  }

  /** For how long everybody has failed and nobody spoke, 0 or more; infinite when nobody ever spoke: there is nothing to wait for. */
  ms(nowMs: number): number {
    if (this.#spokeMs === Number.POSITIVE_INFINITY) return this.#spokeMs;
    return this.#failedMs <= this.#spokeMs ? 0 : nowMs - this.#failedMs;
  }
}

/** Who is to blame when it is neither the caller nor ourselves. */
const IS_TROUBLE: ReadonlySet<string> = new Set(['host', 'quota', 'capacity']);
