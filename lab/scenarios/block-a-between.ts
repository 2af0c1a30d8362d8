import type { Scenario } from '../scenario.ts';
import { one } from './words.ts';

/** A reset fits TCP only, and the rule has to say so. */
function tcpOnly(rule: string): string {
  return rule.replace(' reject', ' tcp dport 443 reject');
}

const PORTALS: readonly Scenario[] = (['drop', 'reset', 'own-certificate'] as const).map((https) =>
  one(
    `portal-https-${https}`,
    'A1',
    'service',
    [{ do: 'portal', https }],
    'wifi-sign-in',
    `The router puts a sign-in page in place of web pages; encrypted connections: ${https}.`,
  ),
);

const BETWEEN: readonly Scenario[] = [
  one(
    'filter-page-zscaler',
    'A2',
    'service',
    [{ do: 'intercept', isTrusted: true, answer: 'filter-zscaler.http' }],
    'filter-answered',
    'A trusted interceptor answers with its block page.',
  ),
  one(
    'filter-page-fortiguard',
    'A2',
    'service',
    [{ do: 'intercept', isTrusted: true, answer: 'filter-fortiguard.http' }],
    'filter-answered',
    'The same of another maker.',
  ),
  one(
    'proxy-wants-sign-in',
    'A3',
    'service',
    [{ do: 'proxy', auth: true, isOnlyWay: true }],
    'proxy-sign-in',
    'squid asks for a password that was not given.',
  ),
  one(
    'proxy-denies',
    'A3',
    'service',
    [{ do: 'proxy', deny: 'api.openai.com', isOnlyWay: true }],
    'proxy-denied',
    'A rule of squid forbids the name.',
  ),
  one(
    'proxy-cannot-reach',
    'A3',
    'service',
    [
      { do: 'proxy', isOnlyWay: true },
      {
        do: 'filter',
        at: 'router',
        on: 'forward',
        rules: [
          'ip saddr 192.168.1.50 ip daddr 162.159.140.245 reject with tcp reset',
          'ip6 saddr 2a02:1110:5:1::50 ip6 daddr 2606:4700:140::245 reject with tcp reset',
        ].map(tcpOnly),
      },
    ],
    'proxy-failed',
    'Only the proxy is kept from the service; it answers 503 to CONNECT.',
  ),
  {
    name: 'har-stale-cache',
    rows: ['A4'],
    way: 'edge',
    given: { kind: 'har', har: 'stale-cache' },
    steps: [],
    truth: { kind: 'fault', code: 'stale-cache' },
    tells: 'A recording of the browser: the 502 came from its cache, hours old; all is well now.',
  },
  {
    name: 'har-cookies-too-large',
    rows: ['A5'],
    way: 'edge',
    given: { kind: 'har', har: 'cookies' },
    steps: [],
    truth: { kind: 'fault', code: 'cookies-too-large' },
    tells: 'A recording of the browser: 9 KB of cookies, and nginx says 400 to them.',
  },
];

/** Block A, first part: something between the person and the edge answered, or the browser did from memory. */
export const BLOCK_A_BETWEEN: readonly Scenario[] = [...PORTALS, ...BETWEEN];
