import type { Json } from '../from-schema.ts';
import type { Ask } from './answer.ts';
import type { Complaint } from './errors.ts';

/** The JSON object of a request, whose members nobody has checked. */
export type Body = { readonly [name: string]: Json };

/** What was read, or what is wrong with it. */
export type WithComplaint<T> = T | Complaint;

export function isComplaint(read: unknown): read is Complaint {
  return typeof read === 'object' && read !== null && 'message' in read && 'type' in read && 'status' in read;
}

/** OpenAI's words for a body that is no JSON object. */
export const NOT_JSON: Complaint = {
  status: 400,
  type: 'invalid_request_error',
  message:
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
};

/** Without a bound a wish for a billion words would make them. */
const WORDS_MAX = 1_000_000;

export function missing(ask: Ask, name: string): Complaint {
  if (ask.shape === 'anthropic') return invalid(`${name}: Field required`, null, null);
  return invalid(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');
}

export function wrongValue(name: string, why: string): Complaint {
  return invalid(`Invalid value for '${name}': ${why}.`, name, 'invalid_value');
}

function invalid(message: string, param: string | null, code: string | null): Complaint {
  return { status: 400, type: 'invalid_request_error', message, param, code };
}

/** The model asked for. On Azure it stands in the path, so the body need not name one. */
export function modelIn(ask: Ask, body: Body): WithComplaint<string> {
  const { model } = body;
  if (typeof model === 'string' && model !== '') return model;
  if (ask.shape === 'azure-openai' && model === undefined) return 'deployment';
  if (ask.shape === 'anthropic') return missing(ask, 'model');
  return invalid('you must provide a model parameter', null, null);
}

/** A list with at least one member. */
export function listIn(body: Body, name: string, ask?: Ask): WithComplaint<readonly Json[]> {
  const list = body[name];
  if (list === undefined || list === null) {
    return ask === undefined
      ? invalid(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter')
      : missing(ask, name);
  }
  if (!Array.isArray(list)) return invalid(`Invalid type for '${name}': expected an array.`, name, 'invalid_type');
  if (list.length > 0) return list;
  const message = `Invalid '${name}': empty array. Expected an array with minimum length 1, but got an empty array instead.`;
  return invalid(message, name, 'empty_array');
}

/** An integer of at least 1, or what stands for it when it is not given. */
export function lengthIn(body: Body, name: string, absent = WORDS_MAX, most = WORDS_MAX): WithComplaint<number> {
  const value = body[name];
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return invalid(`Invalid type for '${name}': expected an integer.`, name, 'invalid_type');
  }
  if (value < 1) {
    const message = `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`;
    return invalid(message, name, 'integer_below_min_value');
  }
  if (value <= most || most === WORDS_MAX) return Math.min(value, WORDS_MAX);
  const message = `Invalid '${name}': integer above maximum value. Expected a value <= ${most}, but got ${value} instead.`;
  return invalid(message, name, 'integer_above_max_value');
}

export function takesStream(body: Body): Complaint | undefined {
  const { stream } = body;
  if (stream === undefined || stream === null || typeof stream === 'boolean') return undefined;
  return invalid("Invalid type for 'stream': expected a boolean.", 'stream', 'invalid_type');
}

/** Up to four stop texts, as OpenAI takes. */
export function stopsIn(stop: Json | undefined): readonly string[] {
  if (typeof stop === 'string') return stop === '' ? [] : [stop];
  if (!Array.isArray(stop)) return [];
  return stop.filter((text): text is string => typeof text === 'string' && text !== '').slice(0, 4);
}
