import { Skim } from '../skim.ts';
import { isSaid, isString, type StreamDialect, wordOf, wordsOf } from './dialect.ts';
import { ERROR, FINISH, MEDIA, OTHER, PING, REASONING, ROLE, SEVERAL, TERMINAL, TEXT, TOOL, USAGE } from './kinds.ts';

const PATHS = [
  'type',
  'delta.type',
  'delta.text',
  'delta.thinking',
  'delta.stop_reason',
  'content_block.type',
  'content_block.text',
  'content_block.thinking',
  'index',
] as const;
const TYPE = 0;
const DELTA_TYPE = 1;
const DELTA_TEXT = 2;
const DELTA_THINKING = 3;
const STOP_REASON = 4;
const BLOCK_TYPE = 5;
const BLOCK_TEXT = 6;
const BLOCK_THINKING = 7;

const skim = new Skim(PATHS);

const TYPES = [
  ['content_block_delta', OTHER],
  ['content_block_start', OTHER],
  ['content_block_stop', OTHER],
  ['message_start', ROLE],
  ['message_delta', USAGE],
  ['message_stop', TERMINAL],
  ['ping', PING],
  ['error', ERROR],
] as const;
const TYPE_WORDS = wordsOf(TYPES);
const BLOCK_DELTA = 0;
const BLOCK_START = 1;
const MESSAGE_DELTA = 4;

/** What a delta shows. A signature is the seal of hidden reasoning: no output. */
const DELTAS = [
  ['text_delta', TEXT],
  ['thinking_delta', REASONING],
  ['input_json_delta', TOOL],
  ['signature_delta', OTHER],
  ['citations_delta', MEDIA],
] as const;
const DELTA_WORDS = wordsOf(DELTAS);

/** Blocks that begin with something to see. Text and thinking begin empty; every block unknown to us is a tool's. */
const BLOCKS = [
  ['text', OTHER],
  ['thinking', OTHER],
  ['redacted_thinking', OTHER],
] as const;
const BLOCK_WORDS = wordsOf(BLOCKS);

function kindsOf(bytes: Uint8Array): number {
  const type = wordOf(skim, TYPE, bytes, TYPE_WORDS);
  if (type === BLOCK_DELTA) return deltaKinds(bytes);
  if (type === BLOCK_START) return blockKinds(bytes);
  if (type === MESSAGE_DELTA) return isString(skim, STOP_REASON, bytes) ? USAGE | FINISH : USAGE;
  return TYPES[type]?.[1] ?? OTHER;
}

function deltaKinds(bytes: Uint8Array): number {
  const delta = wordOf(skim, DELTA_TYPE, bytes, DELTA_WORDS);
  const kinds = DELTAS[delta]?.[1] ?? OTHER;
  if (kinds === TEXT) return isSaid(skim, DELTA_TEXT, bytes) ? TEXT : OTHER;
  if (kinds === REASONING) return isSaid(skim, DELTA_THINKING, bytes) ? REASONING : OTHER;
  return kinds;
}

function blockKinds(bytes: Uint8Array): number {
  const block = wordOf(skim, BLOCK_TYPE, bytes, BLOCK_WORDS);
  if (block < 0) return TOOL;
  // Text given at the start of a block has no place in the transcript: such an answer is asked again whole.
  if (isSaid(skim, BLOCK_TEXT, bytes)) return MEDIA | SEVERAL;
  if (isSaid(skim, BLOCK_THINKING, bytes)) return REASONING;
  return OTHER;
}

/** Anthropic Messages. `stop_reason` stands in `message_delta`, before the terminal `message_stop`. */
export const ANTHROPIC_MESSAGES: StreamDialect = {
  skim,
  freeSlots: [DELTA_TEXT, DELTA_THINKING],
  kindsOf,
  textSlot: DELTA_TEXT,
  hasDone: false,
  closing: Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n'),
};
