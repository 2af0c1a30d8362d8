import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { after, test } from 'node:test';
import type { IncomingRequest } from '../http1/contract.ts';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';
import { CHECKS_PER_MINUTE, checkBudget, isInside, mayCheck } from './check-guard.ts';
import { type Front, front } from './front.testing.ts';

const world = realWorld();
const fronts: Front[] = [];
let connections = 0;
const redirector = createServer((socket) => {
  connections += 1;
  socket.on('error', () => undefined);
  socket.on('data', () =>
    socket.end('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/inside\r\ncontent-length: 0\r\n\r\n'),
  );
});
after(async () => {
  redirector.close();
  await Promise.all(fronts.map((each) => each.stop()));
});
await new Promise<void>((fulfil) => redirector.listen(0, '127.0.0.1', fulfil));
const { port } = redirector.address() as AddressInfo;

async function gateway(targets: string, names: Partial<World['names']> = {}): Promise<number> {
  const config = `admin-token: admin-secret-token\ntargets:\n${targets}\nroutes:\n  - pools: [{ targets: [one] }]`;
  const one = await front(config, { ...world, names: { ...world.names, ...names } });
  fronts.push(one);
  return one.address.port;
}

type Told = { readonly status: number; readonly body: Record<string, unknown>; readonly wait: string | null };

async function ask(at: number, body: string, fields: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`http://127.0.0.1:${at}/goodgate/check`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...fields },
    body,
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    wait: response.headers.get('retry-after'),
  };
}

const NEAR = `  one: { dialect: openai, url: "http://127.0.0.1:${port}/v1" }\n  dead: { dialect: openai, url: "http://127.0.0.1:9/v1" }`;

test('a configured target is tried and told, a redirect is an answer and is not followed', async () => {
  const at = await gateway(NEAR);
  const before = connections;
  const told = await ask(at, '{"target":"one"}');
  assert.equal(told.status, 200);
  assert.deepEqual([told.body['isReached'], told.body['status'], told.body['phase']], [true, 302, 'done']);
  assert.equal(connections, before + 1);
  const dead = await ask(at, '{"url":"http://127.0.0.1:9/anything/else?x=1"}');
  assert.deepEqual(
    [dead.body['isReached'], dead.body['code'], dead.body['phase']],
    [false, 'connect-refused', 'connect'],
  );
});

test('no other address is reached, however it is written', async () => {
  const at = await gateway(NEAR);
  const before = connections;
  for (const url of [
    'http://127.0.0.1:1/v1',
    `http://127.0.0.1:${port}@evil.test/`,
    `https://127.0.0.1:${port}/v1`,
    `http://[::ffff:127.0.0.1]:${port}/v1`,
    `http://[::ffff:7f00:1]:${port}/v1`,
    `http://[::1]:${port}/v1`,
    `http://localhost:${port}/v1`,
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
    'nonsense',
  ]) {
    assert.equal((await ask(at, JSON.stringify({ url }))).status, 404, url);
  }
  for (const body of [
    '{"target":"two"}',
    '{}',
    '[]',
    'null',
    '{"target":',
    '{"target":{"name":"one"}}',
    '{"target":"__proto__"}',
  ]) {
    assert.equal((await ask(at, body)).status, 404, body);
  }
  assert.equal(connections, before);
});

test('a public name that leads inside is not followed, and a second answer of the name server changes nothing', async () => {
  const asked: string[] = [];
  const connected: string[] = [];
  let answers: readonly string[] = ['169.254.169.254'];
  const net: World['net'] = {
    ...world.net,
    connect(address, hearer) {
      connected.push('ip' in address ? address.ip : address.path);
      return world.net.connect('ip' in address ? { ip: '127.0.0.1', port } : address, hearer);
    },
  };
  const names: World['names'] = {
    ...world.names,
    servers: () => [],
    lookup(host) {
      asked.push(host);
      const given = answers;
      // The next to ask is led inside: what a rebinding name server does.
      answers = ['127.0.0.1'];
      return Promise.resolve(given);
    },
  };
  const one = await front(
    'targets:\n  one: { dialect: openai, url: "http://api.example/v1" }\nroutes:\n  - pools: [{ targets: [one] }]',
    { ...world, net, names },
  );
  fronts.push(one);
  for (const inside of [
    '169.254.169.254',
    '127.0.0.1',
    '10.0.0.1',
    '::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'fd00::1',
    'fe80::1',
    '0.0.0.0',
  ]) {
    answers = [inside];
    const told = await ask(one.address.port, '{"target":"one"}');
    assert.deepEqual(
      [told.body['isReached'], told.body['code'], told.body['addresses']],
      [false, 'connect-forbidden', []],
      inside,
    );
  }
  assert.deepEqual(connected, []);
  answers = ['203.0.113.5', '10.0.0.1'];
  const told = await ask(one.address.port, '{"target":"one"}');
  assert.deepEqual(
    [told.body['isReached'], told.body['addresses'], connected],
    [true, ['203.0.113.5'], ['203.0.113.5']],
  );
});

test('a web page, a stranger and a forwarded caller may not ask; the admin token may', async () => {
  const at = await gateway(NEAR);
  const strangers: readonly Record<string, string>[] = [
    { origin: 'http://evil.test' },
    { 'x-forwarded-for': '203.0.113.1' },
    { forwarded: 'for=203.0.113.1' },
    { via: '1.1 proxy' },
  ];
  for (const fields of strangers) {
    assert.equal((await ask(at, '{"target":"one"}', fields)).status, 403, JSON.stringify(fields));
  }
  const withToken = await ask(at, '{"target":"one"}', {
    'x-forwarded-for': '203.0.113.1',
    authorization: 'Bearer admin-secret-token',
  });
  assert.equal(withToken.status, 200);
  assert.equal(
    (await ask(at, '{"target":"one"}', { 'x-forwarded-for': '203.0.113.1', authorization: 'Bearer wrong' })).status,
    403,
  );
  assert.equal((await ask(at, '{"target":"one"}', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await ask(at, JSON.stringify({ target: 'x'.repeat(2_000) }))).status, 413);
  assert.equal((await fetch(`http://127.0.0.1:${at}/goodgate/check`)).status, 405);
});

function incoming(ip: string, fields: readonly string[]): IncomingRequest {
  return { peer: { ip, port: 1 }, fields } as unknown as IncomingRequest;
}

test('who is near is told by the connection and by the name that was asked for', () => {
  assert.equal(mayCheck(incoming('127.0.0.1', ['host', '127.0.0.1:5020']), undefined), true);
  assert.equal(mayCheck(incoming('::ffff:127.0.0.1', ['host', 'localhost:5020']), undefined), true);
  assert.equal(mayCheck(incoming('::1', ['host', '[::1]:5020']), undefined), true);
  // A name of a stranger that was rebound to this machine.
  assert.equal(mayCheck(incoming('127.0.0.1', ['host', 'evil.test:5020']), undefined), false);
  assert.equal(mayCheck(incoming('127.0.0.1', []), undefined), false);
  assert.equal(mayCheck(incoming('203.0.113.1', ['host', '127.0.0.1']), undefined), false);
  assert.equal(
    mayCheck(incoming('127.0.0.1', ['host', '127.0.0.1', 'sec-fetch-site', 'cross-site']), undefined),
    false,
  );
  assert.equal(mayCheck(incoming('203.0.113.1', ['authorization', 'Bearer t']), 't'), true);
  assert.equal(mayCheck(incoming('203.0.113.1', ['authorization', 'Bearer ']), undefined), false);
  assert.equal(isInside('203.0.113.1') || isInside('2606:4700::1111'), false);
});

test('checks are counted over all callers, and come back one by one', () => {
  let now = 0;
  const budget = checkBudget(() => now);
  const given = Array.from({ length: CHECKS_PER_MINUTE + 3 }, () => budget.take());
  assert.deepEqual(given.filter((each) => each === 0).length, CHECKS_PER_MINUTE);
  assert.equal(given.at(-1), 5);
  now += 5_000;
  assert.deepEqual([budget.take(), budget.take()], [0, 5]);
  now += 3_600_000;
  assert.equal(Array.from({ length: 20 }, () => budget.take()).filter((each) => each === 0).length, CHECKS_PER_MINUTE);
});

test('beyond the limit a check is refused with the time to wait', async () => {
  const at = await gateway(NEAR);
  const statuses: number[] = [];
  let wait: string | null = null;
  for (let i = 0; i < CHECKS_PER_MINUTE + 2; i += 1) {
    const told = await ask(at, '{"target":"dead"}');
    statuses.push(told.status);
    wait = told.wait ?? wait;
  }
  assert.deepEqual([statuses.filter((each) => each === 200).length >= CHECKS_PER_MINUTE, statuses.at(-1)], [true, 429]);
  assert.ok(Number(wait) >= 1);
});

test('ticks come one by one', async () => {
  const at = await gateway(NEAR);
  const response = await fetch(`http://127.0.0.1:${at}/goodgate/ticks`);
  const arrivals: number[] = [];
  let text = '';
  assert.ok(response.body !== null);
  for await (const part of response.body) {
    arrivals.push(world.clock.now());
    text += new TextDecoder().decode(part);
  }
  assert.equal(text.split('\n\n').filter((each) => each.startsWith('data:')).length, 8);
  assert.ok((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0) > 1_000);
});
