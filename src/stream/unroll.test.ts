import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Json, listOf, within } from './json.ts';
import { unrolled } from './unroll.ts';

function eventsOf(stream: Uint8Array | undefined): Json[] {
  return Buffer.from(stream ?? '')
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Json);
}

test('chat: each tool call of a stream says which one it is', () => {
  const tool = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
  const message = { role: 'assistant', content: null, tool_calls: [tool('one'), tool('two')] };
  const answer = { id: 'c', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] };
  const [first = {}] = eventsOf(unrolled('openai-chat', Buffer.from(JSON.stringify(answer))));
  const calls = listOf(within(listOf(first, 'choices')[0] ?? {}, 'delta'), 'tool_calls');
  assert.deepEqual(
    calls.map(({ index, id }) => [index, id]),
    [
      [0, 'one'],
      [1, 'two'],
    ],
  );
});

test('what is no answer of the dialect is told as nothing', () => {
  for (const [dialect, body] of [
    ['openai-chat', '{"choices":[]}'],
    ['openai-chat', '[1]'],
    ['anthropic-messages', '{"content":"x"}'],
    ['openai-responses', '{}'],
    ['http', '{"choices":[{"index":0}]}'],
  ] as const) {
    assert.equal(unrolled(dialect, Buffer.from(body)), undefined, body);
  }
});
