import type { Chance } from '../../world/world.ts';
import { answerTo, readAsk } from '../answers/route.ts';
import type { CallerKind } from './seen.ts';

/** One request a caller may send, and what a good service says to it. */
export type Wish = {
  readonly kind: CallerKind;
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
/** Lengths of streamed answers in words: a phrase, a paragraph, a page. */
const WORDS = [8, 30, 60, 120, 250, 500] as const;

/** What no service of a drill can bear to be asked: it answers 500, every time. */
export const POISON = ' Mind the poison.';

const known = new Map<string, string | undefined>();

/** What a caller of this kind asks next. */
export function wishOf(kind: CallerKind, chance: Chance): Wish {
  switch (kind) {
    case 'embeddings':
      return embeddings(kind, chance);
    case 'bad':
      return bad(chance);
    case 'plain':
    case 'greedy':
      return chat(kind, chance, false);
    case 'poison':
      return { ...chat(kind, chance, chance.float() < 0.5, POISON), wanted: undefined };
    case 'stream':
    case 'impatient':
    case 'slow-reader':
    case 'reconnecting':
      return chat(kind, chance, true);
  }
}

function chat(kind: CallerKind, chance: Chance, isStream: boolean, more = ''): Wish {
  const words = WORDS[chance.below(isStream ? WORDS.length : 3)] ?? 30;
  const content = `Question ${chance.below(QUESTIONS)}: tell me about the harbour in ${words} words.${more}`;
  const wish = { model: 'drill-chat', messages: [{ role: 'user', content }] };
  const wanted = wantedOf('/v1/chat/completions', JSON.stringify(wish));
  const body = JSON.stringify({ ...wish, ...(isStream ? { stream: true } : {}) });
  return { kind, path: '/v1/chat/completions', body, raw: undefined, isStream, wanted };
}

function embeddings(kind: CallerKind, chance: Chance): Wish {
  const body = JSON.stringify({
    model: 'drill-embedding',
    input: `Passage ${chance.below(QUESTIONS)}`,
    dimensions: 8,
  });
  const wanted = wantedOf('/v1/embeddings', body);
  return { kind, path: '/v1/embeddings', body, raw: undefined, isStream: false, wanted };
}

/** Requests that deserve a refusal, each in its way. */
function bad(chance: Chance): Wish {
  const path = '/v1/chat/completions';
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
  return { kind: 'bad', path, body, raw, isStream: false, wanted: undefined };
}

/** What a good service says, from the service's own answer to the plain form of the request. */
function wantedOf(path: string, body: string): string | undefined {
  const key = `${path}\n${body}`;
  if (!known.has(key)) {
    const speaker = {
      name: 'nobody',
      voice: VOICE,
      models: MODELS,
      prefill: 'continue',
      id: () => 'id',
      wallMs: () => 0,
    } as const;
    const answer = answerTo(readAsk('POST', path, [], Buffer.from(body)), speaker);
    known.set(key, answer.kind === 'plain' ? textOf(path, Buffer.from(answer.body).toString('utf8')) : undefined);
  }
  return known.get(key);
}

/** The part of a plain answer that must come whole: the words, or the numbers. */
export function textOf(path: string, body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    if (path === '/v1/embeddings') return JSON.stringify(Reflect.get(Object(answer), 'data'));
    const choices: unknown = Reflect.get(Object(answer), 'choices');
    const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
    const text: unknown = Reflect.get(Object(Reflect.get(Object(first), 'message')), 'content');
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
