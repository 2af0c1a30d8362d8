import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../sim/plan.ts';
import { delivered } from './delivered.ts';
import { quietPlan, recordOf, sent } from './record.testing.ts';

/** Two sound targets, and a call that was told after its whole time that it is over. */
function found(more: Partial<Plan>): number {
  const plan = quietPlan(['a', 'b'], { deadlineMs: 30_000, timeouts: {}, config: [], ...more });
  const late = {
    ...sent(1, 'plain', 0),
    endMs: 30_000,
    ending: 'clean',
    status: 504,
    code: 'deadline-passed',
  } as const;
  return [...delivered.judge(recordOf(plan, [late], []))].length;
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
