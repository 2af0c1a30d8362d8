import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Origin } from './contract.ts';
import { asking, hearing } from './hearing.testing.ts';
import { playedWorld } from './played-world.testing.ts';
import { createRequester } from './requester.ts';
import { poolKey } from './route.ts';

const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('after close idle connections are gone, and a running exchange ends well and leaves none behind', async () => {
  const played = playedWorld();
  const requester = createRequester(played);
  const origin: Origin = { host: 'a.example', port: 80, isSecure: false };
  const heard = hearing();
  requester.exchange(origin, asking(), hearing().receiver);
  requester.exchange(origin, asking(), heard.receiver);
  await played.turn();
  const [idle, running] = played.wires;
  assert.ok(idle !== undefined && running !== undefined);
  for (const wire of played.wires) wire.opens();
  idle.says(GOOD);
  requester.close();
  assert.deepEqual([idle.isDestroyed, running.isDestroyed], [true, false]);
  running.says(GOOD);
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(running.isDestroyed, true);
});

test('connections are counted whatever becomes of them: after a storm the limit is free again', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { connectionsMax: 4 });
  const origin = { host: 'api.example', port: 80, isSecure: false };
  for (let round = 0; round < 50; round += 1) {
    const exchanges = [0, 1, 2, 3].map(() => {
      const heard = hearing();
      return { heard, exchange: requester.exchange(origin, asking({ isReplayable: false }), heard.receiver) };
    });
    await played.turn();
    const wires = played.wires.slice(-4);
    assert.equal(wires.length, 4, `round ${round}`);
    assert.ok(
      exchanges.every(({ heard }) => heard.evidence === undefined),
      `round ${round}`,
    );
    wires[0]?.breaks('ECONNREFUSED', 'connect');
    exchanges[1]?.exchange.cancel();
    wires[2]?.opens();
    exchanges[2]?.exchange.cancel();
    wires[3]?.opens();
    wires[3]?.ends();
  }
});

test('one origin has no more connections than it may, and the others have theirs', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { originConnectionsMax: 1 });
  const ask = (host: string) => {
    const heard = hearing();
    requester.exchange({ host, port: 80, isSecure: false }, asking(), heard.receiver);
    return heard;
  };
  const first = ask('a.example');
  const second = ask('a.example');
  const other = ask('b.example');
  await played.turn();
  assert.equal(played.wires.length, 2);
  assert.equal(second.evidence?.errno, 'EMFILE');
  assert.equal(second.evidence?.bytesWritten, 0);
  assert.match(second.evidence?.note ?? '', /^1 connections to this target are open: limits.target-connections$/);
  for (const wire of played.wires) {
    wire.opens();
    wire.says(GOOD);
  }
  assert.deepEqual(
    [first.events, other.events],
    [
      ['head 200', 'end'],
      ['head 200', 'end'],
    ],
  );
  const third = ask('a.example');
  await played.turn();
  assert.equal(third.evidence, undefined);
});

test('at the limit an idle connection of another origin makes room', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { connectionsMax: 1 });
  const first = hearing();
  requester.exchange({ host: 'a.example', port: 80, isSecure: false }, asking(), first.receiver);
  await played.turn();
  played.wires[0]?.opens();
  played.wires[0]?.says(GOOD);
  const second = hearing();
  requester.exchange({ host: 'b.example', port: 80, isSecure: false }, asking(), second.receiver);
  await played.turn();
  assert.equal(played.wires[0]?.isDestroyed, true);
  played.wires[1]?.opens();
  played.wires[1]?.says(GOOD);
  assert.deepEqual(second.events, ['head 200', 'end']);
});

test('no more than the idle limit lie idle', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { idleMax: 2 });
  const origin = { host: 'a.example', port: 80, isSecure: false };
  for (let i = 0; i < 5; i += 1) requester.exchange(origin, asking(), hearing().receiver);
  await played.turn();
  for (const wire of played.wires) wire.opens();
  for (const wire of played.wires) wire.says(GOOD);
  assert.equal(played.wires.filter((wire) => !wire.isDestroyed).length, 2);
});

test('origins without connections are forgotten beyond the limit, and found again by who still knows them', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { originsMax: 2, requestsMax: 1 });
  const ask = async (origin: Origin): Promise<void> => {
    const heard = hearing();
    requester.exchange(origin, asking(), heard.receiver);
    await played.turn();
    played.wires.at(-1)?.opens();
    played.wires.at(-1)?.says(GOOD);
    assert.deepEqual(heard.events, ['head 200', 'end']);
  };
  const origins = ['a', 'b', 'c', 'd'].map((host) => ({ host, port: 80, isSecure: false }));
  for (const origin of [...origins, ...origins]) await ask(origin);
});

test('a pool that was forgotten and is found again is closed with the others', async () => {
  const played = playedWorld();
  const requester = createRequester(played, { originsMax: 1 });
  const ask = async (host: { host: string; port: number; isSecure: boolean }): Promise<void> => {
    requester.exchange(host, asking(), hearing().receiver);
    await played.turn();
    played.wires.at(-1)?.opens();
    played.wires.at(-1)?.says(GOOD);
  };
  const [a, b] = ['a', 'b'].map((host) => ({ host, port: 80, isSecure: false }));
  assert.ok(a !== undefined && b !== undefined);
  await ask(a);
  await played.pass(5000);
  await ask(b);
  await ask(a);
  requester.close();
  assert.deepEqual(
    played.wires.map((wire) => wire.isDestroyed),
    [true, true, true],
  );
});

test('connections are shared only between origins that are the same in everything that shapes them', async () => {
  const base: Origin = { host: 'a.example', port: 80, isSecure: false };
  const via = { host: 'p.example', port: 3128, isSecure: false };
  const origins: Origin[] = [
    base,
    { ...base, port: 81 },
    { ...base, host: 'b.example' },
    { ...base, isSecure: true },
    { ...base, isSecure: true, tls: { isVerified: false } },
    { ...base, isSecure: true, tls: { certificate: 'x', key: 'y' } },
    { ...base, via },
    { ...base, via: { ...via, authorization: 'Basic dTpw' } },
    { ...base, via: { ...via, port: 3129 } },
    { ...base, socketPath: '/run/a.sock' },
  ];
  assert.equal(new Set(origins.map(poolKey)).size, origins.length);
  assert.equal(poolKey(base), poolKey({ ...base, host: 'A.example.' }));
});
