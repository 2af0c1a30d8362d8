import type { Call, Dialect } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { fieldOf } from '../call/fields.ts';
import { readTopLevel } from '../call/top-level.ts';
import type { IncomingRequest } from '../http1/contract.ts';
import type { Clock } from '../world/world.ts';

/** What reading a call needs besides the request. */
export type CallReading = {
  readonly clock: Clock;
  readonly nameCaller: (fields: readonly string[]) => string | undefined;
  readonly deadlineMs: number;
};

/** Methods that may be sent twice without harm (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Makes the call of a request whose body is in hand.
 * @throws Failure `caller-not-json` when an inference request is no JSON object, `request-rejected` when it names no model.
 */
export function readCall(
  request: IncomingRequest,
  id: string,
  dialect: Dialect,
  body: Uint8Array | undefined,
  startMs: number,
  reading: CallReading,
): Call {
  const isInference = dialect !== 'http';
  const top = isInference && body !== undefined ? readTopLevel(body) : undefined;
  if (isInference && top === undefined) throw refused('caller-not-json', 'the body is not a JSON object');
  if (isInference && (top?.model === undefined || top.model === '')) {
    throw refused('caller-malformed', 'the body names no "model"');
  }
  return {
    id,
    dialect,
    method: request.method,
    path: request.target,
    fields: request.fields,
    body,
    model: top?.model,
    modelAt: top?.modelAt,
    isStream: top?.isStream === true,
    isReplayable: isInference || IDEMPOTENT.has(request.method),
    caller: { ip: request.peer.ip, credential: reading.nameCaller(request.fields) },
    startMs,
    deadlineMs: startMs + reading.deadlineMs,
    story: { attempts: [], notes: [] },
    priority: 0,
    idempotencyKey: fieldOf(request.fields, 'idempotency-key'),
    attempt: undefined,
    isLeft: false,
    leavers: new Set(),
  };
}

function refused(code: 'caller-not-json' | 'caller-malformed', note: string): Failure {
  return new Failure(code, { phase: 'queue', firstEvent: 'parse', note });
}
