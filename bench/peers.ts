import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { accepting, freePort, scratchFile, start } from '../proof/processes.ts';

/** A proxy under measurement, in front of one origin. */
export type Peer = {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly path: string;
};

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..');

/** Callers ask this path; the bench's origins answer it. */
export const PATH = '/v1/chat/completions';

type Launch = (origin: number, port: number) => ChildProcess;

/** HAProxy with its defaults, which merge events. */
export const HAPROXY_MERGING = 'haproxy, merging events';

function haproxy(origin: number, port: number, option: string): ChildProcess {
  const config = scratchFile(
    `haproxy-${port}.cfg`,
    `global
  nbthread 1
  maxconn 9500
defaults
  mode http
  timeout connect 3s
  timeout client 300s
  timeout server 300s
  option http-keep-alive
  ${option}
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  http-reuse always
  server s1 127.0.0.1:${origin}
`,
  );
  return start('haproxy', ['-q', '-db', '-f', config]);
}

const LAUNCHES: Record<string, Launch> = {
  // Without this option it holds each part of a chunked answer back, up to 200 ms, to send several in one packet (MSG_MORE): less work, and
  // not what a caller who reads along is there for. Its manual names the option for that case.
  haproxy: (origin, port) => haproxy(origin, port, 'option http-no-delay'),
  [HAPROXY_MERGING]: (origin, port) => haproxy(origin, port, ''),
  nginx: (origin, port) => {
    const config = scratchFile(
      `nginx-${port}.conf`,
      `daemon off; master_process off; pid ${scratchFile(`nginx-${port}.pid`, '')}; error_log /dev/null;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
  access_log off; client_body_buffer_size 64k;
  upstream o { server 127.0.0.1:${origin}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 100000000;
    location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`,
    );
    return start('nginx', ['-c', config]);
  },
  floor: (origin, port) => start(process.execPath, [join(HERE, 'floor.ts'), String(port), String(origin)]),
  'node:http + undici': (origin, port) =>
    start(process.execPath, [join(HERE, 'node-http.ts'), String(port), String(origin)]),
  '@fastify/http-proxy': (origin, port) =>
    start(process.execPath, [join(HERE, 'fastify-proxy.ts'), String(port), String(origin)]),
  portkey: (_origin, port) =>
    start(process.execPath, [
      join(HERE, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
      `--port=${port}`,
      '--headless',
    ]),
  goodgate: (origin, port) => start(join(ROOT, 'bin/goodgate'), ['serve', '--config', goodgateConfig(origin, port)]),
};

/** One target, and every default of the product on. */
export function goodgateConfig(origin: number, port: number): string {
  return scratchFile(
    `goodgate-${port}.yaml`,
    `listen: 127.0.0.1:${port}
admin: 127.0.0.1:0
targets:
  origin: { dialect: openai, url: http://127.0.0.1:${origin}/v1 }
routes:
  - match: { models: ["*"] }
    pools:
      - { targets: [origin] }
`,
  );
}

export type PeerName = keyof typeof LAUNCHES;

/** Starts a peer in front of the origin on a free port and waits until it accepts. */
export async function startPeer(name: string, origin: number): Promise<Peer> {
  const launch = LAUNCHES[name];
  if (launch === undefined) throw new Error(`no peer "${name}"; there are ${Object.keys(LAUNCHES).join(', ')}`);
  const port = await freePort();
  const process = launch(origin, port);
  await accepting(port);
  return { name, port, process, path: PATH };
}
