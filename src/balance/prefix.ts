import type { Call } from '../call/call.ts';
import type { Seat } from '../call/seat.ts';
import type { Clock } from '../world/world.ts';
import { hashText, mix, rendezvous } from './hash.ts';
import type { Picker } from './picker.ts';

/**
 * Bytes of the conversation that decide. Providers cache prompts from about 1,024 tokens (4 KB) on; a quarter of that already tells one
 * system prompt from another, and a conversation that grows keeps its beginning.
 */
export const PREFIX_BYTES = 1024;

/** How far into the body the conversation is looked for: clients write a few short settings before it at most. */
export const SEARCH_BYTES_MAX = 2048;

/** Where conversations begin, in the dialects we speak. */
const BEGINNINGS = ['"messages"', '"system"', '"input"', '"instructions"', '"prompt"'].map((text) =>
  new TextEncoder().encode(text),
);

/**
 * Calls whose prompts begin alike to the same target, so that its prompt cache is warm. A conversation begins the same in every turn;
 * under uneven load keys overflow as in `ip-hash`. A call without a body goes by its caller.
 */
export function prefix({ clock, seats }: { readonly clock: Clock; readonly seats: readonly Seat[] }): Picker {
  const names: number[] = [];
  for (const seat of seats) names[seat.index] = hashText(seat.target.name);
  return {
    pick: (candidates, call) =>
      candidates.length <= 1 ? candidates[0] : rendezvous(candidates, names, prefixKey(call), clock),
  };
}

/** One number for the beginning of a prompt, model included: the same words to another model are in another cache. */
export function prefixKey(call: Call): number {
  const model = call.model === undefined ? 0 : hashText(call.model);
  const { body } = call;
  if (body === undefined || body.length === 0) return mix(model ^ hashText(call.caller.ip));
  const from = beginning(body);
  const to = Math.min(body.length, from + PREFIX_BYTES);
  let hash = 0x811c9dc5 ^ model;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (body[i] as number), 0x01000193);
  return mix(hash);
}

/** Where the first of the known members begins; the start of the body when there is none. */
function beginning(body: Uint8Array): number {
  const end = Math.min(body.length, SEARCH_BYTES_MAX);
  for (let i = 0; i < end; i++) {
    if (body[i] !== 0x22) continue;
    for (const word of BEGINNINGS) if (isAt(body, i, word)) return i;
  }
  return 0;
}

function isAt(body: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 1; i < word.length; i++) if (body[at + i] !== word[i]) return false;
  return true;
}
