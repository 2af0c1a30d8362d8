import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watch } from './watch.ts';

const SECOND = 1_000;

function watched(
  ...rounds: readonly (readonly [atS: number, code: 'works-now' | 'resolver-down' | 'connect-timeout'])[]
) {
  const watch = new Watch();
  const lines = rounds.flatMap(([atS, code]) =>
    watch.hear({ atMs: atS * SECOND, code, isHealthy: code === 'works-now' }),
  );
  return { watch, lines };
}

test('a fault is told when it begins and when it ends, and once each', () => {
  const { lines } = watched(
    [0, 'works-now'],
    [10, 'works-now'],
    [20, 'resolver-down'],
    [30, 'resolver-down'],
    [40, 'works-now'],
  );
  assert.deepEqual(lines, [
    '00:00:00 It works.',
    '00:00:20 It began to fail: resolver-down.',
    '00:00:40 It works again. resolver-down lasted about 20 s.',
  ]);
});

test('another cause is a change, not a new beginning of the same', () => {
  const { lines, watch } = watched([0, 'resolver-down'], [10, 'connect-timeout']);
  assert.equal(lines.at(-1), '00:00:10 The cause changed from resolver-down to connect-timeout.');
  assert.equal(watch.spells.length, 2);
});

test('an even rhythm is named', () => {
  const rounds = Array.from(
    { length: 40 },
    (_, at) => [at * 10, at % 10 === 3 ? 'resolver-down' : 'works-now'] as const,
  );
  const summary = watched(...rounds)
    .watch.summary()
    .join('\n');
  assert.match(summary, /failed in 4 of 40 rounds, in 4 spells/);
  assert.match(summary, /about every 100 s/);
});

test('what comes and goes without a rhythm is told so, and so is what never ended', () => {
  const at = [10, 50, 200, 260];
  const uneven = at.flatMap(
    (each) =>
      [
        [each, 'resolver-down'],
        [each + 5, 'works-now'],
      ] as const,
  );
  assert.match(
    watched(...uneven)
      .watch.summary()
      .join('\n'),
    /without a rhythm/,
  );
  assert.match(watched([0, 'resolver-down'], [9, 'resolver-down']).watch.summary().join('\n'), /It never worked/);
  assert.deepEqual(watched([0, 'works-now']).watch.summary(), ['It worked in all 1 rounds.']);
});
