import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dialect } from '../call/call.ts';
import {
  EMPTY,
  ERROR,
  FINISH,
  GARBLED,
  JUNK,
  LOGPROBS,
  MEDIA,
  OUTPUT,
  PING,
  REASONING,
  REFUSAL,
  ROLE,
  SEVERAL,
  TERMINAL,
  TEXT,
  TOOL,
  USAGE,
} from './dialects/kinds.ts';
import { EventReader, STREAM_DIALECTS } from './events.ts';

type Seen = { kinds: number; finishes: number; text: string; raw: string };

function readerFor(dialect: Dialect): EventReader {
  const found = STREAM_DIALECTS[dialect];
  assert.ok(found !== undefined);
  return new EventReader(found);
}

function readAll(dialect: Dialect, text: string, cuts: readonly number[]): Seen[] {
  const reader = readerFor(dialect);
  const bytes = Buffer.from(text);
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  const seen: Seen[] = [];
  for (let i = 1; i < edges.length; i++) {
    const slice = Buffer.from(bytes.subarray(edges[i - 1], edges[i]));
    reader.feed(slice);
    while (reader.next()) seen.push(seenBy(reader));
    slice.fill(0x21);
  }
  return seen;
}

function seenBy(reader: EventReader): Seen {
  const { kinds, finishes, source, start, end, textFrom, textTo } = reader;
  const said = textFrom < 0 ? '' : Buffer.from(source.subarray(textFrom, textTo)).toString();
  return { kinds, finishes, text: JSON.parse(`"${said}"`), raw: Buffer.from(source.subarray(start, end)).toString() };
}

function kindsOf(dialect: Dialect, data: unknown, name = ''): number {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const [seen] = readAll(dialect, `${name === '' ? '' : `event: ${name}\n`}data: ${text}\n\n`, []);
  return seen?.kinds ?? -1;
}

// ---- one reading in full and one by likeness must be the same ----

const tricky = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '"finish_reason":"stop"',
    '\\"finish_reason\\":\\"stop\\"',
    '"},"finish_reason":"stop"}',
    '\n\ndata: [DONE]\n\n',
    '"content":"x"',
    '💥',
    '}]}',
    '\u2028',
  ),
);
const chatChunk = fc
  .record({
    content: fc.oneof({ weight: 8, arbitrary: tricky }, { weight: 1, arbitrary: fc.constant(null) }),
    reasoning: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: tricky }),
    finish: fc.oneof(
      { weight: 8, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('stop', 'length', 'tool_calls', 'odd', 'error') },
    ),
    index: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    created: fc.oneof(fc.nat(), fc.constantFrom(1.5, -3, 1e30, 0)),
    obfuscation: fc.string({ maxLength: 6 }),
    usage: fc.oneof(
      { weight: 5, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant({ total_tokens: 3 }) },
    ),
    space: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(1) }),
    end: fc.oneof(
      { weight: 8, arbitrary: fc.constant('\n\n') },
      { weight: 1, arbitrary: fc.constantFrom('\r\n\r\n', '\r\r', '\n: hi\n\n') },
    ),
  })
  .map((of) => {
    const value = {
      id: 'chatcmpl-1',
      created: of.created,
      choices: [
        {
          index: of.index,
          delta: { content: of.content, ...(of.reasoning === undefined ? {} : { reasoning_content: of.reasoning }) },
          finish_reason: of.finish,
        },
      ],
      usage: of.usage,
      obfuscation: of.obfuscation,
    };
    // Indented JSON becomes several data lines: the same event, written otherwise.
    const lines = JSON.stringify(value, undefined, of.space).split('\n');
    return { value, raw: `${lines.map((line) => `data: ${line}`).join('\n')}${of.end}`, isSplit: lines.length > 1 };
  });

function chatKindsByParse(value: {
  choices: {
    index: number;
    delta: { content: string | null; reasoning_content?: string };
    finish_reason: string | null;
  }[];
  usage: unknown;
}): number {
  let kinds = value.usage === null ? 0 : USAGE;
  for (const { index, delta, finish_reason } of value.choices) {
    if (delta.content) kinds |= TEXT;
    if (delta.reasoning_content) kinds |= REASONING;
    if (finish_reason !== null) kinds |= finish_reason === 'error' ? ERROR : FINISH;
    if (index !== 0) kinds |= SEVERAL;
  }
  return kinds;
}

test('kinds and text of chat chunks are those that JSON.parse finds, whatever comes before and however it is sliced', () => {
  fc.assert(
    fc.property(fc.array(chatChunk, { maxLength: 12 }), fc.array(fc.nat(4000), { maxLength: 12 }), (chunks, cuts) => {
      const seen = readAll('openai-chat', chunks.map(({ raw }) => raw).join(''), cuts).filter(
        ({ kinds }) => kinds !== PING,
      );
      assert.equal(seen.length, chunks.length);
      chunks.forEach(({ value, isSplit }, i) => {
        assert.equal(seen[i]?.kinds, chatKindsByParse(value), JSON.stringify(value));
        // Text in several data lines is not in one range: it is known to be there, and not where.
        if (!isSplit) assert.equal(seen[i]?.text, value.choices[0]?.delta.content ?? '');
      });
    }),
    { numRuns: 800 },
  );
});

test('an event damaged in one byte is never taken for its undamaged likeness', () => {
  const event = (content: string, n: number) =>
    `data: {"id":"c","n":${n},"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}],"o":"xyz"}\n\n`;
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(),
      fc.nat(200),
      fc.constantFrom('"', '\\', '{', '}', ',', ':', '0', '.', 'e', 'x', '\n', '\r', ' '),
      fc.boolean(),
      (content, n, where, piece, isCut) => {
        const good = event(content, n);
        const at = where % good.length;
        const bad = good.slice(0, at) + piece + good.slice(isCut ? at + 1 : at);
        const alone = readAll('openai-chat', bad, []);
        const after = readAll('openai-chat', event('first', 12) + bad, []).slice(1);
        assert.deepEqual(after, alone);
      },
    ),
    { numRuns: 2000 },
  );
});

// ---- the kinds of each dialect ----

test('chat: each kind is known by its own key', () => {
  const chunk = (delta: object, more: object = {}) => ({
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  });
  const kinds = (delta: object, more: object = {}) => kindsOf('openai-chat', chunk(delta, more));
  assert.equal(kinds({ role: 'assistant', content: '' }), ROLE);
  assert.equal(kinds({ content: 'a' }), TEXT);
  assert.equal(kinds({ reasoning_content: 'a', content: null }), REASONING);
  assert.equal(kinds({ reasoning: 'a' }), REASONING);
  assert.equal(kinds({ refusal: 'no' }), REFUSAL);
  assert.equal(kinds({ tool_calls: [{ index: 0, function: { arguments: '' } }] }), TOOL);
  assert.equal(kinds({ tool_calls: [] }), 0);
  assert.equal(kinds({ audio: { data: 'x' } }), MEDIA);
  assert.equal(kinds({}, { finish_reason: 'stop' }), FINISH);
  assert.equal(kinds({}, { finish_reason: 'never_heard_of' }), FINISH);
  assert.equal(kinds({}, { finish_reason: 'error' }), ERROR);
  assert.equal(kinds({ content: 'a' }, { logprobs: { content: [1] } }), TEXT | LOGPROBS);
  assert.equal(kinds({ content: 'a', annotations: [{ url_citation: { content: 'no' } }] }), TEXT);
  assert.equal(kindsOf('openai-chat', { choices: [], usage: { total_tokens: 1 } }), USAGE);
  assert.equal(kindsOf('openai-chat', { error: { message: 'x' } }), ERROR);
  assert.equal(kindsOf('openai-chat', { error: null, choices: [] }), 0);
  assert.equal(kindsOf('openai-chat', { object: 'error', message: 'x' }), ERROR);
  assert.equal(kindsOf('openai-chat', [{ error: { code: 503 } }]), ERROR);
  assert.equal(kindsOf('openai-chat', 'oh no', 'error'), ERROR);
  assert.equal(kindsOf('openai-chat', '[DONE]'), TERMINAL);
  assert.equal(kindsOf('openai-chat', ''), PING | EMPTY);
  assert.equal(kindsOf('openai-chat', '', 'error'), ERROR);
  assert.equal(kindsOf('openai-chat', 'undefined'), JUNK);
  assert.equal(kindsOf('openai-chat', '5'), JUNK);
  assert.equal(kindsOf('openai-chat', '[1]'), JUNK);
  assert.equal(kindsOf('openai-chat', '{"choices":[{"delta":{"cont'), GARBLED);
});

test('chat: several choices in one event are read one by one', () => {
  const [seen] = readAll(
    'openai-chat',
    'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{"content":"a"},"finish_reason":"length"}]}\n\n',
    [],
  );
  assert.equal(seen?.kinds, SEVERAL | FINISH | TEXT);
  assert.equal(seen?.finishes, 2);
  assert.equal(kindsOf('openai-chat', '{"choices":[{"delta":{"\\u0063ontent":"a"}}]}'), SEVERAL | TEXT);
});

test('messages: output, end and error', () => {
  const kinds = (data: object) => kindsOf('anthropic-messages', data);
  assert.equal(kinds({ type: 'message_start', message: { usage: { input_tokens: 1 } } }), ROLE);
  assert.equal(kinds({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }), 0);
  assert.equal(kinds({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', input: {} } }), TOOL);
  assert.equal(kinds({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }), TEXT);
  assert.equal(
    kinds({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'a' } }),
    REASONING,
  );
  assert.equal(kinds({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'a' } }), 0);
  assert.equal(
    kinds({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '' } }),
    TOOL,
  );
  assert.equal(kinds({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} }), USAGE | FINISH);
  assert.equal(kinds({ type: 'message_delta', delta: { stop_reason: null }, usage: {} }), USAGE);
  assert.equal(kinds({ type: 'message_stop' }), TERMINAL);
  assert.equal(kinds({ type: 'ping' }), PING);
  assert.equal(kinds({ type: 'error', error: { type: 'overloaded_error' } }), ERROR);
  assert.equal(kindsOf('anthropic-messages', '[DONE]'), JUNK);
});

test('responses: output, end and error', () => {
  const kinds = (data: object) => kindsOf('openai-responses', data);
  assert.equal(kinds({ type: 'response.created', response: { error: null } }), ROLE);
  assert.equal(kinds({ type: 'response.output_item.added', item: { type: 'message' } }), 0);
  assert.equal(kinds({ type: 'response.output_item.added', item: { type: 'function_call' } }), TOOL);
  assert.equal(kinds({ type: 'response.output_text.delta', delta: 'a', content_index: 0, logprobs: [] }), TEXT);
  assert.equal(kinds({ type: 'response.output_text.delta', delta: 'a', content_index: 1 }), TEXT | SEVERAL);
  assert.equal(kinds({ type: 'response.output_text.delta', delta: 'a', logprobs: [1] }), TEXT | LOGPROBS);
  assert.equal(kinds({ type: 'response.output_text.done', text: 'a' }), 0);
  assert.equal(kinds({ type: 'response.reasoning_summary_text.delta', delta: 'a' }), REASONING);
  assert.equal(kinds({ type: 'response.completed', response: {} }), TERMINAL | FINISH | USAGE);
  assert.equal(kinds({ type: 'response.failed', response: {} }), ERROR);
  assert.equal(kinds({ type: 'error', message: 'x' }), ERROR);
  assert.equal(kinds({ type: 'response.in_progress' }), 0);
  assert.equal(kinds({ error: { message: 'x' } }), ERROR);
});

test('completions: text and finish', () => {
  assert.equal(
    kindsOf('openai-completions', { choices: [{ text: 'a', index: 0, finish_reason: null, logprobs: null }] }),
    TEXT,
  );
  assert.equal(kindsOf('openai-completions', { choices: [{ text: '', index: 0, finish_reason: 'stop' }] }), FINISH);
  assert.equal(kindsOf('openai-completions', { choices: [{ text: 'a', index: 2 }] }) & OUTPUT, TEXT);
});
