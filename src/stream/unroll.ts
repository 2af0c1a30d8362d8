import type { Dialect } from '../call/call.ts';
import { type Json, listOf, parsed, within } from './json.ts';

/**
 * A whole plain answer told as a stream, for targets that answer plainly though a stream was asked for: a caller that reads events would
 * take their JSON for an empty answer. undefined when it is no answer of the dialect.
 */
export function unrolled(dialect: Dialect, body: Uint8Array): Uint8Array | undefined {
  const answer = parsed(body);
  const events = answer && eventsOf(dialect, answer);
  return events && Buffer.from(events.map((event) => written(event, dialect)).join(''));
}

const DONE = '[DONE]';

function written(event: Json | typeof DONE, dialect: Dialect): string {
  if (event === DONE) return 'data: [DONE]\n\n';
  const isNamed = dialect === 'anthropic-messages' || dialect === 'openai-responses';
  return `${isNamed ? `event: ${String(event['type'])}\n` : ''}data: ${JSON.stringify(event)}\n\n`;
}

function eventsOf(dialect: Dialect, answer: Json): (Json | typeof DONE)[] | undefined {
  switch (dialect) {
    case 'openai-chat':
      return chunks(answer, 'chat.completion.chunk', ({ index, message, finish_reason, ...rest }) => [
        { index, delta: numberedTools(within({ message }, 'message')), ...rest, finish_reason: null },
        { index, delta: {}, ...rest, logprobs: null, finish_reason },
      ]);
    case 'openai-completions':
      return chunks(answer, 'text_completion', (choice) => [choice]);
    case 'anthropic-messages':
      return Array.isArray(answer['content']) ? messageEvents(answer) : undefined;
    case 'openai-responses':
      return Array.isArray(answer['output']) ? responseEvents(answer) : undefined;
    default:
      return undefined;
  }
}

function chunks(answer: Json, object: string, told: (choice: Json) => Json[]): (Json | typeof DONE)[] | undefined {
  const { usage, choices: _, ...envelope } = answer;
  const choices = listOf(answer, 'choices').flatMap(told);
  if (choices.length === 0) return undefined;
  const events: Json[] = choices.map((choice) => ({ ...envelope, object, choices: [choice] }));
  const last = events.at(-1);
  if (last !== undefined && usage !== undefined) last['usage'] = usage;
  return [...events, DONE];
}

/** In a stream each tool call says which one it is. */
function numberedTools(message: Json): Json {
  if (!Array.isArray(message['tool_calls'])) return message;
  return { ...message, tool_calls: listOf(message, 'tool_calls').map((call, index) => ({ index, ...call })) };
}

function messageEvents(message: Json): Json[] {
  const { content: _, stop_reason, stop_sequence, usage, ...envelope } = message;
  const start = { ...envelope, content: [], stop_reason: null, stop_sequence: null, usage };
  const blocks = listOf(message, 'content').flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: emptied(block) },
    ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]);
  return [
    { type: 'message_start', message: start },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason, stop_sequence: stop_sequence ?? null }, usage: usage ?? {} },
    { type: 'message_stop' },
  ];
}

function emptied(block: Json): Json {
  if (block['type'] === 'text') return { ...block, text: '' };
  if (block['type'] === 'thinking') return { ...block, thinking: '', signature: '' };
  if (block['type'] === 'tool_use') return { ...block, input: {} };
  return block;
}

function deltasOf(block: Json): Json[] {
  if (block['type'] === 'text') return [{ type: 'text_delta', text: block['text'] }];
  if (block['type'] === 'tool_use')
    return [{ type: 'input_json_delta', partial_json: JSON.stringify(block['input'] ?? {}) }];
  if (block['type'] !== 'thinking') return [];
  return [
    { type: 'thinking_delta', thinking: block['thinking'] },
    { type: 'signature_delta', signature: block['signature'] },
  ];
}

function responseEvents(response: Json): Json[] {
  const begun = { ...response, status: 'in_progress', output: [], usage: null };
  const events: Json[] = [{ type: 'response.created', response: begun }];
  listOf(response, 'output').forEach((item, output_index) => {
    events.push({
      type: 'response.output_item.added',
      output_index,
      item: { ...item, ...(item['content'] ? { content: [] } : {}) },
    });
    listOf(item, 'content').forEach((part, content_index) => {
      const at = { item_id: item['id'], output_index, content_index };
      events.push({
        type: 'response.content_part.added',
        ...at,
        part: { ...part, ...('text' in part ? { text: '' } : {}) },
      });
      if (part['type'] === 'output_text') {
        events.push({ type: 'response.output_text.delta', ...at, delta: part['text'], logprobs: [] });
        events.push({ type: 'response.output_text.done', ...at, text: part['text'], logprobs: [] });
      }
      events.push({ type: 'response.content_part.done', ...at, part });
    });
    if (item['type'] === 'function_call') {
      const at = { item_id: item['id'], output_index };
      events.push({ type: 'response.function_call_arguments.delta', ...at, delta: item['arguments'] });
      events.push({ type: 'response.function_call_arguments.done', ...at, arguments: item['arguments'] });
    }
    events.push({ type: 'response.output_item.done', output_index, item });
  });
  events.push({ type: response['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed', response });
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}
