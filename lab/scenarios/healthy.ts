import type { Scenario, Step, Way } from '../scenario.ts';
import { ICMP_BLOCKED, PUBLIC_DNS_BLOCKED, QUIC_BLOCKED, service, V4_ONLY, V6_DEAD } from './words.ts';

/** Nothing is wrong, in the many shapes that has. */
export const HEALTHY: readonly Scenario[] = [
  well('service', 'service', [], 'The service is asked directly, over both families.'),
  well('edge', 'edge', [], 'A Goodgate behind a CDN.'),
  well('edge-nginx', 'edge', [{ do: 'edge', as: 'nginx' }], 'A Goodgate behind nginx.'),
  well('edge-haproxy', 'edge', [{ do: 'edge', as: 'haproxy' }], 'A Goodgate behind HAProxy.'),
  well('gateway', 'gateway', [], 'A Goodgate that is reached directly.'),
  well('local-gateway', 'local', [], 'A Goodgate on this machine.'),
  well('model-on-home-network', 'lan', [], 'A private address, plain HTTP.'),
  well('ipv4-only', 'service', [V4_ONLY], 'A network without IPv6 is no fault.'),
  well(
    'working-proxy',
    'service',
    [{ do: 'proxy', isOnlyWay: true }],
    'All goes through a proxy, nothing else gets out.',
  ),
  well(
    'proxy-without-names',
    'service',
    [
      { do: 'proxy', isOnlyWay: true },
      { do: 'resolv', servers: ['192.168.1.77'] },
    ],
    'The proxy looks names up; the dead resolver of the device is not needed.',
  ),
  well('working-vpn', 'service', [{ do: 'vpn', passes: 'everything' }], 'Everything goes through a VPN that works.'),
  well(
    'far-line',
    'service',
    [{ do: 'slow-line', delayMs: 140, jitterMs: 60 }],
    'A line with the delay of another continent and much jitter.',
  ),
  well('slow-service', 'service', [service('slow-head(1500)')], 'Slow, and well.'),
  well('clock-90-s-off', 'service', [{ do: 'clock', offset: '+90s' }], 'A clock this little off harms nothing.'),
  well('public-resolver', 'service', [{ do: 'resolv', servers: ['8.8.8.8'] }], 'The device asks a public resolver.'),
  well('udp-443-blocked', 'service', [QUIC_BLOCKED], 'HTTP/2 over TCP works as ever.'),
  well('icmp-blocked', 'service', [ICMP_BLOCKED], 'A network that drops every ICMP message.'),
  well(
    'public-dns-blocked',
    'service',
    [PUBLIC_DNS_BLOCKED],
    'A company network that hides the well-known hosts; the service is not among them.',
  ),
  well('ipv6-dead-with-fallback', 'service', [V6_DEAD], 'Connections fall back to IPv4 by themselves.'),
  well(
    'small-mtu-announced',
    'service',
    [
      { do: 'ip', at: 'isp', words: ['link set uplink mtu 1280'] },
      { do: 'ip', at: 'core', words: ['link set isp mtu 1280'] },
    ],
    'A small link that says so.',
  ),
  well(
    'company-interception-trusted',
    'service',
    [{ do: 'intercept', isTrusted: true }],
    'The company opens connections, and its programs trust it.',
  ),
  well(
    'incident-elsewhere',
    'service',
    [{ do: 'feed', is: 'incident' }],
    'The feed tells of an incident; this person has none.',
  ),
  well(
    'no-feed-no-control',
    'service',
    [{ do: 'feed', is: 'absent' }],
    'Two views are missing, what is there works.',
    false,
  ),
  well(
    'forgetful-router',
    'service',
    [{ do: 'forget', afterMs: 30_000 }],
    'A router that forgets silent connections after 30 s, and a person who keeps none that long.',
  ),
];

function well(name: string, way: Way, steps: readonly Step[], tells: string, control?: false): Scenario {
  return {
    name: `well-${name}`,
    rows: ['none'],
    way,
    steps,
    truth: { kind: 'healthy' },
    tells,
    ...(control === false && { control }),
  };
}
