import type { CauseCode } from '../../src/diagnosis/catalogue.ts';
import { EDGE, GATEWAY, NAMES, SERVICE } from '../addresses.ts';
import type { Scenario, Step, Way } from '../scenario.ts';

/** Turns of phrase that several scenarios share, each one step or a few. */

const BOTH = (host: { readonly v4: string; readonly v6: string }, rest: string): string[] => [
  `ip daddr ${host.v4} ${rest}`,
  `ip6 daddr ${host.v6} ${rest}`,
];

/** The internet provider passes nothing on. */
export const OUTAGE: Step = { do: 'filter', at: 'isp', on: 'forward', rules: ['drop'] };
/** IPv6 leads nowhere, without a word. */
export const V6_DEAD: Step = { do: 'filter', at: 'isp', on: 'forward', rules: ['meta nfproto ipv6 drop'] };
export const V4_DEAD: Step = { do: 'filter', at: 'isp', on: 'forward', rules: ['meta nfproto ipv4 drop'] };
/** A network that lets nobody ask other resolvers: plain and encrypted DNS to the public ones is dropped. */
export const PUBLIC_DNS_BLOCKED: Step = {
  do: 'filter',
  at: 'router',
  on: 'forward',
  rules: [
    'ip daddr { 8.8.8.8, 8.8.4.4, 1.1.1.1, 1.0.0.1, 9.9.9.9, 149.112.112.112, 208.67.222.222, 208.67.220.220 } drop',
    'ip6 daddr { 2001:4860:4860::8888, 2606:4700:4700::1111, 2620:fe::fe, 2620:119:35::35 } drop',
  ],
};
export const ICMP_BLOCKED: Step = {
  do: 'filter',
  at: 'router',
  on: 'forward',
  // Neighbour discovery stays: without it IPv6 itself ends.
  rules: ['ip protocol icmp drop', 'meta l4proto ipv6-icmp drop'],
};
export const QUIC_BLOCKED: Step = { do: 'filter', at: 'router', on: 'forward', rules: ['udp dport 443 drop'] };
export const NO_ROUTE: Step = { do: 'ip', at: 'person', words: ['route del default', '-6 route del default'] };
export const LINK_DOWN: Step = { do: 'ip', at: 'person', words: ['link set eth0 down'] };
export const V4_ONLY: Step = { do: 'ip', at: 'person', words: ['-6 addr flush dev eth0'] };
export const RESOLVER_STOPPED: Step = { do: 'stop', who: 'router-dns' };
/** The service's own packet filter drops everybody. */
export const SERVICE_SILENT: Step = { do: 'filter', at: 'service', on: 'input', rules: ['tcp dport 443 drop'] };
export const GATEWAY_SILENT: Step = { do: 'filter', at: 'gateway', on: 'input', rules: ['tcp dport 443 drop'] };

/** The person's network drops packets to one host, all of them or only those to its port. */
export function droppedHere(host: 'service' | 'gateway' | 'edge', what: 'all' | 'port' = 'all'): Step {
  const of = { service: SERVICE, gateway: GATEWAY, edge: EDGE }[host];
  return {
    do: 'filter',
    at: what === 'all' ? 'isp' : 'router',
    on: 'forward',
    rules: BOTH(of, what === 'all' ? 'drop' : 'tcp dport 443 drop'),
  };
}

/** The person's firewall refuses connections to one host's port. */
export function rejectedHere(host: 'service' | 'gateway' | 'edge'): Step {
  const of = { service: SERVICE, gateway: GATEWAY, edge: EDGE }[host];
  return { do: 'filter', at: 'router', on: 'forward', rules: BOTH(of, 'tcp dport 443 reject with tcp reset') };
}

/** A small link on the way whose ICMP complaints are dropped, in both directions. */
export const MTU_BLACK_HOLE: readonly Step[] = [
  { do: 'ip', at: 'isp', words: ['link set uplink mtu 1280'] },
  { do: 'ip', at: 'core', words: ['link set isp mtu 1280'] },
  {
    do: 'filter',
    at: 'isp',
    on: 'output',
    rules: ['icmp type destination-unreachable drop', 'icmpv6 type packet-too-big drop'],
  },
  {
    do: 'filter',
    at: 'core',
    on: 'output',
    rules: ['icmp type destination-unreachable drop', 'icmpv6 type packet-too-big drop'],
  },
];

/** Lost packets between the person and the router, both ways, as on a weak radio link. */
export function lossy(percent: number): readonly Step[] {
  const rule = `numgen random mod 100 < ${percent} drop`;
  // Dropped where they arrive: a packet dropped as it leaves its own machine would be told to its sender.
  return [
    { do: 'filter', at: 'person', on: 'input', rules: [`iifname "eth0" ${rule}`] },
    { do: 'filter', at: 'router', on: 'input', rules: [`iifname "home" ${rule}`] },
    { do: 'filter', at: 'router', on: 'forward', rules: [`iifname "home" ${rule}`] },
  ];
}

/** Every name of the lab fails at the provider's resolver. */
export const RESOLVER_FAILS: readonly Step[] = [
  ...Object.values(NAMES),
  ...['example.com', 'connectivitycheck.gstatic.com', 'detectportal.firefox.com', 'status.openai.com'],
].map((name) => ({ do: 'name', at: 'isp', name, is: 'failing' }) as const);

/** A service with this fault of the drill's vocabulary. */
export function service(fault: string): Step {
  return { do: 'service', fault };
}

/** A scenario with one fault. */
export function one(
  name: string,
  row: string,
  way: Way,
  steps: readonly Step[],
  code: CauseCode,
  tells: string,
): Scenario {
  return { name, rows: [row], way, steps, truth: { kind: 'fault', code }, tells };
}

/** The same, with codes that are as right; `because` says why nothing tells them apart. */
export function or(scenario: Scenario, orElse: readonly CauseCode[], because: string): Scenario {
  if (scenario.truth.kind !== 'fault') throw new Error('only a fault has a second right code');
  return { ...scenario, truth: { ...scenario.truth, orElse, because } };
}
