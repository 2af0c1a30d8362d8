import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { realWorld } from '../world/real.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
let client: OpenAI;

before(async () => {
  upstream = await startUpstream(realWorld(), { name: 'sandbox-a' });
  client = new OpenAI({ baseURL: upstream.baseUrl, apiKey: 'none', maxRetries: 0 });
});
after(() => upstream.close());

const model = 'sandbox-chat';
const messages = [{ role: 'user' as const, content: 'Tell me of the harbour in 25 words.' }];

function drill(fault: string): { headers: Record<string, string> } {
  return { headers: { 'goodgate-drill': fault } };
}

test('the official SDK gets a chat completion', async () => {
  const completion = await client.chat.completions.create({ model, messages });
  assert.match(completion.id, /^chatcmpl-/);
  assert.equal(completion.system_fingerprint, 'fp_sandbox-a');
  assert.equal(completion.choices[0]?.finish_reason, 'stop');
  assert.equal(completion.usage?.completion_tokens, 25);
});

test('the official SDK streams the same text, with usage at the end', async () => {
  const plain = await client.chat.completions.create({ model, messages });
  const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
  const completion = await stream.finalChatCompletion();
  assert.equal(completion.choices[0]?.message.content, plain.choices[0]?.message.content);
  assert.deepEqual(completion.usage, plain.usage);
});

test('the official SDK gets tool calls, plain and streamed', async () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
  const body = { model, tools, messages: [{ role: 'user' as const, content: 'Use the tool.' }] };
  const plain = await client.chat.completions.create(body);
  const streamed = await client.chat.completions.stream(body).finalChatCompletion();
  for (const completion of [plain, streamed]) {
    const call = completion.choices[0]?.message.tool_calls?.[0];
    assert.ok(call?.type === 'function');
    assert.equal(call.function.name, 'get_weather');
    assert.equal(typeof JSON.parse(call.function.arguments).city, 'string');
  }
});

test('the official SDK gets responses, plain and streamed', async () => {
  const response = await client.responses.create({ model, input: 'Hello' });
  assert.ok(response.output_text.length > 50);
  const stream = await client.responses.create({ model, input: 'Hello', stream: true });
  let text = '';
  let last = '';
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    last = event.type;
  }
  assert.equal(text, response.output_text);
  assert.equal(last, 'response.completed');
});

test('the official SDK gets embeddings, completions and models', async () => {
  const embeddings = await client.embeddings.create({ model: 'sandbox-embedding', input: ['a', 'b'] });
  assert.deepEqual(
    embeddings.data.map(({ embedding }) => embedding.length),
    [1536, 1536],
  );
  const completion = await client.completions.create({ model, prompt: 'Once', max_tokens: 8 });
  assert.equal(completion.choices[0]?.finish_reason, 'length');
  const models = await client.models.list();
  assert.deepEqual(
    models.data.map(({ owned_by }) => owned_by),
    ['sandbox-a', 'sandbox-a'],
  );
});

test('the official SDK takes the faults for what they are', async () => {
  const ask = (fault: string): Promise<unknown> => client.chat.completions.create({ model, messages }, drill(fault));
  await assert.rejects(ask('status(429, retry-after=2)'), (error) => {
    return error instanceof OpenAI.RateLimitError && error.headers.get('retry-after') === '2';
  });
  await assert.rejects(ask('status(401)'), OpenAI.AuthenticationError);
  await assert.rejects(ask('model-not-found'), OpenAI.NotFoundError);
  await assert.rejects(ask('html-error(502)'), OpenAI.InternalServerError);
  await assert.rejects(ask('reset-before-head'), OpenAI.APIConnectionError);
  await assert.rejects(ask('truncated-json'));
  const errors = await client.chat.completions.create({ model, messages, stream: true }, drill('error-event(2)'));
  await assert.rejects(async () => {
    for await (const _ of errors);
  }, /had an error/);
});

test('the official SDK takes a clean cut for a whole answer: what a gateway must not let happen', async () => {
  const stream = await client.chat.completions.create({ model, messages, stream: true }, drill('cut-after-events(3)'));
  const finishes: unknown[] = [];
  for await (const chunk of stream) finishes.push(chunk.choices[0]?.finish_reason);
  assert.deepEqual(finishes, [null, null, null, null]);
});
