import type { Chance } from '../../world/world.ts';
import { answerTo, readAsk } from '../answers/route.ts';
import type { CallerKind } from './seen.ts';

/** How a caller speaks: the four ways to ask for words, each with its own form of stream. */
export const TONGUES = ['chat', 'responses', 'completions', 'messages'] as const;

export type Tongue = (typeof TONGUES)[number];

/** One request a caller may send, and what a good service says to it. */
export type Wish = {
  readonly kind: CallerKind;
  readonly tongue: Tongue;
  readonly path: string;
  readonly body: string;
  /** Sent as it is instead of a request, by callers who speak no good HTTP. */
  readonly raw: string | undefined;
  readonly isStream: boolean;
  readonly wanted: string | undefined;
};

/** All upstreams of a drill speak with this voice, so that any can finish what another began. */
export const VOICE = 'drill';
export const MODELS = ['drill-chat', 'drill-embedding'] as const;

/** Questions asked again and again: as many as make every answer's length occur, few enough to be worked out once. */
const QUESTIONS = 40;
/** Lengths of streamed answers in words: phrases and paragraphs mostly, now and then a page. Plain answers are of the first ones. */
const WORDS = [8, 8, 8, 8, 30, 30, 30, 30, 60, 60, 60, 60, 120, 120, 250, 500] as const;
const WORDS_PLAIN = 12;
/** What callers allow where a dialect wants to know. */
const TOKENS_LEAST = 1000;

/** What no service of a drill can bear to be asked: it answers 500, every time. */
export const POISON = ' Mind the poison.';

/** Who answers: what is said depends on nothing but the voice, the model and the question. */
export type Voice = { readonly voice: string; readonly model: string };

const OWN_VOICE: Voice = { voice: VOICE, model: 'drill-chat' };

const known = new Map<string, string | undefined>();

const PATHS: Record<Tongue, string> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  completions: '/v1/completions',
  messages: '/v1/messages',
};

/** What a caller of this kind asks next, in this tongue, of services with this voice; `count` words when it says how many it wants. */
export function wishOf(
  kind: CallerKind,
  tongue: Tongue,
  chance: Chance,
  voice: Voice = OWN_VOICE,
  count?: number,
): Wish {
  switch (kind) {
    case 'embeddings':
      return embeddings(kind, chance);
    case 'bad':
      return bad(tongue, chance);
    case 'plain':
    case 'greedy':
      return words(kind, tongue, chance, voice, false);
    case 'hasty':
      return words(kind, tongue, chance, voice, chance.float() < 0.5);
    case 'poison':
      return { ...words(kind, tongue, chance, voice, chance.float() < 0.5, POISON), wanted: undefined };
    case 'stream':
    case 'impatient':
    case 'slow-reader':
    case 'reconnecting':
      return words(kind, tongue, chance, voice, true, '', count);
  }
}

function words(
  kind: CallerKind,
  tongue: Tongue,
  chance: Chance,
  voice: Voice,
  isStream: boolean,
  more = '',
  asMany?: number,
): Wish {
  const count = asMany ?? WORDS[chance.below(isStream ? WORDS.length : WORDS_PLAIN)] ?? 30;
  const content = `Question ${chance.below(QUESTIONS)}: tell me about the harbour in ${count} words.${more}`;
  const wish = { model: voice.model, ...asked(tongue, content, Math.max(count, TOKENS_LEAST)) };
  const path = PATHS[tongue];
  const wanted = wantedOf(path, JSON.stringify(wish), voice);
  const body = JSON.stringify({ ...wish, ...(isStream ? { stream: true } : {}) });
  return { kind, tongue, path, body, raw: undefined, isStream, wanted };
}

function asked(tongue: Tongue, content: string, tokensMax: number): object {
  switch (tongue) {
    case 'chat':
      return { messages: [{ role: 'user', content }] };
    case 'responses':
      return { input: content };
    case 'completions':
      return { prompt: content, max_tokens: tokensMax };
    case 'messages':
      return { messages: [{ role: 'user', content }], max_tokens: tokensMax };
  }
}

function embeddings(kind: CallerKind, chance: Chance): Wish {
  const body = JSON.stringify({
    model: 'drill-embedding',
    input: `Passage ${chance.below(QUESTIONS)}`,
    dimensions: 8,
  });
  const wanted = wantedOf('/v1/embeddings', body, OWN_VOICE);
  return { kind, tongue: 'chat', path: '/v1/embeddings', body, raw: undefined, isStream: false, wanted };
}

/** Requests that deserve a refusal, each in its way. */
function bad(tongue: Tongue, chance: Chance): Wish {
  const path = PATHS[tongue];
  const raws = [
    'GET /v1/models HTTP/1.1\r\nno colon here\r\n\r\n',
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
  ] as const;
  const bodies = ['{"model":', '{"model":"drill-chat"}', '{"model":"drill-chat","messages":[]}', '[]', 'null'] as const;
  const nth = chance.below(raws.length + bodies.length);
  const raw = raws[nth];
  const body = bodies[nth - raws.length] ?? '';
  return { kind: 'bad', tongue, path, body, raw, isStream: false, wanted: undefined };
}

/** Anthropic's services ask for it. */
const VERSION = ['anthropic-version', '2023-06-01'];

/** What a good service says, from the service's own answer to the plain form of the request. */
function wantedOf(path: string, body: string, { voice, model }: Voice): string | undefined {
  const key = `${voice}\n${path}\n${body}`;
  if (!known.has(key)) {
    const speaker = {
      name: 'nobody',
      voice,
      models: [...MODELS, model],
      prefill: 'continue',
      id: () => 'id',
      wallMs: () => 0,
    } as const;
    const answer = answerTo(readAsk('POST', path, VERSION, Buffer.from(body)), speaker);
    known.set(key, answer.kind === 'plain' ? textOf(path, Buffer.from(answer.body).toString('utf8')) : undefined);
  }
  return known.get(key);
}

/** The part of a plain answer that must come whole: the words, or the numbers. */
export function textOf(path: string, body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    if (path === '/v1/embeddings') return JSON.stringify(member(answer, 'data'));
    if (path === PATHS.messages) return textIn(member(first(answer, 'content'), 'text'));
    if (path === PATHS.responses) return textIn(member(first(first(answer, 'output'), 'content'), 'text'));
    const choice = first(answer, 'choices');
    return textIn(path === PATHS.completions ? member(choice, 'text') : member(member(choice, 'message'), 'content'));
  } catch {
    return undefined;
  }
}

/** A member of what may be no object at all. */
export function member(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name);
}

/** The first of the list that is a member. */
export function first(value: unknown, name: string): unknown {
  const list = member(value, name);
  return Array.isArray(list) ? list[0] : undefined;
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
