import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IDLE_DEFAULTS, IdleLimit } from './idle.ts';

const T0 = 1_000_000;

test('of a peer that says nothing four seconds are assumed', () => {
  assert.equal(new IdleLimit(IDLE_DEFAULTS).limitMs(0), 4000);
});

test('a promise is kept two seconds below, short ones at half, and none is believed beyond 25 s', () => {
  const cases: [string, number][] = [
    ['timeout=5', 3000],
    ['timeout=5, max=100', 3000],
    ['max=100, Timeout = 10', 8000],
    ['timeout=1', 500],
    ['timeout=3', 1500],
    ['timeout=0', 0],
    ['timeout=75', 25_000],
    ['timeout=999999', 25_000],
    ['max=5', 4000],
    ['xtimeout=60', 4000],
    ['nonsense', 4000],
  ];
  for (const [value, expected] of cases) {
    const limit = new IdleLimit(IDLE_DEFAULTS);
    limit.hear(value);
    assert.equal(limit.limitMs(0), expected, value);
  }
});

test('a new promise replaces the former one', () => {
  const limit = new IdleLimit(IDLE_DEFAULTS);
  limit.hear('timeout=20');
  limit.hear('timeout=5');
  assert.equal(limit.limitMs(0), 3000);
});

test('an idle close lowers the limit below it at once, and is forgotten over five minutes', () => {
  const limit = new IdleLimit(IDLE_DEFAULTS);
  limit.sawClose(3000, 1000);
  assert.equal(limit.limitMs(1000), 2000);
  assert.equal(limit.limitMs(151_000), 3000);
  assert.equal(limit.limitMs(301_000), 4000);
});

test('a crash that closes connections idle for a moment does not end reuse', () => {
  const limit = new IdleLimit(IDLE_DEFAULTS);
  for (let i = 0; i < 100; i += 1) limit.sawClose(i / 100, 0);
  assert.equal(limit.limitMs(0), 250);
});

test('a close later than the limit teaches nothing', () => {
  const limit = new IdleLimit(IDLE_DEFAULTS);
  limit.sawClose(60_000, 0);
  assert.equal(limit.limitMs(0), 4000);
});

test('the limit is always below what was promised and above zero use of what was seen', () => {
  const step = fc.oneof(
    fc.record({ hint: fc.integer({ min: 1, max: 600 }) }),
    fc.record({ closedMs: fc.integer({ min: 0, max: 100_000 }) }),
    fc.record({ passMs: fc.integer({ min: 0, max: 400_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const limit = new IdleLimit(IDLE_DEFAULTS);
      let nowMs = 0;
      let promisedMs = Number.POSITIVE_INFINITY;
      for (const one of steps) {
        if ('hint' in one) {
          promisedMs = one.hint * 1000;
          limit.hear(`timeout=${one.hint}`);
        } else if ('closedMs' in one) limit.sawClose(one.closedMs, nowMs);
        else nowMs += one.passMs;
        const limitMs = limit.limitMs(nowMs);
        assert.ok(limitMs > 0 && limitMs < promisedMs && limitMs <= 25_000, `${limitMs}`);
      }
    }),
  );
});

test('a peer that lets every connection die when it is used again is asked on fresh ones, for longer each time', () => {
  const limit = new IdleLimit(IDLE_DEFAULTS);
  limit.sawDead(10, T0);
  limit.sawDead(10, T0);
  limit.sawLife();
  limit.sawDead(10, T0);
  limit.sawDead(10, T0);
  assert.equal(limit.isFutile(T0), false, 'one lived between them');
  limit.sawDead(10, T0);
  // Others of the same moment say nothing new.
  for (let i = 0; i < 3; i++) limit.sawDead(10, T0 + 5);
  assert.deepEqual([limit.isFutile(T0 + 999), limit.isFutile(T0 + 1_000)], [true, false]);
  limit.sawDead(10, T0 + 2_000);
  assert.equal(limit.isFutile(T0 + 2_000 + 15_999), true);
  limit.sawLife();
  for (let i = 0; i < 3; i++) limit.sawDead(10, T0 + 100_000);
  assert.deepEqual([limit.isFutile(T0 + 100_999), limit.isFutile(T0 + 101_000)], [true, false]);
  for (let i = 0; i < 99; i++) limit.sawDead(10, T0 + 200_000 + i * 70_000);
  const lastMs = T0 + 200_000 + 98 * 70_000;
  assert.deepEqual([limit.isFutile(lastMs + 59_999), limit.isFutile(lastMs + 60_000)], [true, false]);
});
