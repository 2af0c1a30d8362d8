import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../world/world.ts';
import { CONNECTOR_DEFAULTS, createConnector, type Reached, type Unreached } from './connector.ts';
import { playedWorld } from './played-world.testing.ts';

function reaching(connectMs = 0) {
  const world = playedWorld();
  const connector = createConnector(world, CONNECTOR_DEFAULTS);
  const reached: Reached[] = [];
  const failed: Unreached[] = [];
  const reach = (...ips: string[]): (() => void) =>
    connector.reach(
      ips.map((ip): Address => ({ ip, port: 443 })),
      connectMs,
      (one) => reached.push(one),
      (fault) => failed.push(fault),
    );
  const asked = (): string[] => world.wires.map((wire) => wire.ip);
  return { world, reach, reached, failed, asked };
}

test('families alternate, beginning with that of the first address', async () => {
  const { world, reach, asked } = reaching();
  reach('2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2');
  await world.pass(1000);
  assert.deepEqual(asked(), ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2']);
});

test('a far address that answers after its stagger still wins: nobody cut it off', async () => {
  const { world, reach, reached } = reaching();
  reach('192.0.2.1', '192.0.2.2');
  await world.pass(600);
  assert.equal(world.wires.length, 2);
  assert.equal(world.wires[0]?.isDestroyed, false);
  world.wires[0]?.opens();
  assert.equal(reached[0]?.address, '192.0.2.1:443');
  assert.equal(world.wires[1]?.isDestroyed, true);
});

test('a refused address starts the next one at once', () => {
  const { world, reach, asked, reached } = reaching();
  reach('2001:db8::1', '192.0.2.1');
  world.wires[0]?.breaks('ECONNREFUSED', 'connect');
  assert.deepEqual(asked(), ['2001:db8::1', '192.0.2.1']);
  world.wires[1]?.opens();
  assert.equal(reached[0]?.address, '192.0.2.1:443');
});

test('an address that overtook is tried first for ten minutes, and then no longer', async () => {
  const { world, reach, asked } = reaching();
  const ips = ['2001:db8::1', '192.0.2.1'];
  reach(...ips);
  await world.pass(260);
  world.wires[1]?.opens();
  reach(...ips);
  assert.equal(asked()[2], '192.0.2.1');
  world.wires[2]?.opens();
  await world.pass(600_000);
  reach(...ips);
  assert.equal(asked()[3], '2001:db8::1');
});

test('an address that won without overtaking is not remembered, so that rotation goes on', () => {
  const { world, reach, asked } = reaching();
  reach('192.0.2.1', '192.0.2.2');
  world.wires[0]?.opens();
  reach('192.0.2.2', '192.0.2.1');
  assert.equal(asked()[1], '192.0.2.2');
});

test('of many addresses eight are tried', async () => {
  const { world, reach, asked } = reaching();
  reach(...Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`));
  await world.pass(10_000);
  assert.equal(asked().length, 8);
});

test('a refusal outweighs a missing route and silence', async () => {
  const { world, reach, failed } = reaching(1000);
  reach('192.0.2.1', '192.0.2.2', '192.0.2.3');
  world.wires[0]?.breaks('EHOSTUNREACH', 'connect');
  world.wires[1]?.breaks('ECONNREFUSED', 'connect');
  await world.pass(1020);
  assert.equal(failed.length, 1);
  assert.equal(failed[0]?.kind, 'errno');
  assert.equal(failed[0]?.errno, 'ECONNREFUSED');
  assert.equal(failed[0]?.address, '192.0.2.2:443');
  assert.equal(failed[0]?.note, 'also tried 192.0.2.1:443 EHOSTUNREACH, 192.0.2.3:443 silent');
});

test('the lack of IPv6 on our side does not hide that the other address was silent', async () => {
  const { world, reach, failed } = reaching(1000);
  reach('2001:db8::1', '192.0.2.1');
  world.wires[0]?.breaks('ENETUNREACH', 'connect');
  await world.pass(1020);
  assert.equal(failed[0]?.kind, 'clock');
  assert.equal(failed[0]?.address, '192.0.2.1:443');
  assert.equal(failed[0]?.note, 'also tried [2001:db8::1]:443 ENETUNREACH');
});

test('the connect clock bounds the whole set and closes what is still open', async () => {
  const { world, reach, failed } = reaching(1000);
  reach('192.0.2.1', '192.0.2.2');
  await world.pass(990);
  assert.equal(failed.length, 0);
  await world.pass(30);
  assert.equal(failed[0]?.kind, 'clock');
  assert.ok(world.wires.every((wire) => wire.isDestroyed));
});

test('a Unix socket is tried alone', () => {
  const { world, reach, failed } = reaching();
  const connector = createConnector(world, CONNECTOR_DEFAULTS);
  connector.reach(
    [{ path: '/run/x' }],
    0,
    () => assert.fail('nobody is there'),
    (fault) => failed.push(fault),
  );
  world.wires[0]?.breaks('ENOENT', 'connect');
  assert.equal(failed[0]?.errno, 'ENOENT');
  assert.equal(failed[0]?.address, 'unix:/run/x');
  assert.equal(typeof reach, 'function');
});

test('giving up stops the attempts and says nothing', async () => {
  const { world, reach, reached, failed } = reaching(1000);
  const giveUp = reach('192.0.2.1', '192.0.2.2');
  giveUp();
  await world.pass(2000);
  assert.equal(world.wires.length, 1);
  assert.equal(world.wires[0]?.isDestroyed, true);
  assert.deepEqual([reached.length, failed.length], [0, 0]);
});
