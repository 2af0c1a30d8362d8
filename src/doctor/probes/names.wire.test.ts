import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { realDevice } from '../../world/device.ts';
import { realWorld } from '../../world/real.ts';
import { lookAtTls } from '../../world/tls-look.ts';
import type { Facts, NamesFacts } from '../facts.ts';
import type { Outside } from '../outside.ts';
import type { Scene } from '../probe.ts';
import { DEFAULT_SETTINGS, type DoctorSettings } from '../settings.ts';
import { well } from '../verdict/facts.testing.ts';
import { judge } from '../verdict/verdict.ts';
import { namesProbe } from './names.ts';

const world = realWorld();
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

type Zone = (name: string) => readonly number[] | 'missing' | 'broken' | 'silent';

/** A DNS message that answers another one out of a zone; IPv4 only. */
function answered(query: Buffer, zone: Zone): Buffer | undefined {
  let name = '';
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    name += `${name === '' ? '' : '.'}${query.subarray(at + 1, at + 1 + length).toString()}`;
    at += length + 1;
  }
  const isA = query[at + 2] === 1;
  const found = zone(name);
  if (found === 'silent') return undefined;
  const question = query.subarray(12, at + 5);
  const isFound = typeof found !== 'string' && isA;
  const rcode = found === 'missing' ? 3 : found === 'broken' ? 2 : 0;
  const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80 | rcode, 0, 1, 0, isFound ? 1 : 0, 0, 0, 0, 0]);
  const record = isFound ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...found] : [];
  return Buffer.concat([head, question, Buffer.from(record)]);
}

async function resolver(zone: Zone): Promise<string> {
  const socket: UdpSocket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answered(query, zone);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((fulfil) => socket.bind(0, '127.0.0.1', fulfil));
  closers.push(() => socket.close());
  return `127.0.0.1:${socket.address().port}`;
}

async function overHttps(zone: Zone): Promise<string> {
  const server: Server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://x').searchParams.get('dns') ?? '';
    response.setHeader('content-type', 'application/dns-message');
    response.end(answered(Buffer.from(query, 'base64url'), zone));
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/dns-query`;
}

const HONEST: Zone = (name) =>
  name === 'api.test' ? [198, 51, 100, 7] : name === 'example.com' ? [192, 0, 2, 80] : 'missing';

/** What the probe sees with this resolver of the system and these of others. */
async function seen(system: Zone, others: Zone = HONEST, timeMs = 1_500): Promise<NamesFacts> {
  const own = await resolver(system);
  const settings: DoctorSettings = {
    ...DEFAULT_SETTINGS,
    resolvers: [{ name: 'other', server: await resolver(others) }],
    doh: [{ name: 'doh', server: await overHttps(others) }],
    hostsFile: '/nowhere',
  };
  const outside: Outside = {
    ...world,
    device: realDevice,
    lookAtTls,
    names: {
      ...world.names,
      servers: () => [own],
      // The system asks its own server, as it does.
      lookup: async (host) => (await world.names.query(own, host, 'A', timeMs)).addresses,
    },
  };
  const scene: Scene = {
    outside,
    settings,
    target: well().target as never,
    depth: { times: 1, stream: undefined, isSpeedMeasured: false, isFeedRead: false, isControlAsked: false },
    facts: { target: undefined },
    trust: { all: [], system: [], asking: [] },
    timeMs,
    contact: () => undefined,
    heardClock: () => undefined,
  };
  const names = (await namesProbe.look(scene)).adds?.names;
  assert.ok(names !== undefined);
  return names;
}

const verdict = (names: NamesFacts, more: Partial<Facts> = {}): string => judge(well({ names, ...more })).code;

test('all resolvers agree, by UDP and by HTTPS', async () => {
  const names = await seen(HONEST);
  assert.deepEqual(
    [names.system.ips, names.public[0]?.ips, names.doh[0]?.ips],
    [['198.51.100.7'], ['198.51.100.7'], ['198.51.100.7']],
  );
  assert.deepEqual(names.knownBySystem?.ips, ['192.0.2.80']);
});

test('a name that is filtered here, missing everywhere, or broken at its owner', async () => {
  const filtered: Zone = (name) => (name === 'api.test' ? 'missing' : HONEST(name));
  const broken: Zone = (name) => (name === 'api.test' ? 'broken' : HONEST(name));
  assert.equal(verdict(await seen(filtered)), 'dns-filtered');
  assert.equal(verdict(await seen(filtered, filtered)), 'name-unknown');
  assert.equal(verdict(await seen(broken, broken)), 'dns-failed');
});

test('a resolver that is silent is told from a name that is missing, and costs no more than its time', async () => {
  const startMs = world.clock.now();
  const names = await seen(() => 'silent', HONEST, 700);
  assert.ok(world.clock.now() - startMs < 2_000);
  assert.equal(verdict(names), 'resolver-down');
  assert.deepEqual([names.servers[0]?.errno, names.public[0]?.errno], ['ETIMEOUT', undefined]);
});

test('an answer that lies leads nowhere, and is named', async () => {
  const names = await seen((name) => (name === 'api.test' ? [0, 0, 0, 0] : HONEST(name)));
  assert.equal(verdict(names), 'dns-filtered');
});
