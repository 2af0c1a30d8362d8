import type { Failure } from '../call/failure.ts';
import { type Fields, fieldOf } from '../call/fields.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Cause, ProxyError } from '../diagnosis/cause.ts';
import { classify } from '../diagnosis/classify.ts';
import { sharpenByPopulation } from '../diagnosis/classify-population.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import { type History, type HistoryAnswer, type HistoryQuestion, outlookOf } from '../diagnosis/history.ts';
import { inWords, type Problem, problemOf } from '../diagnosis/problem.ts';
import { parseProxyStatus, proxyStatusMember, proxyStatusOf } from '../diagnosis/proxy-status.ts';
import type { ErrorShape } from './dialect.ts';
import { HIDDEN } from './hiding.ts';
import { errorPage } from './page/error-page.ts';
import { pageLanguage } from './page/language.ts';
import { PAGE_POLICY } from './page/policy.ts';
import { type Hide, type ServiceError, serviceError } from './service-error.ts';
import { withStory } from './story-safety.ts';

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
  readonly attempts: readonly Attempt[];
  /** True when the credential that was refused is the caller's own. */
  readonly isCallerCredential: boolean;
  /** True: 503 in place of 502 and 504, where an edge in front would put its own page in place of those. */
  readonly isEdgeSafe: boolean;
  /** Through it go the service's own words before anyone sees them. */
  readonly hide: Hide;
  readonly method: string;
  /** What the caller knows us by: its `Host`. */
  readonly host: string;
  readonly acceptLanguage: string | undefined;
  /** Unix milliseconds. */
  readonly wallMs: number;
};

/** Whom to ask about more than this one call. */
export type Remembered = {
  readonly history: History;
  readonly caller: string;
  readonly model: string | undefined;
};

/**
 * The finding behind a failure: what the evidence says, unless the room that failed knew better, sharpened by what is known of others. Its
 * safety is that of the whole story.
 */
export function findingBehind(failure: Failure, attempts: readonly Attempt[] = [], remembered?: Remembered): Finding {
  const found = foundBy(failure);
  // A fault of the request is nobody else's, whatever else fails at the time.
  if (remembered === undefined || found.hop === 'you') return withOutlook(withStory(found, attempts));
  const { history, caller, model } = remembered;
  const known = history.know({ code: found.code, caller, model, tried: triedOf(attempts) });
  return withOutlook(withStory(sharpenByPopulation(found, known.facts), attempts), known);
}

function foundBy(failure: Failure): Finding {
  const found = classify(failure.evidence);
  if (found.code === failure.code) return found;
  const { note } = failure.evidence;
  return findingOf(failure.code, 'confirmed', note === undefined ? [] : [note], failure.evidence, {
    retryAfterMs: found.retryAfterMs,
  });
}

function withOutlook(finding: Finding, known?: HistoryAnswer): Finding {
  return { ...finding, outlook: outlookOf(finding, known) };
}

/** A call's attempts as history is asked about them. */
function triedOf(attempts: readonly Attempt[]): HistoryQuestion['tried'] {
  return attempts.map(({ target, code, isShared }) => ({ target, code, isShared }));
}

/** The one place where a failure becomes HTTP: status, body in the caller's shape, and the fields that tell when to come back. */
export function failureAnswer(finding: Finding, shape: ErrorShape, context: FailureContext): FailureAnswer {
  const cause: Cause = CATALOGUE[finding.code];
  const ownStatus = statusOf(finding, cause, context);
  const status = context.isEdgeSafe && (ownStatus === 502 || ownStatus === 504) ? 503 : ownStatus;
  const more = moreFields(finding, cause, status);
  if (shape === 'page') return page(finding, status, context, more);
  const problem = problemOf(finding, {
    requestId: context.requestId,
    attempts: context.attempts.length,
    status,
    method: context.method,
  });
  if (shape === 'problem') {
    more.push('vary', 'accept');
    return { status, contentType: 'application/problem+json', body: JSON.stringify(problem), more };
  }
  const said = quotable(finding, cause, context);
  const message = messageOf(said, finding);
  // The type says what failed, so it follows the status that an edge in front made us hide.
  return shape === 'anthropic'
    ? json(status, anthropicBody(problem, anthropicType(ownStatus), message), more)
    : json(status, openaiBody(problem, said, openaiType(ownStatus), message), more);
}

function moreFields(finding: Finding, cause: Cause, status: number): Fields {
  const more: Fields = ['goodgate-code', finding.code];
  if (finding.retryAfterMs !== undefined && (status === 429 || status === 503)) {
    more.push('retry-after', String(Math.max(1, Math.ceil(finding.retryAfterMs / 1000))));
  }
  // The SDKs of OpenAI and Anthropic try 408, 409, 429 and 5xx again by themselves; this stops them where it cannot help.
  if (cause.retry.caller === 'never' || cause.retry.caller === 'after-change') more.push('x-should-retry', 'false');
  return more;
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

function page(finding: Finding, status: number, context: FailureContext, more: Fields): FailureAnswer {
  const language = pageLanguage(context.acceptLanguage);
  const body = errorPage(
    finding,
    {
      method: context.method,
      status,
      host: context.host,
      callId: context.requestId,
      time: new Date(context.wallMs).toISOString(),
      attempts: context.attempts.length,
    },
    language,
  );
  more.push('content-security-policy', PAGE_POLICY, 'content-language', language, 'vary', 'accept, accept-language');
  return { status, contentType: 'text/html; charset=utf-8', body, more };
}

/**
 * What the service said, where it is the caller's to know: about the caller's own request, and the words for limits that SDKs look for.
 * About its own trouble or the gateway's key nothing is quoted, since it may say anything there.
 */
function quotable(finding: Finding, cause: Cause, context: FailureContext): ServiceError | undefined {
  const isOwnKey = cause.blame === 'credential' && context.isCallerCredential;
  if (cause.blame !== 'caller' && cause.blame !== 'quota' && cause.blame !== 'capacity' && !isOwnKey) return undefined;
  const said = serviceError(finding.evidence.answer, context.hide);
  return cause.blame === 'caller' || said === undefined ? said : { ...said, message: '' };
}

function messageOf(said: ServiceError | undefined, finding: Finding): string {
  return said !== undefined && said.message !== '' && said.message !== HIDDEN ? said.message : inWords(finding);
}

function openaiBody(problem: Problem, said: ServiceError | undefined, type: string, message: string): object {
  const error = {
    message,
    type: said?.type ?? type,
    param: said?.param ?? null,
    code: said?.code ?? problem.goodgate_code,
  };
  return { error, ...problem };
}

/** `type` is taken by the dialect, so the problem's own stands beside it under another name. */
function anthropicBody(problem: Problem, type: string, message: string): object {
  const { type: problemType, ...rest } = problem;
  return { type: 'error', error: { type, message, code: problem.goodgate_code }, problem_type: problemType, ...rest };
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
export function streamBreak(finding: Finding, shape: ErrorShape, context: FailureContext): string {
  const { body } = failureAnswer(finding, shape === 'anthropic' ? 'anthropic' : 'openai', context);
  return shape === 'anthropic' ? `event: error\ndata: ${body}\n\n` : `data: ${body}\n\n`;
}

/**
 * Our member of `Proxy-Status` behind those of the hops before us, of which only names, errors and statuses are kept: their details may
 * hold anything. `name` is our pseudonym, `target` whom we asked last.
 */
export function failureStatus(finding: Finding, name: string, target: string | undefined, hide: Hide): string {
  const { answer } = finding.evidence;
  const existing = answer === undefined ? undefined : fieldOf(answer.fields, 'proxy-status');
  const before = (existing === undefined ? [] : parseProxyStatus(existing))
    .filter((member) => hide(member.name) === member.name && hide(member.error ?? '') === (member.error ?? ''))
    .map((member) => proxyStatusMember({ ...member, error: member.error as ProxyError | undefined }));
  // Every failure of ours has a type: one without would read as an answer passed on.
  const told = finding.proxyError === undefined ? { ...finding, proxyError: 'proxy_internal_error' as const } : finding;
  return [...before, proxyStatusOf(told, name, target)].join(', ');
}
