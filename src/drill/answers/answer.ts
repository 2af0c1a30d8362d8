import type { Fields } from '../../call/fields.ts';
import type { Json } from '../from-schema.ts';

/**
 * One event of a stream as it is written, with what it means to whoever counts: `output` carries text or tool arguments, `finish` says
 * that the answer is complete, `done` is the dialect's very last word, `frame` is all the rest (role chunk, block starts, pings).
 */
export type StreamEvent = { readonly text: string; readonly means: 'frame' | 'output' | 'finish' | 'done' };

/** An answer before it is framed: status and fields without framing or date, and what they carry. */
export type Answer =
  | { readonly kind: 'plain'; readonly status: number; readonly fields: Fields; readonly body: Uint8Array }
  | { readonly kind: 'stream'; readonly status: 200; readonly fields: Fields; readonly events: readonly StreamEvent[] };

/** Whose way of speaking a request has, which decides how errors look. */
export type Shape = 'openai' | 'azure-openai' | 'anthropic';

/** The upstream as far as its answers show it. */
export type Speaker = {
  /** Shows as `system_fingerprint` and as the owner of the models. */
  readonly name: string;
  readonly voice: string;
  readonly models: readonly string[];
  readonly prefill: Prefill;
  /** A fresh id: hex digits. */
  readonly id: () => string;
  readonly wallMs: () => number;
};

/** What becomes of a last message from the assistant: continued from exactly there, taken as history, or refused as newer models do. */
export type Prefill = 'continue' | 'restart' | 'refuse';

/** One request as an answer sees it. */
export type Ask = {
  readonly method: string;
  /** Without its query and without what Azure puts before it: `/v1/chat/completions`. */
  readonly path: string;
  readonly shape: Shape;
  readonly fields: readonly string[];
  /** undefined when the body is no JSON object. */
  readonly body: { readonly [name: string]: Json } | undefined;
};

/** A JSON answer in one piece. */
export function jsonAnswer(status: number, fields: Fields, body: unknown): Answer {
  return plainAnswer(status, ['content-type', 'application/json', ...fields], JSON.stringify(body));
}

/** Any answer in one piece, as UTF-8. */
export function plainAnswer(status: number, fields: Fields, body: string): Answer {
  return { kind: 'plain', status, fields, body: Buffer.from(body, 'utf8') };
}

/** A stream of server-sent events, under the fields that providers send with it. */
export function streamAnswer(fields: Fields, events: readonly StreamEvent[]): Answer {
  const own = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-cache'];
  return { kind: 'stream', status: 200, fields: [...own, ...fields], events };
}

/** The fields by which a provider's own application is known (who wrote this answer?). */
export function fieldsOf(shape: Shape, speaker: Speaker): Fields {
  const id = speaker.id();
  if (shape === 'anthropic') return ['request-id', `req_${id}`, 'anthropic-organization-id', `org_${speaker.name}`];
  const fields = ['x-request-id', `req_${id}`, 'openai-version', '2020-10-01', 'openai-processing-ms', '1'];
  if (shape === 'azure-openai') return ['apim-request-id', id, 'x-ms-region', 'Sandbox', ...fields];
  return ['openai-organization', speaker.name, ...fields];
}
