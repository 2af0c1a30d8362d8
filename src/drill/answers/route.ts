import { isSchema, type Json } from '../from-schema.ts';
import type { Answer, Ask, Shape, Speaker } from './answer.ts';
import { answerChat } from './chat.ts';
import { answerCompletion } from './completions.ts';
import { answerEmbeddings } from './embeddings.ts';
import { complain } from './errors.ts';
import { answerMessages, countMessages } from './messages.ts';
import { answerModels } from './models.ts';
import { answerResponse } from './responses.ts';
import { type Body, NOT_JSON } from './validate.ts';

type Endpoint = (ask: Ask, body: Body, speaker: Speaker) => Answer;

const POSTS: Readonly<Record<string, Endpoint>> = {
  '/v1/chat/completions': answerChat,
  '/v1/responses': answerResponse,
  '/v1/completions': answerCompletion,
  '/v1/embeddings': answerEmbeddings,
  '/v1/messages': answerMessages,
  '/v1/messages/count_tokens': countMessages,
};

/** Azure puts its deployments before the path: `/openai/deployments/NAME/chat/completions`, or `/openai/v1/…`. */
const AZURE = /^\/openai(?:\/deployments\/[^/]+|\/v1)(?=\/)/;

/** What is asked, read from a request whole in hand. */
export function readAsk(method: string, target: string, fields: readonly string[], bytes: Uint8Array): Ask {
  const path = target.split('?', 1)[0] ?? '';
  const isAzure = AZURE.test(path);
  const own = isAzure ? path.replace(AZURE, '/v1') : path;
  return { method, path: own, shape: isAzure ? 'azure-openai' : shapeOf(own, fields), fields, body: objectIn(bytes) };
}

/** Answers well, as a healthy provider does: also what is asked wrongly. */
export function answerTo(ask: Ask, speaker: Speaker): Answer {
  const { path, shape } = ask;
  const method = ask.method === 'HEAD' ? 'GET' : ask.method;
  const isModels = path === '/v1/models' || path.startsWith('/v1/models/');
  const endpoint = Object.hasOwn(POSTS, path) ? POSTS[path] : undefined;
  if (method === 'GET' && isModels) return answerModels(ask, speaker);
  if (endpoint === undefined && !isModels) {
    const message = shape === 'anthropic' ? 'Not found' : `Invalid URL (${ask.method} ${path})`;
    const type = shape === 'anthropic' ? 'not_found_error' : 'invalid_request_error';
    return complain(shape, speaker, { status: 404, type, message });
  }
  if (endpoint === undefined || method !== 'POST') {
    const message = `Not allowed to ${ask.method} on ${path}.`;
    const complaint = { status: 405, type: 'invalid_request_error', message, code: 'method_not_supported' };
    return complain(shape, speaker, complaint, ['allow', isModels ? 'GET, HEAD' : 'POST']);
  }
  if (ask.body === undefined) return complain(shape, speaker, NOT_JSON);
  return endpoint(ask, ask.body, speaker);
}

function shapeOf(path: string, fields: readonly string[]): Shape {
  if (path.startsWith('/v1/messages')) return 'anthropic';
  return path.startsWith('/v1/models') && fields.includes('anthropic-version') ? 'anthropic' : 'openai';
}

function objectIn(bytes: Uint8Array): Body | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const value: Json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    return isSchema(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
