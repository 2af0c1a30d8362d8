import { CATALOGUE } from './catalogue.ts';
import type { CallerRetry, Cause, Hop, ProxyError, Side } from './cause.ts';
import type { Remaining } from './duration.ts';
import type { Confidence, Finding } from './finding.ts';
import { FOLK_STEPS } from './folk-steps.ts';
import type { Outlook } from './history.ts';
import type { StepFit } from './person-steps.ts';
import { PERSON_STEPS } from './person-steps.ts';
import type { Radius } from './radius.ts';
import { isReading, type Safety } from './safety.ts';
import { personSteps, situationOf } from './steps.ts';

/** What the surface knows besides the finding. */
export type ProblemContext = {
  readonly requestId: string;
  readonly attempts: number;
  /** The status really sent, where it differs from the finding's (a service's own 4xx, or 503 in place of 502). */
  readonly status?: number | undefined;
  readonly situation?: Iterable<StepFit> | undefined;
  /** The request's method: one that only asks for a page holds no message that could be processed twice. */
  readonly method?: string | undefined;
};

/** The members of RFC 9457 and ours. Nothing in it comes from outside unbounded; nothing in it is secret. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly goodgate_code: string;
  readonly hop: Hop;
  readonly side: Side;
  readonly confidence: Confidence;
  readonly message_safety: Safety;
  readonly retry: CallerRetry;
  readonly attempts: number;
  readonly request_id: string;
  readonly proxy_error?: ProxyError;
  readonly received_status?: number;
  readonly retry_after_ms?: number;
  /** How long it has lasted already, where others met it before. */
  readonly lasting_ms?: number;
  /** Most of its like are over within this, counted from now … */
  readonly over_within_ms?: number;
  /** … as the service says, as was seen here, or as is typical. */
  readonly over_within_from?: Remaining['source'];
  /** Who else has it. */
  readonly others?: Radius['who'];
  readonly steps: readonly string[];
  readonly will_not_help: readonly string[];
};

/** A finding as a problem (RFC 9457 §3). `type` leads to the cause's page, `instance` to the call's story. */
export function problemOf(finding: Finding, context: ProblemContext): Problem {
  const cause: Cause = CATALOGUE[finding.code];
  const situation = situationOf(finding, context.situation);
  if (context.method !== undefined && isReading(context.method)) situation.delete('maybe-processed');
  const steps = personSteps(finding, situation);
  return {
    type: `/goodgate/problems/${finding.code}`,
    title: cause.title,
    status: context.status ?? finding.status,
    detail: inWords(finding),
    instance: `/goodgate/why/${encodeURIComponent(context.requestId)}`,
    goodgate_code: finding.code,
    hop: finding.hop,
    side: finding.side,
    confidence: finding.confidence,
    message_safety: finding.safety,
    retry: cause.retry.caller,
    attempts: context.attempts,
    request_id: context.requestId,
    ...(finding.proxyError === undefined ? {} : { proxy_error: finding.proxyError }),
    ...(finding.receivedStatus === undefined ? {} : { received_status: finding.receivedStatus }),
    ...(finding.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(finding.retryAfterMs) }),
    ...outlookMembers(finding.outlook),
    steps: steps.map((id) => PERSON_STEPS[id].text),
    will_not_help: cause.wontHelp.map((id) => FOLK_STEPS[id]),
  };
}

/** What failed, for a person, with what is known of this very failure. */
export function inWords({ code, evidence: { note } }: Finding): string {
  const { person }: Cause = CATALOGUE[code];
  return note === undefined ? person : `${person} (${note})`;
}

function outlookMembers(outlook: Outlook | undefined): Partial<Problem> {
  if (outlook === undefined) return {};
  const { sinceMs, remaining, radius } = outlook;
  return {
    ...(sinceMs === undefined ? {} : { lasting_ms: Math.round(sinceMs) }),
    ...(remaining === undefined
      ? {}
      : { over_within_ms: Math.ceil(remaining.mostMs), over_within_from: remaining.source }),
    ...(radius.who === 'unknown' ? {} : { others: radius.who }),
  };
}
