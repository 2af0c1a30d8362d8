import { type Json, listOf, numberOf, parsed, stringOf, within } from '../json.ts';
import type { LegScript, LegStart } from './leg.ts';

/** An item of the caller's response. */
type Place = { readonly id: unknown; readonly index: number };

/** OpenAI Responses: one response, items numbered through, and the full text told again when it is done. */
export function responsesLeg(start: LegStart): LegScript {
  return new ResponsesLeg(start);
}

class ResponsesLeg implements LegScript {
  readonly isNamed = true;
  readonly #response: Json;
  /** Items that the first reply finished, as they will stand in the final output. */
  readonly #done: Json[] = [];
  /** The first reply's message, begun and not done. */
  #open: Place | undefined;
  #hasOpenPart = false;
  /** The first reply had finished its message: the second one's is met and never shown. */
  #isMessageDone = false;
  #nextIndex = 0;
  #sequence: number;
  #text: string;
  /** Where the second reply's items stand, by its own index. */
  readonly #places = new Map<number, Place>();
  /** Items of the second reply that the caller sees, finished. */
  readonly #own: Json[] = [];

  constructor({ said }: LegStart) {
    const events = said.structure.map((data) => parsed(data) ?? {});
    const [opening = {}] = events;
    this.#response = within(opening, 'response');
    this.#sequence = (numberOf(opening, 'sequence_number') ?? 0) + said.events;
    this.#text = said.text;
    for (const event of events) {
      const item = within(event, 'item');
      const index = numberOf(event, 'output_index') ?? 0;
      if (event['type'] === 'response.output_item.added') {
        this.#nextIndex = index + 1;
        this.#open = item['type'] === 'message' ? { id: item['id'], index } : undefined;
        this.#hasOpenPart = false;
      } else if (event['type'] === 'response.content_part.added') this.#hasOpenPart = true;
      else if (event['type'] === 'response.output_item.done') {
        this.#done.push(item);
        if (item['type'] === 'message') this.#isMessageDone = true;
        if (this.#open?.index === index) this.#open = undefined;
      }
    }
  }

  textOf(event: Json): string {
    return stringOf(event, 'delta') ?? '';
  }

  rewrite(event: Json, _kinds: number, text: string, isPast: boolean): readonly Json[] {
    switch (event['type']) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return [];
      case 'response.output_item.added':
        return this.#added(event, isPast);
      case 'response.completed':
      case 'response.incomplete':
        return [this.#numbered({ ...event, response: this.#final(within(event, 'response')) })];
      case 'response.output_text.delta':
        if (text === '') return [];
        this.#text += text;
        return this.#placed({ ...event, delta: text });
      case 'response.content_part.added':
        if (this.#hasOpenPart && this.#isResumed(event)) return [];
        return this.#placed(event);
      case 'response.output_text.done':
        return isPast ? this.#placed({ ...event, text: this.#text }) : [];
      case 'response.content_part.done':
        return isPast ? this.#placed({ ...event, part: { ...within(event, 'part'), text: this.#text } }) : [];
      case 'response.output_item.done':
        return isPast ? this.#itemDone(event) : [];
      default:
        return isPast ? this.#placed(event) : [];
    }
  }

  #added(event: Json, isPast: boolean): readonly Json[] {
    const index = numberOf(event, 'output_index') ?? 0;
    const item = within(event, 'item');
    if (item['type'] === 'message' && this.#open !== undefined) {
      this.#places.set(index, this.#open);
      return [];
    }
    if (item['type'] === 'message' && this.#isMessageDone) {
      this.#isMessageDone = false;
      return [];
    }
    // A second train of thought is not shown after the first; whatever else begins before the text is met again has no place yet.
    if (item['type'] === 'reasoning' || (!isPast && item['type'] !== 'message')) return [];
    this.#places.set(index, { id: item['id'], index: this.#nextIndex++ });
    return this.#placed(event);
  }

  #isResumed(event: Json): boolean {
    return this.#open !== undefined && this.#places.get(numberOf(event, 'output_index') ?? 0) === this.#open;
  }

  #itemDone(event: Json): readonly Json[] {
    const index = numberOf(event, 'output_index') ?? 0;
    const place = this.#places.get(index);
    if (place === undefined) return [];
    const item = within(event, 'item');
    const whole = {
      ...item,
      id: place.id,
      ...(item['type'] === 'message' ? { content: this.#wholeContent(item) } : {}),
    };
    this.#own.push(whole);
    return this.#placed({ ...event, item: whole });
  }

  #wholeContent(item: Json): Json[] {
    return listOf(item, 'content').map((part) =>
      part['type'] === 'output_text' ? { ...part, text: this.#text } : part,
    );
  }

  /** The response as the caller knows it, with everything that was said; the model is the one that finished it. */
  #final(response: Json): Json {
    const { id, created_at } = this.#response;
    return {
      ...response,
      ...(id === undefined ? {} : { id }),
      ...(created_at === undefined ? {} : { created_at }),
      output: [...this.#done, ...this.#own],
    };
  }

  /** The event under the item that the caller knows; nothing when it belongs to an item that is not shown. */
  #placed(event: Json): readonly Json[] {
    const index = numberOf(event, 'output_index');
    if (index === undefined) return [this.#numbered(event)];
    const place = this.#places.get(index);
    if (place === undefined) return [];
    const named = 'item_id' in event ? { item_id: place.id } : {};
    return [this.#numbered({ ...event, ...named, output_index: place.index })];
  }

  #numbered(event: Json): Json {
    return 'sequence_number' in event ? { ...event, sequence_number: this.#sequence++ } : event;
  }
}
