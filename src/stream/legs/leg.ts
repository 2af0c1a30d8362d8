import type { Said } from '../../call/said.ts';
import type { Json } from '../json.ts';

/**
 * Makes the events of a second reply read as the rest of the first: same ids, no second beginning, indexes that go on. One instance for
 * each resumed reply; it may remember what it met.
 */
export type LegScript = {
  /** The text that an event of kind `TEXT` adds. */
  textOf(event: Json): string;
  /**
   * The event as the caller may see it, with `text` in place of its own where it has some; undefined when the caller must not see it.
   * Called for every event in order. `isPast`: all that was said before has been met, so what comes is new.
   */
  rewrite(event: Json, kinds: number, text: string, isPast: boolean): readonly Json[];
  /** Events are named by their type. */
  readonly isNamed: boolean;
};

/** What a script needs to know of the first reply. */
export type LegStart = {
  readonly said: Said;
  /**
   * Tokens of the whole answer that the second reply's usage counts as prompt, since it went on from them; 0 when it is a whole new answer.
   * Falls as the second reply says some of them again.
   */
  tokensBefore: number;
};

/** One event as it is written. */
export function written(event: Json, isNamed: boolean): Uint8Array {
  const name = isNamed && typeof event['type'] === 'string' ? `event: ${event['type']}\n` : '';
  return Buffer.from(`${name}data: ${JSON.stringify(event)}\n\n`);
}
