import { isSchema } from '../from-schema.ts';
import { proseOf } from '../prose.ts';
import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker, type StreamEvent, streamAnswer } from './answer.ts';
import { complain } from './errors.ts';
import { type Body, isComplaint, lengthIn, missing, modelIn, stopsIn, takesStream } from './validate.ts';
import { grant, textOfContent, usageOf } from './wish.ts';

/** OpenAI's own default for this elder endpoint. */
const WORDS_DEFAULT = 16;

/** `POST /v1/completions`, plain and streamed: a text goes on from the prompt. */
export function answerCompletion(ask: Ask, body: Body, speaker: Speaker): Answer {
  const model = modelIn(ask, body);
  if (isComplaint(model)) return complain(ask.shape, speaker, model);
  const wordsMax = lengthIn(body, 'max_tokens', WORDS_DEFAULT);
  if (isComplaint(wordsMax)) return complain(ask.shape, speaker, wordsMax);
  const given = body['prompt'];
  const prompt = Array.isArray(given) ? given.map((part) => textOfContent(part)).join('\n') : textOfContent(given);
  const wrong = given === undefined ? missing(ask, 'prompt') : takesStream(body);
  if (wrong !== undefined) return complain(ask.shape, speaker, wrong);

  const stops = stopsIn(body['stop']);
  const wish = {
    model,
    ...begunIn(prompt, model, speaker),
    wordsMax,
    choices: 1,
    stops,
    tool: undefined,
    format: undefined,
  };
  const said = grant(wish, speaker);
  const pieces = said[0]?.pieces ?? [];
  const finish = said[0]?.finish ?? 'stop';
  const { input, output } = usageOf(wish, said);
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  const fields = fieldsOf(ask.shape, speaker);
  const envelope = {
    id: `cmpl-${speaker.id().slice(0, 29)}`,
    object: 'text_completion',
    created: Math.floor(speaker.wallMs() / 1000),
    model,
    system_fingerprint: `fp_${speaker.name}`,
  };
  const choiceOf = (text: string, reason: string | null): object => ({
    ...envelope,
    choices: [{ text, index: 0, logprobs: null, finish_reason: reason }],
  });
  if (body['stream'] !== true) return jsonAnswer(200, fields, { ...choiceOf(pieces.join(''), finish), usage });

  const events = pieces.map((piece): StreamEvent => ({ text: dataOf(choiceOf(piece, null)), means: 'output' }));
  events.push({ text: dataOf(choiceOf('', finish)), means: 'finish' });
  const options = body['stream_options'];
  if (isSchema(options) && options['include_usage'] === true) {
    events.push({ text: dataOf({ ...envelope, choices: [], usage }), means: 'finish' });
  }
  events.push({ text: 'data: [DONE]\n\n', means: 'done' });
  return streamAnswer(fields, events);
}

/** Places at which a question may end and its answer begin. */
const PLACES_MAX = 8;

/**
 * This endpoint always goes on from the text that it is given. A prompt that ends in the beginning of our own answer to the rest of it is
 * gone on with in that answer, as an engine would that decodes greedily.
 */
function begunIn(prompt: string, model: string, speaker: Speaker): { prompt: string; prefill: string | undefined } {
  let at = 0;
  for (let place = 0; place < PLACES_MAX; place += 1) {
    const end = prompt.slice(at).search(/[.?!]\S*\s*\S/);
    if (end === -1) break;
    at += end + 1;
    const asked = prompt.slice(0, at);
    const begun = prompt.slice(at);
    const whole = proseOf({ prompt: asked, model, voice: speaker.voice, choice: 0 });
    if (speaker.prefill === 'continue' && whole.startsWith(begun)) return { prompt: asked, prefill: begun };
  }
  return { prompt, prefill: undefined };
}

function dataOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
