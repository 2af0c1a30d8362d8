import { mediaType } from './answer-fields.ts';
import type { CauseCode } from './catalogue.ts';

/** What a service says of its own failure, in its own words; all bounded, all untrusted. */
export type ServiceError = {
  /** OpenAI `type`, Anthropic `error.type`, Google `status`. */
  readonly type: string;
  /** OpenAI `code`, Azure `code`, vLLM `code`. */
  readonly code: string;
  readonly message: string;
};

/** 512 characters: every provider's telling words come in its first sentence. */
const MESSAGE_CHARS_MAX = 512;
const WORD_CHARS_MAX = 80;
/** 64 KiB: what evidence keeps of a body. */
const BODY_BYTES_MAX = 65_536;

/** Codes and types that mean one thing wherever they appear, lower case. Sources: the providers' API references and error lists. */
const BY_WORD: Readonly<Record<string, CauseCode>> = {
  // OpenAI and those who speak its dialect
  context_length_exceeded: 'context-too-long',
  string_above_max_length: 'context-too-long',
  exceed_context_size_error: 'context-too-long', // llama.cpp
  insufficient_quota: 'quota-exhausted',
  billing_hard_limit_reached: 'quota-exhausted',
  billing_not_active: 'quota-exhausted',
  insufficient_balance: 'quota-exhausted',
  rate_limit_exceeded: 'rate-limited',
  rate_limit_error: 'rate-limited',
  tokens: 'rate-limited',
  requests: 'rate-limited',
  slow_down: 'service-overloaded',
  invalid_api_key: 'credential-refused',
  invalid_authentication: 'credential-refused',
  account_deactivated: 'credential-refused',
  model_not_found: 'model-not-found',
  model_not_available: 'model-not-found',
  deployment_not_found: 'model-not-found',
  deploymentnotfound: 'model-not-found', // Azure
  content_policy_violation: 'content-refused',
  content_filter: 'content-refused', // Azure
  responsibleaipolicyviolation: 'content-refused', // Azure
  invalid_prompt: 'content-refused',
  moderation_blocked: 'content-refused',
  unsupported_country_region_territory: 'region-unsupported',
  request_too_large: 'request-too-large',
  engine_overloaded: 'service-overloaded',
  server_overloaded: 'service-overloaded',
  overloaded: 'service-overloaded',
  model_overloaded: 'service-overloaded',
  nocapacity: 'service-overloaded', // Azure
  server_error: 'service-error',
  // OpenAI's edge
  cf_bad_gateway: 'edge-failed',
  cf_gateway_timeout: 'service-timeout',
  cf_service_unavailable: 'edge-failed',
  // Anthropic
  overloaded_error: 'service-overloaded',
  authentication_error: 'credential-refused',
  permission_error: 'permission-refused',
  billing_error: 'quota-exhausted',
  timeout_error: 'service-timeout',
  api_error: 'service-error',
  // Google
  resource_exhausted: 'rate-limited',
  unauthenticated: 'credential-refused',
  permission_denied: 'permission-refused',
  deadline_exceeded: 'service-timeout',
  // llama.cpp, while it loads a model
  unavailable_error: 'service-unavailable',
};

/**
 * How messages about the account begin, lower case, for services that say it with a 400 and no code. Only the beginning counts: services
 * quote the caller's own words further on, and no caller may talk a key into its rest by what it writes.
 */
const BY_BEGINNING: readonly (readonly [beginning: string, code: CauseCode])[] = [
  ['your credit balance is too low', 'quota-exhausted'], // Anthropic, with 400 invalid_request_error
  ['insufficient balance', 'quota-exhausted'],
  ['you exceeded your current quota', 'quota-exhausted'],
  ['api key not valid', 'credential-refused'], // Google, with 400
  ['user location is not supported', 'region-unsupported'], // Google, with 400
  ['country, region, or territory not supported', 'region-unsupported'],
];

/** Telling phrases, lower case, looked for only where type and code leave it open; the first that fits wins. None of them blames a key. */
const BY_PHRASE: readonly (readonly [phrase: string, code: CauseCode])[] = [
  ['prompt is too long', 'context-too-long'], // Anthropic
  ['exceed context limit', 'context-too-long'], // Anthropic
  ['maximum context length', 'context-too-long'], // OpenAI, vLLM
  ['context window', 'context-too-long'],
  ['input token count', 'context-too-long'], // Google
  ['content management policy', 'content-refused'], // Azure
  ['content filtering policy', 'content-refused'], // Anthropic
  ['usage policies', 'content-refused'],
  ['overloaded', 'service-overloaded'],
  ['maintenance', 'service-maintenance'],
  ['loading model', 'service-unavailable'],
];

/** Causes that only a 5xx or 429 may name by phrase. */
const CAPACITY_WORDS: ReadonlySet<CauseCode> = new Set([
  'service-overloaded',
  'service-maintenance',
  'service-unavailable',
]);

/** The service's own error, when the body is JSON and holds one; undefined otherwise. Never throws. */
export function serviceError(fields: readonly string[], body: Uint8Array): ServiceError | undefined {
  const type = mediaType(fields);
  if (type !== '' && !type.includes('json') && !type.startsWith('text/plain')) return undefined;
  if (body.length === 0 || body.length > BODY_BYTES_MAX) return undefined;
  try {
    return errorOf(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    // Not JSON: then it holds no error object, and the caller judges the bytes otherwise.
    return undefined;
  }
}

/** Finds the error in the shapes in use: `{error: {…}}`, `{error: "…"}`, `[{error: {…}}]`, and the bare object of vLLM and Mistral. */
function errorOf(value: unknown): ServiceError | undefined {
  const root = Array.isArray(value) ? value[0] : value;
  if (!isObject(root)) return undefined;
  const inner = root.error;
  if (typeof inner === 'string') return { type: '', code: word(root.code), message: text(inner) };
  const error = isObject(inner) ? inner : root.object === 'error' ? root : undefined;
  if (error === undefined) return undefined;
  const deeper = isObject(error.innererror) ? error.innererror : {};
  return {
    type: word(error.type) || word(error.status),
    code: wordly(deeper.code) || wordly(error.code),
    message: text(error.message),
  };
}

/**
 * The cause a service names by itself, or undefined when its words leave it open.
 * `status` is 0 for an error inside a stream; an error object in a 200 is the same in a plain answer. Some words say less than the status they come with (`api_error`); phrases come before those.
 */
export function causeOfWords(error: ServiceError, status: number): { code: CauseCode; by: string } | undefined {
  for (const [name, value] of [
    ['code', error.code],
    ['type', error.type],
  ] as const) {
    const code = Object.hasOwn(BY_WORD, value) ? BY_WORD[value] : undefined;
    if (code !== undefined && code !== 'service-error')
      return { code: sharpen(code, error), by: `error ${name} ${value}` };
  }
  const message = error.message.toLowerCase();
  for (const [beginning, code] of BY_BEGINNING) {
    if (message.startsWith(beginning)) return { code, by: `error message begins "${beginning}"` };
  }
  for (const [phrase, code] of BY_PHRASE) {
    // A phrase about the call in a 5xx, or about the service's state in a 4xx, is someone's prose and not a verdict.
    const isFitting = status < 400 || (status >= 500 || status === 429) === CAPACITY_WORDS.has(code);
    if (isFitting && message.includes(phrase)) return { code, by: `error message "${phrase}"` };
  }
  const generic = [error.code, error.type].find((word) => GENERIC.has(word));
  if (generic === undefined || SAYS_MORE.has(status)) return undefined;
  return { code: 'service-error', by: `error word ${generic}` };
}

/** Words that say no more than that something went wrong inside the service. */
const GENERIC: ReadonlySet<string> = new Set([
  'server_error', // OpenAI
  'api_error', // Anthropic
  'internalservererror', // Azure
  'internal_server_error', // Mistral, vLLM
  'internal_error',
  'internal', // Google
]);

/** Statuses that say more than a generic word: Anthropic words its 502 and 503 as `api_error` too. */
const SAYS_MORE: ReadonlySet<number> = new Set([501, 502, 503, 504]);

/** A rate limit whose message speaks of the account's quota is the quota (OpenAI sends both with 429). */
function sharpen(code: CauseCode, error: ServiceError): CauseCode {
  if (code !== 'rate-limited') return code;
  const message = error.message.toLowerCase();
  return message.includes('exceeded your current quota') && !message.includes('retry in') ? 'quota-exhausted' : code;
}

/** Any object, seen as the keys that error shapes use. */
type ErrorShape = {
  readonly error?: unknown;
  readonly object?: unknown;
  readonly type?: unknown;
  readonly status?: unknown;
  readonly code?: unknown;
  readonly innererror?: unknown;
  readonly message?: unknown;
};

function isObject(value: unknown): value is ErrorShape {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MESSAGE_CHARS_MAX) : '';
}

function word(value: unknown): string {
  return typeof value === 'string' ? plainWord(value) : '';
}

/** An outsider's word as it may stand in our own sentences: lower case, 80 characters, nothing but letters, digits and `_.:-`. */
export function plainWord(value: string): string {
  return value
    .slice(0, WORD_CHARS_MAX)
    .toLowerCase()
    .replace(/[^a-z0-9_.:-]/g, '');
}

/** What words about failures are made of. */
const TELLING =
  /error|exceed|invalid|unavailable|timeout|timed_out|overload|limit|refused|terminated|incomplete|protocol|denied|not_found/;

/**
 * An outsider's word where it is plainly one about a failure (`overloaded_error`, `connection_refused`), else undefined. Services put whole
 * messages and keys into such places, and what decided a finding is shown to people.
 */
export function failureWord(value: string): string | undefined {
  const word = value.toLowerCase();
  return /^[a-z]+(?:_[a-z]+){0,5}$/.test(word) && word.length <= 40 && TELLING.test(word) ? word : undefined;
}

/** A code that is a number only repeats the status: no word. */
function wordly(value: unknown): string {
  const code = word(value);
  return /^\d*$/.test(code) ? '' : code;
}
