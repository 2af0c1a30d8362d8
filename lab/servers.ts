import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY, NAMES } from './addresses.ts';
import { type Backstage, isUp, KEYS, type PlaceDoor, stepOf } from './stage.ts';

const ROOT = join(import.meta.dirname, '..');
const FIXTURES = join(ROOT, 'src', 'diagnosis', 'fixtures');

/** How long the CDN's look-alike waits. Cloudflare's own 19 s and 120 s are as long as the doctor may take, or longer. */
const EDGE_CONNECT_MS = 1_500;
const EDGE_HEAD_MS = 2_500;

/** Starts everyone who serves: internet, service, gateway, edge, control vantage, and the model on the home network. Returns their doors. */
export function startServers(backstage: Backstage): PlaceDoor[] {
  const { scenario, certificates, act } = backstage;
  const { key } = certificates;
  act('core', 'internet', {
    certificate: certificates.of('internet'),
    key,
    feed: stepOf(scenario, 'feed')?.is ?? 'green',
    resolver: '8.8.8.8',
  });
  const doors: PlaceDoor[] = [{ place: 'core', kind: 'tcp', port: 443 }];
  if (isUp(scenario, 'service')) doors.push(service(backstage));
  if (scenario.way === 'edge' || scenario.way === 'gateway') {
    if (isUp(scenario, 'gateway')) doors.push(gateway(backstage));
    if (scenario.way === 'edge' && isUp(scenario, 'edge')) doors.push(edge(backstage));
  }
  if (scenario.way === 'local' && isUp(scenario, 'gateway')) {
    goodgate(backstage, 'person', ['listen: 127.0.0.1:5020', ...gatewayLines(backstage)]);
    doors.push({ place: 'person', kind: 'tcp', port: 5020 });
  }
  if (scenario.way === 'lan' && isUp(scenario, 'lan-model')) {
    act('lan', 'service', { port: 11434 });
    doors.push({ place: 'lan', kind: 'tcp', port: 11434 });
  }
  if (scenario.control !== false && isUp(scenario, 'control')) doors.push(control(backstage));
  return doors;
}

function service({ scenario, certificates, act }: Backstage): PlaceDoor {
  const step = stepOf(scenario, 'service');
  const { key } = certificates;
  const tls = step?.speaksTls === false ? {} : { certificate: certificates.of('service', step?.certificate), key };
  if (step?.page !== undefined) act('service', 'speaker', { port: 443, ...tls, answer: join(FIXTURES, step.page) });
  else act('service', 'service', { port: 443, ...tls, keys: [KEYS.service], fault: step?.fault });
  return { place: 'service', kind: 'tcp', port: 443 };
}

function gateway(backstage: Backstage): PlaceDoor {
  const { scenario, certificates, act } = backstage;
  const step = stepOf(scenario, 'gateway');
  const certificate = certificates.of('gateway', step?.certificate);
  if (step?.page !== undefined) {
    const { afterMs } = step;
    act('gateway', 'speaker', {
      port: 443,
      certificate,
      key: certificates.key,
      answer: join(FIXTURES, step.page),
      afterMs,
    });
  } else {
    const tls = step?.speaksTls === false ? [] : [`tls: { certificate: ${certificate}, key: ${certificates.key} }`];
    goodgate(backstage, 'gateway', ['listen: "[::]:443"', ...tls, ...gatewayLines(backstage)]);
  }
  return { place: 'gateway', kind: 'tcp', port: 443 };
}

/** The config of the gateway that the person's calls go through. */
function gatewayLines({ scenario, certificates }: Backstage): string[] {
  const step = stepOf(scenario, 'gateway');
  const target =
    step?.target?.replace('CA', certificates.root) ??
    `{ dialect: openai, url: https://${NAMES.service}/v1, key: ${KEYS.service}, tls: { ca: ${certificates.root} } }`;
  return [
    'admin: 127.0.0.1:5021',
    `admin-token: ${KEYS.admin}`,
    ...(step?.settings ?? []),
    'targets:',
    `  service: ${target}`,
  ];
}

/** A second Goodgate, elsewhere, that has the service and the gateway among its targets: the control vantage. */
function control(backstage: Backstage): PlaceDoor {
  const { certificates } = backstage;
  const tls = `tls: { certificate: ${certificates.of('gateway')}, key: ${certificates.key} }`;
  const target = (name: string, key: string): string =>
    `{ dialect: openai, url: https://${name}/v1, key: ${key}, tls: { ca: ${certificates.root} } }`;
  goodgate(backstage, 'control', [
    'listen: "[::]:443"',
    tls,
    'admin: 127.0.0.1:5021',
    `admin-token: ${KEYS.admin}`,
    'targets:',
    `  service: ${target(NAMES.service, KEYS.service)}`,
    `  edge: ${target(NAMES.edge, KEYS.caller)}`,
    `  gateway: ${target(NAMES.gateway, KEYS.caller)}`,
  ]);
  return { place: 'control', kind: 'tcp', port: 443 };
}

function goodgate(
  { folder, begin }: Backstage,
  place: 'gateway' | 'control' | 'person',
  lines: readonly string[],
): void {
  const config = join(folder, `${place}-goodgate.yaml`);
  writeFileSync(config, `${lines.join('\n')}\n`);
  begin(place, 'goodgate', 'sh', [join(ROOT, 'bin', 'goodgate'), 'serve', '--config', config]);
}

function edge({ scenario, certificates, folder, begin, act }: Backstage): PlaceDoor {
  const step = stepOf(scenario, 'edge');
  const certificate = certificates.of('gateway');
  const { key } = certificates;
  if (step?.page !== undefined)
    act('edge', 'speaker', { port: 443, certificate, key, answer: join(FIXTURES, step.page) });
  else if (step === undefined || step.as === 'cdn') {
    const origin = { host: GATEWAY.v4, port: 443, name: NAMES.edge, ca: certificates.root };
    act('edge', 'edge', {
      certificate,
      key,
      origin,
      connectMs: EDGE_CONNECT_MS,
      headMs: step?.clocksMs ?? EDGE_HEAD_MS,
    });
  } else if (step.as === 'nginx') {
    const file = join(folder, 'edge-nginx.conf');
    writeFileSync(file, nginx(certificate, key, step.clocksMs ?? EDGE_HEAD_MS, folder));
    begin('edge', 'nginx', 'nginx', ['-c', file, '-e', join(folder, 'nginx-error.log')]);
  } else {
    const file = join(folder, 'edge-haproxy.cfg');
    const both = join(folder, 'edge-haproxy.pem');
    writeFileSync(both, `${read(certificate)}${read(key)}`);
    writeFileSync(file, haproxy(both, step.clocksMs ?? EDGE_HEAD_MS));
    begin('edge', 'haproxy', 'haproxy', ['-f', file]);
  }
  return { place: 'edge', kind: 'tcp', port: 443 };
}

function nginx(certificate: string, key: string, headMs: number, folder: string): string {
  return `daemon off;
user root;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-f;
  uwsgi_temp_path ${folder}/nginx-u;
  scgi_temp_path ${folder}/nginx-s;
  server {
    listen 443 ssl;
    listen [::]:443 ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    location / {
      proxy_pass https://${GATEWAY.v4}:443;
      proxy_ssl_server_name on;
      proxy_ssl_name ${NAMES.edge};
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_connect_timeout ${EDGE_CONNECT_MS}ms;
      proxy_read_timeout ${headMs}ms;
    }
  }
}
`;
}

function haproxy(pem: string, headMs: number): string {
  return `global
  maxconn 200
defaults
  mode http
  timeout client 30s
  timeout connect ${EDGE_CONNECT_MS}ms
  timeout server ${headMs}ms
  retries 0
frontend edge
  bind :::443 v4v6 ssl crt ${pem}
  default_backend gateway
backend gateway
  server one ${GATEWAY.v4}:443 ssl verify none sni str(${NAMES.edge})
`;
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}
