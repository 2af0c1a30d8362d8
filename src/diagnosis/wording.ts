import { CATALOGUE } from './catalogue.ts';
import type { Cause, Hop } from './cause.ts';
import type { Remaining } from './duration.ts';
import type { Finding } from './finding.ts';
import type { Radius } from './radius.ts';
import type { Safety } from './safety.ts';

/** What is known of one hop. `not-checked` is a state of its own: nothing is called good that was not shown to be. */
export type HopState = 'good' | 'broken' | 'not-checked';

/** The five hops in order. */
export const HOPS = ['you', 'network', 'edge', 'gateway', 'service'] as const satisfies readonly Hop[];

/**
 * The state of each hop. Seen from the gateway, that its answer arrives proves the hops before it. Seen from the device, nothing past
 * the broken hop was reached. The service counts as good only when it answered and the fault is the request's.
 */
export function hopStates(
  finding: Finding,
  vantage: 'gateway' | 'device' = 'gateway',
): Readonly<Record<Hop, HopState>> {
  const broken = HOPS.indexOf(finding.hop);
  const isAnswered = finding.receivedStatus !== undefined && finding.hop === 'you';
  const stateOf = (hop: Hop): HopState => {
    const index = HOPS.indexOf(hop);
    if (index === broken) return 'broken';
    if (vantage === 'device') return index < broken ? 'good' : 'not-checked';
    if (hop === 'service') return isAnswered ? 'good' : 'not-checked';
    return 'good';
  };
  return {
    you: stateOf('you'),
    network: stateOf('network'),
    edge: stateOf('edge'),
    gateway: stateOf('gateway'),
    service: stateOf('service'),
  };
}

/** A failure in English sentences, for terminals, logs, bundles and the client library. */
export type Wording = {
  /** What happened, for a person. */
  readonly person: string;
  readonly picture: string | undefined;
  /** What happened, for an engineer, with what decided it. */
  readonly technical: string;
  /** What became of the message. */
  readonly message: string;
  /** How long it lasts; undefined where nothing honest can be said. */
  readonly lasts: string | undefined;
  /** Who else has it; undefined where it is not known. */
  readonly others: string | undefined;
};

const MESSAGES: Readonly<Record<Safety, string>> = {
  'not-sent': 'Your message was not sent to the AI service.',
  'sent-unanswered': 'Your message was sent, and no whole answer came back. The AI service may have worked on it.',
  answered: 'Your message reached the AI service, and it answered that it could not do it.',
};

const OTHERS: Readonly<Record<Radius['who'], string | undefined>> = {
  everyone: 'Everyone who uses this service has it now.',
  many: 'Many others have it too.',
  some: 'Some others have it too.',
  'only-you': 'Nobody else has it at the moment.',
  unknown: undefined,
};

const SURE: Readonly<Record<Finding['confidence'], string>> = {
  confirmed: 'confirmed',
  likely: 'likely',
  inconclusive: 'not certain',
};

/** Puts a finding into words. `decidedBy` is made of our own words and plain, bounded words from outside, so the text is safe to print. */
export function wording(finding: Finding, remaining?: Remaining, radius?: Radius): Wording {
  const cause: Cause = CATALOGUE[finding.code];
  const by = finding.decidedBy.length === 0 ? '' : ` (${SURE[finding.confidence]}: ${finding.decidedBy.join('; ')})`;
  return {
    person: cause.person,
    picture: cause.picture,
    technical: `${cause.technical.slice(0, -1)}${by}.`,
    message: MESSAGES[finding.safety],
    lasts: lasting(cause, remaining),
    others: radius === undefined ? undefined : OTHERS[radius.who],
  };
}

function lasting(cause: Cause, remaining: Remaining | undefined): string | undefined {
  if (remaining === undefined) {
    return cause.lasts === 'lasting' && cause.side === 'person' ? 'It stays until the request is changed.' : undefined;
  }
  const most = spanOf(remaining.mostMs);
  if (remaining.source === 'service') return `The AI service asks for a wait of ${spanOf(remaining.leastMs)}.`;
  if (remaining.source === 'seen') return `The last ${remaining.seen} of this kind were mostly over within ${most}.`;
  return `This is usually over within ${most}.`;
}

/** `8 seconds`, `3 minutes`, `2 hours`, `4 days`: rounded up, so that nobody is promised too much. */
export function spanOf(ms: number): string {
  const { count, unit } = spanParts(ms);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** A span as a number and its unit, rounded up. */
export function spanParts(ms: number): { readonly count: number; readonly unit: 'second' | 'minute' | 'hour' | 'day' } {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 100) return { count: seconds, unit: 'second' };
  if (seconds <= 90 * 60) return { count: Math.ceil(seconds / 60), unit: 'minute' };
  if (seconds <= 36 * 3600) return { count: Math.ceil(seconds / 3600), unit: 'hour' };
  return { count: Math.ceil(seconds / 86_400), unit: 'day' };
}
