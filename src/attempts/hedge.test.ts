import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { leave } from '../call/leave.ts';
import type { Reply } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import { promised, asked as telling } from '../pipeline/service.ts';
import { Alarms } from './alarm.ts';
import { Budget } from './budget.ts';
import { type HedgeOptions, hedge } from './hedge.ts';
import { failureIn, failureOf, playedAttempt, playedCall, playedReply, playedTime } from './played.test.ts';

type Asked = {
  readonly call: Call;
  readonly attempt: Attempt;
  readonly atMs: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (failure: unknown) => void;
};

/** A hedge over targets that the test plays by hand: `asked` is each in its turn. */
function stage(over: Partial<HedgeOptions> & { targets?: number } = {}) {
  const time = playedTime();
  const budget = new Budget(time);
  const asked: Asked[] = [];
  const silent: string[] = [];
  const { targets = 3 } = over;
  const options: HedgeOptions = {
    clock: time.clock,
    alarms: new Alarms(time.timers),
    budget,
    mayHedge: true,
    softMs: () => 2000,
    othersLeft: (call) => targets - call.story.attempts.length,
    isElsewhereLeft: false,
    onSilent: (attempt) => silent.push(attempt.target),
    ...over,
  };
  const next = (call: Call): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const attempt = playedAttempt(call, `t${asked.length}`, { startMs: time.clock.now(), bytesWritten: 9 });
      attempt.cancel = () => {
        attempt.cancel = undefined;
        reject(failureOf('caller-left', { firstEvent: 'our-cancel' }));
      };
      asked.push({ call, attempt, atMs: time.clock.now() - 1_000_000, resolve, reject });
    });
  return { time, budget, asked, silent, service: promised(hedge(options, telling(next))) };
}

const at = (asked: readonly Asked[], n: number): Asked => {
  const one = asked[n];
  assert.ok(one !== undefined, `nobody was asked as number ${n}`);
  return one;
};

test('who speaks in time is not hedged, and nothing rings later', async () => {
  const { time, asked, silent, service } = stage();
  const reply = service(playedCall(time));
  await time.pass(1999);
  at(asked, 0).resolve(playedReply('t0'));
  assert.equal((await reply).target, 't0');
  await time.pass(60_000);
  assert.deepEqual([asked.length, silent], [1, []]);
});

test('where it is off silence is told, and nobody else is asked', async () => {
  const { time, asked, silent, service } = stage({ mayHedge: false, isElsewhereLeft: true });
  service(playedCall(time)).catch(() => assert.fail('its own clocks end it, or the deadline'));
  await time.pass(120_000);
  assert.deepEqual([asked.length, silent], [1, ['t0']]);
});

test('what is learned while a call waits holds for it: nobody waits for a limit that was set before anybody was heard', async () => {
  let softMs = 48_000;
  const { time, asked, service } = stage({ softMs: () => softMs });
  service(playedCall(time));
  await time.pass(3000);
  softMs = 2000;
  await time.pass(1000);
  assert.deepEqual(
    asked.map(({ atMs }) => atMs),
    [0, 4000],
  );
});

test('nobody is asked after the deadline, even if it rings in the same turn', async () => {
  const { time, asked, service } = stage();
  service(playedCall(time, { deadlineMs: time.clock.now() + 1995 })).catch(() => assert.fail('its deadline ends it'));
  await time.pass(10_000);
  assert.equal(asked.length, 1);
});

test('silence beyond the soft limit starts a second attempt without killing the first', async () => {
  const { time, asked, silent, service } = stage();
  const call = playedCall(time);
  const reply = service(call);
  await time.pass(2000);
  assert.deepEqual(
    asked.map(({ atMs }) => atMs),
    [0, 2000],
  );
  assert.deepEqual(silent, ['t0']);
  assert.ok(at(asked, 0).attempt.cancel !== undefined);
  assert.deepEqual(call.story.notes, [
    'hedged at 2.0 s: t0 is silent',
    'sent more than once before it was answered: it may be billed twice',
  ]);
  at(asked, 0).resolve(playedReply('t0'));
  assert.equal((await reply).target, 't0');
});

test('the first to speak wins, the other is stopped and superseded, and the call knows who answers', async () => {
  const { time, asked, service } = stage();
  const call = playedCall(time);
  const reply = service(call);
  await time.pass(2500);
  at(asked, 1).resolve(playedReply('t1'));
  assert.equal((await reply).target, 't1');
  assert.equal(at(asked, 0).attempt.verdict, 'superseded');
  assert.equal(at(asked, 0).attempt.cancel, undefined);
  assert.equal(call.attempt, at(asked, 1).attempt);
});

test('a loser that speaks all the same is cancelled unheard', async () => {
  const { time, asked, service } = stage();
  const reply = service(playedCall(time));
  await time.pass(2500);
  let stopped = 0;
  at(asked, 0).attempt.cancel = () => {};
  at(asked, 1).resolve(playedReply('t1'));
  await reply;
  at(asked, 0).resolve(playedReply('t0', { pause() {}, resume() {}, cancel: () => (stopped += 1) }));
  await time.settle();
  assert.equal(stopped, 1);
});

test('a failure before the soft limit is passed up at once: that is for retry', async () => {
  const { time, asked, service } = stage();
  const ended = failureIn(service(playedCall(time)));
  await time.pass(100);
  at(asked, 0).reject(failureOf('closed-before-answer'));
  assert.equal((await ended).code, 'closed-before-answer');
  await time.pass(10_000);
  assert.equal(asked.length, 1);
});

test('a failure while the other is under way is no end', async () => {
  const { time, asked, service } = stage({ targets: 2 });
  const reply = service(playedCall(time));
  await time.pass(2500);
  at(asked, 0).reject(failureOf('closed-before-answer'));
  await time.pass(500);
  at(asked, 1).resolve(playedReply('t1'));
  assert.equal((await reply).target, 't1');
});

test('when all fail, the last failure is told', async () => {
  const { time, asked, service } = stage({ targets: 2 });
  const ended = failureIn(service(playedCall(time)));
  await time.pass(2500);
  at(asked, 1).reject(failureOf('service-error'));
  at(asked, 0).reject(failureOf('closed-before-answer'));
  assert.equal((await ended).code, 'closed-before-answer');
});

test('a second silence brings a third attempt, and no more than three', async () => {
  const { time, asked, silent, service } = stage({ targets: 9 });
  service(playedCall(time)).catch(() => {});
  await time.pass(30_000);
  assert.deepEqual(
    asked.map(({ atMs }) => atMs),
    [0, 2000, 4000],
  );
  assert.deepEqual(silent, ['t0', 't1', 't2']);
});

test('the last candidate is not hedged, and gets the whole remaining deadline', async () => {
  const { time, asked, service } = stage({ targets: 1 });
  const reply = service(playedCall(time));
  await time.pass(59_000);
  assert.equal(asked.length, 1);
  at(asked, 0).resolve(playedReply('t0'));
  assert.equal((await reply).target, 't0');
});

test('with another pool behind it, a pool that stays silent is given up at the hard limit', async () => {
  const { time, asked, service } = stage({ targets: 2, isElsewhereLeft: true });
  const ended = failureIn(service(playedCall(time)));
  await time.pass(31_900);
  assert.equal(asked.length, 2);
  await time.pass(400);
  const failure = await ended;
  assert.equal(failure.code, 'answer-timeout');
  assert.equal(failure.evidence.clock, 'first-output');
  assert.equal(failure.evidence.bytesWritten, 9);
  for (const { attempt } of asked) assert.equal(attempt.code, 'answer-timeout');
});

test('without the budget nobody is hedged; when it recovers, he is', async () => {
  const { time, budget, asked, service } = stage();
  while (budget.tryPay()) {}
  service(playedCall(time)).catch(() => {});
  for (let i = 0; i < 19; i++) {
    await time.pass(100);
    while (budget.tryPay()) {}
  }
  assert.equal(asked.length, 1);
  await time.pass(1500);
  assert.equal(asked.length, 2);
});

test('a POST without the declared rule is never hedged', async () => {
  const { time, asked, service } = stage();
  service(playedCall(time, { isReplayable: false })).catch(() => {});
  await time.pass(30_000);
  assert.equal(asked.length, 1);
});

test('a healthy slow stream is never hedged once it has spoken (maxx PR #431)', async () => {
  const { time, asked, service } = stage();
  service(playedCall(time)).catch(() => {});
  at(asked, 0).attempt.firstPartMs = time.clock.now();
  await time.pass(30_000);
  assert.equal(asked.length, 1);
});

test('a head alone is no word: neither a stream nor a reply that drips in has spoken with it', async () => {
  for (const isStream of [false, true]) {
    const { time, asked, service } = stage();
    service(playedCall(time, { isStream })).catch(() => {});
    at(asked, 0).attempt.headMs = time.clock.now();
    await time.pass(3000);
    assert.equal(asked.length, 2);
  }
});

test('the soft limit counts from the ask, not from the wait before it', async () => {
  const { time, asked, service } = stage({ softMs: () => 2000 });
  const call = playedCall(time);
  service(call).catch(() => {});
  call.attempt = undefined;
  await time.pass(5000);
  assert.equal(asked.length, 1);
  const late = at(asked, 0).attempt;
  call.attempt = { ...late, startMs: time.clock.now() };
  await time.pass(1900);
  assert.equal(asked.length, 1);
  await time.pass(500);
  assert.equal(asked.length, 2);
});

test('a caller who leaves stops every attempt of the race', async () => {
  const { time, asked, service } = stage();
  const call = playedCall(time);
  const ended = failureIn(service(call));
  await time.pass(2500);
  assert.equal(asked.length, 2);
  leave(call);
  assert.equal((await ended).code, 'caller-left');
  for (const { call: each } of asked) assert.equal(each.isLeft, true);
});

test('every hedge is reported as a risk of paying twice', async () => {
  let risks = 0;
  const { time, service } = stage({ onDoubleSpendRisk: () => (risks += 1) });
  service(playedCall(time)).catch(() => {});
  await time.pass(4500);
  assert.equal(risks, 2);
});
