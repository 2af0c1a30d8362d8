/** For tests: answers of a form that half of them would break, tool calls and JSON by a schema, in each dialect that has them. */
import type { Dialect } from '../call/call.ts';
import type { Answer, Speaker } from '../drill/answers/answer.ts';
import { answerTo, readAsk } from '../drill/answers/route.ts';
import { assemblyFor } from './assembly.ts';
import { isJson, type Json, listOf, parsed, stringOf, within } from './json.ts';
import type { StreamingDialect } from './played-voices.testing.ts';

export type Form = {
  readonly name: string;
  readonly dialect: StreamingDialect;
  readonly path: string;
  readonly request: Json;
};

const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    days: { type: 'array', items: { type: 'number' } },
    note: { type: 'string' },
  },
  required: ['city', 'days', 'note'],
};
const messages = [{ role: 'user', content: 'hi' }];
const more = { model: 'm', stream: true, temperature: 0 };

export const FORMS: readonly Form[] = [
  {
    name: 'chat, a tool call',
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    request: {
      ...more,
      messages,
      tools: [{ type: 'function', function: { name: 'f', parameters: SCHEMA } }],
      tool_choice: 'required',
    },
  },
  {
    name: 'chat, JSON by a schema',
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    request: {
      ...more,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: SCHEMA } },
    },
  },
  {
    name: 'responses, a tool call',
    dialect: 'openai-responses',
    path: '/v1/responses',
    request: {
      ...more,
      input: 'hi',
      tools: [{ type: 'function', name: 'f', parameters: SCHEMA }],
      tool_choice: 'required',
    },
  },
  {
    name: 'responses, JSON by a schema',
    dialect: 'openai-responses',
    path: '/v1/responses',
    request: { ...more, input: 'hi', text: { format: { type: 'json_schema', name: 's', schema: SCHEMA } } },
  },
  {
    name: 'messages, a tool call',
    dialect: 'anthropic-messages',
    path: '/v1/messages',
    request: {
      ...more,
      messages,
      max_tokens: 1000,
      tools: [{ name: 'f', input_schema: SCHEMA }],
      tool_choice: { type: 'any' },
    },
  },
];

/** The whole answer to the form as it is streamed; `name` is that of the service, whose ids differ. */
export function streamOf({ path, request, dialect }: Form, name: string): string {
  let ids = 0;
  const speaker: Speaker = {
    name,
    voice: 'one',
    models: ['m'],
    prefill: 'continue',
    id() {
      ids += 1;
      return `${name}${ids}`.padEnd(32, '0');
    },
    wallMs: () => 1_700_000_000_000,
  };
  const fields = dialect === 'anthropic-messages' ? ['anthropic-version', '2023-06-01'] : [];
  const answer: Answer = answerTo(readAsk('POST', path, fields, Buffer.from(JSON.stringify(request))), speaker);
  if (answer.kind !== 'stream') throw new Error(`${path}: no stream`);
  return answer.events.map(({ text }) => text).join('');
}

/** What a program takes out of an answer that came to a good end: the arguments of the tool call, or the JSON text. */
export function valueIn(stream: string, dialect: Dialect): unknown {
  const assembly = assemblyFor(dialect);
  for (const block of stream.split('\n\n')) {
    const line = block.split('\n').find((each) => each.startsWith('data: {'));
    const event = line === undefined ? undefined : parsed(line.slice('data: '.length));
    if (event !== undefined) assembly?.add(event);
  }
  const answer = assembly?.answer() ?? {};
  const [choice, block, item] = [
    listOf(answer, 'choices')[0],
    listOf(answer, 'content')[0],
    listOf(answer, 'output')[0],
  ];
  if (block !== undefined) return block['input'];
  if (item !== undefined)
    return JSON.parse(stringOf(item, 'arguments') ?? stringOf(listOf(item, 'content')[0] ?? {}, 'text') ?? '');
  const message = within(choice ?? {}, 'message');
  const [tool] = listOf(message, 'tool_calls');
  return JSON.parse((tool && stringOf(within(tool, 'function'), 'arguments')) ?? stringOf(message, 'content') ?? '');
}

/** True when a reader would take the answer for finished. */
export function isDeclaredWhole(stream: string): boolean {
  return /\[DONE\]|"finish_reason":"|"stop_reason":"|message_stop|response\.completed/.test(stream);
}

/** An error told in the stream, in any of the dialects. */
export function hasError(stream: string): boolean {
  return stream.split('\n').some((line) => {
    const event = line.startsWith('data: {') ? parsed(line.slice('data: '.length)) : undefined;
    return event !== undefined && (isJson(event['error']) || event['type'] === 'error');
  });
}
