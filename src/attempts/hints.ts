import { fieldOf } from '../call/fields.ts';

/** Within what a caller may ask for something of its own. */
export type HintBounds = {
  /** A shorter deadline than this could not reach any target. */
  readonly deadlineMsMin: number;
  /** The route's own deadline: a caller may shorten it, not stretch it. */
  readonly deadlineMsMax: number;
  readonly priorityMin: number;
  readonly priorityMax: number;
};

/** 100 ms: one round trip around the world. Priorities: three steps either way are plenty, and who may rise is the operator's to say. */
export const HINT_BOUNDS: HintBounds = { deadlineMsMin: 100, deadlineMsMax: 600_000, priorityMin: -3, priorityMax: 0 };

/** Longest idempotency key taken (Stripe's bound); a longer one is not a key. */
export const IDEMPOTENCY_KEY_MAX = 255;

/** What a caller asked for, within bounds; `notes` say for the story what was clamped or not understood. */
export type Hints = {
  readonly deadlineMs: number;
  readonly priority: number;
  readonly idempotencyKey: string | undefined;
  readonly notes: string[];
};

/**
 * Reads `goodgate-deadline-ms` (from now on), `goodgate-priority` (larger is first, 0 ordinary) and `idempotency-key` (draft-ietf-httpapi).
 * Total: what is out of bounds is clamped, what cannot be read is as if not sent, and both are said.
 */
export function readHints(fields: readonly string[], bounds: HintBounds = HINT_BOUNDS): Hints {
  const notes: string[] = [];
  return {
    deadlineMs: numberOf(
      fields,
      'goodgate-deadline-ms',
      bounds.deadlineMsMax,
      bounds.deadlineMsMin,
      bounds.deadlineMsMax,
      notes,
    ),
    priority: numberOf(fields, 'goodgate-priority', 0, bounds.priorityMin, bounds.priorityMax, notes),
    idempotencyKey: keyOf(fields, notes),
    notes,
  };
}

function numberOf(
  fields: readonly string[],
  name: string,
  unsaid: number,
  min: number,
  max: number,
  notes: string[],
): number {
  const text = fieldOf(fields, name)?.trim();
  if (text === undefined) return unsaid;
  if (!/^-?\d{1,12}$/.test(text)) {
    notes.push(`${name} was not a whole number and is ignored`);
    return unsaid;
  }
  const asked = Number(text);
  const given = Math.min(max, Math.max(min, asked));
  if (given !== asked) notes.push(`${name} of ${asked} is out of bounds and taken as ${given}`);
  return given;
}

/** Visible ASCII (an sf-string's quotes are part of it as sent): it travels on in a header field. */
function keyOf(fields: readonly string[], notes: string[]): string | undefined {
  const text = fieldOf(fields, 'idempotency-key')?.trim();
  if (text === undefined) return undefined;
  if (text.length <= IDEMPOTENCY_KEY_MAX && /^[\x21-\x7e]+$/.test(text)) return text;
  notes.push('idempotency-key was empty, too long or not plain text and is ignored');
  return undefined;
}
