import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../diagnosis/classify.ts';
import type { OutgoingRequest } from './contract.ts';
import { asking } from './hearing.testing.ts';
import type { PlayedWire } from './played-world.testing.ts';
import { type Stage, stage } from './stage.testing.ts';

test('each clock fires by its own name, in its own phase', async () => {
  const clocks = { dnsMs: 100, connectMs: 200, tlsMs: 300, writeMs: 400, headMs: 500, betweenBytesMs: 600 };
  const named = async (
    play: (s: Stage) => Promise<unknown>,
    change: Partial<OutgoingRequest> = {},
  ): Promise<string> => {
    const s = stage();
    const { heard } = s.ask({ clocks, ...change });
    await play(s);
    await s.world.pass(2000);
    const { evidence } = heard;
    assert.ok(evidence !== undefined);
    assert.equal(evidence.firstEvent, 'our-timer');
    assert.equal(evidence.loopLagMs, 0);
    return `${evidence.clock} ${evidence.limitMs} in ${evidence.phase}: ${classify(evidence).code}`;
  };
  assert.equal(
    await named(async ({ world }) => {
      world.play.lookup = () => new Promise(() => {});
    }),
    'dns 100 in dns: dns-timeout',
  );
  assert.equal(await named(async () => {}), 'connect 200 in connect: connect-timeout');
  assert.equal(await named((s) => s.opened()), 'head 500 in wait-head: answer-timeout');
  assert.equal(
    await named(async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\ncontent-')),
    'head 500 in head: answer-timeout',
  );
  assert.equal(
    await named(async (s) => (await s.opened()).says('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab')),
    'between-bytes 600 in body: body-stall',
  );
  assert.equal(
    await named(
      async (s) => {
        await s.world.turn();
        (s.world.wires[0] as PlayedWire).isStuck = true;
        await s.opened();
      },
      { method: 'PUT', body: Buffer.alloc(100_000) },
    ),
    'write 400 in send: write-timeout',
  );
});

test('an upload that moves, however slowly, is not stopped by the write clock', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask({ method: 'PUT', body: Buffer.alloc(1_000_000), clocks: { ...asking().clocks, writeMs: 400 } });
  await world.turn();
  const wire = world.wires[0] as PlayedWire;
  wire.isStuck = true;
  await opened();
  for (let i = 0; i < 10; i += 1) {
    await world.pass(350);
    wire.bytesQueued = 0;
    wire.hearer.drain();
  }
  assert.deepEqual(heard.events, []);
  await world.pass(900);
  assert.equal(heard.evidence?.clock, 'write');
});

test('a wire that takes its queue bit by bit, without ever having room, moves', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask({ method: 'PUT', body: Buffer.alloc(1_000_000), clocks: { ...asking().clocks, writeMs: 400 } });
  await world.turn();
  const wire = world.wires[0] as PlayedWire;
  wire.isStuck = true;
  await opened();
  for (let i = 0; i < 10; i += 1) {
    await world.pass(350);
    wire.bytesQueued -= 1;
  }
  assert.deepEqual(heard.events, []);
  await world.pass(900);
  assert.equal(heard.evidence?.clock, 'write');
});

test('the between-bytes clock counts silence, not length', async () => {
  const { world, ask, opened } = stage();
  const { heard } = ask({ clocks: { ...asking().clocks, betweenBytesMs: 100 } });
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n');
  for (let i = 0; i < 20; i += 1) {
    await world.pass(80);
    wire.says('x');
  }
  assert.deepEqual(heard.events, ['head 200', 'end']);
});

test('silence while nobody listens is ours', async () => {
  const { world, ask, opened } = stage();
  const { heard, exchange } = ask({ clocks: { ...asking().clocks, betweenBytesMs: 100 } });
  const wire = await opened();
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nab');
  exchange.pause();
  assert.equal(wire.isPaused, true);
  await world.pass(1000);
  exchange.resume();
  assert.equal(wire.isPaused, false);
  await world.pass(90);
  assert.deepEqual(heard.events, ['head 200']);
  await world.pass(40);
  assert.equal(heard.evidence?.clock, 'between-bytes');
});

test('a clock of 0 is off', async () => {
  const { world, ask, opened } = stage();
  const clocks = { dnsMs: 0, connectMs: 0, tlsMs: 0, writeMs: 0, headMs: 0, betweenBytesMs: 0 };
  const { heard } = ask({ clocks });
  await world.pass(100_000);
  const wire = await opened();
  await world.pass(100_000);
  wire.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n');
  await world.pass(100_000);
  wire.says('ok');
  assert.deepEqual(heard.events, ['head 200', 'end']);
});
