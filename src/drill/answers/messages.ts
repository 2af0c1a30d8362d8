import { fieldOf } from '../../call/fields.ts';
import { isSchema, type Json } from '../from-schema.ts';
import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker, type StreamEvent, streamAnswer } from './answer.ts';
import { type Complaint, complain } from './errors.ts';
import {
  type Body,
  isComplaint,
  lengthIn,
  listIn,
  missing,
  modelIn,
  stopsIn,
  takesStream,
  type WithComplaint,
} from './validate.ts';
import {
  grant,
  type Message,
  prefillComplaint,
  readConversation,
  type Said,
  type Tool,
  textOfContent,
  toolFor,
  type Usage,
  usageOf,
  type Wish,
} from './wish.ts';

/** Anthropic's `POST /v1/messages`, plain and as the stream of its events. */
export function answerMessages(ask: Ask, body: Body, speaker: Speaker): Answer {
  const wish = readWish(ask, body, speaker);
  if (isComplaint(wish)) return complain(ask.shape, speaker, wish);
  const granted = grant(wish, speaker);
  const said = granted[0] ?? { pieces: [], finish: 'stop', tool: undefined };
  const usage = usageOf(wish, granted);
  const fields = fieldsOf(ask.shape, speaker);
  const envelope = { id: `msg_${speaker.id().slice(0, 24)}`, type: 'message', role: 'assistant', model: wish.model };
  if (body['stream'] === true) return streamAnswer(fields, messageEvents(envelope, said, usage));
  return jsonAnswer(200, fields, {
    ...envelope,
    content: [blockOf(said)],
    stop_reason: stopOf(said),
    stop_sequence: null,
    usage: usageObject(usage),
  });
}

/** `POST /v1/messages/count_tokens`. */
export function countMessages(ask: Ask, body: Body, speaker: Speaker): Answer {
  const wish = readWish(ask, { ...body, max_tokens: 1 }, speaker);
  if (isComplaint(wish)) return complain(ask.shape, speaker, wish);
  return jsonAnswer(200, fieldsOf(ask.shape, speaker), { input_tokens: usageOf(wish, []).input });
}

function readWish(ask: Ask, body: Body, speaker: Speaker): WithComplaint<Wish> {
  if (fieldOf(ask.fields, 'anthropic-version') === undefined) return refused('anthropic-version: header is required');
  const model = modelIn(ask, body);
  if (isComplaint(model)) return model;
  if (body['max_tokens'] === undefined) return missing(ask, 'max_tokens');
  const wordsMax = lengthIn(body, 'max_tokens');
  if (isComplaint(wordsMax)) return refused('max_tokens: Input should be greater than or equal to 1');
  const messages = readMessages(ask, body);
  if (isComplaint(messages)) return messages;
  const wrong = takesStream(body) ?? prefillComplaint(ask.shape, messages, speaker);
  if (wrong !== undefined) return wrong;
  return {
    model,
    ...readConversation(messages, speaker),
    wordsMax,
    choices: 1,
    stops: stopsIn(body['stop_sequences']),
    tool: toolFor(toolsIn(body['tools']), body['tool_choice'], messages.at(-1)),
    format: undefined,
  };
}

function readMessages(ask: Ask, body: Body): WithComplaint<readonly Message[]> {
  const list = listIn(body, 'messages', ask);
  if (isComplaint(list))
    return list.code === 'empty_array' ? refused('messages: at least one message is required') : list;
  const { system } = body;
  const messages: Message[] = system === undefined ? [] : [{ role: 'system', text: textOfContent(system) }];
  for (const [i, message] of list.entries()) {
    const role = isSchema(message) ? message['role'] : undefined;
    if (!isSchema(message) || (role !== 'user' && role !== 'assistant')) {
      return refused(`messages.${i}.role: Input should be 'user' or 'assistant'`);
    }
    const { content } = message;
    const isToolResult =
      Array.isArray(content) && content.some((part) => isSchema(part) && part['type'] === 'tool_result');
    messages.push({ role: isToolResult ? 'tool' : role, text: textOfContent(content) });
  }
  return messages;
}

function toolsIn(tools: Json | undefined): readonly Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    if (!isSchema(tool) || typeof tool['name'] !== 'string') return [];
    return [{ name: tool['name'], parameters: tool['input_schema'] ?? {} }];
  });
}

function refused(message: string): Complaint {
  return { status: 400, type: 'invalid_request_error', message };
}

function blockOf(said: Said): object {
  const text = said.pieces.join('');
  if (said.tool === undefined) return { type: 'text', text };
  return { type: 'tool_use', id: `toolu_${said.tool.id.slice(0, 24)}`, name: said.tool.name, input: JSON.parse(text) };
}

function stopOf(said: Said): string {
  if (said.finish === 'tool') return 'tool_use';
  return said.finish === 'length' ? 'max_tokens' : 'end_turn';
}

function usageObject({ input, output }: Usage): object {
  return { input_tokens: input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: output };
}

function messageEvents(envelope: object, said: Said, usage: Usage): StreamEvent[] {
  const events: StreamEvent[] = [];
  const say = (means: StreamEvent['means'], type: string, members: object = {}): void => {
    events.push({ text: `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`, means });
  };
  const { tool } = said;
  const begun = { ...envelope, content: [], stop_reason: null, stop_sequence: null };
  say('frame', 'message_start', { message: { ...begun, usage: usageObject({ ...usage, output: 1 }) } });
  const block =
    tool === undefined
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: `toolu_${tool.id.slice(0, 24)}`, name: tool.name, input: {} };
  say('frame', 'content_block_start', { index: 0, content_block: block });
  say('frame', 'ping');
  for (const piece of said.pieces) {
    const delta =
      tool === undefined ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece };
    say('output', 'content_block_delta', { index: 0, delta });
  }
  say('finish', 'content_block_stop', { index: 0 });
  const delta = { stop_reason: stopOf(said), stop_sequence: null };
  say('finish', 'message_delta', { delta, usage: { output_tokens: usage.output } });
  say('done', 'message_stop');
  return events;
}
