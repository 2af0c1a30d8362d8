import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { accepting, scratchFile, start } from '../proof/processes.ts';

/** Two targets by their ports: the first one fails. */
export type Pair = { readonly a: number; readonly b: number };

export const PROXIES = ['nginx', 'HAProxy', 'Goodgate'] as const;
export type ProxyName = (typeof PROXIES)[number];

/**
 * The same clocks for all: 1 s to connect, 5 s of silence, of which a busy machine takes two. Production would wait longer for a first word, all three alike; what happens
 * after the wait is the same.
 */
export const CONNECT_S = 1;
export const SILENCE_S = 5;

/** Where callers of one pair knock: each pair has a pool of its own, so that what is learned of one fault does not colour the next. */
export type Door = { readonly port: number; readonly model: string };

export type Proxy = { readonly doors: readonly Door[]; readonly process: ChildProcess };

/** Starts one process in front of all pairs; it asks the two of each in turn. */
export async function startProxy(name: ProxyName, pairs: readonly Pair[]): Promise<Proxy> {
  const doors: Door[] = [];
  // Goodgate knows its pools by the model that is asked for, the others by port.
  const shared = name === 'Goodgate' ? await ownPort() : undefined;
  for (const nth of pairs.keys()) doors.push({ port: shared ?? (await ownPort()), model: `m${nth}` });
  const process = LAUNCHES[name](pairs, doors);
  try {
    for (const port of new Set(doors.map((door) => door.port))) await accepting(port, START_MS_MAX);
  } catch (error) {
    throw new Error(`${name} does not start: ${error instanceof Error ? error.message : error}; ${lastWords()}`);
  }
  return { doors, process };
}

/** A busy machine may take that long to read a gateway's sources. */
const START_MS_MAX = 60_000;

/** What Goodgate said; the others speak for themselves. */
function lastWords(): string {
  return existsSync(LOG) ? readFileSync(LOG, 'utf8').trim().split('\n').slice(0, 8).join(' ') : 'it said nothing';
}

const LOG = scratchFile('faults-goodgate.log', '');

/** Below the ports that Linux gives out by itself (32768 on), or a target that starts meanwhile might be given the proxy's. */
let nextPort = 20_000 + (process.pid % 5_000);
const PORT_MAX = 32_000;

async function ownPort(): Promise<number> {
  while (nextPort < PORT_MAX) {
    const port = nextPort;
    nextPort += 1;
    const server = createServer();
    const isFree = await new Promise<boolean>((fulfil) => {
      server.once('error', () => fulfil(false)).listen(port, '127.0.0.1', () => fulfil(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port below ${PORT_MAX}`);
}

type Launch = (pairs: readonly Pair[], doors: readonly Door[]) => ChildProcess;

const LAUNCHES: Readonly<Record<ProxyName, Launch>> = {
  nginx: (pairs, doors) => start('nginx', ['-c', scratchFile('faults-nginx.conf', nginxConfig(pairs, doors))]),
  HAProxy: (pairs, doors) =>
    start('haproxy', ['-q', '-db', '-f', scratchFile('faults-haproxy.cfg', haproxyConfig(pairs, doors))]),
  // Its banner would stand between the rows.
  Goodgate: (pairs, doors) =>
    start('sh', [
      '-c',
      'exec "$0" serve --config "$1" 2> "$2"',
      join(import.meta.dirname, '..', 'bin', 'goodgate'),
      scratchFile('faults-goodgate.yaml', goodgateConfig(pairs, doors)),
      LOG,
    ]),
};

/** Something for each pair with its door. */
function each(
  pairs: readonly Pair[],
  doors: readonly Door[],
  line: (nth: number, pair: Pair, door: Door) => string,
): string {
  return pairs
    .map((pair, nth) => {
      const door = doors[nth];
      if (door === undefined) throw new Error(`pair ${nth} has no door`);
      return line(nth, pair, door);
    })
    .join('');
}

/** All that nginx knows to try again for, also for POST. Unbuffered, or streams would not flow. */
export const NGINX_RETRIES = 'error timeout invalid_header http_500 http_502 http_503 http_504 http_429 non_idempotent';

function nginxConfig(pairs: readonly Pair[], doors: readonly Door[]): string {
  return `daemon off; master_process off; pid ${scratchFile('faults-nginx.pid', '')}; error_log /dev/null;
events { worker_connections 8192; }
http {
  access_log off;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
  proxy_next_upstream ${NGINX_RETRIES};
  proxy_connect_timeout ${CONNECT_S}s; proxy_send_timeout ${SILENCE_S}s; proxy_read_timeout ${SILENCE_S}s;
${each(pairs, doors, (nth, { a, b }, { port }) => `  upstream u${nth} { server 127.0.0.1:${a}; server 127.0.0.1:${b}; keepalive 32; }\n  server { listen 127.0.0.1:${port}; location / { proxy_pass http://u${nth}; } }\n`)}}
`;
}

/** All that HAProxy knows to try again for; each retry at the other server. */
export const HAPROXY_RETRIES = 'retries 3, retry-on all-retryable-errors, option redispatch 1';

function haproxyConfig(pairs: readonly Pair[], doors: readonly Door[]): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect ${CONNECT_S}s
  timeout client 60s
  timeout server ${SILENCE_S}s
  retries 3
  retry-on all-retryable-errors
  option redispatch 1
  balance roundrobin
${each(pairs, doors, (nth, { a, b }, { port }) => `listen l${nth}\n  bind 127.0.0.1:${port}\n  server a 127.0.0.1:${a}\n  server b 127.0.0.1:${b}\n`)}`;
}

/** Goodgate's clocks as the others' have them; everything else as it comes. */
function goodgateConfig(pairs: readonly Pair[], doors: readonly Door[]): string {
  const silence = `${SILENCE_S}s`;
  const target = (name: string, port: number): string =>
    `  ${name}: { dialect: openai, url: "http://127.0.0.1:${port}/v1" }\n`;
  return `listen: 127.0.0.1:${doors[0]?.port}
admin: 127.0.0.1:0
log: { level: off }
timeouts: { connect: ${CONNECT_S}s, head: ${silence}, first-part: ${silence}, between-parts: ${silence}, between-bytes: ${silence} }
targets:
${each(pairs, doors, (nth, { a, b }) => target(`a${nth}`, a) + target(`b${nth}`, b))}routes:
${each(pairs, doors, (nth, _, { model }) => `  - match: { models: [${model}] }\n    pools: [{ targets: [a${nth}, b${nth}], balance: round-robin }]\n`)}`;
}
