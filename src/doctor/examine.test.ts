import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playedWorld } from '../http1/played-world.testing.ts';
import type { Device } from '../world/device.ts';
import { type Examination, type Examined, examine, PROBES } from './examine.ts';
import type { Outside } from './outside.ts';
import type { Probe } from './probe.ts';
import { PROBE_IDS, type ProbeId } from './report.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { target } from './verdict/facts.testing.ts';

const DEVICE: Device = {
  platform: 'linux',
  addresses: () => [{ interface: 'eth0', ip: '192.0.2.2', family: 4, isInternal: false, prefix: 24 }],
  sourceTo: () => Promise.resolve('192.0.2.2'),
  run: () => Promise.reject(new Error('no tools here')),
  roots: () => [],
  readPart: () => Promise.resolve({ bytes: new Uint8Array(0), size: 0 }),
  readInput: () => Promise.resolve({ bytes: new Uint8Array(0), isWhole: true }),
};

/** A world in which nobody ever answers. */
function silence() {
  const world = playedWorld();
  world.play.lookup = () => new Promise(() => undefined);
  world.play.query = () => new Promise(() => undefined);
  world.play.servers = ['192.0.2.53'];
  const outside: Outside = {
    ...world,
    files: { read: () => new Promise(() => undefined), write: () => Promise.resolve(), watch: () => ({ close() {} }) },
    env: {},
    device: DEVICE,
    lookAtTls: () => new Promise(() => undefined),
  };
  return { world, outside };
}

async function run(
  probes: readonly Probe[] | undefined,
  more: Partial<Examination> = {},
): Promise<{ examined: Examined; firstMs: number; tookMs: number }> {
  const { world, outside } = silence();
  const startMs = world.clock.now();
  let firstMs = Number.NaN;
  let examined: Examined | undefined;
  examine(outside, {
    target: target('https://api.test/v1'),
    settings: DEFAULT_SETTINGS,
    depth: { times: 3, stream: undefined, isSpeedMeasured: false, isFeedRead: true, isControlAsked: true },
    withinMs: 20_000,
    isWanted: () => true,
    ...(probes === undefined ? {} : { probes }),
    trust: { public: [], system: [], extra: [] },
    onSeen: () => undefined,
    onFirst: () => {
      firstMs = world.clock.now() - startMs;
    },
    ...more,
  }).then((each) => {
    examined = each;
  });
  while (examined === undefined && world.clock.now() - startMs < 30_000) await world.pass(50);
  assert.ok(examined !== undefined, 'it never ended');
  return { examined, firstMs, tookMs: world.clock.now() - startMs };
}

function probe(id: ProbeId, look: Probe['look'], needs: readonly ProbeId[] = []): Probe {
  return { id, needs, look };
}

test('when everything times out, the first word comes within 5 s and the last within 20 s', async () => {
  const { examined, firstMs, tookMs } = await run(undefined);
  assert.ok(firstMs <= 5_000, `first after ${firstMs} ms`);
  assert.ok(tookMs <= 20_000, `all after ${tookMs} ms`);
  assert.deepEqual([...examined.probes.map(({ id }) => id)].sort(), [...PROBES.map(({ id }) => id)].sort());
  // A machine on which nothing at all answers: its own network is what is told, and nobody far is blamed.
  assert.equal(examined.judgement.code, 'no-internet');
});

test('a shorter time is kept as well', async () => {
  const { tookMs } = await run(undefined, { withinMs: 3_000 });
  assert.ok(tookMs <= 3_000, `${tookMs} ms`);
});

test('a probe that breaks is a finding, and the others go on', async () => {
  const good = probe('clock', async () => ({ state: 'pass', sentence: 'fine' }), ['proxy']);
  const { examined } = await run([probe('proxy', () => Promise.reject(new Error('its own bug'))), good]);
  assert.deepEqual(
    examined.probes.map(({ id, state }) => [id, state]),
    [
      ['clock', 'pass'],
      ['proxy', 'crash'],
    ],
  );
  assert.match(examined.probes[1]?.sentence ?? '', /its own bug/);
  assert.deepEqual(examined.facts.unfinished, ['proxy']);
});

test('a probe that throws before it returns is a finding too', async () => {
  const { examined } = await run([
    probe('proxy', () => {
      throw new Error('at once');
    }),
  ]);
  assert.equal(examined.probes[0]?.state, 'crash');
});

test('a probe that never ends is cut off, and named', async () => {
  const { examined, tookMs } = await run([probe('names', () => new Promise(() => undefined))]);
  assert.ok(tookMs <= 4_500, `${tookMs} ms`);
  assert.match(examined.probes[0]?.sentence ?? '', /did not finish within 4 s/);
  assert.equal(examined.judgement.confidence, 'inconclusive');
});

test('a probe that was left out is skipped, and what builds on it still runs', async () => {
  const seen: ProbeId[] = [];
  const each = (id: ProbeId, needs: readonly ProbeId[] = []): Probe =>
    probe(
      id,
      async () => {
        seen.push(id);
        return { state: 'pass', sentence: 'fine' };
      },
      needs,
    );
  const { examined } = await run([each('names'), each('connect', ['names'])], { isWanted: (id) => id !== 'names' });
  assert.deepEqual(seen, ['connect']);
  assert.equal(examined.probes.find(({ id }) => id === 'names')?.state, 'skip');
});

test('each probe stands after what it needs, and in the order of the report', () => {
  const known = new Set<ProbeId>();
  for (const { id, needs } of PROBES) {
    for (const need of needs) assert.ok(known.has(need), `${id} needs ${need}, which stands later`);
    known.add(id);
  }
  assert.deepEqual(
    [...known].filter((id) => !PROBE_IDS.includes(id)),
    [],
  );
});
