import type { Attempt, Verdict } from '../../call/story.ts';
import { CATALOGUE, type CauseCode } from '../../diagnosis/catalogue.ts';
import type { Cause, Hop } from '../../diagnosis/cause.ts';
import type { ClockName, FirstEvent, Phase } from '../../diagnosis/evidence.ts';
import type { Finding } from '../../diagnosis/finding.ts';
import { type Problem, problemOf } from '../../diagnosis/problem.ts';
import type { Safety } from '../../diagnosis/safety.ts';
import { operatorSteps } from '../../diagnosis/steps.ts';
import { terminationState } from '../../diagnosis/termination.ts';
import { type HopState, hopStates, wording } from '../../diagnosis/wording.ts';
import { hiding } from '../hiding.ts';
import type { KeptCall } from '../kept-call.ts';
import { messagesOf } from '../page/messages.ts';
import { lastsSentence, othersSentence, safetySentence } from '../page/sentences.ts';
import { safetyOfAttempt } from '../story-safety.ts';
import { confinedWords } from './words.ts';

const EN = messagesOf('en');
/** Keys are pasted into paths and names of models, too. */
const HIDE = hiding(undefined);

/** One attempt as it is told. Times in milliseconds since the call began, with one decimal. */
export type ToldAttempt = {
  readonly target: string;
  readonly pool: string;
  readonly start_ms: number;
  readonly head_ms: number | undefined;
  readonly first_part_ms: number | undefined;
  readonly end_ms: number | undefined;
  readonly verdict: Verdict;
  readonly code: CauseCode | undefined;
  readonly reason: string | undefined;
  /** Where it failed; undefined when it did not. */
  readonly hop: Hop | undefined;
  readonly status: number | undefined;
  /** Counted when the attempt was cut off or failed; undefined where a whole request had to be sent and nobody counted. */
  readonly bytes_sent: number | undefined;
  readonly message_safety: Safety;
};

/** How the failure was found out. */
export type ToldEvidence = {
  readonly phase: Phase;
  readonly first_event: FirstEvent;
  readonly clock: ClockName | undefined;
  readonly clock_ms: number | undefined;
  readonly errno: string | undefined;
  readonly termination: string;
  readonly detail: string | undefined;
  readonly writer: string | undefined;
  readonly decided_by: readonly string[];
};

/** The story of a call: what `/goodgate/why/<id>` says as JSON, and what its page and its text are made of. */
export type ToldCall = {
  readonly id: string;
  readonly at: string;
  readonly method: string;
  readonly path: string;
  readonly model: string | undefined;
  readonly ended: KeptCall['ended'];
  readonly status: number;
  readonly took_ms: number;
  readonly attempts: readonly ToldAttempt[];
  readonly notes: readonly string[];
  /** The rest is of failed calls only. */
  readonly problem: Problem | undefined;
  readonly technical: string | undefined;
  /** What became of the message, how long it lasts and who else has it, in sentences. */
  readonly message: string | undefined;
  readonly lasts: string | undefined;
  readonly others: string | undefined;
  /** Where it is confined to one target, model or region. */
  readonly confined: string | undefined;
  readonly evidence: ToldEvidence | undefined;
  readonly hops: Readonly<Record<Hop, HopState>> | undefined;
  readonly operator_steps: readonly string[];
};

/** The story of a finished call, ready to be written in any form. */
export function toldCall(kept: KeptCall): ToldCall {
  const { finding, method, status } = kept;
  return {
    id: kept.id,
    at: new Date(kept.wallMs).toISOString(),
    method,
    path: HIDE(kept.path),
    model: kept.model === undefined ? undefined : HIDE(kept.model),
    ended: kept.ended,
    status,
    took_ms: tenths(kept.tookMs),
    attempts: kept.attempts.map((attempt) => toldAttempt(attempt, kept.startMs)),
    notes: kept.notes.map(HIDE),
    problem:
      finding === undefined
        ? undefined
        : problemOf(finding, { requestId: kept.id, attempts: kept.attempts.length, status, method }),
    technical: finding === undefined ? undefined : wording(finding).technical,
    message: finding === undefined ? undefined : safetySentence(finding, method, EN),
    lasts: finding === undefined ? undefined : lastsSentence(finding, EN),
    others: finding === undefined ? undefined : othersSentence(finding, EN),
    confined: finding === undefined ? undefined : confinedWords(finding),
    evidence: finding === undefined ? undefined : toldEvidence(finding),
    hops: finding === undefined ? undefined : hopStates(finding),
    operator_steps: finding === undefined ? [] : operatorSteps(finding).map(({ text }) => text),
  };
}

function toldAttempt(attempt: Attempt, callStartMs: number): ToldAttempt {
  const { target, pool, verdict, code, status } = attempt;
  const since = (ms: number | undefined) => (ms === undefined ? undefined : tenths(ms - callStartMs));
  const cause: Cause | undefined = code === undefined ? undefined : CATALOGUE[code];
  const isCounted = attempt.bytesWritten > 0 || status === undefined;
  return {
    target,
    pool,
    start_ms: tenths(attempt.startMs - callStartMs),
    head_ms: since(attempt.headMs),
    first_part_ms: since(attempt.firstPartMs),
    end_ms: since(attempt.endMs),
    verdict,
    code,
    reason: attempt.reason === '' ? cause?.title : attempt.reason,
    hop: cause?.hop,
    status,
    bytes_sent: isCounted && verdict !== 'answered' ? attempt.bytesWritten : undefined,
    message_safety: safetyOfAttempt(attempt),
  };
}

function toldEvidence(finding: Finding): ToldEvidence {
  const { evidence } = finding;
  return {
    phase: evidence.phase,
    first_event: evidence.firstEvent,
    clock: evidence.clock,
    clock_ms: evidence.limitMs,
    errno: evidence.errno,
    termination: terminationState(finding),
    detail: finding.detail,
    writer: finding.writer === undefined || finding.writer.writer === 'unknown' ? undefined : finding.writer.writer,
    decided_by: finding.decidedBy,
  };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
