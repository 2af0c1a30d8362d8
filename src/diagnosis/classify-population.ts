import type { CauseCode } from './catalogue.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Cause } from './cause.ts';
import { type Finding, findingOf } from './finding.ts';
import type { PopulationFacts } from './population.ts';

/** Failures by which a whole way out shows itself lost: nothing came back, whoever was asked. */
const NO_WAY_OUT: ReadonlySet<CauseCode> = new Set([
  'dns-failed',
  'dns-timeout',
  'dns-not-found',
  'connect-timeout',
  'connect-unroutable',
  'tls-timeout',
]);

/** Failures that a request may bring about in a service that is otherwise well. */
const CRASHES: ReadonlySet<CauseCode> = new Set([
  'service-error',
  'service-bad-gateway',
  'closed-before-answer',
  'head-cut',
  'body-cut',
  'stream-error',
]);

/** True for a failure that a request may bring about: the target had it, and broke. */
export function isCrash(code: CauseCode): boolean {
  return CRASHES.has(code);
}

const CHANGES = { config: 'the config here was changed', deploy: 'this gateway was deployed' } as const;

/** Facts about the many, laid beside the finding about the one (hop attribution rule 5). They may move the hop only where two of them agree. */
export function sharpenByPopulation(finding: Finding, facts: PopulationFacts): Finding {
  const moved = moveHop(finding, facts);
  const by = [...moved.decidedBy];
  if (facts.incident !== undefined && moved.hop === 'service') by.push('the service declares an incident');
  if (facts.ownChange !== undefined)
    by.push(`${CHANGES[facts.ownChange.what]} ${seconds(facts.ownChange.agoMs)} before it began`);
  if (facts.otherCallers !== undefined) by.push(`other callers are ${facts.otherCallers}`);
  if (facts.otherTargets !== undefined) by.push(`other targets are ${facts.otherTargets}`);
  return { ...moved, confidence: confidence(moved, facts), decidedBy: by };
}

function moveHop(finding: Finding, facts: PopulationFacts): Finding {
  const { evidence } = finding;
  if (NO_WAY_OUT.has(finding.code) && facts.otherServices === 'failing' && facts.otherTargets !== 'working') {
    return findingOf('gateway-offline', 'likely', ['unrelated services fail alike', ...finding.decidedBy], evidence, {
      status: finding.status,
      proxyError: finding.proxyError,
      detail: finding.code,
    });
  }
  if (CRASHES.has(finding.code) && facts.sameCallElsewhere === 'failing' && facts.otherCallers === 'working') {
    return findingOf(
      'request-breaks-service',
      'likely',
      ['the same call fails elsewhere too, other calls do not', ...finding.decidedBy],
      evidence,
      {
        writer: finding.writer,
        detail: finding.code,
      },
    );
  }
  return finding;
}

/** A likely cause is confirmed when independent facts point at the same hop; a fact that points elsewhere takes a confirmation back. */
function confidence(finding: Finding, facts: PopulationFacts): Finding['confidence'] {
  const cause: Cause = CATALOGUE[finding.code];
  if (finding.confidence === 'inconclusive' || finding.hop !== 'service') return finding.confidence;
  const isAgreed =
    facts.otherServices === 'working' || facts.otherCallers === 'failing' || facts.incident !== undefined;
  if (finding.confidence === 'likely' && isAgreed && facts.otherServices !== 'failing') return 'confirmed';
  if (finding.confidence === 'confirmed' && facts.otherServices === 'failing' && cause.blame === 'host')
    return 'likely';
  return finding.confidence;
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
