import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import type { Net, World } from '../world/world.ts';
import type { Origin } from './contract.ts';
import { asking, CLOCKS, type Heard, hearing } from './hearing.testing.ts';
import { PlayedWire } from './played-world.testing.ts';
import { rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester, type RequesterSettings } from './requester.ts';

const world = realWorld();
const directory = mkdtempSync(join(tmpdir(), 'goodgate-'));
after(() => rmSync(directory, { recursive: true }));

async function attempt(
  origin: Origin,
  clocks: Partial<typeof CLOCKS> = {},
  settings: Partial<RequesterSettings> = {},
  within: World = world,
): Promise<Heard> {
  const heard = hearing();
  const requester = createRequester(within, settings);
  requester.exchange(origin, asking({ clocks: { ...CLOCKS, ...clocks } }), heard.receiver);
  await heard.done;
  requester.close();
  return heard;
}

/** A port where nobody listens: one that was just given up. */
async function closedPort(): Promise<number> {
  const server = await rawServer(world.net, {});
  await server.close();
  return server.port;
}

function at(host: string, port: number, more: Partial<Origin> = {}): Origin {
  return { host, port, isSecure: false, ...more };
}

/** A process that listens with a queue of one and is stopped: the kernel answers for it until the queue is full. */
let stopped: ChildProcess;
let stoppedPort = 0;
const stoppedSocket = join(directory, 'full.sock');

before(async () => {
  const code = `const net = require('node:net');
    net.createServer(() => {}).listen({ path: process.argv[1], backlog: 1 }, () => {
      const server = net.createServer(() => {}).listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        console.log(server.address().port);
      });
    });`;
  stopped = spawn(process.execPath, ['-e', code, stoppedSocket], { stdio: ['ignore', 'pipe', 'inherit'] });
  stoppedPort = await new Promise((fulfil) => {
    stopped.stdout?.once('data', (text: Buffer) => fulfil(Number(text)));
  });
  stopped.kill('SIGSTOP');
});

after(() => {
  stopped.kill('SIGKILL');
});

test('D1 a closed port refuses', async () => {
  const port = await closedPort();
  const { evidence } = await attempt(at('127.0.0.1', port));
  assert.equal(signature(evidence), 'connect errno ECONNREFUSED connect → connect-refused');
  assert.equal(evidence?.address, `127.0.0.1:${port}`);
  assert.equal(evidence?.host, `127.0.0.1:${port}`);
  assert.equal(evidence?.bytesWritten, 0);
});

test('D2 a listener whose queue is full stays silent', async () => {
  const fill = await Promise.all(
    [1, 2, 3].map(() => attempt(at('127.0.0.1', stoppedPort), { connectMs: 150, headMs: 150 })),
  );
  const signatures = fill.map((heard) => signature(heard.evidence));
  assert.ok(signatures.includes('connect our-timer connect clock=connect → connect-timeout'), signatures.join('; '));
});

test('D3 of several addresses the most telling failure speaks, the others are named beside it', async () => {
  const port = await closedPort();
  const names = { ...world.names, lookup: () => Promise.resolve(['255.255.255.255', '127.0.0.1']) };
  const { evidence } = await attempt(at('two.example', port), {}, {}, { ...world, names });
  assert.equal(signature(evidence), 'connect errno ECONNREFUSED connect → connect-refused');
  assert.equal(evidence?.note, `also tried 255.255.255.255:${port} ENETUNREACH`);
  assert.ok((evidence?.timings?.dnsMs ?? -1) >= 0);
});

test('D4 an address without a route', async () => {
  const { evidence } = await attempt(at('255.255.255.255', 9));
  assert.equal(signature(evidence), 'connect errno ENETUNREACH connect → connect-unroutable');
});

test('D5 a reset during connect is told apart from a refusal', async () => {
  // Linux calls every RST to a SYN a refusal, so the platform's other answer is played.
  const net: Net = {
    ...world.net,
    connect(_address, hearer) {
      const wire = new PlayedWire({ ip: '127.0.0.1', port: 9 }, hearer);
      setImmediate(() => wire.breaks('ECONNRESET', 'connect'));
      return wire;
    },
  };
  const { evidence } = await attempt(at('127.0.0.1', 9), {}, {}, { ...world, net });
  assert.equal(signature(evidence), 'connect errno ECONNRESET connect → connect-refused');
  assert.equal(evidence?.bytesWritten, 0);
});

test('D6 a Unix socket that is missing, that nobody listens on, or whose queue is full', async () => {
  const missing = await attempt(at('unix', 0, { socketPath: join(directory, 'missing.sock') }));
  assert.equal(signature(missing.evidence), 'connect errno ENOENT connect → connect-refused');
  const plain = join(directory, 'plain');
  writeFileSync(plain, '');
  const refused = await attempt(at('unix', 0, { socketPath: plain }));
  assert.equal(signature(refused.evidence), 'connect errno ECONNREFUSED connect → connect-refused');
  const full = await Promise.all(
    [1, 2, 3, 4].map(() => attempt(at('unix', 0, { socketPath: stoppedSocket }), { headMs: 150 })),
  );
  const signatures = full.map((heard) => signature(heard.evidence));
  assert.ok(signatures.includes('connect errno EAGAIN connect → service-overloaded'), signatures.join('; '));
});

test('a Unix socket serves like any other', async () => {
  const path = join(directory, 'good.sock');
  const listener = await world.net.listen({ address: { path } }, (wire) => ({
    open() {},
    data: () => void wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    end: () => wire.end(),
    drain() {},
    close() {},
  }));
  const heard = await attempt(at('unix', 80, { socketPath: path }));
  assert.deepEqual([heard.events, heard.body], [['head 200', 'end'], 'ok']);
  await listener.close();
});

test('D7 a forward proxy that refuses, is unknown, answers no, hangs up or stays silent is blamed itself', async () => {
  const through = async (
    play: (text: string) => string | undefined,
    isSecure = true,
  ): Promise<{ told: string; sent: string }> => {
    const proxy = await rawServer(world.net, {
      data(peer) {
        const answer = play(peer.text());
        if (answer === '') peer.wire.end();
        else if (answer !== undefined) peer.wire.write(answer);
      },
    });
    const via = { host: '127.0.0.1', port: proxy.port, isSecure: false, authorization: 'Basic dTpw' };
    const { evidence } = await attempt(at('api.example', isSecure ? 443 : 80, { isSecure, via }), { connectMs: 150 });
    const sent = proxy.heard[0] ?? '';
    await proxy.close();
    assert.equal(evidence?.phase, 'proxy-connect');
    return { told: signature(evidence), sent };
  };
  const refused = await attempt(
    at('api.example', 443, { isSecure: true, via: { host: '127.0.0.1', port: await closedPort(), isSecure: false } }),
  );
  assert.equal(signature(refused.evidence), 'proxy-connect errno ECONNREFUSED connect → proxy-connect-failed');
  const names = {
    ...world.names,
    lookup: () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })),
  };
  const unknown = await attempt(
    at('api.example', 443, { isSecure: true, via: { host: 'proxy.example', port: 3128, isSecure: false } }),
    {},
    {},
    { ...world, names },
  );
  assert.equal(signature(unknown.evidence), 'proxy-connect name-error ENOTFOUND getaddrinfo → proxy-connect-failed');
  assert.equal(unknown.evidence?.host, 'proxy.example:3128');

  const denied = await through(() => 'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
  assert.equal(denied.told, 'proxy-connect answer status=407 → proxy-connect-failed');
  assert.equal(
    denied.sent,
    'CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\nproxy-authorization: Basic dTpw\r\n\r\n',
  );
  assert.equal(
    (await through(() => 'HTTP/1.1 403 Forbidden\r\n\r\n')).told,
    'proxy-connect answer status=403 → proxy-connect-failed',
  );
  assert.equal((await through(() => '')).told, 'proxy-connect fin → proxy-connect-failed');
  assert.equal((await through(() => undefined)).told, 'proxy-connect our-timer clock=connect → proxy-connect-failed');
  assert.equal(
    (await through(() => 'hello\r\n\r\n')).told,
    'proxy-connect parse parse=start-line → proxy-connect-failed',
  );
  assert.equal(
    (await through(() => 'HTTP/1.1 200 OK\r\n\r\nearly')).told,
    'proxy-connect parse parse=unasked → proxy-connect-failed',
  );
  // Without a tunnel the refusal comes as the answer to the request itself, and is the proxy's all the same.
  const absolute = await through(() => 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', false);
  assert.equal(absolute.told, 'proxy-connect answer status=407 written read sent → proxy-connect-failed');
  assert.match(absolute.sent, /^GET http:\/\/api\.example\/ HTTP\/1\.1\r\nhost: api\.example\r\nproxy-authorization: /);
});

test('D8 more connections than allowed are refused before anything is opened', async () => {
  const server = await rawServer(world.net, {});
  const requester = createRequester(world, { connectionsMax: 2 });
  const held = [hearing(), hearing()];
  const running = held.map((heard) => requester.exchange(server.origin, asking(), heard.receiver));
  const heard = hearing();
  requester.exchange(server.origin, asking(), heard.receiver);
  await heard.done;
  assert.equal(signature(heard.evidence), 'queue errno EMFILE connect → gateway-exhausted');
  assert.equal(heard.evidence?.note, '2 connections are open: connectionsMax');
  for (const exchange of running) exchange.cancel();
  requester.close();
  await server.close();
});
