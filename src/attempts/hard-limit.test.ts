import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../call/reply.ts';
import { asFilter } from '../pipeline/asked.testing.ts';
import { Alarms } from './alarm.ts';
import { hardLimit } from './hard-limit.ts';
import {
  failureIn,
  failureOf,
  playedAttempt,
  playedCall,
  playedReply,
  playedTime,
  wholeAnswer,
} from './played.test.ts';

function stage(over: { isLast?: boolean; firstPartMs?: number } = {}) {
  const time = playedTime();
  let stopped = 0;
  let speak: (reply: Reply) => void = () => {};
  const filter = asFilter((ask) =>
    hardLimit(
      {
        clock: time.clock,
        alarms: new Alarms(time.timers),
        firstPartMs: over.firstPartMs ?? 30_000,
        isLast: () => over.isLast ?? false,
      },
      ask,
    ),
  );
  const call = playedCall(time, { deadlineMs: time.clock.now() + 600_000 });
  playedAttempt(call, 'a', { startMs: time.clock.now(), bytesWritten: 9, cancel: () => (stopped += 1) });
  const reply = filter(call, () => new Promise((resolve) => (speak = resolve)));
  return { time, filter, call, reply, speak: (each: Reply) => speak(each), stopped: () => stopped };
}

test('a target that says nothing until the hard limit has failed and is stopped (bifrost #7034)', async () => {
  const { time, reply, stopped } = stage();
  const ended = failureIn(reply);
  await time.pass(30_000);
  const { code, evidence } = await ended;
  assert.equal(code, 'answer-timeout');
  assert.deepEqual([evidence.clock, evidence.limitMs, evidence.bytesWritten], ['first-output', 30_000, 9]);
  assert.equal(stopped(), 1);
});

test('the last candidate goes on until the deadline', async () => {
  const { time, call, reply, speak, stopped } = stage({ isLast: true });
  await time.pass(300_000);
  assert.equal(call.attempt?.overdueMs, 30_000);
  speak(wholeAnswer('a'));
  assert.equal((await reply).target, 'a');
  assert.equal(stopped(), 0);
});

test('who spoke in time is left alone, however long he talks (maxx PR #431)', async () => {
  const { time, reply, speak, stopped } = stage();
  await time.pass(29_000);
  speak(playedReply('a'));
  await reply;
  await time.pass(300_000);
  assert.equal(stopped(), 0);
});

test('a reply that comes after the limit is cancelled unheard', async () => {
  const { time, reply, speak } = stage();
  const ended = failureIn(reply);
  await time.pass(30_000);
  await ended;
  let cancelled = 0;
  speak(playedReply('a', { pause() {}, resume() {}, cancel: () => (cancelled += 1) }));
  await time.settle();
  assert.equal(cancelled, 1);
});

test('0 is off, and a failure below is the failure', async () => {
  const { time, reply } = stage({ firstPartMs: 0 });
  await time.pass(500_000);
  assert.equal(await Promise.race([reply, Promise.resolve('still waiting')]), 'still waiting');
  const { filter, call } = stage();
  assert.equal((await failureIn(filter(call, () => Promise.reject(failureOf('service-error'))))).code, 'service-error');
});

test('it is stopped before its failure is told: who hears of that takes the attempt for over', async () => {
  const time = playedTime();
  const heard: string[] = [];
  const call = playedCall(time, { deadlineMs: time.clock.now() + 600_000 });
  playedAttempt(call, 'a', { startMs: time.clock.now(), bytesWritten: 9, cancel: () => heard.push('stopped') });
  const options = { clock: time.clock, alarms: new Alarms(time.timers), firstPartMs: 1000, isLast: () => false };
  hardLimit(options, () => undefined)(call, { answered: () => assert.fail(), failed: () => heard.push('told') });
  await time.pass(1000);
  assert.deepEqual(heard, ['stopped', 'told']);
});
