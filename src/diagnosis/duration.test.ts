import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE, type CauseCode } from './catalogue.ts';
import { type PastStretch, remaining } from './duration.ts';

function stretches(
  durationsMs: readonly number[],
  target = 'a',
  code: CauseCode = 'service-overloaded',
): PastStretch[] {
  return durationsMs.map((durationMs) => ({ code, target, durationMs }));
}

test('with five past stretches the spread of what was seen is told', () => {
  const found = remaining(
    { code: 'service-overloaded', target: 'a', elapsedMs: 0 },
    stretches([10_000, 20_000, 30_000, 40_000, 100_000]),
  );
  assert.deepEqual(found, { leastMs: 20_000, mostMs: 100_000, source: 'seen', seen: 5 });
});

test('stretches that ended sooner than this one has lasted say nothing', () => {
  const history = stretches([1_000, 1_000, 1_000, 1_000, 1_000, 70_000, 80_000, 90_000, 100_000, 110_000]);
  const found = remaining({ code: 'service-overloaded', target: 'a', elapsedMs: 60_000 }, history);
  assert.deepEqual(found, { leastMs: 20_000, mostMs: 50_000, source: 'seen', seen: 5 });
});

test('stretches at the same target come before those at others', () => {
  const history = [
    ...stretches([1_000, 1_000, 1_000, 1_000, 1_000], 'a'),
    ...stretches([900_000, 900_000, 900_000, 900_000, 900_000], 'b'),
  ];
  assert.equal(remaining({ code: 'service-overloaded', target: 'a', elapsedMs: 0 }, history)?.mostMs, 1_000);
});

test('with too little history the catalogue speaks, and past its typical end nobody does', () => {
  const { minS, maxS } = CATALOGUE['service-overloaded'].typical;
  const fresh = remaining({ code: 'service-overloaded', elapsedMs: 0 }, stretches([1]));
  assert.deepEqual(fresh, { leastMs: minS * 1000, mostMs: maxS * 1000, source: 'typical', seen: 0 });
  assert.equal(remaining({ code: 'service-overloaded', elapsedMs: maxS * 1000 }, []), undefined);
});

test('what only a change can end has no duration', () => {
  assert.equal(remaining({ code: 'context-too-long', elapsedMs: 0 }, []), undefined);
});

test("the service's own time is a floor", () => {
  const found = remaining({ code: 'rate-limited', elapsedMs: 0, retryAfterMs: 7_000 }, []);
  assert.equal(found?.leastMs, 7_000);
  assert.equal(found?.source, 'service');
  assert.equal(remaining({ code: 'context-too-long', elapsedMs: 0, retryAfterMs: 1_000 }, [])?.mostMs, 1_000);
});

test('the least is never above the most, and neither is negative', () => {
  const codes = Object.keys(CATALOGUE) as CauseCode[];
  const past = fc.record({
    code: fc.constantFrom(...codes.slice(0, 3)),
    target: fc.constantFrom('a', 'b', undefined),
    durationMs: fc.nat(),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...codes.slice(0, 4)),
      fc.nat(),
      fc.option(fc.nat(), { nil: undefined }),
      fc.array(past),
      (code, elapsedMs, retryAfterMs, history) => {
        const found = remaining({ code, target: 'a', elapsedMs, retryAfterMs }, history);
        if (found !== undefined) assert.ok(found.leastMs >= 0 && found.leastMs <= found.mostMs);
      },
    ),
  );
});
