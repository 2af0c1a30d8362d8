import type { Failure } from '../call/failure.ts';
import type { Fields } from '../call/fields.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { classify } from '../diagnosis/classify.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import type { ErrorShape } from './dialect.ts';
import { type ServiceError, serviceError } from './service-error.ts';

/** A failure as HTTP, without the fields that every answer has. */
export type FailureAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly more: Fields;
};

/** What the answer says besides the finding. */
export type FailureContext = {
  readonly requestId: string;
  readonly attempts: number;
  /** True when the credential that was refused is the caller's own. */
  readonly isCallerCredential: boolean;
};

/** The finding behind a failure: what the evidence says, unless the room that failed knew better. */
export function findingBehind(failure: Failure): Finding {
  const found = classify(failure.evidence);
  if (found.code === failure.code) return found;
  const { note } = failure.evidence;
  return findingOf(failure.code, 'confirmed', note === undefined ? [] : [note], failure.evidence, {
    retryAfterMs: found.retryAfterMs,
  });
}

/** The one place where a failure becomes HTTP: status, body in the caller's shape, and the fields that tell when to come back. */
export function failureAnswer(finding: Finding, shape: ErrorShape, context: FailureContext): FailureAnswer {
  const cause: Cause = CATALOGUE[finding.code];
  const said = serviceError(finding.evidence.answer);
  const status = statusOf(finding, cause, context);
  const retryAfterS =
    finding.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(finding.retryAfterMs / 1000));
  const more: Fields = ['goodgate-code', finding.code];
  if (retryAfterS !== undefined && (status === 429 || status === 503)) more.push('retry-after', String(retryAfterS));
  // The SDKs of OpenAI and Anthropic try 408, 409, 429 and 5xx again by themselves; this stops them where it cannot help.
  if (cause.retry.caller === 'never' || cause.retry.caller === 'after-change') more.push('x-should-retry', 'false');
  const problem = problemMembers(finding, cause, status, context);
  const message = messageOf(cause, said, finding);
  if (shape === 'anthropic') {
    const error = { type: anthropicType(status), message, code: finding.code };
    const { type: problemType, ...rest } = problem;
    return json(status, { type: 'error', error, problem_type: problemType, ...rest }, more);
  }
  if (shape === 'openai') {
    const error = {
      message,
      type: said?.type ?? openaiType(status),
      param: said?.param ?? null,
      code: said?.code ?? finding.code,
    };
    return json(status, { error, ...problem }, more);
  }
  return { status, contentType: 'application/problem+json', body: JSON.stringify(problem), more };
}

/** What went wrong at the service about the request itself keeps the service's own status, so that SDKs raise the error they know. */
function statusOf(finding: Finding, cause: Cause, context: FailureContext): number {
  const received = finding.receivedStatus;
  if (received !== undefined && received >= 400 && received < 500) {
    if (cause.blame === 'caller') return received;
    if (cause.blame === 'credential' && context.isCallerCredential) return received;
  }
  return finding.status === 0 ? 500 : finding.status;
}

/** The members of RFC 9457, with ours. */
function problemMembers(finding: Finding, cause: Cause, status: number, context: FailureContext) {
  return {
    type: `/goodgate/problems/${finding.code}`,
    title: cause.title,
    status,
    detail: cause.person,
    instance: `/goodgate/why/${context.requestId}`,
    goodgate_code: finding.code,
    hop: finding.hop,
    side: finding.side,
    confidence: finding.confidence,
    message_safety: finding.safety,
    retry: cause.retry.caller,
    attempts: context.attempts,
    request_id: context.requestId,
    ...(finding.proxyError === undefined ? {} : { proxy_error: finding.proxyError }),
    ...(finding.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(finding.retryAfterMs) }),
  };
}

function messageOf(cause: Cause, said: ServiceError | undefined, finding: Finding): string {
  const note = finding.evidence.note === undefined ? '' : ` (${finding.evidence.note})`;
  // What the service says of the request is the caller's business word for word; of its own trouble it is a quotation after ours.
  if (said === undefined) return `${cause.person}${note}`;
  return cause.blame === 'caller' ? said.message : `${cause.person}${note} The service said: ${said.message}`;
}

function json(status: number, body: object, more: Fields): FailureAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body), more };
}

const OPENAI_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

function openaiType(status: number): string {
  return OPENAI_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function anthropicType(status: number): string {
  return ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}

/** A failure told inside a stream that had begun: the dialect's error event, and no terminal event after it. */
export function streamBreak(failure: Failure, shape: ErrorShape, context: FailureContext): string {
  const { body } = failureAnswer(findingBehind(failure), shape === 'anthropic' ? 'anthropic' : 'openai', context);
  return shape === 'anthropic' ? `event: error\ndata: ${body}\n\n` : `data: ${body}\n\n`;
}
