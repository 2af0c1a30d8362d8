import type { Scenario } from '../scenario.ts';
import { droppedHere, GATEWAY_SILENT, PUBLIC_DNS_BLOCKED, SERVICE_SILENT } from './words.ts';

const NO_FEED = { do: 'feed', is: 'absent' } as const;

/** Evidence was taken away on purpose: what is left fits two hops, and the right answer says so. */
export const INCONCLUSIVE: readonly Scenario[] = [
  {
    name: 'unclear-silence',
    rows: ['Z2'],
    way: 'service',
    control: false,
    steps: [SERVICE_SILENT, NO_FEED],
    truth: { kind: 'inconclusive', guess: ['connect-timeout', 'isp-routing', 'port-blocked'] },
    tells:
      'The service is silent, and nobody elsewhere can be asked: it looks the same as a network that loses the way.',
  },
  {
    name: 'unclear-silence-here',
    rows: ['Z2'],
    way: 'service',
    control: false,
    steps: [droppedHere('service'), NO_FEED],
    truth: { kind: 'inconclusive', guess: ['connect-timeout', 'isp-routing', 'port-blocked'] },
    tells: 'The same seen from the other side: the network loses the way, and it looks like a silent service.',
  },
  {
    name: 'unclear-silent-gateway',
    rows: ['Z2'],
    way: 'gateway',
    control: false,
    steps: [GATEWAY_SILENT],
    truth: { kind: 'inconclusive', guess: ['gateway-unreachable', 'isp-routing', 'port-blocked'] },
    tells: 'A silent Goodgate, and no other to ask.',
  },
  {
    name: 'unclear-in-hiding',
    rows: ['Z2'],
    way: 'service',
    control: false,
    steps: [
      SERVICE_SILENT,
      PUBLIC_DNS_BLOCKED,
      NO_FEED,
      {
        do: 'filter',
        at: 'isp',
        on: 'forward',
        rules: [
          'ip daddr { 142.250.185.67, 34.107.221.82, 93.184.215.14 } drop',
          'ip6 daddr { 2a00:1450:4001:82f::2003, 2600:1901:0:38d7:: } drop',
        ],
      },
    ],
    truth: {
      kind: 'inconclusive',
      guess: ['connect-timeout', 'isp-outage', 'isp-routing', 'no-internet', 'port-blocked'],
    },
    tells: 'Everything that could vouch for the internet is hidden as well, and the name still resolves.',
  },
  {
    name: 'unclear-unknown-sender',
    rows: ['Z2'],
    way: 'service',
    control: false,
    steps: [{ do: 'service', page: 'unknown-502.http' }, NO_FEED],
    truth: { kind: 'inconclusive', guess: ['service-bad-gateway', 'service-error', 'edge-failed'] },
    tells: 'A 502 without any mark of who wrote it.',
  },
  {
    name: 'unclear-text',
    rows: ['Z3'],
    way: 'service',
    given: { kind: 'text', text: 'Something went wrong. Please try again.' },
    steps: [],
    truth: { kind: 'inconclusive', guess: [] },
    tells: 'A text that names no service, no status and no sender.',
  },
  {
    name: 'unclear-call',
    rows: ['Z3'],
    way: 'gateway',
    given: { kind: 'unknown-call' },
    steps: [],
    truth: { kind: 'inconclusive', guess: [] },
    tells: 'The gateway has no record of this call.',
  },
  {
    name: 'unclear-story-gone',
    rows: ['Z3'],
    way: 'gateway',
    control: false,
    given: { kind: 'unknown-call' },
    steps: [{ do: 'stop', who: 'gateway' }],
    truth: { kind: 'inconclusive', guess: ['gateway-unreachable'] },
    tells: 'The gateway that has the record is not there, and nobody else can be asked.',
  },
];
