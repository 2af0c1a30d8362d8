import { CATALOGUE } from './catalogue.ts';
import type { Cause } from './cause.ts';
import type { Phase } from './evidence.ts';
import type { Finding } from './finding.ts';

/** R request · Q queue · C connecting · H head · D data: HAProxy's letters for the phase. */
const PHASES: Readonly<Record<Phase, 'Q' | 'C' | 'H' | 'D'>> = {
  queue: 'Q',
  dns: 'C',
  connect: 'C',
  'proxy-connect': 'C',
  tls: 'C',
  send: 'H',
  'wait-head': 'H',
  head: 'H',
  body: 'D',
  trailers: 'D',
};

/**
 * The termination state for the log, after HAProxy (§8.5 of its manual): who ended the call, then in which phase. C caller left,
 * S service ended or answered it, s service silent, P refused here for what it was, L answered here on purpose, R resources, I our bug.
 */
export function terminationState(finding: Finding): string {
  return `${whoOf(finding)}${finding.evidence.firstEvent === 'parse' && finding.hop === 'you' ? 'R' : PHASES[finding.evidence.phase]}`;
}

function whoOf(finding: Finding): string {
  const cause: Cause = CATALOGUE[finding.code];
  if (finding.code === 'gateway-bug') return 'I';
  if (finding.code === 'gateway-exhausted') return 'R';
  if (finding.code === 'caller-slow' || finding.code === 'caller-not-reading') return 'c';
  if (finding.evidence.firstEvent === 'our-cancel') return 'C';
  if (finding.evidence.firstEvent === 'our-timer') return 's';
  if (finding.evidence.firstEvent === 'parse') return 'P';
  if (cause.proxyError === 'proxy_internal_response' || finding.evidence.phase === 'queue') return 'L';
  return 'S';
}
