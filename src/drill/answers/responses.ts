import { isSchema, type Json } from '../from-schema.ts';
import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker, type StreamEvent, streamAnswer } from './answer.ts';
import { complain } from './errors.ts';
import { type Body, isComplaint, lengthIn, missing, modelIn, takesStream, type WithComplaint } from './validate.ts';
import {
  grant,
  type Message,
  prefillComplaint,
  readConversation,
  type Said,
  type Tool,
  textOfContent,
  toolFor,
  usageOf,
  type Wish,
} from './wish.ts';

/** `POST /v1/responses`, plain and as the stream of typed events. */
export function answerResponse(ask: Ask, body: Body, speaker: Speaker): Answer {
  const wish = readWish(ask, body, speaker);
  if (isComplaint(wish)) return complain(ask.shape, speaker, wish);
  const granted = grant(wish, speaker);
  const said = granted[0] ?? { pieces: [], finish: 'stop', tool: undefined };
  const { input, output } = usageOf(wish, granted);
  const fields = fieldsOf(ask.shape, speaker);
  const item = itemOf(said, speaker.id());
  const isCut = said.finish === 'length';
  const begun = {
    id: `resp_${speaker.id()}`,
    object: 'response',
    created_at: Math.floor(speaker.wallMs() / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    metadata: {},
    model: wish.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
  };
  const whole = {
    ...begun,
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: [item.whole],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + output,
    },
  };
  if (body['stream'] !== true) return jsonAnswer(200, fields, whole);
  return streamAnswer(fields, responseEvents(begun, whole, item, said));
}

function readWish(ask: Ask, body: Body, speaker: Speaker): WithComplaint<Wish> {
  const model = modelIn(ask, body);
  if (isComplaint(model)) return model;
  const wordsMax = lengthIn(body, 'max_output_tokens');
  if (isComplaint(wordsMax)) return wordsMax;
  if (body['input'] === undefined || body['input'] === null) return missing(ask, 'input');
  const messages = readMessages(body);
  const wrong = takesStream(body) ?? prefillComplaint(ask.shape, messages, speaker);
  if (wrong !== undefined) return wrong;
  return {
    model,
    ...readConversation(messages, speaker),
    wordsMax,
    choices: 1,
    stops: [],
    tool: toolFor(toolsIn(body['tools']), body['tool_choice'], messages.at(-1)),
    format: formatIn(body['text']),
  };
}

function readMessages(body: Body): readonly Message[] {
  const { input, instructions } = body;
  const messages: Message[] = [];
  if (typeof instructions === 'string') messages.push({ role: 'system', text: instructions });
  if (typeof input === 'string') messages.push({ role: 'user', text: input });
  if (!Array.isArray(input)) return messages;
  for (const item of input) {
    if (!isSchema(item)) continue;
    if (item['type'] === 'function_call_output') {
      messages.push({ role: 'tool', text: textOfContent(item['output']) });
    } else if (item['content'] !== undefined) {
      const role = typeof item['role'] === 'string' ? item['role'] : 'user';
      messages.push({ role, text: textOfContent(item['content']) });
    }
  }
  return messages;
}

function toolsIn(tools: Json | undefined): readonly Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    if (!isSchema(tool) || tool['type'] !== 'function' || typeof tool['name'] !== 'string') return [];
    return [{ name: tool['name'], parameters: tool['parameters'] ?? {} }];
  });
}

function formatIn(text: Json | undefined): Json | undefined {
  const format = isSchema(text) ? text['format'] : undefined;
  if (!isSchema(format) || format['type'] === 'text') return undefined;
  return format['schema'] ?? { type: 'object', properties: { answer: { type: 'string' } } };
}

type Item = { readonly id: string; readonly begun: object; readonly whole: object };

/** The one item of the output: a message, or a call of a function. */
function itemOf(said: Said, id: string): Item {
  const text = said.pieces.join('');
  if (said.tool !== undefined) {
    const call = {
      id: `fc_${id}`,
      type: 'function_call',
      call_id: `call_${said.tool.id.slice(0, 24)}`,
      name: said.tool.name,
    };
    return {
      id: call.id,
      begun: { ...call, status: 'in_progress', arguments: '' },
      whole: { ...call, status: 'completed', arguments: text },
    };
  }
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant' };
  return {
    id: message.id,
    begun: { ...message, status: 'in_progress', content: [] },
    whole: {
      ...message,
      status: said.finish === 'length' ? 'incomplete' : 'completed',
      content: [partOf(text)],
    },
  };
}

function partOf(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function responseEvents(begun: object, whole: { readonly status: string }, item: Item, said: Said): StreamEvent[] {
  const events: StreamEvent[] = [];
  let sequence = 0;
  const say = (means: StreamEvent['means'], type: string, members: object): void => {
    const data = JSON.stringify({ type, sequence_number: sequence, ...members });
    events.push({ text: `event: ${type}\ndata: ${data}\n\n`, means });
    sequence += 1;
  };
  const text = said.pieces.join('');
  const here = { item_id: item.id, output_index: 0 };
  say('frame', 'response.created', { response: begun });
  say('frame', 'response.in_progress', { response: begun });
  say('frame', 'response.output_item.added', { output_index: 0, item: item.begun });
  if (said.tool !== undefined) {
    for (const delta of said.pieces) say('output', 'response.function_call_arguments.delta', { ...here, delta });
    say('finish', 'response.function_call_arguments.done', { ...here, name: said.tool.name, arguments: text });
  } else {
    const inside = { ...here, content_index: 0 };
    say('frame', 'response.content_part.added', { ...inside, part: partOf('') });
    for (const delta of said.pieces) say('output', 'response.output_text.delta', { ...inside, delta, logprobs: [] });
    say('finish', 'response.output_text.done', { ...inside, text, logprobs: [] });
    say('finish', 'response.content_part.done', { ...inside, part: partOf(text) });
  }
  say('finish', 'response.output_item.done', { output_index: 0, item: item.whole });
  say('done', `response.${whole.status}`, { response: whole });
  return events;
}
