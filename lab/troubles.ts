import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EDGE, GATEWAY, NAMES, PERSON, type Place, SERVICE, VPN } from './addresses.ts';
import { dnsmasq } from './names.ts';
import { must, opened, type Ran, run } from './process.ts';
import type { Scenario, Step } from './scenario.ts';
import { type Backstage, KEYS, type PlaceDoor, stepOf, stepsOf } from './stage.ts';

const FIXTURES = join(import.meta.dirname, '..', 'src', 'diagnosis', 'fixtures');

/** What stands in the way, besides servers that fail: filters, routes, portals, proxies, interception, tunnels, slow lines. */
export type Troubles = {
  readonly doors: readonly PlaceDoor[];
  /** Done last, when everything else serves: rules, routes and addresses. */
  strike(): Promise<void>;
};

/** Starts what has to run for the troubles of a scenario. */
export function makeTroubles(backstage: Backstage): Troubles {
  const { scenario } = backstage;
  const doors: PlaceDoor[] = [];
  const late: (() => Promise<void>)[] = [];
  const proxy = stepOf(scenario, 'proxy');
  if (proxy !== undefined) doors.push(...squid(backstage, proxy, late));
  const portal = stepOf(scenario, 'portal');
  if (portal !== undefined) doors.push(...captive(backstage, portal, late));
  const intercept = stepOf(scenario, 'intercept');
  if (intercept !== undefined) doors.push(...interceptor(backstage, intercept, late));
  const slow = stepOf(scenario, 'slow-line');
  if (slow !== undefined) late.push(() => slowLine(backstage, slow));
  const vpn = stepOf(scenario, 'vpn');
  if (vpn !== undefined) late.push(() => tunnel(backstage, vpn));
  const forget = stepOf(scenario, 'forget');
  if (forget !== undefined) late.push(() => forgetful(backstage, forget.afterMs));
  if (stepOf(scenario, 'censor') !== undefined) doors.push(...censor(backstage, late));
  const word = stepOf(scenario, 'gateway')?.word;
  if (word !== undefined) late.push(() => pause(backstage, word));
  return {
    doors,
    async strike() {
      for (const make of late) await make();
      await strike(backstage, scenario);
    },
  };
}

async function strike({ house }: Backstage, scenario: Scenario): Promise<void> {
  for (const { at, on, rules } of stepsOf(scenario, 'filter')) {
    const lines = rules.map((rule) => `${rule};`).join('\n');
    await house.nft(at, `table inet lab_${on} { chain c { type filter hook ${on} priority 0;\n${lines}\n}; }`);
  }
  for (const { at, rules } of stepsOf(scenario, 'redirect')) await redirect(house.nft, at, rules);
  for (const { at, words } of stepsOf(scenario, 'ip')) for (const each of words) await house.ip(at, each);
}

async function redirect(
  nft: (place: Place, rules: string) => Promise<void>,
  at: Place,
  rules: readonly string[],
): Promise<void> {
  const lines = rules.map((rule) => `${rule};`).join('\n');
  await nft(at, `table ip lab_nat { chain c { type nat hook prerouting priority -100;\n${lines}\n}; }`);
}

/** squid on a machine of the home or company network. */
function squid(
  { house, folder, begin }: Backstage,
  step: Extract<Step, { do: 'proxy' }>,
  late: (() => Promise<void>)[],
): PlaceDoor[] {
  if (step.isOnlyWay) {
    const rule = `iifname "home" oifname "wan" ip saddr ${PERSON.v4} reject; iifname "home" oifname "wan" ip6 saddr ${PERSON.v6} reject;`;
    late.push(() =>
      house.nft('router', `table inet lab_only { chain c { type filter hook forward priority 0;\n${rule}\n}; }`),
    );
  }
  if (step.isUp === false) return [];
  const users = join(folder, 'squid-users');
  // The password is nobody's: the person is not told it.
  writeFileSync(users, 'lab:$apr1$lablabla$6Os8UwijVKVArCW6bj7m20\n');
  const helper = '/usr/lib/squid/basic_ncsa_auth';
  const lines = [
    'http_port 0.0.0.0:3128',
    'pid_filename none',
    'cache deny all',
    'cache_log /dev/null',
    'access_log none',
    'visible_hostname proxy.corp.example',
    'connect_timeout 2 seconds',
    'dns_v4_first on',
    'netdb_filename none',
    'coredump_dir none',
    'shutdown_lifetime 0 seconds',
    ...(step.deny ? [`acl denied dstdomain ${step.deny}`, 'http_access deny denied'] : []),
    ...(step.auth
      ? [
          `auth_param basic program ${helper} ${users}`,
          'auth_param basic realm Corp',
          'acl known proxy_auth REQUIRED',
          'http_access allow known',
          'http_access deny all',
        ]
      : ['http_access allow all']),
  ];
  const config = join(folder, 'squid.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);
  // Its shared memory is named after its service, machine-wide: at most 32 letters and digits, and no two alike.
  const name = `lab${process.pid}x${basename(folder).split('-')[0]}`;
  begin('lan', 'squid', 'squid', ['-N', '-n', name, '-f', config]);
  return [{ place: 'lan', kind: 'tcp', port: 3128 }];
}

/** A sign-in page that the router puts in place of every web page, and what it does to encrypted connections meanwhile. */
function captive(
  { house, certificates, act }: Backstage,
  step: Extract<Step, { do: 'portal' }>,
  late: (() => Promise<void>)[],
): PlaceDoor[] {
  act('router', 'speaker', { port: 8880, answer: join(FIXTURES, 'portal-login.http') });
  const doors: PlaceDoor[] = [{ place: 'router', kind: 'tcp', port: 8880 }];
  const rules = ['iifname "home" tcp dport 80 redirect to :8880'];
  if (step.https === 'own-certificate') {
    const certificate = certificates.of('gateway', 'self-signed');
    // A second process of the same actor, with the portal's own certificate.
    act('router', 'speaker', {
      port: 8443,
      certificate,
      key: certificates.key,
      answer: join(FIXTURES, 'portal-login.http'),
    });
    doors.push({ place: 'router', kind: 'tcp', port: 8443 });
    rules.push('iifname "home" tcp dport 443 redirect to :8443');
  }
  const shut = step.https === 'reset' ? 'reject with tcp reset' : 'drop';
  late.push(async () => {
    await redirect(house.nft, 'router', rules);
    await house.nft(
      'router',
      `table inet lab_portal { chain c { type filter hook forward priority 0; iifname "home" oifname "wan" meta l4proto tcp ${shut}; }; }`,
    );
  });
  return doors;
}

/** mitmproxy in the router, with an authority that carries a product's name; or the product's own block page under it. */
function interceptor(
  { house, certificates, folder, begin, act }: Backstage,
  step: Extract<Step, { do: 'intercept' }>,
  late: (() => Promise<void>)[],
): PlaceDoor[] {
  const targets = `{ ${SERVICE.v4}, ${EDGE.v4}, ${GATEWAY.v4} }`;
  late.push(async () => {
    await redirect(house.nft, 'router', [`iifname "home" ip daddr ${targets} tcp dport 443 redirect to :8080`]);
    // The product knows IPv4 only, so the network hands out no other addresses.
    await house.ip('person', '-6 route del default');
  });
  if (step.answer !== undefined) {
    const certificate = certificates.of('service', 'intercepted');
    act('router', 'speaker', { port: 8080, certificate, key: certificates.key, answer: join(FIXTURES, step.answer) });
  } else {
    const own = join(folder, 'mitmproxy');
    mkdirSync(own, { recursive: true });
    copyFileSync(certificates.interceptor.both, join(own, 'mitmproxy-ca.pem'));
    const options = [
      `confdir=${own}`,
      `ssl_verify_upstream_trusted_ca=${certificates.root}`,
      'block_global=false',
      'connection_strategy=lazy',
    ];
    begin(
      'router',
      'mitmproxy',
      'mitmdump',
      ['--mode', 'transparent', '--listen-port', '8080', '-q', ...options.flatMap((option) => ['--set', option])],
      { HOME: folder },
    );
  }
  return [{ place: 'router', kind: 'tcp', port: 8080 }];
}

/** OpenVPN from the person's machine to a server elsewhere; everything leads into the tunnel, as VPN programs set it up. */
async function tunnel({ house, folder, begin }: Backstage, step: Extract<Step, { do: 'vpn' }>): Promise<void> {
  const secret = join(folder, 'vpn.key');
  await must('openvpn', ['--genkey', 'secret', secret]);
  const common = [
    '--dev',
    'tun0',
    '--dev-type',
    'tun',
    '--proto',
    'udp',
    '--port',
    '1194',
    '--secret',
    secret,
    '--cipher',
    'AES-256-CBC',
    '--verb',
    '1',
  ];
  begin('vpn', 'openvpn', 'openvpn', [...common, '--ifconfig', VPN.inside, VPN.person]);
  begin('person', 'openvpn', 'openvpn', [...common, '--remote', VPN.v4, '--ifconfig', VPN.person, VPN.inside]);
  await house.nft(
    'vpn',
    'table ip nat { chain leave { type nat hook postrouting priority 100; oifname "eth0" masquerade; }; }',
  );
  const verdict =
    step.passes === 'nothing'
      ? 'drop'
      : step.passes === 'all-but-service'
        ? `ip daddr { ${SERVICE.v4}, ${EDGE.v4}, ${GATEWAY.v4} } drop`
        : 'accept';
  await house.nft(
    'vpn',
    `table ip lab_vpn { chain c { type filter hook forward priority 0; iifname "tun0" ${verdict}; }; }`,
  );
  await untilUp(() => run('ip', ['-n', house.space('person'), '-o', 'addr', 'show', 'dev', 'tun0']), VPN.person);
  await untilUp(() => run('ip', ['-n', house.space('vpn'), '-o', 'addr', 'show', 'dev', 'tun0']), VPN.inside);
  const names = Object.entries(step.hasOwnNames ?? {}).map(([name, is]) => ({ name, is }));
  if (names.length > 0) begin('vpn', 'dnsmasq', 'dnsmasq', dnsmasq(names, '8.8.8.8'));
  for (const words of [
    `route add ${VPN.v4}/32 via 192.168.1.1`,
    `route add 0.0.0.0/1 via ${VPN.inside}`,
    `route add 128.0.0.0/1 via ${VPN.inside}`,
    '-6 route del default',
  ])
    await house.ip('person', words);
}

/** A line out of the home with the delay of a satellite or a bad mobile network: a tunnel through a relay that holds each packet back. */
async function slowLine({ house, begin, act }: Backstage, step: Extract<Step, { do: 'slow-line' }>): Promise<void> {
  act('router', 'relay', { from: 7001, near: 7000, bind: 7002, far: 7003, farHost: '84.112.10.1', ...step });
  const tun = (own: string, to: string, bind: string): string[] => [
    `TUN:${own}/30,tun-name=slow,iff-no-pi,iff-up`,
    `UDP4-DATAGRAM:${to},bind=${bind}`,
  ];
  begin('router', 'socat', 'socat', tun('100.64.0.1', '127.0.0.1:7001', '127.0.0.1:7000'));
  begin('isp', 'socat', 'socat', tun('100.64.0.2', '84.112.10.2:7002', '84.112.10.1:7003'));
  await opened([{ space: house.space('router'), kind: 'udp', port: 7001 }]);
  for (const place of ['router', 'isp'] as const)
    await untilUp(() => run('ip', ['-n', house.space(place), '-o', 'addr', 'show', 'dev', 'slow']), '100.64.0.');
  await house.ip('router', 'route replace default via 100.64.0.2');
  await house.nft(
    'router',
    'table ip slow { chain c { type nat hook postrouting priority 99; oifname "slow" masquerade; }; }',
  );
  await house.ip('core', 'route add 100.64.0.0/30 via 84.112.255.1');
  await house.ip('person', '-6 route del default');
}

/** A router that forgets silent connections, and drops what it does not remember: conntrack with a short memory. */
async function forgetful({ house }: Backstage, ms: number): Promise<void> {
  const timeout = `net.netfilter.nf_conntrack_tcp_timeout_established=${Math.ceil(ms / 1000)}`;
  await must('ip', [
    'netns',
    'exec',
    house.space('router'),
    'sysctl',
    '-qw',
    timeout,
    'net.netfilter.nf_conntrack_tcp_loose=0',
  ]);
  await house.nft(
    'router',
    'table inet lab_box { chain c { type filter hook forward priority 0; ct state invalid drop; }; }',
  );
  await house.ip('person', '-6 route del default');
}

/** Passes everything on but connections that name the service. It knows IPv4 only. */
function censor({ house, act }: Backstage, late: (() => Promise<void>)[]): PlaceDoor[] {
  act('router', 'censor', { port: 8081, host: SERVICE.v4, name: NAMES.service });
  late.push(async () => {
    await redirect(house.nft, 'router', [`iifname "home" ip daddr ${SERVICE.v4} tcp dport 443 redirect to :8081`]);
    await house.ip('person', '-6 route del default');
  });
  return [{ place: 'router', kind: 'tcp', port: 8081 }];
}

/** The operator of the gateway takes it out of service, as the admin API does it. */
async function pause({ house }: Backstage, word: 'maintenance' | 'draining'): Promise<void> {
  const body = JSON.stringify({ word, note: 'new disks' });
  const auth = `authorization: Bearer ${KEYS.admin}`;
  const words = ['-sS', '-f', '-X', 'PUT', '-H', auth, '-d', body, 'http://127.0.0.1:5021/maintenance/gateway'];
  await must('ip', ['netns', 'exec', house.space('gateway'), 'curl', ...words]);
}

const UP_TRIES = 100;

async function untilUp(look: () => Promise<Ran>, address: string): Promise<void> {
  for (let tries = 0; tries < UP_TRIES; tries += 1) {
    if ((await look()).out.includes(address)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the tunnel with ${address} did not come up`);
}
