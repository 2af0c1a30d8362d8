import { isSchema, type Json } from '../from-schema.ts';
import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker, type StreamEvent, streamAnswer } from './answer.ts';
import { complain } from './errors.ts';
import {
  type Body,
  isComplaint,
  lengthIn,
  listIn,
  modelIn,
  stopsIn,
  takesStream,
  type WithComplaint,
  wrongValue,
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

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'];
/** OpenAI's own bound. */
const CHOICES_MAX = 128;

/** `POST /v1/chat/completions`, plain and streamed. */
export function answerChat(ask: Ask, body: Body, speaker: Speaker): Answer {
  const wish = readWish(ask, body, speaker);
  if (isComplaint(wish)) return complain(ask.shape, speaker, wish);
  const said = grant(wish, speaker);
  const usage = usageOf(wish, said);
  const fields = fieldsOf(ask.shape, speaker);
  const envelope = {
    id: `chatcmpl-${speaker.id().slice(0, 29)}`,
    created: Math.floor(speaker.wallMs() / 1000),
    model: wish.model,
    service_tier: 'default',
    system_fingerprint: `fp_${speaker.name}`,
  };
  if (body['stream'] === true) {
    const options = body['stream_options'];
    const isUsageAsked = isSchema(options) && options['include_usage'] === true;
    return streamAnswer(fields, chatEvents(envelope, said, isUsageAsked ? usage : undefined));
  }
  return jsonAnswer(200, fields, {
    ...envelope,
    object: 'chat.completion',
    choices: said.map((choice, index) => ({
      index,
      message: messageOf(choice),
      logprobs: null,
      finish_reason: finishOf(choice),
    })),
    usage: usageObject(usage),
  });
}

function readWish(ask: Ask, body: Body, speaker: Speaker): WithComplaint<Wish> {
  const model = modelIn(ask, body);
  if (isComplaint(model)) return model;
  const messages = readMessages(body);
  if (isComplaint(messages)) return messages;
  const wordsMax = lengthIn(body, body['max_completion_tokens'] === undefined ? 'max_tokens' : 'max_completion_tokens');
  if (isComplaint(wordsMax)) return wordsMax;
  const choices = lengthIn(body, 'n', 1, CHOICES_MAX);
  if (isComplaint(choices)) return choices;
  const wrong = takesStream(body) ?? prefillComplaint(ask.shape, messages, speaker);
  if (wrong !== undefined) return wrong;
  return {
    model,
    ...readConversation(messages, speaker),
    wordsMax,
    choices,
    stops: stopsIn(body['stop']),
    tool: toolFor(toolsIn(body['tools']), body['tool_choice'], messages.at(-1)),
    format: formatIn(body['response_format']),
  };
}

function readMessages(body: Body): WithComplaint<readonly Message[]> {
  const list = listIn(body, 'messages');
  if (isComplaint(list)) return list;
  const messages: Message[] = [];
  for (const [i, message] of list.entries()) {
    if (!isSchema(message)) return wrongValue(`messages[${i}]`, 'expected an object');
    const { role } = message;
    if (typeof role !== 'string' || !ROLES.includes(role)) {
      const supported = ROLES.map((known) => `'${known}'`).join(', ');
      return wrongValue(`messages[${i}].role`, `Supported values are: ${supported}`);
    }
    messages.push({ role, text: textOfContent(message['content']) });
  }
  return messages;
}

function toolsIn(tools: Json | undefined): readonly Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    const inner = isSchema(tool) ? tool['function'] : undefined;
    if (!isSchema(inner) || typeof inner['name'] !== 'string') return [];
    return [{ name: inner['name'], parameters: inner['parameters'] ?? {} }];
  });
}

/** `json_schema` gives a value of that schema, `json_object` an object with a text in it. */
function formatIn(format: Json | undefined): Json | undefined {
  if (!isSchema(format)) return undefined;
  if (format['type'] === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } };
  if (format['type'] !== 'json_schema') return undefined;
  const inner = format['json_schema'];
  return isSchema(inner) ? (inner['schema'] ?? {}) : {};
}

function messageOf(choice: Said): object {
  const content = choice.pieces.join('');
  if (choice.tool === undefined) return { role: 'assistant', content, refusal: null, annotations: [] };
  const call = { id: `call_${choice.tool.id.slice(0, 24)}`, type: 'function' };
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ ...call, function: { name: choice.tool.name, arguments: content } }],
    refusal: null,
    annotations: [],
  };
}

function finishOf(choice: Said): string {
  return choice.finish === 'tool' ? 'tool_calls' : choice.finish;
}

/** Choices are interleaved word by word, as engines that decode a batch do. */
function chatEvents(envelope: object, said: readonly Said[], usage: Usage | undefined): StreamEvent[] {
  const head = `data: ${JSON.stringify({ ...envelope, object: 'chat.completion.chunk' }).slice(0, -1)},"choices":[`;
  // With include_usage every chunk has the member, null in all but the last.
  const tail = usage === undefined ? ']}\n\n' : '],"usage":null}\n\n';
  const chunk = (index: number, delta: string, finish: string | null): string =>
    `${head}{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}${tail}`;
  const events: StreamEvent[] = said.map((choice, index) => ({
    text: chunk(index, firstDelta(choice), null),
    means: 'frame',
  }));
  const longest = Math.max(...said.map((choice) => choice.pieces.length));
  for (let at = 0; at <= longest; at += 1) {
    for (const [index, choice] of said.entries()) {
      const piece = choice.pieces[at];
      if (piece !== undefined) events.push({ text: chunk(index, deltaOf(choice, piece), null), means: 'output' });
      else if (at === choice.pieces.length)
        events.push({ text: chunk(index, '{}', finishOf(choice)), means: 'finish' });
    }
  }
  if (usage !== undefined) {
    events.push({ text: `${head}],"usage":${JSON.stringify(usageObject(usage))}}\n\n`, means: 'finish' });
  }
  events.push({ text: 'data: [DONE]\n\n', means: 'done' });
  return events;
}

function firstDelta(choice: Said): string {
  if (choice.tool === undefined) return '{"role":"assistant","content":"","refusal":null}';
  const call = { index: 0, id: `call_${choice.tool.id.slice(0, 24)}`, type: 'function' };
  const calls = [{ ...call, function: { name: choice.tool.name, arguments: '' } }];
  return JSON.stringify({ role: 'assistant', content: null, tool_calls: calls, refusal: null });
}

function deltaOf(choice: Said, piece: string): string {
  const text = JSON.stringify(piece);
  return choice.tool === undefined
    ? `{"content":${text}}`
    : `{"tool_calls":[{"index":0,"function":{"arguments":${text}}}]}`;
}

function usageObject({ input, output }: Usage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}
