import { type Json, numberOf, parsed, stringOf, within } from '../json.ts';
import type { LegScript, LegStart } from './leg.ts';

/** Anthropic Messages: the message begins once, and blocks are numbered through. */
export function messagesLeg(start: LegStart): LegScript {
  return new MessagesLeg(start);
}

class MessagesLeg implements LegScript {
  readonly isNamed = true;
  readonly #start: LegStart;
  /** The first reply's text block that is still open; undefined when it was between blocks. */
  #openBlock: number | undefined;
  #nextBlock: number;
  /** Where the second reply's blocks stand in the caller's message. */
  readonly #places = new Map<number, number>();
  /** How the second reply's blocks began, until the caller has seen it. */
  readonly #begun = new Map<number, Json>();

  constructor(start: LegStart) {
    this.#start = start;
    this.#nextBlock = 0;
    for (const data of start.said.structure) {
      const event = parsed(data) ?? {};
      const index = numberOf(event, 'index') ?? 0;
      if (event['type'] === 'content_block_start') {
        this.#nextBlock = index + 1;
        this.#openBlock = within(event, 'content_block')['type'] === 'text' ? index : undefined;
      } else if (event['type'] === 'content_block_stop') this.#openBlock = undefined;
    }
  }

  textOf(event: Json): string {
    return stringOf(within(event, 'delta'), 'text') ?? '';
  }

  rewrite(event: Json, _kinds: number, text: string, isPast: boolean): readonly Json[] {
    const index = numberOf(event, 'index') ?? 0;
    switch (event['type']) {
      case 'message_start':
        return [];
      case 'content_block_start':
        this.#begun.set(index, event);
        // A block of another kind than text is shown at once, when it is new; a text block when its first new words come.
        return isPast && within(event, 'content_block')['type'] !== 'text' ? this.#placed(index, []) : [];
      case 'content_block_delta':
        return this.#delta(event, index, text, isPast);
      case 'content_block_stop':
        if (!isPast || (!this.#places.has(index) && !this.#isOpenText(index))) return [];
        return this.#placed(index, [event]);
      case 'message_delta':
        return [this.#withUsage(event)];
      default:
        return isPast ? [event] : [];
    }
  }

  #delta(event: Json, index: number, text: string, isPast: boolean): readonly Json[] {
    const delta = within(event, 'delta');
    if (delta['type'] === 'text_delta')
      return text === '' ? [] : this.#placed(index, [{ ...event, delta: { ...delta, text } }]);
    return isPast && this.#places.has(index) ? this.#placed(index, [event]) : [];
  }

  /** The block is the one in which the first reply broke off. */
  #isOpenText(index: number): boolean {
    return this.#openBlock !== undefined && this.#typeOf(index) === 'text';
  }

  #typeOf(index: number): unknown {
    return within(this.#begun.get(index) ?? {}, 'content_block')['type'];
  }

  /** The events under the index that the caller knows the block by, its beginning before them when it is new. */
  #placed(index: number, events: readonly Json[]): readonly Json[] {
    let place = this.#places.get(index);
    const before: Json[] = [];
    if (place === undefined && this.#isOpenText(index)) {
      place = this.#openBlock ?? 0;
      this.#openBlock = undefined;
    } else if (place === undefined) {
      // The first reply's open block ends where another one begins.
      if (this.#openBlock !== undefined) before.push({ type: 'content_block_stop', index: this.#openBlock });
      this.#openBlock = undefined;
      place = this.#nextBlock++;
      const begun = this.#begun.get(index);
      if (begun !== undefined) before.push({ ...begun, index: place });
    }
    this.#places.set(index, place);
    const at = place;
    return [...before, ...events.map((event) => ({ ...event, index: at }))];
  }

  /** `output_tokens` counts the whole message: what the first reply said belongs to it. */
  #withUsage(event: Json): Json {
    const usage = within(event, 'usage');
    const output = numberOf(usage, 'output_tokens');
    const before = this.#start.tokensBefore;
    if (before === 0 || output === undefined) return event;
    const input = numberOf(usage, 'input_tokens');
    const counted = input === undefined ? {} : { input_tokens: Math.max(0, input - before) };
    return { ...event, usage: { ...usage, ...counted, output_tokens: output + before } };
  }
}
