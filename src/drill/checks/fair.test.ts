import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '../sim/run.ts';
import { fair } from './fair.ts';
import { asked, quietPlan, recordOf, sent } from './record.testing.ts';

/** A crowd of plain calls, one every 5 ms, each asked at once of the target, and one stream among them that is asked after `heldMs`. */
function crowd(delayMs: number, heldMs: number): RunRecord {
  const plain = Array.from({ length: 200 }, (_, nth) => sent(nth + 1, 'plain', 5 * nth));
  const stream = sent(201, 'stream', 0);
  const received = [...plain.map((seen) => asked(seen, seen.startMs + 4 * delayMs)), asked(stream, heldMs)];
  const plan = quietPlan(['t1'], { weather: { delayMs } });
  return recordOf(plan, [...plain, stream], [{ name: 't1', received, knocks: [] }]);
}

test('a call that waits while others of its priority are served again and again is found', () => {
  const found = [...fair.judge(crowd(1, 600))];
  assert.equal(found.length, 1);
  assert.match(found[0]?.what ?? '', /call 201 \(stream\).*while \d+ calls of others/);
});

test('a call that has to connect first over a long way is not held back by those who find a connection ready', () => {
  assert.deepEqual([...fair.judge(crowd(50, 600))], []);
});

test('over a long way, too, waiting is found', () => {
  assert.equal([...fair.judge(crowd(50, 1200))].length, 1);
});
