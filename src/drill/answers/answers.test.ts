import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../from-schema.ts';
import type { Answer, Speaker } from './answer.ts';
import { answerTo, readAsk } from './route.ts';

const speaker: Speaker = {
  name: 'sandbox-a',
  voice: 'sandbox',
  models: ['m', 'n'],
  prefill: 'continue',
  id: () => '0123456789abcdef0123456789abcdef',
  wallMs: () => 1_750_000_000_000,
};

const VERSION = ['anthropic-version', '2023-06-01'];

function ask(path: string, body: object | string, as: Speaker = speaker, method = 'POST', fields = VERSION): Answer {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return answerTo(readAsk(method, path, fields, bytes), as);
}

// The shapes are what the tests look at, so they are not spelt out again here.
// biome-ignore lint/suspicious/noExplicitAny: an answer of any dialect
type Loose = any;

function json(answer: Answer): Loose {
  assert.equal(answer.kind, 'plain');
  return answer.kind === 'plain' ? JSON.parse(Buffer.from(answer.body).toString('utf8')) : undefined;
}

function events(answer: Answer): Loose[] {
  assert.equal(answer.kind, 'stream');
  const texts = answer.kind === 'stream' ? answer.events.map(({ text }) => text) : [];
  return texts.map((text) => {
    const data = text.slice(text.indexOf('data: ') + 6).trimEnd();
    return data === '[DONE]' ? data : JSON.parse(data);
  });
}

function user(content: string): object[] {
  return [{ role: 'user', content }];
}

function chatText(body: object, as?: Speaker): string {
  return json(ask('/v1/chat/completions', { model: 'm', ...body }, as)).choices[0].message.content;
}

test('the same prompt and model give the same text, whoever is asked and in whatever dialect; another prompt another', () => {
  const text = chatText({ messages: user('Hello there') });
  assert.equal(chatText({ messages: user('Hello there') }, { ...speaker, name: 'sandbox-b' }), text);
  assert.notEqual(chatText({ messages: user('Hello here') }), text);
  assert.notEqual(chatText({ messages: user('Hello there') }, { ...speaker, voice: 'other' }), text);
  const message = json(ask('/v1/messages', { model: 'm', max_tokens: 500, messages: user('Hello there') }));
  assert.equal(message.content[0].text, text);
  const response = json(ask('/v1/responses', { model: 'm', input: 'Hello there' }));
  assert.equal(response.output[0].content[0].text, text);
});

test('a streamed answer joined is the plain answer, in every dialect', () => {
  const messages = user('Tell me of the sea');
  const chat = events(ask('/v1/chat/completions', { model: 'm', messages, stream: true }));
  const deltas = chat.filter((event) => event !== '[DONE]').map((event) => event.choices[0].delta.content ?? '');
  const text = chatText({ messages });
  assert.equal(deltas.join(''), text);
  assert.deepEqual([chat.at(-1), chat.at(-2).choices[0].finish_reason], ['[DONE]', 'stop']);
  const message = events(ask('/v1/messages', { model: 'm', max_tokens: 500, messages, stream: true }));
  assert.equal(message.map((event) => event.delta?.text ?? '').join(''), text);
  assert.equal(message.at(-1).type, 'message_stop');
  const response = events(ask('/v1/responses', { model: 'm', input: 'Tell me of the sea', stream: true }));
  const said = response.filter((event) => event.type === 'response.output_text.delta');
  assert.equal(said.map((event) => event.delta).join(''), text);
  assert.deepEqual(
    response.map((event) => event.sequence_number),
    response.map((_, i) => i),
  );
  assert.equal(response.at(-1).response.output[0].content[0].text, text);
});

test('a wish for N words gives N words, and max_tokens cuts with finish_reason length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), (words, most) => {
      const body = { model: 'm', messages: user(`Write ${words} words`), max_tokens: most };
      const choice = json(ask('/v1/chat/completions', body)).choices[0];
      assert.equal(choice.message.content.trim().split(/\s+/).length, Math.min(words, most));
      assert.equal(choice.finish_reason, most < words ? 'length' : 'stop');
    }),
    { numRuns: 50 },
  );
});

test('an answer cut anywhere is continued from exactly there', () => {
  const messages = user('Tell me a story');
  const whole = chatText({ messages });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: whole.length }), (at) => {
      const begun = { role: 'assistant', content: whole.slice(0, at) };
      assert.equal(begun.content + chatText({ messages: [...messages, begun] }), whole);
    }),
  );
});

test('a beginning in other words is gone on from, taken as history, or refused, by ability', () => {
  const messages = [...user('Tell me a story'), { role: 'assistant', content: 'Once upon a time' }];
  assert.match(chatText({ messages }), /^ \S/);
  const again = chatText({ messages }, { ...speaker, prefill: 'restart' });
  assert.match(again, /^[A-Z]/);
  const refused = ask('/v1/chat/completions', { model: 'm', messages }, { ...speaker, prefill: 'refuse' });
  assert.match(json(refused).error.message, /does not support assistant message prefill/);
  const anthropic = { model: 'm', max_tokens: 9, messages: [...user('x'), { role: 'assistant', content: 'Once ' }] };
  assert.match(json(ask('/v1/messages', anthropic)).error.message, /cannot end with trailing whitespace/);
});

test('choices differ, the first is as if alone, and each is finished', () => {
  const messages = user('Choose');
  const plain = json(ask('/v1/chat/completions', { model: 'm', messages, n: 3 })).choices;
  assert.equal(plain[0].message.content, chatText({ messages }));
  assert.equal(new Set(plain.map((choice: Loose) => choice.message.content)).size, 3);
  const streamed = events(ask('/v1/chat/completions', { model: 'm', messages, n: 3, stream: true }));
  const finished = streamed.filter((event) => event.choices?.[0]?.finish_reason === 'stop');
  assert.deepEqual(new Set(finished.map((event) => event.choices[0].index)), new Set([0, 1, 2]));
});

const WEATHER = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
};

test('a tool that is asked for is called with arguments of its schema, and not again after its result', () => {
  const tools = [{ type: 'function', function: { name: 'get_weather', parameters: WEATHER } }];
  const messages = user('Please use the tool.');
  const choice = json(ask('/v1/chat/completions', { model: 'm', messages, tools })).choices[0];
  assert.equal(choice.finish_reason, 'tool_calls');
  const call = choice.message.tool_calls[0];
  assert.equal(call.function.name, 'get_weather');
  const given = JSON.parse(call.function.arguments);
  assert.ok(typeof given.city === 'string' && given.days >= 1 && given.days <= 7);
  const streamed = events(ask('/v1/chat/completions', { model: 'm', messages, tools, stream: true }));
  const parts = streamed.flatMap((event) => event.choices?.[0]?.delta.tool_calls ?? []);
  assert.equal(parts.map((part) => part.function.arguments).join(''), call.function.arguments);
  const after = [...messages, choice.message, { role: 'tool', tool_call_id: call.id, content: '{"sun":true}' }];
  assert.equal(
    json(ask('/v1/chat/completions', { model: 'm', messages: after, tools })).choices[0].finish_reason,
    'stop',
  );
  const named = json(ask('/v1/chat/completions', { model: 'm', messages: user('x'), tools, tool_choice: 'required' }));
  assert.equal(named.choices[0].finish_reason, 'tool_calls');
});

test("tools are called in Anthropic's and the Responses' way too", () => {
  const tool = { name: 'get_weather', input_schema: WEATHER };
  const body = { model: 'm', max_tokens: 99, messages: user('use the tool'), tools: [tool] };
  const message = json(ask('/v1/messages', body));
  assert.deepEqual([message.stop_reason, message.content[0].type], ['tool_use', 'tool_use']);
  const deltas = events(ask('/v1/messages', { ...body, stream: true })).map((event) => event.delta?.partial_json ?? '');
  assert.deepEqual(JSON.parse(deltas.join('')), message.content[0].input);
  const tools = [{ type: 'function', name: 'get_weather', parameters: WEATHER }];
  const response = json(ask('/v1/responses', { model: 'm', input: 'use the tool', tools }));
  assert.equal(response.output[0].type, 'function_call');
});

test('a JSON schema is answered with JSON of that schema', () => {
  const schema = {
    type: 'object',
    properties: {
      kind: { enum: ['boat', 'train'] },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' } },
      size: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    },
    $defs: { tag: { type: 'object', properties: { name: { type: 'string' }, on: { type: 'boolean' } } } },
  };
  const format = { type: 'json_schema', json_schema: { name: 'thing', schema } };
  const value = JSON.parse(chatText({ messages: user('x'), response_format: format }));
  assert.ok(['boat', 'train'].includes(value.kind));
  assert.equal(typeof value.tags[0].name, 'string');
  assert.equal(typeof value.tags[0].on, 'boolean');
});

test('a schema that refers to itself without end is answered in bounds', () => {
  const properties = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, { $ref: '#' }]));
  const format = { type: 'json_schema', json_schema: { schema: { type: 'object', properties } } };
  assert.ok(chatText({ messages: user('x'), response_format: format }).length < 100_000);
});

test('embeddings are unit vectors that depend on the text alone, as numbers and as base64', () => {
  const input = ['one', 'two', 'one'];
  const list = json(ask('/v1/embeddings', { model: 'm', input, dimensions: 256 })).data;
  assert.deepEqual(list[0].embedding, list[2].embedding);
  assert.notDeepEqual(list[0].embedding, list[1].embedding);
  const length = Math.hypot(...list[0].embedding);
  assert.ok(Math.abs(length - 1) < 1e-5, `length ${length}`);
  const packed = json(ask('/v1/embeddings', { model: 'm', input: 'one', dimensions: 256, encoding_format: 'base64' }));
  const bytes = Buffer.from(packed.data[0].embedding, 'base64');
  assert.deepEqual(
    Array.from({ length: 256 }, (_, i) => bytes.readFloatLE(i * 4)),
    list[0].embedding,
  );
});

test('requests are refused as the providers refuse them', () => {
  const chat = '/v1/chat/completions';
  const cases: [Answer, number, RegExp][] = [
    [ask(chat, '{"model":'), 400, /could not parse the JSON body/],
    [ask(chat, '[]'), 400, /could not parse the JSON body/],
    [ask(chat, { messages: user('x') }), 400, /must provide a model/],
    [ask(chat, { model: 'm' }), 400, /Missing required parameter: 'messages'/],
    [ask(chat, { model: 'm', messages: [] }), 400, /empty array/],
    [ask(chat, { model: 'm', messages: 'x' }), 400, /expected an array/],
    [
      ask(chat, { model: 'm', messages: [{ role: 'king', content: 'x' }] }),
      400,
      /Invalid value for 'messages\[0\].role'/,
    ],
    [ask(chat, { model: 'm', messages: user('x'), max_tokens: 0 }), 400, /below minimum value/],
    [ask(chat, { model: 'm', messages: user('x'), n: 1000 }), 400, /above maximum value/],
    [ask(chat, { model: 'm', messages: user('x'), stream: 'yes' }), 400, /expected a boolean/],
    [ask('/v1/nothing', {}), 404, /Invalid URL \(POST \/v1\/nothing\)/],
    [ask(chat, '', speaker, 'GET'), 405, /Not allowed to GET/],
    [ask('/v1/models/unknown', '', speaker, 'GET', []), 404, /does not exist/],
    [ask('/v1/messages', { model: 'm', messages: user('x') }), 400, /max_tokens: Field required/],
    [ask('/v1/messages', { model: 'm', max_tokens: 1 }), 400, /messages: Field required/],
    [ask('/v1/messages', { model: 'm' }, speaker, 'POST', []), 400, /anthropic-version: header is required/],
    [ask('/v1/embeddings', { model: 'm' }), 400, /Missing required parameter: 'input'/],
    [ask('/v1/responses', { model: 'm' }), 400, /Missing required parameter: 'input'/],
    [ask('/v1/completions', { model: 'm' }), 400, /Missing required parameter: 'prompt'/],
  ];
  for (const [answer, status, message] of cases) {
    assert.equal(answer.status, status, String(message));
    assert.match(json(answer).error.message, message);
  }
});

test('no JSON at all makes an answer fail', () => {
  const paths = ['/v1/chat/completions', '/v1/responses', '/v1/completions', '/v1/embeddings', '/v1/messages'];
  const members = [
    'model',
    'messages',
    'input',
    'prompt',
    'max_tokens',
    'n',
    'tools',
    'tool_choice',
    'response_format',
    'text',
    'stop',
    'stream',
    'stream_options',
    'dimensions',
    'system',
    'instructions',
  ];
  const anyBody = fc.dictionary(fc.constantFrom(...members), fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>);
  fc.assert(
    fc.property(fc.constantFrom(...paths), anyBody, (path, body) => {
      const answer = ask(path, { model: 'm', ...body });
      assert.ok(answer.status === 200 || json(answer).error !== undefined);
    }),
    { numRuns: 500 },
  );
});

test('models are listed under the name of the upstream, to each dialect in its own way', () => {
  const list = json(ask('/v1/models', '', speaker, 'GET', []));
  assert.deepEqual(
    list.data.map((model: Loose) => [model.id, model.owned_by]),
    [
      ['m', 'sandbox-a'],
      ['n', 'sandbox-a'],
    ],
  );
  assert.equal(json(ask('/v1/models', '', speaker, 'GET')).data[0].type, 'model');
});
