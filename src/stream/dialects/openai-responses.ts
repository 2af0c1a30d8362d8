import { Skim } from '../skim.ts';
import { isGiven, isSaid, type StreamDialect, wordOf, wordsOf } from './dialect.ts';
import {
  ERROR,
  FINISH,
  LOGPROBS,
  MEDIA,
  OTHER,
  REASONING,
  REFUSAL,
  ROLE,
  SEVERAL,
  TERMINAL,
  TEXT,
  TOOL,
  USAGE,
} from './kinds.ts';

const PATHS = ['type', 'delta', 'item.type', 'output_index', 'content_index', 'logprobs', 'error'] as const;
const TYPE = 0;
const DELTA = 1;
const ITEM_TYPE = 2;
const CONTENT_INDEX = 4;
const LOG_PROBS = 5;
const FAULT = 6;

const skim = new Skim(PATHS);

const END = TERMINAL | FINISH | USAGE;

/** OpenAI API reference, "Streaming events". Types not listed prove life and say nothing. */
const TYPES = [
  ['response.output_text.delta', TEXT],
  ['response.output_item.added', OTHER],
  ['response.created', ROLE],
  ['response.completed', END],
  ['response.incomplete', END],
  ['response.failed', ERROR],
  ['response.cancelled', ERROR],
  ['error', ERROR],
  ['response.refusal.delta', REFUSAL],
  ['response.function_call_arguments.delta', TOOL],
  ['response.custom_tool_call_input.delta', TOOL],
  ['response.mcp_call_arguments.delta', TOOL],
  ['response.code_interpreter_call_code.delta', TOOL],
  ['response.reasoning_summary_text.delta', REASONING],
  ['response.reasoning_text.delta', REASONING],
  ['response.audio.delta', MEDIA],
  ['response.audio.transcript.delta', MEDIA],
  ['response.image_generation_call.partial_image', MEDIA],
  ['response.output_text.annotation.added', MEDIA],
] as const;
const TYPE_WORDS = wordsOf(TYPES);
const ITEM_ADDED = 1;

/** Items that begin silently; any other item is a tool at work. */
const ITEM_WORDS = [Buffer.from('message'), Buffer.from('reasoning')];

function kindsOf(bytes: Uint8Array): number {
  const type = wordOf(skim, TYPE, bytes, TYPE_WORDS);
  if (type === ITEM_ADDED) return wordOf(skim, ITEM_TYPE, bytes, ITEM_WORDS) < 0 ? TOOL : OTHER;
  if (type < 0) return isGiven(skim, FAULT, bytes) ? ERROR : OTHER;
  const kinds = TYPES[type]?.[1] ?? OTHER;
  if (kinds === TEXT) return textKinds(bytes);
  if (kinds === REASONING || kinds === REFUSAL) return isSaid(skim, DELTA, bytes) ? kinds : OTHER;
  return kinds;
}

function textKinds(bytes: Uint8Array): number {
  let kinds = isSaid(skim, DELTA, bytes) ? TEXT : OTHER;
  const index = skim.from[CONTENT_INDEX] as number;
  if (index >= 0 && bytes[index] !== 0x30) kinds |= SEVERAL;
  const logProbs = skim.from[LOG_PROBS] as number;
  if (logProbs >= 0 && bytes[logProbs] === 0x5b && (skim.to[LOG_PROBS] as number) - logProbs > 2) kinds |= LOGPROBS;
  return kinds;
}

/**
 * OpenAI Responses. Its one end is `response.completed` (or `incomplete`), which holds the whole response: it cannot be made up here, so
 * a stream without it is not complete.
 */
export const OPENAI_RESPONSES: StreamDialect = {
  skim,
  freeSlots: [DELTA],
  kindsOf,
  textSlot: DELTA,
  hasDone: false,
  closing: undefined,
};
