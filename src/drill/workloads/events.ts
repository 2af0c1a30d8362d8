import type { Seen } from './seen.ts';

/** Follows the events of a streamed answer as any good SDK does, and writes down what they say. */
export class EventReader {
  readonly #seen: Seen;
  #rest = '';

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  /** The next piece of the body. */
  follow(piece: string, nowMs: number): void {
    const events = (this.#rest + piece).split('\n\n');
    this.#rest = events.pop() ?? '';
    for (const event of events) {
      for (const line of event.split('\n')) if (line.startsWith('data:')) this.#data(line.slice(5).trim(), nowMs);
    }
  }

  #data(data: string, nowMs: number): void {
    const seen = this.#seen;
    if (seen.isDone) seen.malformed ??= 'an event after [DONE]';
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
    const error: unknown = Reflect.get(Object(event), 'error');
    if (error !== undefined) {
      seen.code ??= String(Reflect.get(Object(event), 'goodgate_code') ?? 'unnamed');
      seen.safety ??= wordIn(event, 'message_safety');
      seen.said ??= data.slice(0, 500);
      return;
    }
    const choices: unknown = Reflect.get(Object(event), 'choices');
    for (const choice of Array.isArray(choices) ? choices : []) this.#choice(choice, nowMs);
  }

  #choice(choice: unknown, nowMs: number): void {
    const seen = this.#seen;
    const delta: unknown = Reflect.get(Object(choice), 'delta');
    const content = wordIn(delta, 'content');
    if (content !== undefined && content !== '') {
      seen.firstPartMs ??= nowMs;
      if (seen.finish !== undefined) seen.malformed ??= 'text after the finish reason';
      seen.text += content;
    }
    seen.finish ??= wordIn(choice, 'finish_reason');
  }
}

/** A member that is a text. */
export function wordIn(value: unknown, name: string): string | undefined {
  const found: unknown = Reflect.get(Object(value), name);
  return typeof found === 'string' ? found : undefined;
}
