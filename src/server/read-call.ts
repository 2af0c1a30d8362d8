import type { Call, Dialect } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import { Leavers } from '../call/leavers.ts';
import { readTopLevel } from '../call/top-level.ts';
import type { IncomingRequest } from '../http1/contract.ts';
import { upgradeOf } from '../http1/hops.ts';
import type { Clock } from '../world/world.ts';

/** What reading a call needs besides the request. */
export type CallReading = {
  readonly clock: Clock;
  readonly nameCaller: (fields: readonly string[]) => string | undefined;
  readonly hints: HintReader;
};

/** Reads what a caller asks for: its deadline from now on, its priority, its idempotency key; `notes` say what was not granted. */
export type HintReader = (
  fields: Fields,
  path: string,
  model: string | undefined,
) => {
  readonly deadlineMs: number;
  readonly priority: number;
  readonly idempotencyKey: string | undefined;
  readonly notes: string[];
};

/** Methods that may be sent twice without harm (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Makes the call of a request whose body is in hand.
 * @throws Failure `caller-not-json` when an inference request is no JSON object, `caller-malformed` when it names no model.
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
  if (isInference && top === undefined) throw refused('caller-not-json', whatIsWrong(request));
  if (isInference && (top?.model === undefined || top.model === '')) {
    throw refused('caller-malformed', 'the body names no "model"');
  }
  const hints = reading.hints(request.fields, request.target, top?.model);
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
    deadlineMs: startMs + hints.deadlineMs,
    story: { attempts: [], notes: hints.notes },
    priority: hints.priority,
    idempotencyKey: hints.idempotencyKey,
    upgrade: isInference ? undefined : wantedUpgrade(request),
    attempt: undefined,
    isLeft: false,
    leavers: new Leavers(),
  };
}

/** Compressed requests are as rare as services that take them: the model is read from what came. */
function whatIsWrong({ fields }: IncomingRequest): string {
  const isPlain = (fieldOf(fields, 'content-encoding') ?? 'identity') === 'identity';
  return isPlain ? 'the body is not a JSON object' : 'the body is compressed: send it without content-encoding';
}

/** Only a request without a body may switch protocols here: what is left of one would be taken for the new protocol. */
function wantedUpgrade(request: IncomingRequest): Call['upgrade'] {
  if (request.method !== 'GET' || request.minorVersion === 0 || request.bodyLength !== 0) return undefined;
  return upgradeOf(request.fields);
}

function refused(code: 'caller-not-json' | 'caller-malformed', note: string): Failure {
  return new Failure(code, { phase: 'queue', firstEvent: 'parse', note });
}
