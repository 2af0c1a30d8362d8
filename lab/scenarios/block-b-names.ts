import { NAMES, SERVICE_OLD } from '../addresses.ts';
import type { Naming, Scenario, Step } from '../scenario.ts';
import { one, RESOLVER_FAILS, RESOLVER_STOPPED } from './words.ts';

/** One resolver has its own mind about the service. */
const named = (is: Naming, at: 'isp' | 'router' | 'public' = 'isp'): Step => ({
  do: 'name',
  at,
  name: NAMES.service,
  is,
});

const RESOLVING: readonly Scenario[] = [
  one(
    'resolver-stopped',
    'B9',
    'service',
    [RESOLVER_STOPPED],
    'resolver-down',
    "The router's resolver is not running.",
  ),
  one(
    'resolver-silent',
    'B9',
    'service',
    [{ do: 'filter', at: 'isp', on: 'input', rules: ['udp dport 53 drop', 'tcp dport 53 drop'] }],
    'resolver-down',
    "The internet provider's resolver is silent, so the router's waits.",
  ),
  one(
    'resolver-fails',
    'B9',
    'service',
    RESOLVER_FAILS,
    'resolver-down',
    'The resolver answers SERVFAIL to every name.',
  ),
  one('resolver-stopped-edge', 'B9', 'edge', [RESOLVER_STOPPED], 'resolver-down', 'The same on the way to a Goodgate.'),
  one(
    'gateway-name-gone',
    'B11',
    'gateway',
    [
      { do: 'name', at: 'isp', name: NAMES.gateway, is: 'missing' },
      { do: 'name', at: 'public', name: NAMES.gateway, is: 'missing' },
    ],
    'gateway-name-missing',
    "The gateway's name exists nowhere any more.",
  ),
  one('names-null', 'B12', 'service', [named('null')], 'dns-filtered', 'The resolver answers 0.0.0.0.'),
  one(
    'names-hidden',
    'B12',
    'service',
    [named('missing')],
    'dns-filtered',
    'The resolver says that there is no such name.',
  ),
  one('names-refused', 'B12', 'service', [named('refused')], 'dns-filtered', 'The resolver refuses the name.'),
  one(
    'names-bogus',
    'B12',
    'service',
    [named({ v4: '10.34.34.34' })],
    'dns-hijacked',
    'The resolver answers with a private address.',
  ),
  one(
    'names-stale',
    'B12',
    'service',
    [named(SERVICE_OLD, 'router')],
    'dns-stale',
    'The router remembers an address that the service has left, in the same network.',
  ),
  one(
    'names-split',
    'B13',
    'service',
    [
      { do: 'vpn', passes: 'everything', hasOwnNames: { [NAMES.service]: { v4: '10.9.9.9', v6: 'fd00:9::9' } } },
      { do: 'resolv', servers: ['10.8.0.1'] },
    ],
    'split-dns',
    "The VPN's resolver leads to an inner address where nobody is.",
  ),
];

const BETWEEN: readonly Scenario[] = [
  one(
    'vpn-blocks-service',
    'B14',
    'service',
    [{ do: 'vpn', passes: 'all-but-service' }],
    'vpn-on-path',
    'The VPN passes everything but the service.',
  ),
  one(
    'vpn-blocks-gateway',
    'B14',
    'gateway',
    [{ do: 'vpn', passes: 'all-but-service' }],
    'vpn-on-path',
    'The same for a Goodgate.',
  ),
  one(
    'vpn-dead',
    'B14',
    'service',
    [{ do: 'vpn', passes: 'nothing' }],
    'vpn-on-path',
    'The VPN takes everything and passes nothing.',
  ),
  one(
    'proxy-refuses',
    'B15',
    'service',
    [{ do: 'proxy', isUp: false, isOnlyWay: true }],
    'proxy-unreachable',
    'Nobody listens at the proxy.',
  ),
  one(
    'proxy-name-unknown',
    'B15',
    'service',
    [{ do: 'env', name: 'HTTPS_PROXY', value: 'http://proxy.corp.example:3128' }],
    'proxy-unreachable',
    'The proxy has no address.',
  ),
  one(
    'proxy-setting-left-over',
    'B15',
    'service',
    [{ do: 'env', name: 'https_proxy', value: 'http://10.77.0.1:8080' }],
    'proxy-unreachable',
    'A setting from another network: the address leads nowhere, the direct way is open.',
  ),
  one(
    'pac-missing',
    'B15',
    'service',
    [
      { do: 'pac', url: 'http://192.168.1.1/wpad.dat' },
      { do: 'proxy', isOnlyWay: true, isSet: false },
    ],
    'proxy-script-broken',
    'The proxy script cannot be fetched; only the proxy that it would name gets out.',
  ),
  one(
    'intercepted',
    'B18',
    'service',
    [{ do: 'intercept', isTrusted: false }],
    'tls-intercepted',
    'mitmproxy under a product name opens connections; programs do not trust it.',
  ),
  one(
    'intercepted-gateway',
    'B18',
    'gateway',
    [{ do: 'intercept', isTrusted: false }],
    'tls-intercepted',
    'The same before a Goodgate.',
  ),
];

/** Block B, second part: names, and what stands between. */
export const BLOCK_B_NAMES: readonly Scenario[] = [...RESOLVING, ...BETWEEN];
