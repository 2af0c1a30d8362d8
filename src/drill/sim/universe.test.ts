import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { realWorld } from '../../world/real.ts';
import type { Wire, WireFault, WireHearer } from '../../world/world.ts';
import type { Weather } from './host.ts';
import { Universe } from './universe.ts';

const loop = realWorld().timers;
const ADDRESS = { ip: '10.0.0.2', port: 80 } as const;

type Heard = { text: string; events: string[]; fault: WireFault | undefined; wire: Wire | undefined };

function hearing(): Heard & WireHearer {
  const heard: Heard & WireHearer = {
    text: '',
    events: [],
    fault: undefined,
    wire: undefined,
    open: () => void heard.events.push('open'),
    data: (bytes) => {
      heard.text += Buffer.from(bytes).toString('latin1');
    },
    end: () => void heard.events.push('end'),
    drain: () => void heard.events.push('drain'),
    close: (fault) => {
      heard.fault = fault;
      heard.events.push('close');
    },
  };
  return heard;
}

/** Two machines; `b` listens and hears. */
async function pair(seed: string, weather: Partial<Weather> = {}) {
  const universe = new Universe(seed);
  const a = universe.host('a', '10.0.0.1', weather);
  const b = universe.host('b', ADDRESS.ip, weather);
  const far = hearing();
  const listener = await b.world.net.listen({ address: ADDRESS }, (wire) => {
    far.wire = wire;
    return far;
  });
  const near = hearing();
  const dial = (): Wire => a.world.net.connect(ADDRESS, near);
  const pass = (untilMs: number) => universe.run(loop, () => false, untilMs);
  return { universe, a, b, near, far, dial, pass, listener };
}

test('what is written arrives whole and in order, however the weather cuts and blocks it', async () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 20 });
  const blocks = fc.array(fc.record({ atMs: fc.nat(400), forMs: fc.nat(300) }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(texts, blocks, fc.nat(), async (parts, blocked, seed) => {
      const stage = await pair(String(seed), { delayMs: 5, jitterMs: 30, bytesPerMs: 20, splitShare: 0.7 });
      const { universe, a, far, dial, pass } = stage;
      const wire = dial();
      const ascii = parts.map((part) => Buffer.from(part, 'utf8').toString('hex'));
      for (const [nth, part] of ascii.entries()) universe.time.at(20 + nth * 15, () => wire.write(part));
      for (const { atMs, forMs } of blocked) {
        universe.time.at(atMs, () => {
          const back = a.host.turn({ isOutBlocked: true });
          universe.time.at(forMs, () => {
            back();
            universe.network.settle();
          });
        });
      }
      universe.time.at(5000, () => wire.end());
      assert.equal(await pass(60_000), 'deadlock');
      assert.equal(far.text, ascii.join(''));
      assert.deepEqual(far.events, ['open', 'end']);
    }),
    { numRuns: 40 },
  );
});

test('nobody listens: refused after a round trip; nobody has the address: unreachable; a dead way: silence and at last a timeout', async () => {
  const { a, near, dial, pass, listener, universe } = await pair('1');
  await listener.close();
  dial();
  await pass(1000);
  assert.equal(near.fault?.code, 'ECONNREFUSED');
  const lost = hearing();
  a.world.net.connect({ ip: '10.9.9.9', port: 1 }, lost);
  await pass(10_000);
  assert.equal(lost.fault?.code, 'EHOSTUNREACH');
  const silent = hearing();
  a.host.turn({ isOutBlocked: true });
  const fromMs = universe.time.nowMs;
  a.world.net.connect(ADDRESS, silent);
  await pass(300_000);
  assert.equal(silent.fault?.code, 'ETIMEDOUT');
  assert.equal(universe.time.nowMs - fromMs, 127_000);
});

test('a reset is heard as one, and a write to a closed end brings one back', async () => {
  const { near, far, dial, pass } = await pair('1');
  const wire = dial();
  await pass(10);
  far.wire?.reset();
  await pass(20);
  assert.equal(near.fault?.code, 'ECONNRESET');
  assert.deepEqual(near.events, ['open', 'close']);
  assert.equal(wire.isOpen, false);
});

test('what waits for the end of its turn when its wire is destroyed never leaves, and is not counted as written', async () => {
  const { universe, far, dial, pass } = await pair('1', { delayMs: 5 });
  const wire = dial();
  universe.time.at(20, () => wire.write('given to the kernel'));
  universe.time.at(40, () => {
    wire.write(', and kept');
    wire.destroy();
  });
  await pass(5_000);
  assert.equal(far.text, 'given to the kernel');
  assert.equal(wire.bytesWritten, far.text.length);
});

test('a connection that a firewall forgot is silent for both sides', async () => {
  const { universe, a, near, far, dial, pass } = await pair('1');
  const wire = dial();
  await pass(10);
  universe.network.forgetAll(a.host);
  wire.write('is anybody there?');
  await pass(60_000);
  assert.equal(far.text, '');
  assert.deepEqual(near.events, ['open']);
});

test('a frozen process hears later, in order; a reader that pauses fills the window and holds the writer', async () => {
  const { universe, b, far, near, dial, pass } = await pair('1');
  const wire = dial();
  await pass(10);
  b.host.freeze();
  wire.write('one ');
  wire.write('two');
  await pass(100);
  assert.equal(far.text, '');
  b.host.thaw();
  await pass(200);
  assert.equal(far.text, 'one two');
  far.wire?.pause();
  const block = Buffer.alloc(65_536, 'x');
  let written = 0;
  while (wire.write(block) && written < 100) {
    written += 1;
    await pass(universe.time.nowMs + 5);
  }
  assert.ok(written >= 1 && written < 6, `${written}`);
  far.wire?.resume();
  await pass(universe.time.nowMs + 1000);
  assert.ok(near.events.includes('drain'));
  assert.equal(wire.bytesQueued, 0);
});

test('who keeps a view of what was read finds it spent', async () => {
  const { dial, pass, far } = await pair('1');
  let kept: Uint8Array | undefined;
  far.data = (bytes) => {
    kept = bytes;
  };
  const wire = dial();
  await pass(10);
  wire.write('secret');
  await pass(20);
  assert.ok(kept !== undefined && !Buffer.from(kept).includes('secret'));
});

test('names: an answer with its time to live, none, a failure, and silence', async () => {
  const universe = new Universe('1');
  const { world } = universe.host('a', '10.0.0.1');
  universe.names.set('x.test', ['10.0.0.9'], 7);
  const outcomes: unknown[] = [];
  const ask = (): void =>
    void world.names.query('10.0.0.53', 'x.test', 'A', 3000).then(
      (answer) => outcomes.push(answer),
      (error: unknown) => outcomes.push(Reflect.get(Object(error), 'code')),
    );
  ask();
  await universe.run(loop, () => false, 100);
  for (const mood of ['nxdomain', 'servfail', 'silent'] as const) {
    universe.names.setMood('x.test', mood);
    ask();
    await universe.run(loop, () => false, universe.time.nowMs + 5000);
  }
  assert.deepEqual(outcomes, [{ addresses: ['10.0.0.9'], ttlS: 7 }, 'ENOTFOUND', 'ESERVFAIL', 'ETIMEOUT']);
});

test('a peer that hangs up while a turn goes on is heard before its end, where nothing has moved for a while', async () => {
  const { universe, a, b, near, dial, pass } = await pair('1');
  const heard: string[] = [];
  near.end = () => heard.push('end');
  const wire = dial();
  const wait = (): void => a.world.timers.soon(() => heard.push('soon'));
  await pass(100);
  const over = universe.network.hangUpInTurns(a.host, [b.host]);
  wire.write('busy');
  await pass(200);
  universe.time.at(0, wait);
  await pass(300);
  assert.deepEqual(heard.splice(0), ['soon'], 'it was used a moment ago');
  over();
  universe.time.at(800, wait);
  await pass(1200);
  assert.deepEqual(heard.splice(0), ['soon'], 'that was called off');
  universe.network.hangUpInTurns(a.host, [b.host]);
  universe.time.at(0, wait);
  await pass(1300);
  assert.deepEqual(heard, ['end', 'soon']);
});

test('who waits while nothing is going to happen is told: a deadlock', async () => {
  const universe = new Universe('1');
  assert.equal(await universe.run(loop, () => false, 1000), 'deadlock');
});
