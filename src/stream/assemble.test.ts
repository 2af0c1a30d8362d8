import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import { asFilter } from '../pipeline/asked.testing.ts';
import type { Service } from '../pipeline/service.ts';
import { assemble } from './assemble.ts';
import type { Json } from './json.ts';
import { fateOf, PlayedCaller, PlayedTime, PlayedUpstream, playedCall, settled } from './played.testing.ts';
import { read, STREAMING, type StreamingDialect, voice } from './played-voices.testing.ts';
import { unrolled } from './unroll.ts';
import { watch } from './watch.ts';

const WORDS = ['One', ' "two"', '\nthree', ' 💥', '.'];
const SSE = ['content-type', 'text/event-stream', 'x-kept', 'yes'];

const PLAIN: Readonly<Record<StreamingDialect, Json>> = {
  'openai-chat': {
    id: 'c',
    object: 'chat.completion',
    created: 7,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hello "you"', refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
      {
        index: 1,
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 't1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
            { id: 't2', type: 'function', function: { name: 'g', arguments: '{}' } },
          ],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
  },
  'openai-completions': {
    id: 'c',
    object: 'text_completion',
    created: 7,
    model: 'm',
    choices: [{ index: 0, text: 'Hello', logprobs: null, finish_reason: 'length' }],
    usage: { total_tokens: 3 },
  },
  'anthropic-messages': {
    id: 'c',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', id: 't', name: 'f', input: { a: [1, 2] } },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 2 },
  },
  'openai-responses': {
    id: 'c',
    object: 'response',
    model: 'm',
    status: 'completed',
    error: null,
    output: [
      { id: 'r', type: 'reasoning', summary: [] },
      {
        id: 'i',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
      },
      { id: 'f', type: 'function_call', call_id: 'x', name: 'f', arguments: '{}' },
    ],
    usage: { total_tokens: 3 },
  },
};

const plainCall = (dialect: StreamingDialect): Call =>
  playedCall(dialect, { isStream: false, body: Buffer.from('{"model":"m"}') });

/** Assembles what a target streams, in slices of 50 bytes. */
async function assembledFrom(dialect: StreamingDialect, stream: Uint8Array): Promise<unknown> {
  const asked: Call[] = [];
  const upstream = new PlayedUpstream(200, SSE);
  const inner: Service = async (call) => {
    asked.push(call);
    return upstream.reply;
  };
  const promise = asFilter(assemble)(plainCall(dialect), inner);
  for (let at = 0; at < stream.length; at += 50) upstream.say(stream.subarray(at, at + 50));
  upstream.end();
  const reply = await promise;
  assert.deepEqual(reply.fields, ['content-type', 'application/json', 'x-kept', 'yes']);
  assert.equal(asked[0]?.isStream, true);
  assert.equal(JSON.parse(Buffer.from(asked[0]?.body ?? '').toString()).stream, true);
  return JSON.parse(new PlayedCaller(reply).utf8);
}

test('a plain answer told as a stream and put together again is the same answer', async () => {
  for (const dialect of STREAMING) {
    const told = unrolled(dialect, Buffer.from(JSON.stringify(PLAIN[dialect])));
    assert.ok(told !== undefined);
    assert.deepEqual(await assembledFrom(dialect, told), PLAIN[dialect], dialect);
  }
});

test('a stream of many words is put together to the text, finish and usage that were streamed', async () => {
  const chat = (await assembledFrom(
    'openai-chat',
    Buffer.from(voice('openai-chat', WORDS, 'c', 'm', 4).join('')),
  )) as Json;
  assert.deepEqual(chat, {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: WORDS.join('') }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 },
  });
  const message = (await assembledFrom(
    'anthropic-messages',
    Buffer.from(voice('anthropic-messages', WORDS, 'c', 'm', 4).join('')),
  )) as Json;
  assert.deepEqual(message['content'], [{ type: 'text', text: WORDS.join('') }]);
  assert.deepEqual(message['usage'], { input_tokens: 4, output_tokens: 5 });
  assert.equal(message['stop_reason'], 'end_turn');
});

test('what a choice said once is not unsaid by a later null', async () => {
  const chunk = (choice: object): string =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, ...choice }] })}\n\n`;
  const stream =
    chunk({ delta: { role: 'assistant', content: 'a' }, finish_reason: null }) +
    chunk({ delta: {}, finish_reason: 'stop' });
  const late = chunk({ delta: { content: null }, finish_reason: null });
  const answer = (await assembledFrom('openai-chat', Buffer.from(`${stream}${late}data: [DONE]\n\n`))) as Json;
  assert.deepEqual(answer['choices'], [
    { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
  ]);
});

test('a plain JSON answer where a stream was asked for reads as that stream', async () => {
  for (const dialect of STREAMING) {
    const time = new PlayedTime();
    const upstream = new PlayedUpstream(200, ['content-type', 'application/json', 'content-length', '1']);
    const filter = asFilter((ask) =>
      watch(
        {
          clock: time,
          timers: time,
          clocks: { betweenPartsMs: 0, quietMs: 0 },
          replyBytesHeldMax: 10_000,
        },
        ask,
      ),
    );
    const promise = filter(playedCall(dialect), () => Promise.resolve(upstream.reply));
    upstream.say(JSON.stringify(PLAIN[dialect]));
    upstream.end();
    const reply = await promise;
    assert.deepEqual(reply.fields, ['content-type', 'text/event-stream; charset=utf-8']);
    const caller = new PlayedCaller(reply);
    assert.equal(caller.end, 'answered');
    if (dialect !== 'openai-chat' && dialect !== 'openai-responses')
      assert.equal(read(dialect, caller.utf8).text, 'Hello');
    assert.ok(caller.utf8.includes('Hello'));
  }
});

test('JSON that is no answer of the dialect is refused where a stream was asked for', async () => {
  const time = new PlayedTime();
  const upstream = new PlayedUpstream(200, ['content-type', 'application/json']);
  const filter = asFilter((ask) =>
    watch(
      {
        clock: time,
        timers: time,
        clocks: { betweenPartsMs: 0, quietMs: 0 },
        replyBytesHeldMax: 10_000,
      },
      ask,
    ),
  );
  const promise = filter(playedCall('openai-chat'), () => Promise.resolve(upstream.reply));
  upstream.say('{"ok":true}');
  upstream.end();
  const fate = await fateOf(promise);
  assert.ok(fate instanceof Failure);
  assert.equal(fate.code, 'stream-malformed');
});

test('a stream that breaks is the failure of the plain call, and a target that will not stream is asked plainly', async () => {
  const upstream = new PlayedUpstream(200, SSE);
  const broken = asFilter(assemble)(plainCall('openai-chat'), () => Promise.resolve(upstream.reply));
  upstream.say(voice('openai-chat', WORDS, 'c', 'm', 4).slice(0, 3).join(''));
  upstream.break();
  const fate = await fateOf(broken);
  assert.ok(fate instanceof Failure);
  assert.equal(fate.code, 'body-cut');

  const asked: boolean[] = [];
  const whole = new PlayedUpstream(200, ['content-type', 'application/json']);
  const choosy: Service = async (call): Promise<Reply> => {
    asked.push(call.isStream);
    if (call.isStream) throw new Failure('request-rejected', { phase: 'body', firstEvent: 'answer' });
    return whole.reply;
  };
  assert.equal(await asFilter(assemble)(plainCall('openai-chat'), choosy), whole.reply);
  assert.deepEqual(asked, [true, false]);
});

test('a caller who leaves stops the stream behind its plain answer', async () => {
  const call = plainCall('openai-chat');
  const upstream = new PlayedUpstream(200, SSE);
  const promise = asFilter(assemble)(call, () => Promise.resolve(upstream.reply));
  promise.catch(() => undefined);
  await settled();
  call.leavers.stop();
  const fate = await fateOf(promise);
  assert.ok(fate instanceof Failure);
  assert.equal(fate.code, 'caller-left');
  assert.deepEqual(upstream.heard, ['cancel']);
  assert.equal(call.leavers.size, 0);
});
