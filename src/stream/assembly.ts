import type { Dialect } from '../call/call.ts';
import { isJson, type Json, listOf, numberOf, parsedAsWritten, stringOf, within } from './json.ts';

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

/** What an event says of itself; in one without choices these may be empty (Azure's filters). */
const IDENTITY: ReadonlySet<string> = new Set(['id', 'object', 'created', 'model', 'system_fingerprint']);

/** Chat Completions and Completions. */
class ChunkAssembly implements Assembly {
  readonly #object: string;
  #envelope: Json | undefined;
  /** Members of the answer that stood in another event than its first choice: filter results, timings. */
  readonly #more: Json = {};
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
    else for (const [key, value] of Object.entries(envelope)) if (!IDENTITY.has(key)) this.#more[key] = value;
    if (isJson(usage)) this.#usage = usage;
    for (const choice of choices) this.#choice(choice);
  }

  // Members in the order of the first event, which is that of the service's plain answers, whichever that is.
  #choice(choice: Json): void {
    const index = numberOf(choice, 'index') ?? 0;
    const whole: Json = this.#choices.get(index) ?? {};
    this.#choices.set(index, whole);
    for (const [key, value] of Object.entries({ ...choice, index })) {
      const before = whole[key];
      if (key === 'delta') whole['message'] = mergeInto(within(whole, 'message'), isJson(value) ? value : {});
      else if (key === 'text') whole[key] = (stringOf(whole, key) ?? '') + (stringOf(choice, key) ?? '');
      else if (key === 'logprobs' && isJson(before) && isJson(value)) mergeInto(before, value);
      else if (value !== null || before === undefined) whole[key] = value;
    }
  }

  answer(): Json | undefined {
    if (this.#envelope === undefined) return undefined;
    const choices = [...this.#choices.values()].sort((a, b) => Number(a['index']) - Number(b['index']));
    for (const choice of choices) finishMessage(choice);
    const answer: Json = { ...this.#envelope, object: this.#object, choices };
    if (this.#usage !== undefined) answer['usage'] = this.#usage;
    return { ...answer, ...this.#more, ...answer };
  }
}

/** Said whole each time it is said, unlike the texts, which come in pieces. */
const NAMES: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name']);

/** Adds one more piece to what is known: texts and lists grow, objects member by member, and nothing known is unsaid by a null. */
function mergeInto(known: Json, piece: Json): Json {
  for (const [key, value] of Object.entries(piece)) {
    const before = known[key];
    if (key === 'tool_calls') known[key] = mergedTools(before, value);
    else if (before === undefined || before === null) known[key] = value;
    else if (value === null || (NAMES.has(key) && value === '')) continue;
    else if (typeof value === 'string' && typeof before === 'string' && !NAMES.has(key)) known[key] = before + value;
    // In place: lists of log-probs are as long as the answer.
    else if (Array.isArray(value) && Array.isArray(before)) for (const each of value) before.push(each);
    else known[key] = isJson(value) && isJson(before) ? mergeInto(before, value) : value;
  }
  return known;
}

/** Tool calls come in pieces, each saying which call it belongs to. */
function mergedTools(known: unknown, pieces: unknown): unknown {
  if (!Array.isArray(pieces)) return known ?? pieces;
  const calls: Json[] = Array.isArray(known) ? known : [];
  for (const piece of pieces.filter(isJson)) {
    const { index: _, ...rest } = piece;
    const at = Math.min(numberOf(piece, 'index') ?? calls.length, TOOLS_MAX);
    calls[at] = mergeInto(calls[at] ?? {}, rest);
  }
  return calls;
}

/** Ten times what services allow in parallel: an index from outside must not decide how long a list becomes. */
const TOOLS_MAX = 1_280;

/** What plain messages say and deltas leave out: no content beside tool calls is null, and who names a refusal names annotations. */
function finishMessage(choice: Json): void {
  const { message } = choice;
  if (!isJson(message)) return;
  // A service that counts its calls from elsewhere than 0 leaves gaps.
  if (Array.isArray(message['tool_calls'])) message['tool_calls'] = message['tool_calls'].filter(isJson);
  if (message['tool_calls'] !== undefined && (message['content'] === '' || message['content'] === undefined))
    message['content'] = null;
  if ('refusal' in message && !('annotations' in message)) message['annotations'] = [];
}

/** Members of `message_delta` that are not the message's own. */
const DELTA_OWN: ReadonlySet<string> = new Set(['type', 'delta', 'usage']);

/** Anthropic Messages. */
class MessageAssembly implements Assembly {
  #message: Json | undefined;
  readonly #blocks = new Map<number, Json>();
  readonly #inputs = new Map<number, string>();

  add(event: Json): void {
    const index = numberOf(event, 'index') ?? 0;
    switch (event['type']) {
      case 'message_start':
        this.#message = { ...within(event, 'message') };
        return;
      case 'content_block_start':
        this.#blocks.set(index, { ...within(event, 'content_block') });
        return;
      case 'content_block_delta':
        this.#delta(index, within(event, 'delta'));
        return;
      case 'message_delta':
        if (this.#message === undefined) return;
        Object.assign(this.#message, within(event, 'delta'));
        this.#message['usage'] = { ...within(this.#message, 'usage'), ...within(event, 'usage') };
        for (const [key, value] of Object.entries(event)) if (!DELTA_OWN.has(key)) this.#message[key] = value;
    }
  }

  #delta(index: number, delta: Json): void {
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    if (delta['type'] === 'input_json_delta') {
      this.#inputs.set(index, (this.#inputs.get(index) ?? '') + (stringOf(delta, 'partial_json') ?? ''));
    } else if (delta['type'] === 'citations_delta') {
      block['citations'] = [...listOf(block, 'citations'), delta['citation']];
    } else {
      // Text, thinking, signature, and whatever other text a block is given in pieces.
      for (const [key, piece] of Object.entries(delta)) {
        if (key !== 'type' && typeof piece === 'string') block[key] = (stringOf(block, key) ?? '') + piece;
      }
    }
  }

  answer(): Json | undefined {
    if (this.#message === undefined) return undefined;
    for (const [index, input] of this.#inputs) {
      const block = this.#blocks.get(index);
      // Watch lets no stream end well inside a block: the input is whole JSON, or the service's own mistake.
      if (block !== undefined && input !== '') block['input'] = parsedAsWritten(input);
    }
    return { ...this.#message, content: [...this.#blocks].sort(([a], [b]) => a - b).map(([, block]) => block) };
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
