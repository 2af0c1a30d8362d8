import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONING, TEXT, TOOL } from '../dialects/kinds.ts';
import type { Json } from '../json.ts';
import { messagesLeg } from './messages-leg.ts';

const blockStart = (index: number, type: string): Json => ({
  type: 'content_block_start',
  index,
  content_block: type === 'text' ? { type, text: '' } : { type, id: 't', name: 'f', input: {} },
});
const blockStop = (index: number): Json => ({ type: 'content_block_stop', index });
const textDelta = (index: number, text: string): Json => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'text_delta', text },
});
const toolDelta = (index: number): Json => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'input_json_delta', partial_json: '{}' },
});

/** A leg after a first reply that sent these events and no others without text. */
function legAfter(structure: readonly Json[]) {
  return messagesLeg({
    tokensBefore: 0,
    said: {
      mode: 'best-effort',
      text: 'said',
      structure: structure.map((event) => JSON.stringify(event)),
      events: structure.length + 1,
      outputEvents: 1,
      kinds: TEXT,
      isReasoningOpen: false,
    },
  });
}

/** What the caller sees of the second reply's events, all of them new; in short. */
function shown(structure: readonly Json[], events: readonly Json[]): string[] {
  const leg = legAfter(structure);
  return events
    .flatMap((event) => leg.rewrite(event, kindsOf(event), leg.textOf(event), true))
    .map(({ type, index }) => `${String(type).replace('content_block_', '')} ${String(index)}`);
}

function kindsOf(event: Json): number {
  const delta = event['delta'] as Json | undefined;
  if (delta?.['type'] === 'text_delta') return TEXT;
  if (delta?.['type'] === 'thinking_delta') return REASONING;
  return delta === undefined ? 0 : TOOL;
}

const START: Json = { type: 'message_start', message: { id: 'm', content: [] } };

test('the text goes on in the block that was open, which then ends once, and later blocks are numbered on', () => {
  assert.deepEqual(
    shown(
      [START, blockStart(0, 'text')],
      [
        START,
        blockStart(0, 'text'),
        textDelta(0, ' more'),
        blockStop(0),
        blockStart(1, 'tool_use'),
        toolDelta(1),
        blockStop(1),
        blockStart(2, 'tool_use'),
        blockStop(2),
      ],
    ),
    ['delta 0', 'stop 0', 'start 1', 'delta 1', 'stop 1', 'start 2', 'stop 2'],
  );
});

test('a block of another kind ends the open one first, and only once', () => {
  assert.deepEqual(
    shown(
      [START, blockStart(0, 'text')],
      [START, blockStart(0, 'tool_use'), toolDelta(0), blockStop(0), blockStart(1, 'tool_use'), blockStop(1)],
    ),
    ['stop 0', 'start 1', 'delta 1', 'stop 1', 'start 2', 'stop 2'],
  );
});

test('a block that had ended is not gone on with: what comes next is a new one', () => {
  const ended = [START, blockStart(0, 'text'), blockStop(0)];
  assert.deepEqual(shown(ended, [START, blockStart(0, 'text'), blockStop(0)]), []);
  assert.deepEqual(
    shown(ended, [
      START,
      blockStart(0, 'text'),
      blockStop(0),
      blockStart(1, 'text'),
      textDelta(1, 'new'),
      blockStop(1),
    ]),
    ['start 1', 'delta 1', 'stop 1'],
  );
});

test('where a tool was at work before the text, the open block is the text, not the first', () => {
  assert.deepEqual(
    shown(
      [START, blockStart(0, 'thinking'), blockStop(0), blockStart(1, 'text')],
      [START, blockStart(0, 'text'), textDelta(0, ' more'), blockStop(0)],
    ),
    ['delta 1', 'stop 1'],
  );
});
