import { diceOf } from '../dice.ts';
import type { Json } from '../from-schema.ts';
import { countWords } from '../prose.ts';
import { type Answer, type Ask, fieldsOf, jsonAnswer, type Speaker } from './answer.ts';
import { complain } from './errors.ts';
import { type Body, isComplaint, lengthIn, missing, modelIn, wrongValue } from './validate.ts';

/** Those of text-embedding-3-small. */
const DIMENSIONS_DEFAULT = 1536;
const DIMENSIONS_MAX = 4096;
/** OpenAI's own bound. */
const INPUTS_MAX = 2048;
/** All vectors together: more than 2048 of the default size, some 80 MB as JSON. */
const VALUES_MAX = 1 << 22;

/** `POST /v1/embeddings`: unit vectors that depend on text, model and dimensions alone; as numbers, or as base64 of little-endian floats. */
export function answerEmbeddings(ask: Ask, body: Body, speaker: Speaker): Answer {
  const model = modelIn(ask, body);
  if (isComplaint(model)) return complain(ask.shape, speaker, model);
  const dimensions = lengthIn(body, 'dimensions', DIMENSIONS_DEFAULT, DIMENSIONS_MAX);
  if (isComplaint(dimensions)) return complain(ask.shape, speaker, dimensions);
  const { input } = body;
  if (input === undefined || input === null) return complain(ask.shape, speaker, missing(ask, 'input'));
  const inputs = inputsIn(input);
  if (inputs.length === 0 || inputs.length > INPUTS_MAX) {
    return complain(ask.shape, speaker, wrongValue('input', `expected from 1 to ${INPUTS_MAX} texts`));
  }
  if (inputs.length * dimensions > VALUES_MAX) {
    return complain(ask.shape, speaker, wrongValue('input', `expected at most ${VALUES_MAX} dimensions in all`));
  }
  const isBase64 = body['encoding_format'] === 'base64';
  const words = inputs.reduce((sum, text) => sum + countWords(text), 0);
  return jsonAnswer(200, fieldsOf(ask.shape, speaker), {
    object: 'list',
    data: inputs.map((text, index) => {
      const vector = unitVector(`${model}\n${text}`, dimensions);
      return { object: 'embedding', index, embedding: isBase64 ? base64Of(vector) : [...vector] };
    }),
    model,
    usage: { prompt_tokens: words, total_tokens: words },
  });
}

/** A text, a list of texts, a list of tokens, or a list of lists of tokens. */
function inputsIn(input: Json): readonly string[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return [];
  if (input.every((member) => typeof member === 'number')) return input.length === 0 ? [] : [input.join(' ')];
  return input.map((member) => (Array.isArray(member) ? member.join(' ') : String(member)));
}

function unitVector(seed: string, dimensions: number): Float32Array {
  const dice = diceOf(seed);
  const vector = Float32Array.from({ length: dimensions }, () => dice() - 0.5);
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / length);
}

function base64Of(vector: Float32Array): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes.toString('base64');
}
