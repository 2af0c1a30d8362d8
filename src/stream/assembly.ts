import type { Dialect } from '../call/call.ts';
import { isJson, type Json, listOf, numberOf, stringOf, within } from './json.ts';

/** Puts the events of one stream together to the plain answer that the target would have given. Pure; events in order. */
export type Assembly = {
  add(event: Json): void;
  /** The answer; undefined while it has none of its parts. */
  answer(): Json | undefined;
};

/** An assembly for a dialect that streams; undefined for others. */
export function assemblyFor(dialect: Dialect): Assembly | undefined {
  switch (dialect) {
    case 'openai-chat':
      return new ChunkAssembly('chat.completion');
    case 'openai-completions':
      return new ChunkAssembly('text_completion');
    case 'anthropic-messages':
      return new MessageAssembly();
    case 'openai-responses':
      return new ResponseAssembly();
    default:
      return undefined;
  }
}

/** Chat Completions and Completions. */
class ChunkAssembly implements Assembly {
  readonly #object: string;
  #envelope: Json | undefined;
  #usage: unknown;
  readonly #choices = new Map<number, Json>();

  constructor(object: string) {
    this.#object = object;
  }

  add(event: Json): void {
    const { choices: _, usage, obfuscation: __, ...envelope } = event;
    const choices = listOf(event, 'choices');
    // Filters may speak before the answer does: the envelope is that of the first choice.
    if (this.#envelope === undefined && choices.length > 0) this.#envelope = envelope;
    if (isJson(usage)) this.#usage = usage;
    for (const choice of choices) this.#choice(choice);
  }

  #choice(choice: Json): void {
    const index = numberOf(choice, 'index') ?? 0;
    const { delta, ...rest } = choice;
    const known = this.#choices.get(index);
    const whole = known ?? { index, ...(this.#object === 'chat.completion' ? { message: {} } : { text: '' }) };
    if (known === undefined) this.#choices.set(index, whole);
    for (const [key, value] of Object.entries(rest)) {
      if (key === 'text') whole['text'] = `${stringOf(whole, 'text') ?? ''}${String(value ?? '')}`;
      else if (key === 'logprobs') whole[key] = joinedLists(whole[key], value);
      else if (value !== null || !(key in whole)) whole[key] = value;
    }
    if (isJson(delta)) mergeDelta(within(whole, 'message'), delta);
  }

  answer(): Json | undefined {
    if (this.#envelope === undefined) return undefined;
    const choices = [...this.#choices.values()].sort((a, b) => Number(a['index']) - Number(b['index']));
    for (const choice of choices) finishMessage(choice);
    const answer: Json = { ...this.#envelope, object: this.#object, choices };
    if (this.#usage !== undefined) answer['usage'] = this.#usage;
    return answer;
  }
}

function mergeDelta(message: Json, delta: Json): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'tool_calls') message[key] = mergedTools(message[key], value);
    else if (typeof value === 'string' && key !== 'role') message[key] = `${stringOf(message, key) ?? ''}${value}`;
    else if (isJson(value)) message[key] = { ...within(message, key), ...joinedStrings(within(message, key), value) };
    else if (value !== null || !(key in message)) message[key] = value;
  }
}

function joinedStrings(known: Json, delta: Json): Json {
  const joined: Json = {};
  for (const [key, value] of Object.entries(delta)) {
    const before = known[key];
    const isPiece =
      typeof value === 'string' && typeof before === 'string' && key !== 'id' && key !== 'type' && key !== 'name';
    joined[key] = isPiece ? before + value : value;
  }
  return joined;
}

/** Tool calls come in pieces, each saying which call it belongs to. */
function mergedTools(known: unknown, pieces: unknown): Json[] {
  const calls: Json[] = Array.isArray(known) ? known.filter(isJson) : [];
  for (const piece of Array.isArray(pieces) ? pieces.filter(isJson) : []) {
    const { index: _, function: __, ...rest } = piece;
    const at = numberOf(piece, 'index') ?? calls.length;
    const before = calls[at] ?? {};
    const called = {
      ...within(before, 'function'),
      ...joinedStrings(within(before, 'function'), within(piece, 'function')),
    };
    calls[at] = { ...before, ...rest, function: called };
  }
  return calls.filter(isJson);
}

function joinedLists(known: unknown, more: unknown): unknown {
  if (!isJson(more)) return known ?? more;
  if (!isJson(known)) return more;
  const joined: Json = { ...known };
  for (const [key, value] of Object.entries(more)) {
    const before = joined[key];
    joined[key] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  return joined;
}

/** What plain messages say and deltas leave out: no content beside tool calls is null, and who names a refusal names annotations. */
function finishMessage(choice: Json): void {
  const { message } = choice;
  if (!isJson(message)) return;
  if (message['tool_calls'] !== undefined && (message['content'] === '' || message['content'] === undefined))
    message['content'] = null;
  if ('refusal' in message && !('annotations' in message)) message['annotations'] = [];
  // Members in the order in which plain answers have them.
  const { finish_reason, ...rest } = choice;
  for (const key of Object.keys(choice)) delete choice[key];
  Object.assign(choice, rest, { finish_reason });
}

/** Anthropic Messages. */
class MessageAssembly implements Assembly {
  #message: Json | undefined;
  readonly #blocks: Json[] = [];
  readonly #inputs = new Map<number, string>();

  add(event: Json): void {
    const index = numberOf(event, 'index') ?? 0;
    switch (event['type']) {
      case 'message_start':
        this.#message = { ...within(event, 'message') };
        return;
      case 'content_block_start':
        this.#blocks[index] = { ...within(event, 'content_block') };
        return;
      case 'content_block_delta':
        this.#delta(index, within(event, 'delta'));
        return;
      case 'message_delta':
        if (this.#message === undefined) return;
        Object.assign(this.#message, within(event, 'delta'));
        this.#message['usage'] = { ...within(this.#message, 'usage'), ...within(event, 'usage') };
    }
  }

  #delta(index: number, delta: Json): void {
    const block = this.#blocks[index];
    if (block === undefined) return;
    if (delta['type'] === 'input_json_delta') {
      this.#inputs.set(index, (this.#inputs.get(index) ?? '') + (stringOf(delta, 'partial_json') ?? ''));
    } else if (delta['type'] === 'citations_delta') {
      block['citations'] = [...listOf(block, 'citations'), delta['citation']];
    } else {
      for (const key of ['text', 'thinking', 'signature']) {
        const piece = stringOf(delta, key);
        if (piece !== undefined) block[key] = (stringOf(block, key) ?? '') + piece;
      }
    }
  }

  answer(): Json | undefined {
    if (this.#message === undefined) return undefined;
    for (const [index, input] of this.#inputs) {
      const block = this.#blocks[index];
      // Watch lets no stream end well inside a block: the input is whole JSON, or the service's own mistake.
      if (block !== undefined && input !== '') block['input'] = JSON.parse(input);
    }
    return { ...this.#message, content: this.#blocks.filter(isJson) };
  }
}

/** OpenAI Responses: the last event holds the whole answer. */
class ResponseAssembly implements Assembly {
  #response: Json | undefined;

  add(event: Json): void {
    if (event['type'] === 'response.completed' || event['type'] === 'response.incomplete')
      this.#response = within(event, 'response');
  }

  answer(): Json | undefined {
    return this.#response;
  }
}
