import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { ANSWERED, type Outcome, type Reply } from '../call/reply.ts';
import { classify } from '../diagnosis/classify.ts';
import { asked, promised, type Service } from '../pipeline/service.ts';
import { Alarms } from './alarm.ts';
import { deadline } from './deadline.ts';
import { pause } from './pause.ts';
import {
  failureIn,
  failureOf,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedReply,
  playedTime,
} from './played.test.ts';

function guarded(time: PlayedTime, next: Service): Service {
  return promised(deadline({ clock: time.clock, alarms: new Alarms(time.timers) }, asked(next)));
}

/** What a listener hears. */
function listen(reply: Reply): { heard: string[]; outcomes: Outcome[] } {
  const heard: string[] = [];
  const outcomes: Outcome[] = [];
  reply.onOutcome((outcome) => outcomes.push(outcome));
  reply.flow({
    part: (bytes) => heard.push(new TextDecoder().decode(bytes)),
    end: (outcome) => heard.push(outcome.kind),
  });
  return { heard, outcomes };
}

const never: Service = () => new Promise(() => {});

test('a call that nobody answers ends at its deadline, even if no room below notices (litellm #38358)', async () => {
  const time = playedTime();
  const call = playedCall(time);
  const ended = failureIn(guarded(time, never)(call));
  await time.pass(60_000);
  const failure = await ended;
  assert.equal(failure.code, 'deadline-passed');
  assert.equal(failure.evidence.clock, 'deadline');
  assert.equal(failure.evidence.elapsedMs, 60_000);
});

test('a target that was silent beyond its own clock is named for it, and the deadline only said', async () => {
  const time = playedTime();
  const call = playedCall(time);
  const ended = failureIn(
    guarded(time, (asked) => {
      playedAttempt(asked, 'a', { startMs: time.clock.now(), overdueMs: 30_000, bytesWritten: 100 });
      return never(asked);
    })(call),
  );
  await time.pass(60_000);
  const { code, evidence } = await ended;
  assert.equal(code, 'answer-timeout');
  assert.equal(classify(evidence).code, 'answer-timeout');
  assert.equal(classify(evidence).side, 'provider');
  assert.deepEqual([evidence.host, evidence.limitMs, evidence.elapsedMs], ['a', 30_000, 60_000]);
  assert.match(evidence.note ?? '', /deadline of the call, 60000 ms/);
  assert.equal(call.story.attempts[0]?.code, 'answer-timeout');
});

test('a target that was within its clock when the deadline came is not blamed', async () => {
  const time = playedTime();
  const call = playedCall(time, { deadlineMs: time.clock.now() + 100 });
  const ended = failureIn(
    guarded(time, (asked) => {
      playedAttempt(asked, 'a', { bytesWritten: 100 });
      return never(asked);
    })(call),
  );
  await time.pass(100);
  assert.equal((await ended).code, 'deadline-passed');
  assert.equal(call.story.attempts[0]?.code, undefined);
});

test('a call whose deadline is over is not even begun', async () => {
  const time = playedTime();
  let asked = 0;
  const service = guarded(time, (call) => {
    asked += 1;
    return never(call);
  });
  assert.equal((await failureIn(service(playedCall(time, { deadlineMs: time.clock.now() })))).code, 'deadline-passed');
  assert.equal(asked, 0);
});

test('at the deadline waits and attempts are stopped, not only disowned', async () => {
  const time = playedTime();
  const call = playedCall(time);
  let cancelled = 0;
  let stopped: Promise<unknown> | undefined;
  const ended = failureIn(
    guarded(time, (each) => {
      playedAttempt(each, 'a', { cancel: () => (cancelled += 1) });
      playedAttempt(each, 'b', { cancel: () => (cancelled += 1) });
      stopped = failureIn(pause(each, 1e9, time.timers));
      return new Promise(() => {});
    })(call),
  );
  await time.pass(60_000);
  await ended;
  assert.equal(cancelled, 2);
  assert.equal(((await stopped) as { code: string }).code, 'deadline-passed');
  assert.equal(call.leavers.size, 0);
});

test('a reply in time passes through, and its alarm is gone with it', async () => {
  const time = playedTime();
  const inner = playedReply();
  const reply = await guarded(time, () => Promise.resolve(inner))(playedCall(time));
  const { heard, outcomes } = listen(reply);
  inner.part(new TextEncoder().encode('hello'));
  inner.end(ANSWERED);
  await time.pass(120_000);
  assert.deepEqual(heard, ['hello', 'answered']);
  assert.deepEqual(outcomes, [ANSWERED]);
  assert.deepEqual([reply.status, reply.length, reply.target], [200, -1, 'a']);
});

test('a reply that still flows at the deadline is cut and ends as failed, never as whole', async () => {
  const time = playedTime();
  let stopped = 0;
  const inner = playedReply('a', { pause() {}, resume() {}, cancel: () => (stopped += 1) });
  const reply = await guarded(time, () => Promise.resolve(inner))(playedCall(time));
  const { heard, outcomes } = listen(reply);
  inner.part(new TextEncoder().encode('half'));
  await time.pass(60_000);
  inner.part(new TextEncoder().encode('late'));
  inner.end(ANSWERED);
  assert.deepEqual(heard, ['half', 'failed']);
  assert.equal(outcomes.length, 1);
  assert.equal(outcomes[0]?.kind === 'failed' && outcomes[0].failure.code, 'deadline-passed');
  assert.equal(stopped, 1);
});

test('a reply that was not listened to in time tells so whoever comes later', async () => {
  const time = playedTime();
  const reply = await guarded(time, () => Promise.resolve(playedReply()))(playedCall(time));
  await time.pass(60_000);
  assert.deepEqual(listen(reply).heard, ['failed']);
});

test('a reply that comes after the deadline is cancelled', async () => {
  const time = playedTime();
  let late: ((reply: Reply) => void) | undefined;
  let stopped = 0;
  const ended = failureIn(guarded(time, () => new Promise((resolve) => (late = resolve)))(playedCall(time)));
  await time.pass(60_000);
  await ended;
  late?.(playedReply('a', { pause() {}, resume() {}, cancel: () => (stopped += 1) }));
  await time.settle();
  assert.equal(stopped, 1);
});

test('who cancels hears nothing more, not even the deadline', async () => {
  const time = playedTime();
  const reply = await guarded(time, () => Promise.resolve(playedReply()))(playedCall(time));
  const { heard, outcomes } = listen(reply);
  reply.cancel();
  await time.pass(60_000);
  assert.deepEqual(heard, []);
  assert.deepEqual(outcomes, [{ kind: 'abandoned' }]);
});

test('a failure below is the failure, and alarms are used again', async () => {
  const time = playedTime();
  const service = guarded(time, () => Promise.reject(failureOf('service-error')));
  for (let i = 0; i < 3; i++) assert.equal((await failureIn(service(playedCall(time)))).code, 'service-error');
  await time.pass(120_000);
});

test('a call seen under way at the deadline is told as waiting for its answer, one that was answered as in its body', async () => {
  const time = playedTime();
  const phaseOf = async (headMs: number | undefined) => {
    const call: Call = playedCall(time);
    const ended = failureIn(
      guarded(time, (each) => {
        playedAttempt(each, 'a', { headMs, bytesWritten: 7 });
        return new Promise(() => {});
      })(call),
    );
    await time.pass(60_000);
    return (await ended).evidence;
  };
  assert.equal((await phaseOf(undefined)).phase, 'wait-head');
  assert.equal((await phaseOf(5)).phase, 'body');
  assert.equal((await phaseOf(5)).bytesWritten, 7);
});
