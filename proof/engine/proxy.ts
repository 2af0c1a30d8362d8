/**
 * `npm run test:engine -- proxy`: targets reached through a real squid, as a config or the environment asks for it. A TLS service behind CONNECT, a
 * plain one in absolute form, with and without credentials, and NO_PROXY around it; the proxy's own log says what went through.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer as createHttp, request } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { accepting, freePort, isInstalled, pause, scratchFile, start, stop } from '../processes.ts';
import { gateway } from './gate.ts';

const FIXTURES = join(import.meta.dirname, '..', '..', 'src', 'http1', 'fixtures');
const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] });
const ANSWER = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
});

if (!(await isInstalled('squid', ['-v']))) {
  console.error('proxy: squid is not installed; on Debian: apt-get install squid');
  process.exit(2);
}

/** The environment's proxy is not used for loopback, so services listen on an address of this machine that is none. */
const ownIp = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
if (ownIp === undefined) {
  console.error('proxy: this machine has no IPv4 address but loopback');
  process.exit(2);
}

let served = 0;
const answer = (
  _request: unknown,
  response: { setHeader(name: string, value: string): void; end(text: string): void },
): void => {
  served += 1;
  response.setHeader('content-type', 'application/json');
  response.end(ANSWER);
};
const plain = createHttp(answer);
const certificate = readFileSync(join(FIXTURES, 'good.pem'), 'utf8');
const key = readFileSync(
  join(FIXTURES, existsSync(join(FIXTURES, 'good-key.pem')) ? 'good-key.pem' : 'key.pem'),
  'utf8',
);
const secure = createHttps({ cert: certificate, key }, answer);
const listening = async (server: Server): Promise<number> => {
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
const [plainPort, securePort] = [await listening(plain), await listening(secure)];

/** Without our own look at whether it listens. */
function lines(log: string): string {
  return log.replace(/^.*transaction-end-before-headers.*\n/gm, '');
}

/** A squid that only lets in who is in the password file, when there is one. */
async function squid(isGuarded: boolean): Promise<{ port: number; log: () => string; stop: () => Promise<void> }> {
  const port = await freePort();
  const log = scratchFile(`squid-${port}.log`, '');
  const helper = scratchFile(
    `squid-auth-${port}.sh`,
    '#!/bin/sh\nwhile read user pass; do if [ "$user $pass" = "ann s:cret" ] || [ "$user $pass" = "ann s%3Acret" ]; then echo OK; else echo ERR; fi; done\n',
  );
  const guard = isGuarded
    ? `auth_param basic program /bin/sh ${helper}\nauth_param basic children 1\nacl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all`
    : 'http_access allow all';
  const config = scratchFile(
    `squid-${port}.conf`,
    `http_port 127.0.0.1:${port}
${guard}
cache deny all
access_log stdio:${log}
cache_log /dev/null
pid_filename none
shutdown_lifetime 0 seconds
`,
  );
  const child = start('squid', ['-N', '-f', config]);
  await accepting(port);
  return { port, log: () => lines(readFileSync(log, 'utf8')), stop: () => stop(child) };
}

function ask(port: number): Promise<{ status: number; body: string }> {
  return new Promise((fulfil, reject) => {
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        let body = '';
        response.on('data', (bytes) => {
          body += bytes;
        });
        response.on('end', () => fulfil({ status: response.statusCode ?? 0, body }));
      },
    );
    asked.on('error', reject);
    asked.end(BODY);
  });
}

type Case = {
  readonly name: string;
  readonly isSecure: boolean;
  readonly isGuarded: boolean;
  /** The `proxy` setting of the target, from the proxy's port. */
  readonly proxy?: (port: number) => string;
  readonly env?: (port: number) => Record<string, string>;
  readonly status: number;
  /** What the proxy's log must and must not hold. */
  readonly log: RegExp | undefined;
  readonly says?: string;
};

const ca = join(FIXTURES, 'ca.pem');
const CASES: readonly Case[] = [
  {
    name: 'TLS through CONNECT, from the config',
    isSecure: true,
    isGuarded: false,
    proxy: (port) => `http://127.0.0.1:${port}`,
    status: 200,
    log: /TCP_TUNNEL\/200 .* CONNECT /,
  },
  {
    name: 'plain HTTP in absolute form, from the config',
    isSecure: false,
    isGuarded: false,
    proxy: (port) => `http://127.0.0.1:${port}`,
    status: 200,
    log: /\/200 .* POST http:/,
  },
  {
    name: 'TLS with credentials',
    isSecure: true,
    isGuarded: true,
    proxy: (port) => `http://ann:s%3Acret@127.0.0.1:${port}`,
    status: 200,
    log: /TCP_TUNNEL\/200 .* CONNECT .* ann /,
  },
  {
    name: 'plain HTTP with credentials',
    isSecure: false,
    isGuarded: true,
    proxy: (port) => `http://ann:s%3Acret@127.0.0.1:${port}`,
    status: 200,
    log: /\/200 .* POST http:.* ann /,
  },
  {
    name: 'TLS with the wrong credentials',
    isSecure: true,
    isGuarded: true,
    proxy: (port) => `http://ann:wrong@127.0.0.1:${port}`,
    status: 502,
    log: /TCP_DENIED\/407 .* CONNECT/,
    says: 'proxy-connect-failed',
  },
  {
    name: 'plain HTTP without credentials',
    isSecure: false,
    isGuarded: true,
    proxy: (port) => `http://127.0.0.1:${port}`,
    status: 502,
    log: /TCP_DENIED\/407/,
    says: 'proxy-connect-failed',
  },
  {
    name: 'TLS, from HTTPS_PROXY',
    isSecure: true,
    isGuarded: false,
    env: (port) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}` }),
    status: 200,
    log: /TCP_TUNNEL\/200/,
  },
  {
    name: 'plain HTTP, from http_proxy without a scheme',
    isSecure: false,
    isGuarded: false,
    env: (port) => ({ http_proxy: `127.0.0.1:${port}` }),
    status: 200,
    log: /\/200 .* POST http:/,
  },
  {
    name: 'around it, by NO_PROXY with the address',
    isSecure: false,
    isGuarded: false,
    env: (port) => ({ HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: `localhost,${ownIp}` }),
    status: 200,
    log: undefined,
  },
  {
    name: 'around it, by NO_PROXY with a network',
    isSecure: true,
    isGuarded: false,
    env: (port) => ({
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      NO_PROXY: `${ownIp.split('.').slice(0, 2).join('.')}.0.0/16`,
    }),
    status: 200,
    log: undefined,
  },
  {
    name: 'around it, by `proxy: off`',
    isSecure: true,
    isGuarded: false,
    proxy: () => 'off',
    env: (port) => ({ HTTPS_PROXY: `http://127.0.0.1:${port}` }),
    status: 200,
    log: undefined,
  },
];

let wrong = 0;
for (const each of CASES) {
  const proxy = await squid(each.isGuarded);
  const scheme = each.isSecure ? 'https' : 'http';
  const port = each.isSecure ? securePort : plainPort;
  const written = each.proxy === undefined ? '' : `, proxy: ${JSON.stringify(each.proxy(proxy.port))}`;
  const tls = each.isSecure ? `, tls: { ca: ${JSON.stringify(ca)}, verify: false }` : '';
  const gate = await gateway(
    `targets: { a: { dialect: openai, url: "${scheme}://${ownIp}:${port}/v1", key: k${written}${tls} } }`,
    {
      HTTPS_PROXY: '',
      HTTP_PROXY: '',
      NO_PROXY: '',
      https_proxy: '',
      http_proxy: '',
      no_proxy: '',
      ...each.env?.(proxy.port),
    },
  );
  const before = served;
  const { status, body } = await ask(gate.port);
  // Tunnels are logged when they end.
  await stop(gate.process);
  for (let i = 0; i < 40 && each.log !== undefined && !each.log.test(proxy.log()); i += 1) await pause(50);
  const faults = [
    status === each.status ? undefined : `status ${status}: ${body.slice(0, 300)}`,
    served - before === (each.status === 200 ? 1 : 0) ? undefined : `the service was asked ${served - before} times`,
    each.says === undefined || body.includes(each.says) ? undefined : `the failure does not say ${each.says}: ${body}`,
    (each.log === undefined ? proxy.log() === '' : each.log.test(proxy.log()))
      ? undefined
      : `the proxy's log: ${proxy.log()}`,
  ].filter((fault) => fault !== undefined);
  console.log(
    `${faults.length === 0 ? 'good ' : 'WRONG'} ${each.name}${faults.map((fault) => `\n      ${fault}`).join('')}`,
  );
  wrong += faults.length;
  await proxy.stop();
}
plain.close();
secure.close();
process.exit(wrong === 0 ? 0 : 1);
