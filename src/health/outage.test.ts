import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlayedTime, playedAttempt, playedCall, playedTime } from '../attempts/played.test.ts';
import type { Call } from '../call/call.ts';
import type { Attempt } from '../call/story.ts';
import { Outage } from './outage.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/** An attempt of a call that fails now, at the first seat. */
function fail(outage: Outage, time: PlayedTime, call: Call, heardMs = NEVER, code: Attempt['code'] = 'service-error') {
  const attempt = playedAttempt(call, 'a', { code, endMs: time.clock.now() });
  outage.failed(0, call, attempt, heardMs);
  return attempt;
}

test('two calls that fail at one target while both are under way share it, whichever failed first', async () => {
  const time = playedTime();
  const outage = new Outage();
  const [one, other] = [playedCall(time), playedCall(time)];
  const first = fail(outage, time, one);
  assert.equal(first.isShared, undefined);
  await time.pass(50);
  const second = fail(outage, time, other);
  assert.deepEqual([first.isShared, second.isShared], [true, true]);
});

test('not so the tries of one call, calls one after the other, calls between which somebody spoke, and mistakes of callers', async () => {
  const time = playedTime();
  const outage = new Outage();
  const call = playedCall(time);
  const tries = [fail(outage, time, call), fail(outage, time, call)];
  await time.pass(50);
  const later = fail(outage, time, playedCall(time));
  const early = playedCall(time);
  await time.pass(50);
  fail(outage, time, playedCall(time));
  await time.pass(50);
  const spoken = fail(outage, time, early, time.clock.now() - 10);
  const mistaken = fail(outage, time, early, NEVER, 'request-rejected');
  for (const attempt of [...tries, later, spoken, mistaken]) assert.equal(attempt.isShared, undefined);
});

test('an outage is as old as the first failure after the last answer, and there is none where nobody ever answered', async () => {
  const time = playedTime();
  const outage = new Outage();
  const ms = () => outage.ms(time.clock.now());
  fail(outage, time, playedCall(time));
  assert.equal(ms(), Number.POSITIVE_INFINITY);
  outage.spoke(time.clock.now());
  await time.pass(1_000);
  assert.equal(ms(), 0);
  fail(outage, time, playedCall(time));
  await time.pass(1_000);
  fail(outage, time, playedCall(time));
  await time.pass(500);
  assert.equal(ms(), 1_500);
  outage.spoke(time.clock.now());
  assert.equal(ms(), 0);
});
