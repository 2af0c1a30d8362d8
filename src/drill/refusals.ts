import { fieldOf } from '../call/fields.ts';
import type { Answer, Ask, Shape, Speaker } from './answers/answer.ts';
import { complain, complaintOf } from './answers/errors.ts';

/** The provider's 401 for a request without one of the keys; undefined lets it in. */
export function keyRefused(ask: Ask, keys: readonly string[] | undefined, speaker: Speaker): Answer | undefined {
  if (keys === undefined) return undefined;
  const bearer = /^bearer\s+(.+)$/i.exec(fieldOf(ask.fields, 'authorization') ?? '')?.[1];
  const given = fieldOf(ask.fields, 'x-api-key') ?? fieldOf(ask.fields, 'api-key') ?? bearer;
  if (given !== undefined && keys.includes(given)) return undefined;
  return complain(ask.shape, speaker, complaintOf(ask.shape, 401));
}

/** Tells a test that the fault it asked for by field is none. */
export function faultNotUnderstood(shape: Shape, speaker: Speaker, why: string): Answer {
  const message = `goodgate-drill: ${why}`;
  return complain(shape, speaker, {
    status: 400,
    type: 'invalid_request_error',
    message,
    code: 'fault_not_understood',
  });
}
