import { entryOf } from '../faults.ts';
import { parseFault } from '../parse-fault.ts';
import type { Deed } from '../sim/plan.ts';

/** What is done to the world, as one would tell it. */
export function deedWords(deed: Deed): string {
  switch (deed.word) {
    case 'fault':
      return `${listed(deed.hosts)}: ${faultWords(deed.fault)} ${shareWords(deed.share)}`;
    case 'block':
      return `${listed(deed.hosts)}: packets vanish without a word${WAYS[deed.way]}.`;
    case 'slow-line':
      return `${listed(deed.hosts)}: the line is slow (${deed.delayMs} ms, up to ${deed.jitterMs} ms more, ${deed.bytesPerMs} bytes a millisecond).`;
    case 'reset-all':
      return `${listed(deed.hosts)}: every open connection is reset.`;
    case 'forget':
      return `${listed(deed.hosts)}: a firewall forgets every open connection, and nobody is told.`;
    case 'hang-up':
      return `${listed(deed.hosts)}: idle connections are closed, each in the very moment in which it is taken.`;
    case 'power':
      return `${listed(deed.hosts)}: the power is gone.`;
    case 'freeze':
      return `${listed(deed.hosts)}: the process stands still; its machine still accepts connections.`;
    case 'names':
      return `The name of ${listed(deed.hosts)}: ${MOODS[deed.mood]}.`;
    case 'wrong-address':
      return `The name of ${listed(deed.hosts)} leads to an address that nobody has.`;
    case 'certificate':
      return `${listed(deed.hosts)}: TLS fails (${deed.mood.replaceAll('-', ' ')}).`;
    case 'reload':
      return RELOADS[deed.change];
    case 'restart':
      return 'The gateway is restarted: it stops listening, finishes what it has accepted, and only then the next one listens. Who calls in between is refused.';
    case 'clock':
      return `The wall clock of the gateway jumps by ${(deed.stepMs / 60_000).toFixed(0)} minutes.`;
  }
}

const WAYS = { in: ' on their way to it', out: ' on their way from it', both: ', both ways' } as const;

const MOODS = {
  good: 'is known',
  nxdomain: 'is unknown (NXDOMAIN)',
  servfail: 'the name servers fail (SERVFAIL)',
  silent: 'no name server answers',
  slow: 'name servers take seconds',
} as const;

const RELOADS = {
  same: 'The config is written again, unchanged.',
  'without-first': 'The config is changed: it does without its first target.',
  broken: 'The config is changed to nonsense.',
} as const;

function faultWords(text: string): string {
  const parsed = parseFault(text);
  return parsed.ok ? `${text}. ${entryOf(parsed.value.word).does}` : text;
}

function shareWords(share: number): string {
  return share >= 1 ? 'Every call is struck.' : `${(share * 100).toFixed(0)} % of calls are struck.`;
}

function listed(hosts: readonly string[]): string {
  if (hosts.length < 2) return hosts.join('');
  return `${hosts.slice(0, -1).join(', ')} and ${hosts.at(-1)}`;
}
