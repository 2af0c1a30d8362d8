import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import type { Target } from '../call/target.ts';
import { asFilter, stack } from '../pipeline/asked.testing.ts';
import { TargetAbility } from './abilities.ts';
import { goOn } from './go-on.ts';
import { PlayedCaller, PlayedTime, PlayedUpstream, playedCall, settled } from './played.testing.ts';
import { answerTo, PROMPT, type StreamingDialect, voice } from './played-voices.testing.ts';
import { resume } from './resume.ts';
import { watch } from './watch.ts';

const WORDS = Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? `\n"${i}"` : ` word${i}`));
const TEXT = WORDS.join('');
const SSE = ['content-type', 'text/event-stream'];

/** A stream that breaks at `cut` and is finished by another target, as the caller's socket carries it. */
async function resumed(dialect: StreamingDialect, body: string, cut: number): Promise<string> {
  const time = new PlayedTime();
  let legs = 0;
  const clocks = { betweenPartsMs: 15_000, quietMs: 120_000 };
  const service = stack(
    [
      asFilter((ask) => resume({ clock: time }, ask)),
      asFilter((ask) =>
        goOn({ clock: time, ability: new TargetAbility({} as Target, 'prefill'), model: undefined }, ask),
      ),
      asFilter((ask) => watch({ clock: time, timers: time, clocks, replyBytesHeldMax: 1000 }, ask)),
    ],
    async (call) => {
      legs += 1;
      const isFirst = legs === 1;
      const upstream = new PlayedUpstream(200, SSE);
      const id = isFirst ? 'first' : 'second';
      const events = answerTo(dialect, call.body, WORDS, 'continue', id, `model-${legs}`) ?? [];
      for (const event of events.slice(0, isFirst ? cut : undefined)) upstream.say(event);
      upstream.end();
      return upstream.reply;
    },
  );
  const caller = new PlayedCaller(await service(playedCall(dialect, { body: Buffer.from(body) })));
  for (let i = 0; i < 5; i++) await settled();
  assert.equal(caller.end, 'answered');
  return caller.utf8;
}

/** The official client, reading that socket. */
function clientOf(dialect: StreamingDialect, cut: number): OpenAI {
  return new OpenAI({
    apiKey: 'sk-test',
    baseURL: 'http://127.0.0.1/v1',
    maxRetries: 0,
    fetch: async (_, init) => {
      const text = await resumed(dialect, String(init?.body), cut);
      return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
}

const CUTS = [3, 10, 57, 101, 150, 199, 201];

test('chat: the official SDK gets the exact text once, with finish reason, usage and model', async () => {
  for (const cut of CUTS) {
    const stream = await clientOf('openai-chat', cut).chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      temperature: 0,
      stream_options: { include_usage: true },
    });
    let [text, finish, model, tokens] = ['', '', '', 0];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      model = chunk.model;
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    assert.deepEqual([text, finish, model, tokens], [TEXT, 'stop', cut === 201 ? 'model-2' : 'model-2', WORDS.length]);
  }
});

test('completions: the official SDK gets the exact text once', async () => {
  for (const cut of CUTS) {
    const stream = await clientOf('openai-completions', cut).completions.create({
      model: 'm',
      prompt: PROMPT,
      stream: true,
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    assert.equal(text, TEXT);
  }
});

test('responses: the official SDK puts together the exact response', async () => {
  for (const cut of CUTS.filter((each) => each > 6)) {
    const stream = clientOf('openai-responses', cut).responses.stream({ model: 'm', input: 'hi' });
    let text = '';
    stream.on('response.output_text.delta', (event) => {
      text += event.delta;
    });
    const final = await stream.finalResponse();
    assert.equal(text, TEXT);
    assert.equal(final.output_text, TEXT);
    assert.equal(final.id, 'first');
  }
});

// ---- answers of a form that half of it would break ----

const PIECES = ['{"a', '": [1,', ' 2], "b', '": "x', ' \\"y\\"', '"}'];

/** Every byte of a stream as the place of a cut; what the caller got, and whether it was told that it is whole. */
async function cutEverywhere(
  stream: string,
  request: object,
  isRescueWhole: boolean,
): Promise<{ text: string; end: string }[]> {
  const bytes = Buffer.from(stream);
  const got: { text: string; end: string }[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const time = new PlayedTime();
    let legs = 0;
    const service = stack(
      [
        asFilter((ask) => resume({ clock: time }, ask)),
        asFilter((ask) =>
          goOn({ clock: time, ability: new TargetAbility({} as Target, 'prefill'), model: undefined }, ask),
        ),
        asFilter((ask) =>
          watch({ clock: time, timers: time, clocks: { betweenPartsMs: 0, quietMs: 0 }, replyBytesHeldMax: 1000 }, ask),
        ),
      ],
      async () => {
        legs += 1;
        const upstream = new PlayedUpstream(200, SSE);
        upstream.say(legs === 1 || !isRescueWhole ? bytes.subarray(0, at) : bytes);
        upstream.end();
        return upstream.reply;
      },
    );
    const caller = await service(playedCall('openai-chat', { body: Buffer.from(JSON.stringify(request)) })).then(
      (reply) => new PlayedCaller(reply),
      () => undefined,
    );
    for (let i = 0; i < 3; i++) await settled();
    if (caller !== undefined) got.push({ text: caller.utf8, end: caller.end });
  }
  return got;
}

function joined(stream: string, pick: (delta: Record<string, unknown>) => string): string {
  let text = '';
  for (const line of stream.split('\n')) {
    if (!line.startsWith('data: {')) continue;
    text += pick(JSON.parse(line.slice(6)).choices[0]?.delta ?? {});
  }
  return text;
}

test('a JSON answer cut at every byte is valid and complete, or told to be broken', async () => {
  const stream = voice('openai-chat', PIECES, 'c', 'm', 1).join('');
  const request = { model: 'm', stream: true, messages: [], response_format: { type: 'json_schema' } };
  for (const isRescueWhole of [true, false]) {
    for (const { text, end } of await cutEverywhere(stream, request, isRescueWhole)) {
      const said = joined(text, (delta) => String(delta['content'] ?? ''));
      if (end === 'answered') assert.deepEqual(JSON.parse(said), { a: [1, 2], b: 'x "y"' });
      else assert.equal(text.includes('[DONE]') || text.includes('"finish_reason":"stop"'), false);
      if (isRescueWhole) assert.equal(end, 'answered');
    }
  }
});

test('a tool call cut at every byte is valid and complete, or told to be broken', async () => {
  const chunk = (delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const piece = (fields: object): string => chunk({ tool_calls: [{ index: 0, ...fields }] });
  const head = piece({ id: 't', type: 'function', function: { name: 'f', arguments: '' } });
  const args = PIECES.map((each) => piece({ function: { arguments: each } })).join('');
  const stream = `${head}${args}${chunk({}, 'tool_calls')}data: [DONE]\n\n`;
  const request = { model: 'm', stream: true, messages: [], tools: [{ type: 'function' }] };
  for (const { text, end } of await cutEverywhere(stream, request, true)) {
    const said = joined(text, (delta) => {
      const [call] = (delta['tool_calls'] ?? []) as { function?: { arguments?: string } }[];
      return call?.function?.arguments ?? '';
    });
    if (end === 'answered') assert.deepEqual(JSON.parse(said), { a: [1, 2], b: 'x "y"' });
    else assert.equal(text.includes('[DONE]') || text.includes('"finish_reason":"tool_calls"'), false);
  }
});
