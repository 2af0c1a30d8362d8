/**
 * The places of the lab, from the person to the service, and what stands at which address. The addresses of the public internet are the
 * well-known ones, so that the doctor's own defaults are what is measured; nothing of it leaves the namespaces.
 */
export const PLACES = [
  'person',
  'lan',
  'router',
  'isp',
  'core',
  'edge',
  'gateway',
  'control',
  'service',
  'vpn',
] as const;

/** A place of the lab: one network namespace each. */
export type Place = (typeof PLACES)[number];

/** One cable between two places; interface names are those seen in each. */
export type Cable = {
  readonly from: Place;
  readonly fromName: string;
  readonly from4: string;
  readonly from6: string;
  readonly to: Place;
  readonly toName: string;
  readonly to4: string;
  readonly to6: string;
};

export const PERSON = { v4: '192.168.1.23', v6: '2a02:1110:5:1::23' } as const;
export const LAN_HOST = { v4: '192.168.1.50', v6: '2a02:1110:5:1::50' } as const;
export const ROUTER = { v4: '192.168.1.1', v6: '2a02:1110:5:1::1', wan4: '84.112.10.2' } as const;
export const ISP = {
  v4: '84.112.10.1',
  resolver4: '84.112.0.53',
  resolver6: '2a02:1110::53',
  page4: '84.112.0.80',
} as const;
export const EDGE = { v4: '104.18.7.10', v6: '2606:4700:7::10' } as const;
export const GATEWAY = { v4: '51.15.20.30', v6: '2001:bc8:20::30' } as const;
export const CONTROL = { v4: '95.216.30.40', v6: '2a01:4f9:30::40' } as const;
export const SERVICE = { v4: '162.159.140.245', v6: '2606:4700:140::245' } as const;
/** Where the service was before it moved: in the same networks, and nobody is there now. */
export const SERVICE_OLD = { v4: '162.159.140.99', v6: '2606:4700:140::99' } as const;
export const VPN = { v4: '193.32.127.10', inside: '10.8.0.1', person: '10.8.0.2' } as const;

/** Who answers on the open internet: public resolvers (DNS and DoH), portal checks, a status page, a page of no importance. */
export const PUBLIC = {
  google: ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888'],
  cloudflare: ['1.1.1.1', '1.0.0.1', '2606:4700:4700::1111'],
  quad9: ['9.9.9.9', '149.112.112.112', '2620:fe::fe'],
  opendns: ['208.67.222.222', '208.67.220.220', '2620:119:35::35'],
  gstatic: ['142.250.185.67', '2a00:1450:4001:82f::2003'],
  firefox: ['34.107.221.82', '2600:1901:0:38d7::'],
  status: ['99.83.190.1'],
  example: ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
} as const;

/** The names that every resolver of the lab knows. */
export const NAMES = {
  service: 'api.openai.com',
  edge: 'ai.example.net',
  gateway: 'direct.example.net',
  control: 'control.example.org',
} as const;

/** What every resolver answers when nothing is wrong. */
export const ZONE: Readonly<Record<string, readonly string[]>> = {
  [NAMES.service]: [SERVICE.v4, SERVICE.v6],
  [NAMES.edge]: [EDGE.v4, EDGE.v6],
  [NAMES.gateway]: [GATEWAY.v4, GATEWAY.v6],
  [NAMES.control]: [CONTROL.v4, CONTROL.v6],
  'connectivitycheck.gstatic.com': PUBLIC.gstatic,
  'detectportal.firefox.com': PUBLIC.firefox,
  'status.openai.com': PUBLIC.status,
  'example.com': PUBLIC.example,
  'dns.google': PUBLIC.google,
  'cloudflare-dns.com': PUBLIC.cloudflare,
  'dns.quad9.net': PUBLIC.quad9,
};

/** The cables. The first address of a pair is the left place's; /24 and /64 throughout. */
export const CABLES: readonly Cable[] = [
  cable('person', 'eth0', PERSON, 'router', 'lan1', { v4: '', v6: '' }),
  cable('lan', 'eth0', LAN_HOST, 'router', 'lan2', { v4: '', v6: '' }),
  cable('router', 'wan', { v4: ROUTER.wan4, v6: '2a02:1110:0:1::2' }, 'isp', 'home', {
    v4: ISP.v4,
    v6: '2a02:1110:0:1::1',
  }),
  cable('isp', 'uplink', { v4: '84.112.255.1', v6: '2a02:1110:ff::1' }, 'core', 'isp', {
    v4: '84.112.255.2',
    v6: '2a02:1110:ff::2',
  }),
  cable('edge', 'eth0', EDGE, 'core', 'edge', { v4: '104.18.7.1', v6: '2606:4700:7::1' }),
  cable('gateway', 'eth0', GATEWAY, 'core', 'gateway', { v4: '51.15.20.1', v6: '2001:bc8:20::1' }),
  cable('control', 'eth0', CONTROL, 'core', 'control', { v4: '95.216.30.1', v6: '2a01:4f9:30::1' }),
  cable('service', 'eth0', SERVICE, 'core', 'service', { v4: '162.159.140.1', v6: '2606:4700:140::1' }),
  cable('vpn', 'eth0', { v4: VPN.v4, v6: '2a03:1b20:127::10' }, 'core', 'vpn', {
    v4: '193.32.127.1',
    v6: '2a03:1b20:127::1',
  }),
];

type Pair = { readonly v4: string; readonly v6: string };

function cable(from: Place, fromName: string, a: Pair, to: Place, toName: string, b: Pair): Cable {
  return { from, fromName, from4: a.v4, from6: a.v6, to, toName, to4: b.v4, to6: b.v6 };
}

/** Everything that leads out of a leaf place: its next hop. */
export const NEXT_HOPS: Readonly<Partial<Record<Place, Pair>>> = {
  person: ROUTER,
  lan: ROUTER,
  router: { v4: ISP.v4, v6: '2a02:1110:0:1::1' },
  isp: { v4: '84.112.255.2', v6: '2a02:1110:ff::2' },
  edge: { v4: '104.18.7.1', v6: '2606:4700:7::1' },
  gateway: { v4: '51.15.20.1', v6: '2001:bc8:20::1' },
  control: { v4: '95.216.30.1', v6: '2a01:4f9:30::1' },
  service: { v4: '162.159.140.1', v6: '2606:4700:140::1' },
  vpn: { v4: '193.32.127.1', v6: '2a03:1b20:127::1' },
};
