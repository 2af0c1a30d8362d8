import type { Dialect } from '../call/call.ts';
import type { Said } from '../call/said.ts';
import type { Ability } from './abilities.ts';
import { NOT_CONTINUABLE, REASONING, TEXT } from './dialects/kinds.ts';
import { isJson, type Json, listOf, numberOf, parsed, stringOf, within } from './json.ts';

/** A request that goes on from `base`, which is how what was said begins; the rest of it must come again. */
export type Continued = { readonly body: Uint8Array; readonly base: string };

/** Characters a token stands for, at least: for what of a token limit is used up by words that must come again. */
const CHARS_PER_TOKEN = 4;

/** So little is soon said again, and too short to see by it that a target began anew instead of going on. */
export const BASE_CHARS_MIN = 24;

/** The request asks for a form that a continuation could break: then only a whole new answer may be compared. */
export function isFormBound(request: Json): boolean {
  const form =
    stringOf(within(request, 'response_format'), 'type') ?? stringOf(within(within(request, 'text'), 'format'), 'type');
  if (form !== undefined && form !== 'text') return true;
  return (
    hasItems(request, 'tools') || hasItems(request, 'functions') || 'guided_json' in request || 'grammar' in request
  );
}

/** The request asks for the answer that every run gives: a target that serves the same model gives it again. */
export function isRepeatable(request: Json): boolean {
  return request['temperature'] === 0 || request['top_k'] === 1 || numberOf(request, 'seed') !== undefined;
}

/** Penalties for what the answer said before (OpenAI, vLLM, SGLang, llama.cpp), with the value that is none. */
const PENALTIES: Readonly<Record<string, number>> = {
  frequency_penalty: 0,
  presence_penalty: 0,
  repetition_penalty: 1,
  repeat_penalty: 1,
  dry_multiplier: 0,
  no_repeat_ngram_size: 0,
};

/** Words given as the beginning are no longer counted as said: a continuation is chosen under other odds. */
function isPenalised(request: Json): boolean {
  return Object.entries(PENALTIES).some(([key, none]) => (numberOf(request, key) ?? none) !== none);
}

function hasItems(request: Json, key: string): boolean {
  const list = request[key];
  return Array.isArray(list) && list.length > 0;
}

/**
 * The request with the partial answer in it, for a target that goes on from one; undefined where it must not or cannot be (design §5:
 * never inside tool calls, structured output, several choices, log-probs or reasoning). At temperature 0 it goes on from the last whole
 * word, since the tokens of half a word differ from those of the whole; white space at the end is never sent (Anthropic refuses it).
 */
export function continued(
  dialect: Dialect,
  body: Uint8Array | undefined,
  said: Said,
  ability: Ability,
): Continued | undefined {
  const isPlainText =
    (said.kinds & NOT_CONTINUABLE) === 0 && (said.kinds & REASONING) === 0 && (said.kinds & TEXT) !== 0;
  const request = body === undefined || !isPlainText ? undefined : parsed(body);
  if (request === undefined || isFormBound(request)) return undefined;
  if (said.mode === 'exact' && isPenalised(request)) return undefined;
  if ((numberOf(request, 'n') ?? 1) !== 1 || (numberOf(request, 'best_of') ?? 1) !== 1) return undefined;
  if (request['logprobs'] !== undefined && request['logprobs'] !== null && request['logprobs'] !== false)
    return undefined;
  const base = baseOf(said.text, request);
  if (base.length < BASE_CHARS_MIN) return undefined;
  const shorter = withTokensLeft(
    request,
    said.outputEvents - Math.ceil((said.text.length - base.length) / CHARS_PER_TOKEN),
  );
  const changed =
    shorter &&
    (dialect === 'openai-completions' ? withPrompt(shorter, base) : withTurn(dialect, shorter, base, ability));
  return changed && { body: Buffer.from(JSON.stringify(changed)), base };
}

function baseOf(text: string, request: Json): string {
  const whole = request['temperature'] === 0 ? text.slice(0, text.search(/\S*$/)) : text;
  return whole.trimEnd();
}

/** What was said counts against the limit of the answer; undefined when nothing is left of it. */
function withTokensLeft(request: Json, used: number): Json | undefined {
  const changed = { ...request };
  for (const key of ['max_tokens', 'max_completion_tokens']) {
    const limit = numberOf(request, key);
    if (limit === undefined) continue;
    if (limit <= used) return undefined;
    changed[key] = limit - Math.max(0, used);
  }
  return changed;
}

function withPrompt(request: Json, base: string): Json | undefined {
  const { prompt } = request;
  const [only] = Array.isArray(prompt) && prompt.length === 1 ? prompt : [prompt];
  if (typeof only !== 'string' || request['echo'] === true || typeof request['suffix'] === 'string') return undefined;
  return { ...request, prompt: only + base };
}

function withTurn(dialect: Dialect, request: Json, base: string, ability: Ability): Json | undefined {
  if (ability === 'none' || dialect === 'openai-responses') return undefined;
  if (dialect === 'anthropic-messages' && stringOf(within(request, 'thinking'), 'type') === 'enabled') return undefined;
  const messages = listOf(request, 'messages');
  const last = messages.at(-1);
  if (last === undefined) return undefined;
  const turn: Json = { role: 'assistant', content: base };
  if (last['role'] === 'assistant') {
    // The caller prefilled the answer itself: ours goes on from there.
    if (typeof last['content'] !== 'string') return undefined;
    turn['content'] = last['content'] + base;
    messages.pop();
  }
  if (ability === 'prefix') turn['prefix'] = true;
  const flags = ability === 'flags' ? { continue_final_message: true, add_generation_prompt: false } : {};
  return {
    ...request,
    messages: [...messages, isJson(last) && last['role'] === 'assistant' ? { ...last, ...turn } : turn],
    ...flags,
  };
}
