import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import { type Serving, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';

/** Failures that no word of the fault vocabulary plays: before the first byte of HTTP, and in the caller's own request. */

const folder = mkdtempSync(join(tmpdir(), 'goodgate-recipes-'));
const FIXTURES = new URL('../http1/fixtures/', import.meta.url);
const pem = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8');
const servers: Server[] = [];
const sockets = new Set<Socket>();
let serving: Serving;

function keep(socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => undefined);
}

function listen(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      done(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** A target that speaks no TLS: it says this to whatever it hears first, and hangs up. */
function answering(bytes: string): Server {
  return createServer((socket) => {
    keep(socket);
    socket.once('data', () => socket.end(bytes));
  });
}

/** A target by what it shows in the handshake. */
function secure(name: string): Server {
  const server = createTlsServer({ cert: pem(`${name}.pem`), key: pem(`${name}-key.pem`) }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  return server;
}

const TARGETS: readonly (readonly [name: string, server: Server, scheme: 'http' | 'https', code: CauseCode])[] = [
  ['expired', secure('expired'), 'https', 'certificate-expired'],
  ['early', secure('early'), 'https', 'certificate-not-yet-valid'],
  ['other', secure('other'), 'https', 'certificate-name'],
  ['self', secure('self'), 'https', 'certificate-untrusted'],
  ['plain', answering('HTTP/1.1 400 x\r\n\r\n'), 'https', 'tls-not-tls'],
  ['hangup', answering(''), 'https', 'tls-closed'],
  ['mute', createServer(keep), 'https', 'tls-timeout'],
];

before(async () => {
  const world = realWorld();
  const ports = await Promise.all(TARGETS.map(([, server]) => listen(server)));
  const ca = JSON.stringify(new URL('ca.pem', FIXTURES).pathname);
  const targets = TARGETS.map(
    ([name, , scheme], index) =>
      `  ${name}: { dialect: openai, url: "${scheme}://localhost:${ports[index]}/v1", tls: { ca: ${ca} } }`,
  );
  const routes = TARGETS.map(([name]) => `  - { match: { models: [${name}] }, pools: [{ targets: [${name}] }] }`);
  const config = join(folder, 'goodgate.yaml');
  await world.files.write(
    config,
    `listen: 127.0.0.1:0
admin: 127.0.0.1:0
timeouts: { connect: 1s, tls: 300ms, head: 2s, deadline: 8s, caller-head: 1s }
limits: { body-bytes: 64KiB, head-bytes: 8KiB }
retries: { budget-per-second: 100000 }
log: { level: off }
targets:
${targets.join('\n')}
routes:
${routes.join('\n')}
`,
  );
  serving = await serve(world, { config, say: () => undefined });
});

after(async () => {
  await serving.stop();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The bytes as they are, on a connection of their own; what comes back until it closes. */
function send(bytes: string): Promise<string> {
  return new Promise((fulfil) => {
    const socket = connect(serving.address.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (part) => {
      heard += part.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => fulfil(heard));
    socket.write(bytes);
  });
}

function post(path: string, body: string, fields = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${fields}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The cause that was told, and all that the catalogue says of it. */
function assertTold(
  response: string,
  code: CauseCode,
  more: { readonly safety: string; readonly status?: number },
): void {
  const cause: Cause = CATALOGUE[code];
  assert.match(response, new RegExp(`\\r\\ngoodgate-code: ${code}\\r\\n`));
  const body = JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4));
  const status = more.status ?? cause.status;
  assert.match(response, new RegExp(`^HTTP/1.1 ${status} `));
  assert.deepEqual(
    [body.goodgate_code, body.hop, body.side, body.status, body.retry, body.message_safety],
    [code, cause.hop, cause.side, status, cause.retry.caller, more.safety],
  );
  assert.match(
    response,
    new RegExp(
      `proxy-status: goodgate-[0-9a-f]+; error=${cause.proxyError ?? 'proxy_internal_error|error=http_request_error'}`,
    ),
  );
  assert.ok(body.steps.length > 0);
}

for (const [name, , , code] of TARGETS) {
  test(`a target whose handshake is ${name} is told as ${code}, and the message as not sent`, async () => {
    assertTold(await send(post('/v1/chat/completions', `{"model":"${name}","messages":[]}`)), code, {
      safety: 'not-sent',
    });
  });
}

const REQUESTS: readonly (readonly [what: string, bytes: string, code: CauseCode, status?: number])[] = [
  ['a body that is no JSON', post('/v1/chat/completions', 'hello'), 'caller-not-json'],
  ['a body without a model', post('/v1/chat/completions', '{}'), 'caller-malformed'],
  ['a model that nobody serves', post('/v1/chat/completions', '{"model":"nobody"}'), 'model-unknown'],
  ['a body above the limit', post('/v1/chat/completions', 'x'.repeat(70_000)), 'caller-body-too-large'],
  [
    'a head above the limit',
    `GET /v1/models HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(9_000)}\r\n\r\n`,
    'caller-head-too-large',
  ],
  ['a field line without a colon', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n', 'caller-malformed'],
  ['an HTTP version of the future', 'GET /v1/models HTTP/3.7\r\nhost: x\r\n\r\n', 'caller-unsupported', 505],
  ['a head that never ends', 'GET /v1/models HTTP/1.1\r\nhost: x\r\n', 'caller-slow'],
];

for (const [what, bytes, code, status] of REQUESTS) {
  test(`${what} is told as ${code}`, async () => {
    assertTold(await send(bytes), code, { safety: 'not-sent', ...(status === undefined ? {} : { status }) });
  });
}
