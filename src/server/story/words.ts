import type { FirstEvent, Phase } from '../../diagnosis/evidence.ts';
import type { Finding } from '../../diagnosis/finding.ts';
import type { ToldEvidence } from './told.ts';

/** What a step of an attempt is called by who does not read code. */
const PHASES: Readonly<Record<Phase, string>> = {
  queue: 'before a target was asked',
  dns: 'looking up the name',
  connect: 'connecting',
  'proxy-connect': 'connecting through the proxy',
  tls: 'agreeing on encryption',
  send: 'sending the request',
  'wait-head': 'waiting for the answer to begin',
  head: 'reading the head of the answer',
  body: 'reading the body of the answer',
  trailers: 'reading the end of the answer',
};

const EVENTS: Readonly<Record<FirstEvent, string>> = {
  fin: 'the other side closed the connection',
  reset: 'the other side broke the connection',
  errno: 'the system reported an error',
  'tls-alert': 'the other side sent a TLS alert',
  'our-timer': 'our clock ran out',
  'our-cancel': 'it was stopped from here',
  parse: 'what came could not be read',
  answer: 'by an answer',
  'name-error': 'the name servers reported an error',
};

/** `waiting for the answer to begin; our clock ran out (wait-head, our-timer, clock head of 2000 ms)`. */
export function whereWords({ phase, first_event: event, clock, clock_ms: ms, errno }: ToldEvidence): string {
  const words = [
    phase,
    event,
    ...(clock === undefined ? [] : [`clock ${clock}${ms === undefined ? '' : ` of ${Math.round(ms)} ms`}`]),
    ...(errno === undefined ? [] : [errno]),
  ];
  return `${PHASES[phase]}; ${EVENTS[event]} (${words.join(', ')})`;
}

/** Where history saw the failure confined to one group: `only target house; the others work`. */
export function confinedWords(finding: Finding): string | undefined {
  const confined = finding.outlook?.radius.confinedTo;
  return confined === undefined ? undefined : `Only ${confined.dimension} ${confined.name}; the others work.`;
}
