import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ISP, PUBLIC, ZONE } from './addresses.ts';
import type { Naming, Resolver } from './scenario.ts';
import { type Backstage, isUp, type PlaceDoor, stepsOf } from './stage.ts';

/** Starts the resolvers: unbound at the provider and on the public addresses, dnsmasq in the home router. Returns their doors. */
export async function startNames(backstage: Backstage): Promise<PlaceDoor[]> {
  const { scenario, folder, begin } = backstage;
  const doors: PlaceDoor[] = [];
  if (isUp(scenario, 'isp-dns')) {
    const file = join(folder, 'unbound-isp.conf');
    writeFileSync(file, unbound([ISP.resolver4, ISP.resolver6], overrides(backstage, 'isp')));
    begin('isp', 'unbound', 'unbound', ['-d', '-c', file]);
    doors.push({ place: 'isp', kind: 'udp', port: 53 });
  }
  if (isUp(scenario, 'public-dns')) {
    const file = join(folder, 'unbound-public.conf');
    const own = [...PUBLIC.google, ...PUBLIC.cloudflare, ...PUBLIC.quad9, ...PUBLIC.opendns];
    writeFileSync(file, unbound(own, overrides(backstage, 'public')));
    begin('core', 'unbound', 'unbound', ['-d', '-c', file]);
    doors.push({ place: 'core', kind: 'udp', port: 53 });
  }
  if (isUp(scenario, 'router-dns')) {
    begin('router', 'dnsmasq', 'dnsmasq', dnsmasq(overrides(backstage, 'router'), ISP.resolver4));
    doors.push({ place: 'router', kind: 'udp', port: 53 });
  }
  return doors;
}

type Overrides = readonly { readonly name: string; readonly is: Naming }[];

function overrides({ scenario }: Backstage, at: Resolver): Overrides {
  return stepsOf(scenario, 'name').filter((step) => step.at === at);
}

/** A forwarder that keeps nothing, with its own addresses for some names. @throws Error for what dnsmasq is not asked to play here. */
export function dnsmasq(special: Overrides, upstream: string): string[] {
  const own = special.flatMap(({ name, is }) => {
    if (typeof is !== 'object') throw new Error(`the router only plays addresses, not "${is}" for ${name}`);
    // Without an address of the other family dnsmasq would pass on what its upstream says of it.
    return [is.v4, ...(is.v6 === undefined ? [] : [is.v6])].map((address) => `--address=/${name}/${address}`);
  });
  return [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--cache-size=0',
    '--user=root',
    '--pid-file=',
    `--server=${upstream}`,
    ...own,
  ];
}

/** A resolver that knows the lab's zone and that nothing else exists. */
function unbound(addresses: readonly string[], special: Overrides): string {
  const names = special.map(({ name }) => name);
  const data = Object.entries(ZONE)
    .filter(([name]) => !names.includes(name))
    .flatMap(([name, list]) => [
      `local-zone: "${name}." static`,
      ...list.map((address) => `local-data: "${name}. 60 IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}"`),
    ]);
  const lines = [
    'server:',
    'verbosity: 0',
    'use-syslog: no',
    'username: ""',
    'chroot: ""',
    'pidfile: ""',
    'num-threads: 1',
    'module-config: "iterator"',
    'do-not-query-localhost: no',
    'access-control: 0.0.0.0/0 allow',
    'access-control: ::/0 allow',
    ...addresses.map((address) => `interface: ${address}`),
    'local-zone: "." static',
    ...data,
    ...special.flatMap(({ name, is }) => zoneOf(name, is)),
    // A name that fails: its authority is a closed port.
    ...special
      .filter(({ is }) => is === 'failing')
      .flatMap(({ name }) => ['forward-zone:', `name: "${name}."`, 'forward-addr: 127.0.0.9@5399']),
    'remote-control:',
    'control-enable: no',
  ];
  return `${lines.join('\n')}\n`;
}

function zoneOf(name: string, is: Naming): string[] {
  if (typeof is === 'object') {
    const v6 = is.v6 === undefined ? [] : [`local-data: "${name}. 60 IN AAAA ${is.v6}"`];
    return [`local-zone: "${name}." redirect`, `local-data: "${name}. 60 IN A ${is.v4}"`, ...v6];
  }
  if (is === 'failing') return [`local-zone: "${name}." transparent`];
  const word = is === 'missing' ? 'always_nxdomain' : is === 'refused' ? 'always_refuse' : 'always_null';
  return [`local-zone: "${name}." ${word}`];
}
