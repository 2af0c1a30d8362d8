import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { FOLK_STEPS, type FolkStepId } from '../diagnosis/folk-steps.ts';
import { PERSON_STEPS, type PersonStep, type PersonStepId, type StepKind } from '../diagnosis/person-steps.ts';
import { differences, type Tried } from './diagnosis.testing.ts';

/** How right the diagnosis was on a set of trials. */
export type Score = {
  readonly trials: number;
  /** Answered whole although the target failed: nothing is to be diagnosed. */
  readonly answered: number;
  readonly failed: number;
  readonly right: Readonly<Record<'code' | 'hop' | 'side' | 'status' | 'proxyError' | 'retry' | 'safety', number>>;
  readonly gatewayBugs: number;
  /** Failures in which the person was shown a step that cannot help, judged by the true cause. */
  readonly futile: number;
  /** The same for the ladder of folk advice, shown whatever the failure is. */
  readonly futileFolk: number;
  /** Steps of that ladder, over all failures, that cannot help; of how many. */
  readonly folkSteps: { readonly futile: number; readonly all: number };
  /** True cause → code said → how often. */
  readonly confusion: ReadonlyMap<string, ReadonlyMap<string, number>>;
};

/** What people are told to do about any failure. */
export const LADDER = ['refresh', 'clear-cache', 'vpn-off', 'other-browser'] as const satisfies readonly FolkStepId[];

/** Counts a set of trials. */
export function scoreOf(tried: readonly Tried[]): Score {
  const failed = tried.filter((one) => one.observed !== undefined || !one.isSpared);
  const rightIn = (name: string) =>
    failed.filter((one) => one.observed !== undefined && !differences(one).some((said) => said.startsWith(`${name}:`)))
      .length;
  const confusion = new Map<string, Map<string, number>>();
  for (const { truth, observed } of failed) {
    const row = confusion.get(truth.code) ?? new Map<string, number>();
    const said = observed?.code ?? 'answered';
    confusion.set(truth.code, row.set(said, (row.get(said) ?? 0) + 1));
  }
  const folk = failed.flatMap((one) => LADDER.map((id) => causeOfTrial(one).wontHelp.includes(id)));
  return {
    trials: tried.length,
    answered: tried.length - failed.length,
    failed: failed.length,
    right: {
      code: rightIn('code'),
      hop: rightIn('hop'),
      side: rightIn('side'),
      status: rightIn('status'),
      proxyError: rightIn('proxyError'),
      retry: rightIn('retry'),
      safety: rightIn('safety'),
    },
    gatewayBugs: failed.filter((one) => one.observed?.code === 'gateway-bug').length,
    futile: failed.filter((one) => futileSteps(one).length > 0).length,
    futileFolk: failed.filter((one) => LADDER.some((id) => causeOfTrial(one).wontHelp.includes(id))).length,
    folkSteps: { futile: folk.filter(Boolean).length, all: folk.length },
    confusion,
  };
}

function causeOfTrial({ truth }: Tried): Cause {
  return CATALOGUE[truth.code];
}

const BY_TEXT: ReadonlyMap<string, PersonStepId> = new Map(
  (Object.keys(PERSON_STEPS) as PersonStepId[]).map((id) => [PERSON_STEPS[id].text, id]),
);

/** Steps that ask nothing of the person's own device or network. */
const HARMLESS: ReadonlySet<StepKind> = new Set(['wait', 'retry', 'status', 'tell']);

/**
 * The steps shown that cannot help with what is true: not among those of the true cause, or one that changes or tests something of the
 * person's own while the fault is elsewhere, or one that sends the same again where the true cause stays.
 */
export function futileSteps(tried: Tried): string[] {
  const cause = causeOfTrial(tried);
  const listed: readonly string[] = cause.steps.person;
  return tried.steps.filter((text) => {
    const id = BY_TEXT.get(text);
    if (id === undefined || !listed.includes(id)) return true;
    const step: PersonStep = PERSON_STEPS[id];
    const isElsewhere = tried.truth.hop !== 'you' && tried.truth.hop !== 'network';
    if (isElsewhere && !HARMLESS.has(step.kind)) return true;
    const isResend = id === 'retry-now' || id === 'retry-later';
    return isResend && (cause.retry.caller === 'never' || cause.retry.caller === 'after-change');
  });
}

/** The words of the ladder, for the page. */
export const LADDER_WORDS: readonly string[] = LADDER.map((id) => FOLK_STEPS[id].toLowerCase());
