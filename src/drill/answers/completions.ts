import { isSchema } from '../from-schema.ts';
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
  const wish = { model, prompt, prefill: undefined, wordsMax, choices: 1, stops, tool: undefined, format: undefined };
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

function dataOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
