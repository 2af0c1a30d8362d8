import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import type { Safety } from '../diagnosis/safety.ts';
import { type Serving, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';
import { type Tried, toldIn } from './diagnosis.testing.ts';
import { nameServer, type Saying } from './name-server.testing.ts';
import { openStage, type Stage } from './taxonomy-stage.testing.ts';

/** One row of the failure taxonomy that no word of the fault vocabulary plays, as a target of its own. */
type Recipe = {
  readonly row: string;
  readonly code: CauseCode;
  readonly safety: Safety;
  /** The URL of the target, and more of its settings as YAML. */
  readonly target: (stage: Stage) => Promise<{ readonly url: string; readonly more?: string }>;
  /** Bytes of the prompt; a short one without it. */
  readonly promptBytes?: number;
  /** The status that the caller gets, where it is not the catalogue's. */
  readonly status?: number;
  /** One call goes well before, so that its connection is used again, to a path of which nobody said that it may be asked twice. */
  readonly isReused?: true;
};

const FIXTURES = new URL('../http1/fixtures/', import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8');
const shown = (name: string): TlsOptions => ({ cert: pem(`${name}.pem`), key: pem(`${name}-key.pem`) });

/** What the name server of the stage says; every other name is 127.0.0.1. */
const NAMES: Readonly<Record<string, Saying>> = {
  'nxdomain.test': { rcode: 3 },
  'nodata.test': { ips: [] },
  'servfail.test': { rcode: 2 },
  'refused.test': { rcode: 5 },
  'formerr.test': { rcode: 1 },
  'silent.test': 'silence',
  'noresolver.test': { rcode: 2 },
  'unroutable.test': { ips: ['255.255.255.255'] },
  'several.test': { ips: ['255.255.255.255', '127.0.0.1'] },
};

const named = (row: string, host: string, code: CauseCode): Recipe => ({
  row,
  code,
  safety: 'not-sent',
  target: async (stage) => ({ url: `http://${host}:${await stage.closedPort()}/v1` }),
});

/** A peer of raw bytes behind https. */
const handshake = (row: string, code: CauseCode, play: (socket: Socket) => void): Recipe => ({
  row,
  code,
  safety: 'not-sent',
  target: async (stage) => ({ url: `https://localhost:${await stage.port(play)}/v1` }),
});

const certificate = (row: string, name: string, code: CauseCode): Recipe => ({
  row,
  code,
  safety: 'not-sent',
  target: async (stage) => ({ url: `https://localhost:${await stage.port((socket) => socket.end(), shown(name))}/v1` }),
});

const alert = (code: number) => (socket: Socket) =>
  void socket.once('data', () => socket.write(Uint8Array.of(0x15, 3, 3, 0, 2, 2, code)));

/** The same answer, plain and encrypted. */
function answered(row: string, bytes: string, code: CauseCode, safety: Safety): Recipe[] {
  const play = (socket: Socket) => void socket.once('data', () => socket.end(bytes));
  return [
    { row, code, safety, target: async (stage) => ({ url: `http://localhost:${await stage.port(play)}/v1` }) },
    {
      row: `${row}, TLS`,
      code,
      safety,
      target: async (stage) => ({ url: `https://localhost:${await stage.port(play, shown('good'))}/v1` }),
    },
  ];
}

/** A kept connection that does this when the next call is on it. */
const reused = (row: string, safety: Safety, play: (socket: Socket) => void): Recipe => ({
  row,
  code: 'stale-connection',
  safety,
  isReused: true,
  target: async (stage) => {
    const port = await stage.port((socket) =>
      socket.once('data', () => {
        socket.write(GOOD);
        socket.once('data', () => play(socket));
      }),
    );
    return { url: `http://localhost:${port}/v1` };
  },
});

/** A forward proxy on the way to a service that is never reached. */
const proxied = (row: string, play: ((socket: Socket) => void) | undefined): Recipe => ({
  row,
  code: 'proxy-connect-failed',
  safety: 'not-sent',
  target: async (stage) => {
    const port = play === undefined ? await stage.closedPort() : await stage.port(play);
    return { url: 'https://service.test/v1', more: `, proxy: "http://127.0.0.1:${port}"` };
  },
});

const CHUNKED = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
const ANSWER = '{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}';
const GOOD = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`;
const JSON_HEAD = 'HTTP/1.1 502 x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n';

/** The rows, as the taxonomy numbers them. */
export const RECIPES: readonly Recipe[] = [
  named('C1 no such name', 'nxdomain.test', 'dns-not-found'),
  named('C1 a name without an address', 'nodata.test', 'dns-not-found'),
  named('C2 a name server that failed', 'servfail.test', 'dns-failed'),
  named('C3 a silent name server', 'silent.test', 'dns-timeout'),
  named('C4 a name server that nobody runs', 'noresolver.test', 'dns-failed'),
  named('C5 a name server that refuses', 'refused.test', 'dns-failed'),
  named('C5 a name server that does not understand', 'formerr.test', 'dns-failed'),
  named('C a name that leads to the wrong machine', 'wrong.test', 'connect-refused'),
  {
    row: 'C a name that leads to the wrong machine, TLS',
    code: 'certificate-name',
    safety: 'not-sent',
    target: async (stage) => ({ url: `https://wrong.test:${await stage.port((s) => s.end(), shown('other'))}/v1` }),
  },
  named('D1 a closed port', 'localhost', 'connect-refused'),
  {
    row: 'D2 a listener whose queue is full',
    code: 'connect-timeout',
    safety: 'not-sent',
    target: async (stage) => ({ url: `http://127.0.0.1:${await stage.fullPort()}/v1` }),
  },
  named('D3 several addresses, none of which works', 'several.test', 'connect-refused'),
  named('D4 an address without a route', 'unroutable.test', 'connect-unroutable'),
  proxied('D7 a forward proxy that nobody runs', undefined),
  proxied('D7 a forward proxy that wants a password', (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
  ),
  proxied('D7 a forward proxy that answers 502', (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')),
  ),
  proxied('D7 a forward proxy that hangs up', (socket) => socket.once('data', () => socket.end())),
  handshake('E1 a handshake that never comes', 'tls-timeout', () => undefined),
  handshake('E2 a peer that hangs up in the handshake', 'tls-closed', (socket) =>
    socket.once('data', () => socket.end()),
  ),
  handshake('E2 a peer that resets in the handshake', 'tls-closed', (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  ),
  handshake('E3 handshake_failure', 'tls-alert', alert(40)),
  handshake('E3 protocol_version', 'tls-alert', alert(70)),
  handshake('E3 unrecognized_name', 'tls-alert', alert(112)),
  handshake('E4 a peer that speaks no TLS', 'tls-not-tls', (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  ),
  certificate('E5 an expired certificate', 'expired', 'certificate-expired'),
  certificate('E5 a certificate that is not valid yet', 'early', 'certificate-not-yet-valid'),
  certificate('E6 a certificate that signed itself', 'self', 'certificate-untrusted'),
  certificate('E7 a certificate for another name', 'other', 'certificate-name'),
  {
    row: 'E3b a service that wants a certificate of ours',
    code: 'client-certificate-refused',
    safety: 'sent-unanswered',
    target: async (stage) => {
      const mutual = { ...shown('good'), requestCert: true, rejectUnauthorized: true, ca: pem('ca.pem') };
      return { url: `https://localhost:${await stage.port((socket) => socket.resume(), mutual)}/v1` };
    },
  },
  {
    row: 'F6 a service that does not read',
    code: 'write-timeout',
    safety: 'sent-unanswered',
    promptBytes: 24_000_000,
    target: async (stage) => ({ url: `http://localhost:${await stage.port((socket) => socket.pause())}/v1` }),
  },
  reused('F2 a kept connection that is closed under the next call', 'sent-unanswered', (socket) => socket.end()),
  reused('F2 a kept connection that is reset under the next call', 'sent-unanswered', (socket) =>
    socket.resetAndDestroy(),
  ),
  // It says that it took no request, so none was processed.
  reused('F13 an idle clock that answers 408', 'answered', (socket) =>
    socket.end('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  ),
  ...answered('F3 a fresh connection that closes', '', 'closed-before-answer', 'sent-unanswered'),
  ...answered('F8 an answer that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'not-http', 'sent-unanswered'),
  ...answered(
    'F9 two lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
    'bad-head',
    'sent-unanswered',
  ),
  ...answered(
    'F9 a length and a coding',
    `${CHUNKED.slice(0, -2)}content-length: 2\r\n\r\n{}`,
    'bad-head',
    'sent-unanswered',
  ),
  ...answered(
    'F10 a head without end',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(400_000)}\r\n\r\n`,
    'head-too-large',
    'sent-unanswered',
  ),
  ...answered('F11 a head that breaks off', 'HTTP/1.1 200 OK\r\ncontent-le', 'head-cut', 'sent-unanswered'),
  ...answered(
    'G2 a body shorter than announced',
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    'body-incomplete',
    'sent-unanswered',
  ),
  ...answered('G4 a chunk without a size', `${CHUNKED}xyz\r\n{}\r\n`, 'bad-chunk', 'sent-unanswered'),
  ...answered(
    'I1 a 502 whose sender names another hop',
    `${JSON_HEAD}proxy-status: inner; error=connection_refused\r\n\r\n{}`,
    'service-bad-gateway',
    'sent-unanswered',
  ),
];

/** Plays every recipe through a whole gateway. `edgeSafe` answers 503 in place of 502 and 504. */
export async function tryRecipes(configPath: string, edgeSafe = false): Promise<Tried[]> {
  const names = await nameServer((host) => NAMES[host] ?? { ips: ['127.0.0.1'] });
  const { stage, close } = openStage();
  try {
    const targets = await Promise.all(RECIPES.map((recipe) => recipe.target(stage)));
    const world = namedBy(realWorld(), names.address, `127.0.0.1:${await stage.closedPort()}`);
    const servings: Serving[] = [];
    try {
      const tried: Tried[] = [];
      const ports = new Map<string, number>();
      for (const clocks of [BRISK, PATIENT]) {
        const config = `${configPath}.${servings.length}`;
        await world.files.write(config, configOf(targets, clocks, edgeSafe));
        const serving = await serve(world, { config, say: () => undefined });
        servings.push(serving);
        ports.set(clocks, serving.address.port);
      }
      for (const [index, recipe] of RECIPES.entries()) {
        const clocks = recipe.code.endsWith('-timeout') ? BRISK : PATIENT;
        tried.push(await tryOne(recipe, index, ports.get(clocks) ?? 0));
      }
      return tried;
    } finally {
      for (const serving of servings) await serving.stop();
    }
  } finally {
    close();
    await names.close();
  }
}

/** For what is found out by a clock alone. */
const BRISK = 'dns: 700ms, connect: 400ms, tls: 400ms, write: 600ms';
/** For everything else: a busy machine must not be taken for a silent peer. */
const PATIENT = 'dns: 20s, connect: 20s, tls: 20s, write: 20s';

function configOf(
  targets: readonly { readonly url: string; readonly more?: string }[],
  clocks: string,
  edgeSafe: boolean,
): string {
  const ca = JSON.stringify(new URL('ca.pem', FIXTURES).pathname);
  const lines = targets.map(({ url, more = '' }, index) => {
    const tls = url.startsWith('https:') ? `, tls: { ca: ${ca} }` : '';
    return `  r${index}: { dialect: openai, url: "${url}"${tls}${more} }`;
  });
  const by = (match: (name: string) => string) =>
    targets.map((_, index) => `  - { match: { ${match(`r${index}`)} }, pools: [{ targets: [r${index}] }] }`);
  const routes = [...by((name) => `paths: ["/${name}/*"]`), ...by((name) => `models: [${name}]`)];
  return `listen: 127.0.0.1:0
admin: 127.0.0.1:0
timeouts: { ${clocks}, head: 20s, first-part: 20s, deadline: 30s }
retries: { attempts: 1, free-attempts: 0, budget-per-second: 100000 }
limits: { body-bytes: 32MiB }
errors: { edge-safe: ${edgeSafe} }
log: { level: off }
targets:
${lines.join('\n')}
routes:
${routes.join('\n')}
`;
}

/** A system whose one name server is that of the stage; one name is asked of a server that nobody runs. */
function namedBy(world: World, server: string, nobody: string): World {
  const { query, lookup } = world.names;
  return {
    ...world,
    names: {
      lookup: async (host) => {
        if (host === 'localhost') return lookup(host);
        return (await query(host === 'noresolver.test' ? nobody : server, host, 'A', 5_000)).addresses;
      },
      query: (_, host, kind, timeoutMs) => query(host === 'noresolver.test' ? nobody : server, host, kind, timeoutMs),
      servers: () => [server],
    },
  };
}

async function tryOne(recipe: Recipe, index: number, port: number): Promise<Tried> {
  const path = recipe.isReused ? `/r${index}/orders` : '/v1/chat/completions';
  if (recipe.isReused) await (await ask(port, path, index, 'Hi')).text();
  const content = recipe.promptBytes === undefined ? 'Why is the sky blue?' : 'x'.repeat(recipe.promptBytes);
  const response = await ask(port, path, index, content);
  const text = await response.text();
  const { hop, side, status, proxyError, retry }: Cause = CATALOGUE[recipe.code];
  return {
    trial: { fault: recipe.row, kind: 'plain', tongue: 'openai', isTls: recipe.row.endsWith('TLS') },
    truth: {
      code: recipe.code,
      hop,
      side,
      status: recipe.status ?? status,
      proxyError,
      retry: retry.caller,
      safety: recipe.safety,
    },
    isSpared: false,
    ...toldIn(response.status, response.headers.get('goodgate-code') ?? undefined, text),
    got: `${response.status} ${response.headers.get('proxy-status')} ${text.slice(0, 1500)}`,
  };
}

function ask(port: number, path: string, index: number, content: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `r${index}`, messages: [{ role: 'user', content }] }),
  });
}
