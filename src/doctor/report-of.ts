import { CATALOGUE } from '../diagnosis/catalogue.ts';
import type { Cause, Hop } from '../diagnosis/cause.ts';
import { type Finding, findingOf } from '../diagnosis/finding.ts';
import { FOLK_STEPS } from '../diagnosis/folk-steps.ts';
import { PERSON_STEPS, type PersonStepId, type StepFit } from '../diagnosis/person-steps.ts';
import { adminSteps, notHelping, operatorSteps, personSteps, situationOf } from '../diagnosis/steps.ts';
import { HOPS } from '../diagnosis/wording.ts';
import { commandFor } from './commands.ts';
import type { Facts } from './facts.ts';
import { remarksOf } from './remarks.ts';
import type { HopReport, ProbeReport, Report, ReportStep, Symptom, VerdictReport } from './report.ts';
import { SCHEMA_VERSION } from './report.ts';
import { control, isWellElsewhere, isWorking, type Judgement } from './verdict/judgement.ts';
import { personWords } from './words.ts';

/** What a report is made of. */
export type ReportParts = {
  readonly asked: string;
  readonly wallMs: number;
  readonly platform: string;
  readonly facts: Facts;
  readonly judgement: Judgement;
  readonly probes: readonly ProbeReport[];
  readonly firstVerdictMs: number;
  readonly totalMs: number;
  readonly contacted: readonly string[];
};

/** The whole report, the same for people and machines. Pure. */
export function reportOf(parts: ReportParts): Report {
  const { facts, judgement, probes } = parts;
  const isTold = judgement.root === 'given' || judgement.root === 'story';
  return {
    schemaVersion: SCHEMA_VERSION,
    at: new Date(parts.wallMs).toISOString(),
    target: { asked: parts.asked, kind: facts.target?.kind ?? 'none', url: facts.target?.url ?? null },
    verdict: verdictReport(parts),
    symptoms: isWorking(facts) ? [] : symptomsOf(probes, judgement),
    remarks: remarksOf(facts, judgement),
    unchecked: isTold
      ? []
      : [
          ...alone(facts, judgement),
          ...probes.filter(({ state }) => state === 'crash').map(({ id, sentence }) => `${id}: ${sentence}`),
        ],
    probes,
    timings: { firstVerdictMs: Math.round(parts.firstVerdictMs), totalMs: Math.round(parts.totalMs) },
    contacted: parts.contacted,
  };
}

function verdictReport({ facts, judgement, platform }: ReportParts): VerdictReport {
  const finding = findingFor(judgement);
  const cause: Cause = CATALOGUE[judgement.code];
  const words = personWords(facts, judgement, cause);
  const isHealthy = judgement.code === 'works-now' && judgement.confidence !== 'inconclusive';
  const nothing = notHelping(finding);
  const vain = nothing.isAllLocal ? [...cause.wontHelp] : [...nothing.others];
  return {
    code: judgement.code,
    hop: finding.hop,
    side: finding.side,
    confidence: judgement.confidence,
    isHealthy,
    title: words.title,
    sentence: words.sentence,
    technical: cause.technical,
    decidedBy: judgement.decidedBy,
    ...(judgement.detail === undefined ? {} : { detail: judgement.detail }),
    isTemporary: judgement.confidence === 'inconclusive' ? null : cause.lasts === 'transient',
    typical: cause.typical,
    whoElse: whoElse(facts, judgement),
    ...(judgement.retryAfterMs === undefined ? {} : { retryAfterMs: judgement.retryAfterMs }),
    steps: {
      person: stepsFor(finding, facts, platform),
      admin: cause.steps.admin.length === 0 ? [] : adminSteps(finding),
      operator: cause.steps.operator.length === 0 ? [] : operatorSteps(finding),
    },
    wontHelp: vain.map((id) => ({ id, text: FOLK_STEPS[id] })),
    hops: hopsOf(finding, facts, isHealthy),
  };
}

/** A finding made of a judgement, for the functions of the catalogue. Nothing was sent that could be lost. */
function findingFor(judgement: Judgement): Finding {
  return findingOf(
    judgement.code,
    judgement.confidence,
    judgement.decidedBy,
    { phase: 'queue', firstEvent: 'errno', bytesWritten: 0 },
    {
      ...(judgement.hop === undefined ? {} : { hop: judgement.hop }),
      ...(judgement.side === undefined ? {} : { side: judgement.side }),
      detail: judgement.detail,
      ...(judgement.retryAfterMs === undefined ? {} : { retryAfterMs: judgement.retryAfterMs }),
    },
  );
}

/** Says how the second opinion is had where it would decide. */
function alone(facts: Facts, { confidence }: Judgement): readonly string[] {
  if (confidence !== 'inconclusive' || facts.target?.reach !== 'public' || control(facts) !== undefined) return [];
  return [
    'Nobody tried it from elsewhere: with `--gateway <url>` a Goodgate does, and tells this network from the rest.',
  ];
}

/** Steps whose usual words speak of a page: in a terminal there is none. */
const HERE: Readonly<Partial<Record<PersonStepId, string>>> = {
  'tell-operator': 'If it stays, give the report of `goodgate doctor --share` to whoever runs this service.',
  'fix-proxy-setting': 'If you did not mean to use this proxy, take the named setting out, or except this host.',
};

/** Kinds of steps that ask something of the person's own device or network. */
const LOCAL_KINDS = new Set(['change', 'check', 'confirm']);

function stepsFor(finding: Finding, facts: Facts, platform: string): readonly ReportStep[] {
  const situation: StepFit[] = facts.feed?.state === 'incident' ? ['status-page'] : [];
  const isRemote = finding.hop === 'service' || finding.hop === 'gateway' || finding.hop === 'edge';
  return (
    personSteps(finding, situationOf(finding, situation))
      // The doctor is what runs.
      .filter((id) => id !== 'run-doctor')
      // Where somebody else has to act, nothing is asked of the person's device, whatever the catalogue offers others.
      .filter((id) => !isRemote || finding.side === 'person' || !LOCAL_KINDS.has(PERSON_STEPS[id].kind))
      .map((id) => {
        const command = commandFor(id, platform, facts);
        return { id, text: HERE[id] ?? PERSON_STEPS[id].text, ...(command === undefined ? {} : { command }) };
      })
  );
}

function whoElse(facts: Facts, judgement: Judgement): VerdictReport['whoElse'] {
  if (judgement.code === 'works-now') return 'unknown';
  const elsewhere = control(facts);
  // What a gateway passes on fails for whoever asks it.
  if (facts.exchange?.beyond?.finding !== undefined && judgement.root === 'exchange') return 'everyone';
  if (elsewhere === undefined) return 'unknown';
  return isWellElsewhere(facts) ? 'only-you' : 'everyone';
}

function symptomsOf(probes: readonly ProbeReport[], { root }: Judgement): readonly Symptom[] {
  return probes
    .filter(
      ({ id, state }) => id !== root && (state === 'fail' || (state === 'warn' && id !== 'clock' && id !== 'feed')),
    )
    .map(({ id, sentence }) => ({ probe: id, sentence }));
}

/** Seen from here nothing past the broken hop was reached; before it, only what a probe showed is good. */
function hopsOf(finding: Finding, facts: Facts, isHealthy: boolean): readonly HopReport[] {
  const broken = HOPS.indexOf(finding.hop);
  const proven = provenHops(facts);
  return HOPS.map((hop, at) => {
    if (isHealthy) return { hop, ...(proven.get(hop) ?? UNCHECKED) };
    if (at === broken && finding.confidence !== 'inconclusive')
      return { hop, state: 'broken', fact: finding.decidedBy[0] ?? finding.code };
    if (at > broken) return { hop, ...UNCHECKED };
    return { hop, ...(proven.get(hop) ?? UNCHECKED) };
  });
}

type HopState = Omit<HopReport, 'hop'>;
const UNCHECKED: HopState = { state: 'unchecked', fact: 'not checked' };

function provenHops(facts: Facts): ReadonlyMap<Hop, HopState> {
  const proven = new Map<Hop, HopState>();
  const good = (hop: Hop, fact: string): void => void proven.set(hop, { state: 'good', fact });
  const reached = facts.internet?.filter(({ errno }) => errno === undefined) ?? [];
  const answered = facts.exchange?.tries.find(({ status }) => status !== undefined);
  if (facts.interface?.hasAddress === true)
    good('you', `connected${facts.route?.interface === undefined ? '' : ` by ${facts.route.interface}`}`);
  if (reached.length > 0) good('network', `${reached.length} unrelated hosts answer`);
  if (answered !== undefined) {
    good('you', 'sent a question');
    good('network', 'carried an answer back');
    if (isWorking(facts)) good(facts.target?.kind ?? 'service', `answered in ${Math.round(answered.tookMs)} ms`);
    if (facts.exchange?.beyond?.finding === undefined && facts.exchange?.beyond !== undefined)
      good('service', 'answered the gateway');
  }
  return proven;
}
