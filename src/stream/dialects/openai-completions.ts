import { Skim } from '../skim.ts';
import { isFilled, isGiven, isSaid, isString, type StreamDialect, wordOf } from './dialect.ts';
import { ERROR, FINISH, LOGPROBS, SEVERAL, TEXT, USAGE } from './kinds.ts';

const PATHS = [
  'choices.text',
  'choices.finish_reason',
  'choices.index',
  'choices.logprobs',
  'usage',
  'error',
  'object',
] as const;
const SAID = 0;
const FINISH_REASON = 1;
const INDEX = 2;
const LOG_PROBS = 3;
const USED = 4;
const FAULT = 5;
const OBJECT = 6;

const skim = new Skim(PATHS);
const FAILED = [Buffer.from('error')];

function kindsOf(bytes: Uint8Array): number {
  let kinds = 0;
  if (isSaid(skim, SAID, bytes)) kinds |= TEXT;
  if (isString(skim, FINISH_REASON, bytes)) {
    kinds |= wordOf(skim, FINISH_REASON, bytes, FAILED) === 0 ? ERROR : FINISH;
  }
  const index = skim.from[INDEX] as number;
  if (index >= 0 && bytes[index] !== 0x30) kinds |= SEVERAL;
  if (isFilled(skim, LOG_PROBS, bytes)) kinds |= LOGPROBS;
  if (isFilled(skim, USED, bytes)) kinds |= USAGE;
  if (isGiven(skim, FAULT, bytes) || wordOf(skim, OBJECT, bytes, FAILED) === 0) kinds |= ERROR;
  return kinds;
}

/** The older Completions, still spoken by self-run servers. */
export const OPENAI_COMPLETIONS: StreamDialect = {
  skim,
  freeSlots: [SAID],
  kindsOf,
  textSlot: SAID,
  hasDone: true,
  closing: Buffer.from('data: [DONE]\n\n'),
};
