import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecast } from './model.ts';
import { readSize, SAMPLE, type Size } from './size.ts';

const ONE: Size = {
  ...SAMPLE,
  replicas: 1,
  services: [
    {
      name: 'a',
      count: 2,
      concurrency: 20,
      serviceMs: 500,
      errors: 0,
      overload: 'refuse',
      downFromMs: undefined,
      downForMs: 0,
    },
  ],
  traffic: [{ atMs: 0, perS: 40 }],
  lastsMs: 120_000,
  insist: 0,
};

test('with half of the capacity in use nothing waits, fails or is tried again', () => {
  const found = forecast(ONE);
  assert.ok(found.answered / found.offered > 0.98, `${found.answered} of ${found.offered}`);
  assert.ok(Math.abs(found.amplification - 1) < 0.001, String(found.amplification));
  assert.deepEqual(found.gaveWay, []);
});

test('no more is answered than the targets can, and what is over is refused or fails', () => {
  const found = forecast({ ...ONE, traffic: [{ atMs: 0, perS: 160 }] });
  const perS = found.answered / 120;
  assert.ok(perS > 60 && perS <= 80.01, `${perS} calls/s of 80`);
  assert.ok(found.gaveWay.length > 0);
});

test('upstreams never get more than 1.2 times the calls and the floor, however bad it is', () => {
  const found = forecast({ ...ONE, traffic: [{ atMs: 0, perS: 1000 }] });
  const floor = ONE.budgetPerS / 1000;
  assert.ok(found.amplificationMax <= 1.2 + floor + 0.01, String(found.amplificationMax));
});

test('every call is answered, refused, failed, or still under way', () => {
  const found = forecast(SAMPLE);
  const last = found.seconds.at(-1);
  const open = found.offered - found.answered - found.refused - found.failed;
  assert.ok(open >= -1 && open < (last?.offered ?? 0) * 10 + (last?.waiting ?? 0), `${open} calls are nowhere`);
});

const OVERLOADED: Size = {
  ...ONE,
  services: ONE.services.map((each) => ({ ...each, overload: 'queue' })),
  traffic: [{ atMs: 0, perS: 120 }],
  deadlineMs: 20_000,
};

test('a queue that nobody bounds grows until it is longer than anybody waits, and then the work is done for nobody', () => {
  // 120 calls/s for 80: after 19 s a call has to wait for more than the ten seconds that one try may take.
  const { seconds, gaveWay } = forecast({ ...OVERLOADED, lastsMs: 50_000 });
  const answered = (fromS: number, untilS: number): number =>
    seconds.slice(fromS, untilS).reduce((sum, each) => sum + each.answered, 0);
  assert.ok(Math.abs(answered(1, 28) / 27 - 80) < 2, `${answered(1, 28) / 27} answers/s while somebody waits`);
  assert.ok(answered(32, 50) < 1, `${answered(32, 50)} answers to calls that were given up`);
  assert.ok(gaveWay.some(({ bound }) => bound === 'timeouts.head'));
});

test('when most calls are held back such a queue is worked off, and calls are answered again', () => {
  const { seconds } = forecast({ ...OVERLOADED, lastsMs: 150_000 });
  const silent = seconds.findIndex(({ atS, answered }) => atS > 20 && answered < 1);
  assert.ok(seconds.some(({ atS, answered }) => atS > silent && answered > 70));
});

test('services that let calls wait and are not busy answer as others do', () => {
  const found = forecast({ ...OVERLOADED, traffic: [{ atMs: 0, perS: 40 }] });
  assert.ok(found.answered / found.offered > 0.98, `${found.answered} of ${found.offered}`);
  assert.deepEqual(found.gaveWay, []);
});

for (const overload of ['refuse', 'queue'] as const) {
  test(`a thousand replicas and a million calls a second are worked out within a minute, half more than targets that ${overload} can do`, () => {
    const services = ONE.services.map((each) => ({ ...each, overload, count: 1000, concurrency: 333 }));
    const startMs = performance.now();
    const found = forecast({
      ...ONE,
      replicas: 1000,
      services,
      traffic: [{ atMs: 0, perS: 1_000_000 }],
      lastsMs: 600_000,
    });
    assert.ok(performance.now() - startMs < 60_000);
    assert.ok(found.offered > 5.9e8);
  });
}

for (const [what, text, expected] of [
  [
    'more replicas than there can be',
    'replicas: 5000\ntargets: { a: {} }\ntraffic: [{ per-second: 1 }]',
    /:1: replicas is 5000; expected a whole number from 1 to 1000/,
  ],
  ['no targets', 'traffic: [{ per-second: 1 }]', /expected targets/],
  ['no traffic', 'targets: { a: {} }', /expected traffic/],
  [
    'a word for a number',
    'targets: { a: { concurrency: many } }\ntraffic: [{ per-second: 1 }]',
    /:1: concurrency is "many"/,
  ],
] as const) {
  test(`a size with ${what} is refused`, async () => {
    const files = { read: async () => text, write: async () => undefined, watch: () => ({ close: () => undefined }) };
    const read = await readSize({ files }, 'size.yaml');
    assert.equal(read.kind, 'faults');
    if (read.kind === 'faults') assert.match(read.lines.join('\n'), expected);
  });
}
