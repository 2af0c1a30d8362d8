import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NameAnswer } from '../world/world.ts';
import { playedWorld } from './played-world.testing.ts';
import {
  createResolver,
  RESOLVER_DEFAULTS,
  type Resolved,
  type ResolverSettings,
  type Unresolved,
} from './resolver.ts';

function nameError(code: string, syscall = 'queryA'): Error {
  return Object.assign(new Error(code), { code, syscall });
}

/** A resolver whose servers answer what the test put in `zone`; a missing line is silence. */
function resolving(change: Partial<ResolverSettings> = {}) {
  const world = playedWorld();
  const asked: string[] = [];
  const zone = new Map<string, NameAnswer | Error>();
  world.play.query = (server, host, kind) => {
    asked.push(`${server} ${kind} ${host}`);
    const answer = zone.get(`${server} ${kind}`);
    if (answer === undefined) return new Promise(() => {});
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const resolver = createResolver(world, { ...RESOLVER_DEFAULTS, ...change });
  const heard: (Resolved | Unresolved)[] = [];
  const resolve = (host = 'a.example', dnsMs = 0): (() => void) =>
    resolver.resolve(
      host,
      dnsMs,
      (one) => heard.push(one),
      (fault) => heard.push(fault),
    );
  return { world, zone, asked, heard, resolve, resolver };
}

/** The same with one server that gives one IPv4 address for 60 s. */
function resolvingOne(change: Partial<ResolverSettings> = {}) {
  const made = resolving({ servers: ['s1'], ...change });
  made.zone.set('s1 A', { addresses: ['192.0.2.1'], ttlS: 60 });
  made.zone.set('s1 AAAA', nameError('ENODATA', 'queryAaaa'));
  return made;
}

test('both families are asked for, and IPv6 comes first', async () => {
  const { world, zone, asked, heard, resolve } = resolvingOne();
  zone.set('s1 AAAA', { addresses: ['2001:db8::1'], ttlS: 60 });
  resolve();
  await world.turn();
  assert.deepEqual(asked, ['s1 AAAA a.example', 's1 A a.example']);
  assert.deepEqual(heard, [{ ips: ['2001:db8::1', '192.0.2.1'], source: 'fresh' }]);
});

test('a family waits 50 ms for the other, and no longer', async () => {
  const { world, zone, heard, resolve } = resolvingOne();
  zone.delete('s1 AAAA');
  resolve();
  await world.pass(40);
  assert.equal(heard.length, 0);
  await world.pass(30);
  assert.deepEqual(heard, [{ ips: ['192.0.2.1'], source: 'fresh' }]);
});

test('an answer is kept for its TTL and asked for once by all who wait', async () => {
  const { world, asked, heard, resolve } = resolvingOne();
  resolve();
  resolve();
  await world.turn();
  resolve();
  assert.equal(asked.length, 2);
  assert.deepEqual(
    heard.map((one) => 'source' in one && one.source),
    ['fresh', 'fresh', 'cached'],
  );
  await world.pass(60_010);
  resolve();
  await world.turn();
  assert.equal(asked.length, 4);
});

test('from four fifths of its life on, a used answer is refreshed unseen', async () => {
  const { world, asked, zone, heard, resolve } = resolvingOne();
  resolve();
  await world.pass(47_000);
  resolve();
  assert.equal(asked.length, 2);
  await world.pass(2000);
  zone.set('s1 A', { addresses: ['192.0.2.9'], ttlS: 60 });
  resolve();
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.1'], source: 'cached' });
  await world.turn();
  resolve();
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.9'], source: 'cached' });
  assert.equal(asked.length, 4);
});

test('a server that fails is passed over at once, a silent one after 300 ms', async () => {
  const { world, zone, asked, heard, resolve } = resolving({ servers: ['s1', 's2', 's3'] });
  zone.set('s1 A', nameError('ESERVFAIL'));
  zone.set('s1 AAAA', nameError('ESERVFAIL'));
  zone.set('s3 A', { addresses: ['192.0.2.3'], ttlS: 5 });
  zone.set('s3 AAAA', nameError('ENODATA'));
  resolve();
  await world.turn();
  assert.equal(asked.at(-1), 's2 A a.example');
  await world.pass(320);
  assert.deepEqual(heard, [{ ips: ['192.0.2.3'], source: 'fresh' }]);
});

test('a server that knows of no such name is believed, and for five seconds only', async () => {
  const { world, zone, asked, heard, resolve } = resolving({ servers: ['s1', 's2'] });
  zone.set('s1 A', nameError('ENOTFOUND'));
  zone.set('s1 AAAA', nameError('ENOTFOUND'));
  resolve();
  await world.turn();
  resolve();
  assert.equal(heard.length, 2);
  for (const one of heard) {
    assert.ok('kind' in one && one.kind === 'name-error');
    assert.equal(one.fault.code, 'ENOTFOUND');
  }
  assert.equal(asked.length, 2);
  await world.pass(5010);
  resolve();
  assert.equal(asked.length, 4);
});

test('a failure for one family is not told as an honest none', async () => {
  const { world, zone, heard, resolve } = resolving({ servers: ['s1'] });
  zone.set('s1 A', nameError('ESERVFAIL'));
  zone.set('s1 AAAA', nameError('ENODATA', 'queryAaaa'));
  resolve();
  await world.turn();
  const [one] = heard;
  assert.ok(one !== undefined && 'kind' in one && one.kind === 'name-error');
  assert.equal(one.fault.code, 'ESERVFAIL');
});

test('when all servers fail, the last good answer is served for a day, and no longer', async () => {
  const { world, zone, heard, resolve } = resolvingOne();
  resolve();
  await world.pass(61_000);
  zone.set('s1 A', nameError('ESERVFAIL'));
  zone.set('s1 AAAA', nameError('ESERVFAIL'));
  resolve();
  await world.turn();
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.1'], source: 'stale' });
  await world.pass(86_400_000);
  resolve();
  await world.turn();
  const last = heard.at(-1);
  assert.ok(last !== undefined && 'kind' in last && last.kind === 'name-error');
  assert.equal(last.fault.code, 'ESERVFAIL');
});

test('a stale answer is given after 1.8 s of silence and counts for 30 s, then the servers are asked again', async () => {
  const { world, zone, asked, heard, resolve } = resolvingOne();
  resolve();
  await world.pass(61_000);
  zone.clear();
  resolve();
  await world.pass(1700);
  assert.equal(heard.length, 1);
  await world.pass(200);
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.1'], source: 'stale' });
  await world.pass(10_000);
  const before = asked.length;
  resolve();
  assert.equal(heard.length, 3);
  assert.equal(asked.length, before);
  await world.pass(30_010);
  resolve();
  assert.ok(asked.length > before);
});

test('a name that is gone is not served stale', async () => {
  const { world, zone, heard, resolve } = resolvingOne();
  resolve();
  await world.pass(61_000);
  zone.set('s1 A', nameError('ENOTFOUND'));
  zone.set('s1 AAAA', nameError('ENOTFOUND'));
  resolve();
  await world.turn();
  const last = heard.at(-1);
  assert.ok(last !== undefined && 'kind' in last && last.kind === 'name-error');
  zone.set('s1 A', nameError('ESERVFAIL'));
  zone.set('s1 AAAA', nameError('ESERVFAIL'));
  await world.pass(6000);
  resolve();
  await world.turn();
  const later = heard.at(-1);
  assert.ok(later !== undefined && 'kind' in later && later.kind === 'name-error' && later.fault.code === 'ESERVFAIL');
});

test('the dns clock ends the waiting, not the look-up, which serves the next caller', async () => {
  const { world, zone, asked, heard, resolve } = resolving({ servers: ['s1'] });
  resolve('a.example', 500);
  await world.pass(520);
  assert.deepEqual(heard, [{ kind: 'clock', loopLagMs: 0 }]);
  zone.set('s1 A', { addresses: ['192.0.2.1'], ttlS: 60 });
  resolve('a.example', 500);
  assert.equal(asked.length, 2);
});

test('the system is asked first; silent for a second, its servers are asked directly', async () => {
  const { world, zone, asked, heard, resolve } = resolving();
  world.play.lookup = () => new Promise(() => {});
  world.play.servers = ['s1'];
  zone.set('s1 A', { addresses: ['192.0.2.1'], ttlS: 60 });
  zone.set('s1 AAAA', nameError('ENODATA'));
  resolve();
  await world.pass(980);
  assert.equal(asked.length, 0);
  await world.pass(40);
  assert.deepEqual(heard, [{ ips: ['192.0.2.1'], source: 'fresh' }]);
});

test('a stand-in that knows of no such name is not believed over a silent system', async () => {
  const { world, zone, heard, resolve } = resolving();
  let answer: (ips: string[]) => void = () => {};
  world.play.lookup = () => new Promise((fulfil) => (answer = fulfil));
  world.play.servers = ['s1'];
  zone.set('s1 A', nameError('ENOTFOUND'));
  zone.set('s1 AAAA', nameError('ENOTFOUND'));
  resolve('short-name');
  await world.pass(3000);
  assert.equal(heard.length, 0);
  answer(['10.0.0.1']);
  await world.turn();
  assert.deepEqual(heard, [{ ips: ['10.0.0.1'], source: 'fresh' }]);
});

test('an answer of the system counts for 30 s', async () => {
  const { world, heard, resolve } = resolving();
  let count = 0;
  world.play.lookup = async () => {
    count += 1;
    return ['192.0.2.1'];
  };
  resolve();
  await world.pass(23_000);
  resolve();
  assert.equal(count, 1);
  await world.pass(8000);
  resolve();
  await world.turn();
  assert.equal(count, 2);
  assert.equal(heard.length, 3);
});

test('names are forgotten beyond the limit, the one not asked for longest first', async () => {
  const { world, asked, resolve } = resolvingOne({ namesMax: 2 });
  for (const host of ['a', 'b', 'a', 'c']) {
    resolve(host);
    await world.turn();
  }
  const before = asked.length;
  resolve('a');
  assert.equal(asked.length, before);
  resolve('b');
  assert.equal(asked.length, before + 2);
});

test('whoever stops waiting hears nothing', async () => {
  const { world, heard, resolve } = resolvingOne();
  resolve()();
  await world.pass(1000);
  assert.deepEqual(heard, []);
});

test('a name whose addresses cannot be reached is asked for again, at most once a second', async () => {
  const { world, zone, asked, heard, resolve, resolver } = resolvingOne();
  resolve();
  await world.turn();
  resolver.doubt('a.example');
  resolve();
  assert.equal(asked.length, 2);
  await world.pass(1_100);
  zone.set('s1 A', { addresses: ['192.0.2.9'], ttlS: 60 });
  resolver.doubt('a.example');
  resolver.doubt('b.example');
  resolve();
  await world.turn();
  assert.equal(asked.length, 4);
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.9'], source: 'fresh' });
});

test('a doubted name is still served as it was when no server answers', async () => {
  const { world, zone, heard, resolve, resolver } = resolvingOne();
  resolve();
  await world.pass(1_100);
  zone.clear();
  resolver.doubt('a.example');
  resolve();
  await world.pass(2_000);
  assert.deepEqual(heard.at(-1), { ips: ['192.0.2.1'], source: 'stale' });
});
