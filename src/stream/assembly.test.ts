import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemblyFor } from './assembly.ts';
import { type Json, parsedAsWritten } from './json.ts';
import type { StreamingDialect } from './played-voices.testing.ts';

function assembled(dialect: StreamingDialect, events: readonly (object | string)[]): string {
  const assembly = assemblyFor(dialect);
  for (const event of events)
    assembly?.add(parsedAsWritten(typeof event === 'string' ? event : JSON.stringify(event)) as Json);
  return JSON.stringify(assembly?.answer());
}

const chunk = (choice: object, more: object = {}): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, ...choice }],
  ...more,
});

function messageOf(...deltas: readonly object[]): unknown {
  return JSON.parse(
    assembled(
      'openai-chat',
      deltas.map((delta) => chunk({ delta })),
    ),
  ).choices[0].message;
}

test('numbers stand as the service wrote them', () => {
  const input = '{"id":12345678901234567890,"share":1.0,"zero":-0.0,"tiny":1e-7}';
  const pieces = [input.slice(0, 20), input.slice(20)];
  const message = assembled('anthropic-messages', [
    { type: 'message_start', message: { id: 'm', content: [], usage: {} } },
    { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
    ...pieces.map((partial_json) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: {}, context_management: { applied_edits: [] } },
  ]);
  assert.ok(message.includes(`"input":${input}`));
  assert.ok(message.includes('"context_management":{"applied_edits":[]}'));
  const response = '{"id":"r","temperature":1.0,"metadata":{"n":0.10},"output":[]}';
  assert.equal(assembled('openai-responses', [`{"type":"response.completed","response":${response}}`]), response);
  assert.ok(
    assembled('openai-chat', [
      '{"id":"c","choices":[{"index":0,"delta":{},"logprobs":{"content":[{"logprob":-0.0}]}}]}',
    ]).includes('"logprob":-0.0'),
  );
});

test('tools of every kind grow piece by piece; what was named is not unnamed by a null or an empty text', () => {
  assert.deepEqual(
    messageOf(
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{' } }],
      },
      { tool_calls: [{ index: 1, id: 'b', type: 'custom', custom: { name: 'g', input: 'x' } }] },
      { tool_calls: [{ index: 0, id: null, type: '', function: { name: null, arguments: '}' } }] },
      { tool_calls: [{ index: 1, custom: { input: 'y' } }] },
      { tool_calls: null, content: null },
    ),
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'b', type: 'custom', custom: { name: 'g', input: 'xy' } },
      ],
    },
  );
  assert.deepEqual(
    messageOf(
      { role: 'assistant', function_call: { name: 'f', arguments: '{' } },
      { function_call: { arguments: '}' } },
    ),
    { role: 'assistant', function_call: { name: 'f', arguments: '{}' } },
  );
});

test('reasoning, refusal and sound are joined, lists go on', () => {
  assert.deepEqual(
    messageOf(
      { role: 'assistant', content: null, refusal: 'I ', reasoning_content: 'hm', audio: { id: 'x', data: 'aa' } },
      {
        refusal: 'cannot',
        reasoning_content: '!',
        audio: { data: 'bb', expires_at: 5 },
        reasoning_details: [{ a: 1 }],
      },
      { reasoning_details: [{ a: 2 }] },
    ),
    {
      role: 'assistant',
      content: null,
      refusal: 'I cannot',
      reasoning_content: 'hm!',
      audio: { id: 'x', data: 'aabb', expires_at: 5 },
      reasoning_details: [{ a: 1 }, { a: 2 }],
      annotations: [],
    },
  );
});

test('log-probs of all tokens are there, whatever comes between', () => {
  const of = (logprobs: object | null): object => chunk({ delta: {}, logprobs });
  const answer = JSON.parse(
    assembled('openai-chat', [
      of(null),
      of({ content: [{ token: 'a' }], refusal: null }),
      of({ content: [{ token: 'b' }], refusal: null }),
      of({ content: null, refusal: [{ token: 'c' }] }),
      of(null),
    ]),
  );
  assert.deepEqual(answer.choices[0].logprobs, {
    content: [{ token: 'a' }, { token: 'b' }],
    refusal: [{ token: 'c' }],
  });
  const words = (tokens: string[], offset: number): object => ({
    id: 'c',
    choices: [{ text: tokens.join(''), index: 0, logprobs: { tokens, text_offset: [offset] }, finish_reason: null }],
  });
  assert.deepEqual(JSON.parse(assembled('openai-completions', [words(['a'], 0), words(['b'], 1)])).choices[0], {
    text: 'ab',
    index: 0,
    logprobs: { tokens: ['a', 'b'], text_offset: [0, 1] },
    finish_reason: null,
  });
});

test('what is said beside the choices is kept: filters before them, timings after', () => {
  const answer = JSON.parse(
    assembled('openai-chat', [
      { id: '', object: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
      chunk({ delta: { role: 'assistant', content: 'a' }, content_filter_results: { hate: 1 } }, { model: 'm' }),
      { id: 'c', model: 'm', choices: [], usage: { total_tokens: 1 }, timings: { predicted_n: 1 } },
    ]),
  );
  assert.deepEqual(answer, {
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, content_filter_results: { hate: 1 }, message: { role: 'assistant', content: 'a' } }],
    usage: { total_tokens: 1 },
    prompt_filter_results: [{ prompt_index: 0 }],
    timings: { predicted_n: 1 },
  });
});

test('an index out of all bounds costs nothing', () => {
  const began = process.cpuUsage().user;
  const tool = { index: 4e9, id: 'a', function: { name: 'f', arguments: '{}' } };
  assert.deepEqual(messageOf({ tool_calls: [tool] }), {
    tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }],
    content: null,
  });
  const block = { type: 'content_block_start', index: 4e9, content_block: { type: 'text', text: 'x' } };
  const message = assembled('anthropic-messages', [{ type: 'message_start', message: { content: [] } }, block]);
  assert.deepEqual(JSON.parse(message), { content: [{ type: 'text', text: 'x' }] });
  assert.ok(process.cpuUsage().user - began < 1_000_000);
});
