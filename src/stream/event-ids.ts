import type { Outcome, Reply, Sink } from '../call/reply.ts';
import { Relay } from '../call/settle.ts';
import type { Journal } from './journal.ts';
import { isJson, numberOf } from './json.ts';
import { SseReader } from './sse.ts';

/** A place between two events: how many came before it, and where it is. */
export type EventPlace = { readonly events: number; readonly byte: number };

export const START: EventPlace = { events: 0, byte: 0 };

/** The first place, in the order of the events, of which `isThere` says so; undefined when no event that was kept is. */
function placeAfter(journal: Journal, isThere: (events: number, reader: SseReader) => boolean): EventPlace | undefined {
  const reader = new SseReader();
  let events = 0;
  let byte = 0;
  let found: EventPlace | undefined;
  journal.read(
    0,
    () => found === undefined,
    (bytes) => {
      reader.feed(bytes);
      while (found === undefined && reader.next()) {
        byte += reader.end - reader.start;
        if (reader.kind !== 'event' || reader.dataLines === 0) continue;
        events += 1;
        if (isThere(events, reader)) found = { events, byte };
      }
    },
  );
  return found;
}

/** The place after the `count`th event, counted from 1 as a client counts those it was given; undefined when so many never came. */
export function placeAfterEvents(journal: Journal, count: number): EventPlace | undefined {
  if (count === 0) return { events: 0, byte: 0 };
  return placeAfter(journal, (events) => events === count);
}

/** After the events that the caller has, counted by its `Last-Event-ID`: none is the beginning, undefined what is no count of ours. */
export function placeAfterLast(journal: Journal, lastEventId: string | undefined): EventPlace | undefined {
  if (lastEventId === undefined || lastEventId === '') return START;
  return /^\d{1,9}$/.test(lastEventId) ? placeAfterEvents(journal, Number(lastEventId)) : undefined;
}

/** The place after the event with this `sequence_number` (OpenAI Responses' `starting_after`). */
export function placeAfterSequence(journal: Journal, sequence: number): EventPlace | undefined {
  return placeAfter(journal, (_, reader) => {
    const data = jsonOf(reader.data());
    return isJson(data) && numberOf(data, 'sequence_number') === sequence;
  });
}

/** The id that a Responses stream names in its first event; undefined when it is no such stream. */
export function responseIdOf(journal: Journal): string | undefined {
  let id: string | undefined;
  placeAfter(journal, (_, reader) => {
    const data = jsonOf(reader.data());
    const response = isJson(data) ? data['response'] : undefined;
    if (isJson(response) && typeof response['id'] === 'string') id = response['id'];
    return true;
  });
  return id;
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString());
  } catch {
    // `[DONE]` and its likes.
    return undefined;
  }
}

/** The reply with an `id:` line in each event, counted on from `before`, so that whoever loses it can say where (WHATWG HTML §9.2.4). */
export function numbered(reply: Reply, before: number): Reply {
  const relay = new Relay({ status: reply.status, fields: reply.fields, length: -1, target: reply.target }, reply);
  reply.onOutcome((outcome) => {
    if (outcome.kind === 'abandoned') relay.cancel();
  });
  // Nothing flows before it is asked for: the journal keeps it.
  return new Numbering(reply, relay, before);
}

class Numbering implements Reply, Sink {
  readonly #reply: Reply;
  readonly #relay: Relay;
  readonly #reader = new SseReader();
  #events: number;

  constructor(reply: Reply, relay: Relay, before: number) {
    this.#reply = reply;
    this.#relay = relay;
    this.#events = before;
  }

  get status(): number {
    return this.#relay.status;
  }

  get fields(): string[] {
    return this.#relay.fields;
  }

  get length(): number {
    return -1;
  }

  get target(): string {
    return this.#relay.target;
  }

  flow(sink: Sink): void {
    this.#relay.flow(sink);
    this.#reply.flow(this);
  }

  pause(): void {
    this.#relay.pause();
  }

  resume(): void {
    this.#relay.resume();
  }

  cancel(): void {
    this.#relay.cancel();
  }

  onOutcome(observe: (outcome: Outcome) => void): void {
    this.#relay.onOutcome(observe);
  }

  part(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.feed(bytes);
    const out: Uint8Array[] = [];
    while (reader.next()) {
      const { source, start, end } = reader;
      if (reader.kind === 'event' && reader.dataLines > 0) {
        this.#events += 1;
        // A line feed that belongs to the carriage return before it must stay with it.
        const from = source[start] === 0x0a ? start + 1 : start;
        out.push(source.slice(start, from), Buffer.from(`id: ${this.#events}\n`), source.slice(from, end));
      } else out.push(source.slice(start, end));
    }
    if (out.length > 0) this.#relay.give(Buffer.concat(out));
  }

  end(outcome: Outcome): void {
    this.#relay.end(outcome);
  }
}
