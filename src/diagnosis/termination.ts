import { CATALOGUE } from './catalogue.ts';
import type { Cause } from './cause.ts';
import type { Phase } from './evidence.ts';
import type { Finding } from './finding.ts';

/** The first letter, after HAProxy (§8.5 of its manual): who ended the call. */
export const ENDED_BY = {
  C: 'the caller left',
  c: 'the caller was too slow, to send or to read',
  S: 'the service ended it, refused it or answered it',
  s: 'the service stayed silent until a clock of ours ran out',
  P: 'refused here for what it was: an answer or a request that breaks the rules',
  L: 'answered here on purpose: no target was asked, or none was fit',
  R: 'this gateway ran out of something: files, ports, memory, connections',
  I: 'a bug of ours',
} as const;

/** The second letter: in which phase. */
export const ENDED_IN = {
  R: 'reading the request',
  Q: 'before a target was asked',
  C: 'looking up the name, connecting, or agreeing on encryption',
  H: 'sending the request, or waiting for the head of the answer',
  D: 'the body of the answer',
} as const;

type Who = keyof typeof ENDED_BY;
type When = keyof typeof ENDED_IN;

/** Who ended a call, and in which phase; `--` is a call that ended well. */
export type TerminationState = `${Who}${When}` | '--';

const PHASES: Readonly<Record<Phase, When>> = {
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

/** The termination state of a failed call, for the log. */
export function terminationState(finding: Finding): TerminationState {
  const { firstEvent, phase } = finding.evidence;
  return `${whoOf(finding)}${firstEvent === 'parse' && finding.hop === 'you' ? 'R' : PHASES[phase]}`;
}

function whoOf(finding: Finding): Who {
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
