import { ADMIN_STEPS, type AdminStepId } from './admin-steps.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Cause } from './cause.ts';
import type { Finding } from './finding.ts';
import { type FolkStepId, LOCAL_FOLK } from './folk-steps.ts';
import { OPERATOR_STEPS, type OperatorStepId } from './operator-steps.ts';
import { PERSON_STEPS, type PersonStep, type PersonStepId, type StepFit } from './person-steps.ts';

/** What is true around a failure: what is not listed is not known, and steps that need it are left out. */
export type Situation = ReadonlySet<StepFit>;

/** Three steps at most: a person under way reads no more. */
const PERSON_STEPS_MAX = 3;

/** Steps that say "wait" in other words: the first that fits stands for all. */
const WAITS: ReadonlySet<PersonStepId> = new Set(['wait-page', 'wait-given', 'wait-moment']);
/** Steps that send again: none of them stands beside the warning that it may have been processed, which says when to. */
const RESENDS: ReadonlySet<PersonStepId> = new Set(['retry-now', 'retry-later']);

/** The situation of a finding as far as the finding itself tells; what the surface knows is added by it. */
export function situationOf(finding: Finding, more: Iterable<StepFit> = []): Set<StepFit> {
  const situation = new Set<StepFit>(more);
  if (finding.retryAfterMs !== undefined) situation.add('retry-after');
  if (finding.safety === 'sent-unanswered') situation.add('maybe-processed');
  return situation;
}

/** The steps to show a person, the cheapest first: those of the cause that fit the situation, and no two that say the same. */
export function personSteps(finding: Finding, situation: Situation): PersonStepId[] {
  const cause: Cause = CATALOGUE[finding.code];
  const chosen: PersonStepId[] = [];
  let hasWait = false;
  // Where it may have been processed, looking first takes the place of sending again, wherever it stands in the list.
  const isLookedFirst = situation.has('maybe-processed') && cause.steps.person.includes('look-first');
  let hasResend = isLookedFirst || situation.has('auto-retry');
  for (const id of cause.steps.person) {
    const step: PersonStep = PERSON_STEPS[id];
    if (step.fits !== undefined && !situation.has(step.fits)) continue;
    if (WAITS.has(id) && hasWait) continue;
    if (RESENDS.has(id) && hasResend) continue;
    hasWait ||= WAITS.has(id);
    hasResend ||= RESENDS.has(id) || id === 'resume';
    chosen.push(id);
    if (chosen.length === PERSON_STEPS_MAX) break;
  }
  return chosen;
}

/** The steps for the network's administrator, in order. */
export function adminSteps(finding: Finding): { readonly id: AdminStepId; readonly text: string }[] {
  const cause: Cause = CATALOGUE[finding.code];
  return cause.steps.admin.map((id) => ({ id, text: ADMIN_STEPS[id] }));
}

/** The steps for whoever runs the gateway, in order. */
export function operatorSteps(finding: Finding): { readonly id: OperatorStepId; readonly text: string }[] {
  const cause: Cause = CATALOGUE[finding.code];
  return cause.steps.operator.map((id) => ({ id, text: OPERATOR_STEPS[id] }));
}

/** What will not help, for one sentence: whether all that a person could do at their own end is in vain, and what else is. */
export type NotHelping = { readonly isAllLocal: boolean; readonly others: readonly FolkStepId[] };

/** What will not help with this cause. The local steps are summed up where all of them are in vain: a list of thirteen is not read. */
export function notHelping(finding: Finding): NotHelping {
  const cause: Cause = CATALOGUE[finding.code];
  const isAllLocal = LOCAL_FOLK.every((id) => cause.wontHelp.includes(id));
  const local: readonly FolkStepId[] = LOCAL_FOLK;
  return { isAllLocal, others: isAllLocal ? cause.wontHelp.filter((id) => !local.includes(id)) : cause.wontHelp };
}
