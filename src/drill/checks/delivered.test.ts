import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../sim/plan.ts';
import { delivered } from './delivered.ts';
import { quietPlan, recordOf, sent } from './record.testing.ts';

/** A sound target, others that are silent, and a call that was told after its whole time that it is over. */
function found(more: Partial<Plan>, silent: readonly string[] = [], attempts = 1): number {
  const plan = quietPlan(['a', ...silent], { deadlineMs: 30_000, timeouts: {}, config: [], ...more });
  const late = {
    ...sent(1, 'plain', 0),
    endMs: 30_000,
    ending: 'clean',
    status: 504,
    code: 'deadline-passed',
    attempts,
  } as const;
  const record = recordOf(plan, [late], []);
  record.troubles.add(silent, 0, 60_000);
  return [...delivered.judge(record)].length;
}

test('a call that fails while a target is sound is found', () => {
  assert.equal(found({}), 1);
  assert.equal(found({ config: ['hedge: { mode: off }'] }), 1);
  assert.equal(found({ timeouts: { 'first-part': '30s' } }), 1);
});

test('not so where the config gives a silent target all the time of a call', () => {
  const config = ['hedge: { mode: off }'];
  assert.equal(found({ config, timeouts: { 'first-part': '30s' } }), 0);
  assert.equal(found({ config, timeouts: { 'first-part': '15s' } }), 1);
});

test('nor where it gives them half of it each, and two were silent', () => {
  const config = ['hedge: { mode: off }'];
  assert.equal(found({ config }, ['b', 'c'], 2), 0);
  assert.equal(found({ config }, ['b', 'c'], 1), 1);
  assert.equal(found({ config }, ['b'], 2), 1);
  assert.equal(found({}, ['b', 'c'], 2), 1);
});
