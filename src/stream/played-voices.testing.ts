/** For tests: models that stream one and the same text in each dialect, and a strict reader for each. */
import assert from 'node:assert/strict';
import type { Dialect } from '../call/call.ts';
import { type Json, listOf, numberOf, parsed, stringOf, within } from './json.ts';

export type StreamingDialect = Extract<
  Dialect,
  'openai-chat' | 'openai-completions' | 'openai-responses' | 'anthropic-messages'
>;

export const STREAMING: readonly StreamingDialect[] = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
];

/** What a model makes of a trailing assistant message. */
export type PrefillManner = 'continue' | 'restart' | 'refuse';

const chunk = (value: Json): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: Json): string => `event: ${String(value['type'])}\n${chunk(value)}`;

/** The events of an answer of these words, by a model of this name. */
export function voice(
  dialect: StreamingDialect,
  words: readonly string[],
  id: string,
  model: string,
  prompt: number,
): string[] {
  const usage = { prompt_tokens: prompt, completion_tokens: words.length, total_tokens: prompt + words.length };
  const base = { id, created: id.length, model };
  switch (dialect) {
    case 'openai-chat': {
      const of = (delta: Json, finish: string | null = null) =>
        chunk({
          ...base,
          object: 'chat.completion.chunk',
          choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
          usage: null,
        });
      return [
        of({ role: 'assistant', content: '' }),
        ...words.map((content) => of({ content })),
        of({}, 'stop'),
        chunk({ ...base, choices: [], usage }),
        'data: [DONE]\n\n',
      ];
    }
    case 'openai-completions': {
      const of = (text: string, finish: string | null = null) =>
        chunk({ ...base, choices: [{ index: 0, text, finish_reason: finish }] });
      return [
        ...words.map((word) => of(word)),
        of('', 'stop'),
        chunk({ ...base, choices: [], usage }),
        'data: [DONE]\n\n',
      ];
    }
    case 'anthropic-messages':
      return [
        named({
          type: 'message_start',
          message: { id, model, role: 'assistant', content: [], usage: { input_tokens: prompt, output_tokens: 1 } },
        }),
        named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
        named({ type: 'ping' }),
        ...words.map((text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
        named({ type: 'content_block_stop', index: 0 }),
        named({
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: words.length },
        }),
        named({ type: 'message_stop' }),
      ];
    case 'openai-responses':
      return responsesVoice(words, id, model, prompt);
  }
}

function responsesVoice(words: readonly string[], id: string, model: string, prompt: number): string[] {
  const text = words.join('');
  const part = { type: 'output_text', text, annotations: [] };
  const item = { id: `msg_${id}`, type: 'message', role: 'assistant' };
  const at = { item_id: item.id, output_index: 1, content_index: 0 };
  const thought = { id: `rs_${id}`, type: 'reasoning', summary: [] };
  const response = { id, created_at: id.length, model, status: 'in_progress', output: [], error: null, usage: null };
  const done = { ...item, status: 'completed', content: [part] };
  const usage = { input_tokens: prompt, output_tokens: words.length, total_tokens: prompt + words.length };
  return [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
    { type: 'response.output_item.added', output_index: 0, item: thought },
    { type: 'response.output_item.done', output_index: 0, item: thought },
    { type: 'response.output_item.added', output_index: 1, item: { ...item, content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 1, item: done },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [thought, done], usage } },
  ].map((event, sequence_number) => named({ ...event, sequence_number }));
}

/** How the prompt of every Completions call begins. */
export const PROMPT = 'Say: ';

/** An answer to this request: the words that are left after what the request holds of them already; undefined when it is refused. */
export function answerTo(
  dialect: StreamingDialect,
  body: Uint8Array | undefined,
  words: readonly string[],
  manner: PrefillManner,
  id: string,
  model: string,
): string[] | undefined {
  const request = parsed(body ?? '') ?? {};
  const last = listOf(request, 'messages').at(-1);
  const isPrompted = dialect === 'openai-completions';
  const given = isPrompted
    ? String(request['prompt']).slice(PROMPT.length)
    : last?.['role'] === 'assistant'
      ? String(last['content'])
      : '';
  if (given !== '' && manner === 'refuse' && !isPrompted) return undefined;
  const left = given !== '' && (manner === 'continue' || isPrompted) ? wordsAfter(words, given) : words;
  return voice(dialect, left, id, model, 10 + (words.length - left.length));
}

/** A model knows text, not our words: what is half said goes on in the middle of one. */
function wordsAfter(words: readonly string[], given: string): readonly string[] {
  const whole = words.join('');
  assert.ok(whole.startsWith(given), `a model was given words it never said: ${given.slice(-20)}`);
  let at = 0;
  const left: string[] = [];
  for (const word of words) {
    if (at + word.length > given.length) left.push(word.slice(Math.max(0, given.length - at)));
    at += word.length;
  }
  return left;
}

/** What a careful client reads out of a stream. Throws where one would break. */
export type Reading = {
  text: string;
  finish: string | undefined;
  id: unknown;
  model: unknown;
  usage: Json;
  isEnded: boolean;
};

export function read(dialect: StreamingDialect, stream: string): Reading {
  const reading: Reading = { text: '', finish: undefined, id: undefined, model: undefined, usage: {}, isEnded: false };
  let beginnings = 0;
  for (const block of stream.split('\n\n')) {
    const line = block.split('\n').find((each) => each.startsWith('data: '));
    if (line === undefined) continue;
    assert.equal(reading.isEnded, false, 'something came after the end');
    const data = line.slice(6);
    if (data === '[DONE]') {
      reading.isEnded = true;
      continue;
    }
    const event: Json = JSON.parse(data);
    beginnings += isBeginning(event) ? 1 : 0;
    if (dialect === 'openai-responses') readResponses(event, reading);
    else if (dialect === 'anthropic-messages') readMessages(event, reading);
    else readChunk(event, reading);
  }
  assert.ok(beginnings <= 1, 'it began twice');
  return reading;
}

function isBeginning(event: Json): boolean {
  const delta = within(listOf(event, 'choices')[0] ?? {}, 'delta');
  return event['type'] === 'message_start' || event['type'] === 'response.created' || 'role' in delta;
}

function readChunk(event: Json, reading: Reading): void {
  reading.id ??= event['id'];
  assert.equal(event['id'], reading.id);
  reading.model = event['model'];
  const [choice = {}] = listOf(event, 'choices');
  reading.text += stringOf(choice, 'text') ?? stringOf(within(choice, 'delta'), 'content') ?? '';
  const finish = stringOf(choice, 'finish_reason');
  if (finish !== undefined) {
    assert.equal(reading.finish, undefined, 'it finished twice');
    reading.finish = finish;
  }
  if (Object.keys(within(event, 'usage')).length > 0) reading.usage = within(event, 'usage');
}

const openBlocks = new WeakMap<Reading, Set<number>>();

function readMessages(event: Json, reading: Reading): void {
  const open = openBlocks.get(reading) ?? new Set<number>();
  openBlocks.set(reading, open);
  const index = numberOf(event, 'index') ?? 0;
  switch (event['type']) {
    case 'message_start':
      reading.id = within(event, 'message')['id'];
      reading.model = within(event, 'message')['model'];
      return;
    case 'content_block_start':
      assert.ok(!open.has(index));
      open.add(index);
      return;
    case 'content_block_delta':
      assert.ok(open.has(index), 'a delta outside its block');
      reading.text += stringOf(within(event, 'delta'), 'text') ?? '';
      return;
    case 'content_block_stop':
      assert.ok(open.delete(index), 'a block ended that was not open');
      return;
    case 'message_delta':
      assert.equal(open.size, 0, 'the message ended inside a block');
      reading.finish = stringOf(within(event, 'delta'), 'stop_reason');
      reading.usage = within(event, 'usage');
      return;
    case 'message_stop':
      reading.isEnded = true;
  }
}

function readResponses(event: Json, reading: Reading): void {
  const { type } = event;
  if (type === 'response.created') reading.id = within(event, 'response')['id'];
  if (type === 'response.output_text.delta') {
    reading.text += stringOf(event, 'delta') ?? '';
    assert.equal(event['item_id'], `msg_${String(reading.id)}`);
    assert.equal(event['output_index'], 1);
  }
  if (type === 'response.output_text.done') assert.equal(event['text'], reading.text);
  if (type !== 'response.completed') return;
  const response = within(event, 'response');
  assert.equal(response['id'], reading.id);
  const message = listOf(response, 'output').filter((item) => item['type'] === 'message');
  assert.equal(message.length, 1);
  assert.equal(listOf(response, 'output').length, 2);
  assert.equal(listOf(message[0] ?? {}, 'content')[0]?.['text'], reading.text);
  assert.equal(message[0]?.['id'], `msg_${String(reading.id)}`);
  reading.finish = stringOf(response, 'status');
  reading.model = response['model'];
  reading.usage = within(response, 'usage');
  reading.isEnded = true;
}
