import { Skim } from '../skim.ts';
import { isFilled, isGiven, isSaid, isString, type StreamDialect, wordOf } from './dialect.ts';
import { ERROR, FINISH, LOGPROBS, MEDIA, REASONING, REFUSAL, ROLE, SEVERAL, TEXT, TOOL, USAGE } from './kinds.ts';

const PATHS = [
  'choices.delta.content',
  'choices.delta.reasoning_content',
  'choices.delta.reasoning',
  'choices.delta.refusal',
  'choices.delta.tool_calls',
  'choices.delta.function_call',
  'choices.delta.audio',
  'choices.delta.role',
  'choices.finish_reason',
  'choices.index',
  'choices.logprobs',
  'usage',
  'error',
  'object',
] as const;

const CONTENT = 0;
const REASONING_CONTENT = 1; // DeepSeek, vLLM, llama.cpp
const REASONING_TEXT = 2; // OpenRouter, newer vLLM
const REFUSED = 3;
const TOOL_CALLS = 4;
const FUNCTION_CALL = 5;
const AUDIO = 6;
const ROLE_NAME = 7;
const FINISH_REASON = 8;
const INDEX = 9;
const LOG_PROBS = 10;
const USED = 11;
const FAULT = 12;
const OBJECT = 13;

const skim = new Skim(PATHS);

/** Finish reasons that say the answer failed: OpenRouter's `error` arrives in a well-formed last chunk. */
const FAILED = [Buffer.from('error')];

function kindsOf(bytes: Uint8Array): number {
  let kinds = 0;
  if (isSaid(skim, CONTENT, bytes)) kinds |= TEXT;
  else if (isFilled(skim, CONTENT, bytes)) kinds |= MEDIA; // content as parts: Mistral's thinking chunks
  if (isSaid(skim, REASONING_CONTENT, bytes) || isSaid(skim, REASONING_TEXT, bytes)) kinds |= REASONING;
  if (isSaid(skim, REFUSED, bytes)) kinds |= REFUSAL;
  if (isFilled(skim, TOOL_CALLS, bytes) || isFilled(skim, FUNCTION_CALL, bytes)) kinds |= TOOL;
  if (isFilled(skim, AUDIO, bytes)) kinds |= MEDIA;
  if (isString(skim, ROLE_NAME, bytes)) kinds |= ROLE;
  if (isString(skim, FINISH_REASON, bytes)) {
    kinds |= wordOf(skim, FINISH_REASON, bytes, FAILED) === 0 ? ERROR : FINISH;
  }
  if (!isFirst(bytes)) kinds |= SEVERAL;
  if (isFilled(skim, LOG_PROBS, bytes)) kinds |= LOGPROBS;
  if (isFilled(skim, USED, bytes)) kinds |= USAGE;
  if (isGiven(skim, FAULT, bytes) || wordOf(skim, OBJECT, bytes, FAILED) === 0) kinds |= ERROR;
  return kinds;
}

/** The index is absent or 0. */
function isFirst(bytes: Uint8Array): boolean {
  const from = skim.from[INDEX] as number;
  return from < 0 || bytes[from] === 0x30;
}

/** Chat Completions, as OpenAI, Azure and those who speak like them stream it. */
export const OPENAI_CHAT: StreamDialect = {
  skim,
  freeSlots: [CONTENT, REASONING_CONTENT, REASONING_TEXT, REFUSED],
  kindsOf,
  textSlot: CONTENT,
  hasDone: true,
  closing: Buffer.from('data: [DONE]\n\n'),
};
