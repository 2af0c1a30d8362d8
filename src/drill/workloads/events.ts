import type { Seen } from './seen.ts';
import { first, member, type Tongue, textOf } from './wish.ts';

/** Follows the events of a streamed answer as any good SDK does, and writes down what they say. */
export class EventReader {
  readonly #seen: Seen;
  readonly #tongue: Tongue;
  #rest = '';
  /** What must stay the same through one answer, whoever finishes it. */
  #id: string | undefined;
  #sequence = -1;

  constructor(seen: Seen, tongue: Tongue) {
    this.#seen = seen;
    this.#tongue = tongue;
  }

  /** The next piece of the body. */
  follow(piece: string, nowMs: number): void {
    const events = (this.#rest + piece).split('\n\n');
    this.#rest = events.pop() ?? '';
    for (const event of events) {
      for (const line of event.split('\n')) {
        if (line.startsWith('data:')) this.#data(line.slice(5).trim(), nowMs);
        else if (line.startsWith('id:')) this.#seen.lastEventId = line.slice(3).trim();
      }
    }
  }

  #data(data: string, nowMs: number): void {
    const seen = this.#seen;
    if (seen.isDone) seen.malformed ??= 'an event after the last one';
    if (data === '[DONE]') {
      seen.isDone = true;
      return;
    }
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      seen.malformed ??= `an event that is no JSON: ${data.slice(0, 60)}`;
      return;
    }
    const error = member(event, 'error');
    if (error !== undefined) {
      seen.code ??= wordIn(event, 'goodgate_code') ?? wordIn(error, 'code') ?? 'unnamed';
      seen.safety ??= wordIn(event, 'message_safety');
      seen.said ??= data.slice(0, 500);
      return;
    }
    this.#said(event, nowMs);
  }

  #said(event: unknown, nowMs: number): void {
    switch (this.#tongue) {
      case 'chat': {
        const choice = first(event, 'choices');
        this.#same(wordIn(event, 'id'));
        this.#text(wordIn(member(choice, 'delta'), 'content'), nowMs);
        this.#finish(wordIn(choice, 'finish_reason'));
        return;
      }
      case 'completions': {
        const choice = first(event, 'choices');
        this.#same(wordIn(event, 'id'));
        this.#text(wordIn(choice, 'text'), nowMs);
        this.#finish(wordIn(choice, 'finish_reason'));
        return;
      }
      case 'messages':
        this.#messages(event, nowMs);
        return;
      case 'responses':
        this.#responses(event, nowMs);
        return;
    }
  }

  #messages(event: unknown, nowMs: number): void {
    switch (wordIn(event, 'type')) {
      case 'message_start':
        if (this.#id !== undefined) this.#seen.malformed ??= 'a second message_start';
        this.#same(wordIn(member(event, 'message'), 'id'));
        return;
      case 'content_block_delta':
        this.#text(wordIn(member(event, 'delta'), 'text'), nowMs);
        return;
      case 'message_delta':
        this.#finish(wordIn(member(event, 'delta'), 'stop_reason'));
        return;
      case 'message_stop':
        this.#seen.isDone = true;
    }
  }

  #responses(event: unknown, nowMs: number): void {
    const seen = this.#seen;
    const sequence = member(event, 'sequence_number');
    if (typeof sequence === 'number') {
      if (sequence <= this.#sequence) seen.malformed ??= `event ${sequence} after event ${this.#sequence}`;
      this.#sequence = sequence;
    }
    switch (wordIn(event, 'type')) {
      case 'response.created':
        this.#same(wordIn(member(event, 'response'), 'id'));
        return;
      case 'response.output_text.delta':
        this.#text(wordIn(event, 'delta'), nowMs);
        return;
      case 'response.completed':
      case 'response.incomplete': {
        const whole = member(event, 'response');
        this.#same(wordIn(whole, 'id'));
        // It says everything once more, and whoever finished the answer must say it all.
        const text = textOf('/v1/responses', JSON.stringify(whole));
        if (text !== seen.text) seen.malformed ??= 'a response.completed that is not the sum of its parts';
        this.#finish(wordIn(whole, 'status'));
        seen.isDone = true;
      }
    }
  }

  /** One envelope, whoever speaks. */
  #same(id: string | undefined): void {
    if (id === undefined) return;
    if (this.#id !== undefined && this.#id !== id) this.#seen.malformed ??= `a second id: ${id} after ${this.#id}`;
    this.#id = id;
  }

  #text(text: string | undefined, nowMs: number): void {
    const seen = this.#seen;
    if (text === undefined || text === '') return;
    seen.firstPartMs ??= nowMs;
    if (seen.finish !== undefined) seen.malformed ??= 'text after the finish reason';
    seen.text += text;
  }

  #finish(reason: string | undefined): void {
    this.#seen.finish ??= reason;
  }
}

/** A member that is a text. */
export function wordIn(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}
