import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure } from '../call/failure.ts';
import { leave } from '../call/leave.ts';
import { retryAfterMs } from '../diagnosis/answer-fields.ts';
import { promised, type Service, asked as telling } from '../pipeline/service.ts';
import { Budget } from './budget.ts';
import { RETRY_LIMITS } from './decide.ts';
import {
  answeredWith,
  failureIn,
  failureOf,
  fixedChance,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedTime,
  refused,
  wholeAnswer,
} from './played.test.ts';
import { type RetryOptions, retry } from './retry.ts';

/** A retry over targets that fail in turn as told, and then answer. */
function stage(failures: readonly Failure[], over: Partial<RetryOptions> & { targets?: number } = {}) {
  const time: PlayedTime = playedTime();
  const budget = new Budget(time);
  const asked: number[] = [];
  const { targets = 9 } = over;
  const next: Service = async (call) => {
    const n = asked.push(time.clock.now() - 1_000_000);
    const failure = failures[n - 1];
    playedAttempt(call, `t${(n - 1) % targets}`, {
      code: failure?.code,
      status: failure?.evidence.answer?.status,
      verdict: failure === undefined ? 'answered' : 'failed',
      bytesWritten: failure?.evidence.bytesWritten ?? 0,
    });
    if (failure !== undefined) throw failure;
    return wholeAnswer();
  };
  const options: RetryOptions = {
    clock: time.clock,
    timers: time.timers,
    chance: fixedChance(0.5),
    budget,
    baseMs: 100,
    othersLeft: (call) => Math.max(0, targets - new Set(call.story.attempts.map((each) => each.target)).size),
    isElsewhereLeft: false,
    retryAfterMs: ({ evidence }) => (evidence.answer === undefined ? undefined : retryAfterMs(evidence.answer.fields)),
    ...over,
  };
  return { time, budget, asked, service: retrying(options, next) };
}

const hang = () => failureOf('closed-before-answer');

test('a call that goes well is asked once and pays nothing', async () => {
  const { time, budget, asked, service } = stage([]);
  const before = budget.balance();
  await service(playedCall(time));
  assert.deepEqual(asked, [0]);
  assert.ok(budget.balance() > before);
});

test('after a failure another target answers, and the story says that the first was left', async () => {
  const { time, asked, service } = stage([hang()]);
  const call = playedCall(time);
  const reply = service(call);
  await time.pass(1000);
  assert.equal((await reply).status, 200);
  assert.deepEqual(asked, [0, 50]);
  assert.deepEqual(
    call.story.attempts.map(({ verdict }) => verdict),
    ['moved', 'answered'],
  );
});

test('three tries are all, whoever multiplies them above or below (litellm PR #25285)', async () => {
  const { time, asked, service } = stage([hang(), hang(), hang(), hang(), hang()], { targets: 1 });
  const ended = failureIn(service(playedCall(time)));
  await time.pass(10_000);
  assert.equal((await ended).code, 'closed-before-answer');
  assert.equal(asked.length, 3);
});

test('a call is not given up while a target was not asked, however many failed it before', async () => {
  for (const failure of [hang(), refused(), answeredWith('service-error', 500)]) {
    const { time, asked, service } = stage(Array<Failure>(8).fill(failure));
    const reply = service(playedCall(time));
    await time.pass(20_000);
    assert.equal((await reply).status, 200);
    assert.equal(asked.length, 9);
  }
});

test('a written limit on attempts is kept, also while others were not asked', async () => {
  const limits = { ...RETRY_LIMITS, attemptsElsewhereMax: 2, freeElsewhereMax: 1 };
  const { time, asked, service } = stage([refused(), hang(), hang(), hang()], { limits });
  const ended = failureIn(service(playedCall(time)));
  await time.pass(20_000);
  await ended;
  assert.equal(asked.length, 3);
});

test('what never left us is tried twice more at no cost', async () => {
  const { time, budget, asked, service } = stage([refused(), refused(), hang(), hang()]);
  const reply = service(playedCall(time));
  await time.pass(2_000);
  await reply;
  assert.equal(asked.length, 5);
  assert.equal(Math.round(budget.balance() * 10), 982);
});

test('a short outage is waited out, for five seconds of it and a twelfth of the time that the call has', async () => {
  for (const [deadlineMs, lastsMs] of [
    [60_000, 5_000],
    [24_000, 2_000],
  ] as const) {
    const time = playedTime();
    const asked: number[] = [];
    const sinceMs = time.clock.now();
    const options = { ...stageOptions(time), othersLeft: () => 0, outageMs: () => time.clock.now() - sinceMs };
    const ended = failureIn(
      retrying(options, () => {
        asked.push(time.clock.now() - sinceMs);
        return Promise.reject(refused());
      })(playedCall(time, { deadlineMs: sinceMs + deadlineMs })),
    );
    await time.pass(60_000);
    assert.equal((await ended).code, 'connect-refused');
    const last = asked.at(-1) ?? 0;
    assert.ok(last >= lastsMs - 1000 && last <= lastsMs + 1000, `${asked}`);
  }
});

test('a malformed call is asked once (litellm #35303)', async () => {
  for (const code of ['request-rejected', 'context-too-long', 'content-refused'] as const) {
    const { time, asked, service } = stage([answeredWith(code, 400)]);
    assert.equal((await failureIn(service(playedCall(time)))).code, code);
    assert.equal(asked.length, 1);
  }
});

test('a POST without the declared rule is not sent twice', async () => {
  const { time, asked, service } = stage([hang()]);
  await failureIn(service(playedCall(time, { isReplayable: false })));
  assert.equal(asked.length, 1);
});

test('every retry that may be paid twice is reported', async () => {
  let risks = 0;
  const { time, service } = stage([hang(), hang()], { onDoubleSpendRisk: () => (risks += 1) });
  const reply = service(playedCall(time));
  await time.pass(1000);
  await reply;
  assert.equal(risks, 2);
});

test('a lone target that asks for two seconds is given them, and the story says so (litellm #3646)', async () => {
  const { time, asked, service } = stage([answeredWith('rate-limited', 429, ['retry-after', '2'])], { targets: 1 });
  const call = playedCall(time);
  const reply = service(call);
  await time.pass(5000);
  await reply;
  assert.deepEqual(asked, [0, 2500]);
  assert.match(call.story.notes.join(), /waited 2\.50 s: Retry-After/);
});

test('a 504 is no reason to hammer: a silent lone target is asked once (NeMo RL PR #3590)', async () => {
  const { time, asked, service } = stage([failureOf('answer-timeout')], { targets: 1 });
  await failureIn(service(playedCall(time)));
  assert.equal(asked.length, 1);
});

test('when the budget is spent, a try waits for its turn and then goes through', async () => {
  const { time, budget, asked, service } = stage([hang()]);
  while (budget.tryPay()) {}
  const call = playedCall(time);
  const reply = service(call);
  await time.pass(5000);
  await reply;
  assert.equal(asked.length, 2);
  assert.match(call.story.notes.join(), /for the retry budget/);
});

test('a caller who leaves during a wait costs no further try', async () => {
  const { time, asked, service } = stage([answeredWith('rate-limited', 429, ['retry-after', '2'])], { targets: 1 });
  const call = playedCall(time);
  const ended = failureIn(service(call));
  await time.pass(1000);
  leave(call);
  await time.pass(5000);
  assert.equal((await ended).code, 'caller-left');
  assert.equal(asked.length, 1);
});

test('no wait is begun that the deadline would cut', async () => {
  const { time, asked, service } = stage([answeredWith('rate-limited', 429, ['retry-after', '3'])], { targets: 1 });
  const ended = failureIn(service(playedCall(time, { deadlineMs: time.clock.now() + 2000 })));
  await time.settle();
  assert.equal((await ended).code, 'rate-limited');
  assert.equal(asked.length, 1);
});

test('a stranger thrown below ends as a bug of ours, and is not tried again', async () => {
  const time = playedTime();
  let asked = 0;
  const service = retrying(stageOptions(time), () => {
    asked += 1;
    return Promise.reject(new TypeError('oops'));
  });
  const failure = await failureIn(service(playedCall(time)));
  assert.equal(failure.code, 'gateway-bug');
  assert.equal(asked, 1);
});

function retrying(options: RetryOptions, next: Service): Service {
  return promised(retry(options, telling(next)));
}

function stageOptions(time: PlayedTime): RetryOptions {
  return {
    clock: time.clock,
    timers: time.timers,
    chance: fixedChance(0),
    budget: new Budget(time),
    baseMs: 100,
    othersLeft: () => 1,
    isElsewhereLeft: false,
    retryAfterMs: () => undefined,
  };
}

test('a refusal of our own ends the tries: nobody was asked, so free ones would go round for ever', async () => {
  const { time, service } = stage([]);
  const call = playedCall(time);
  let asked = 0;
  const unsent = () => failureOf('connect-refused', { phase: 'connect', bytesWritten: 0 });
  const options: RetryOptions = {
    clock: time.clock,
    timers: time.timers,
    chance: fixedChance(0.5),
    budget: new Budget(time),
    baseMs: 100,
    othersLeft: () => 1,
    isElsewhereLeft: false,
    retryAfterMs: () => undefined,
  };
  const full: Service = async () => {
    asked += 1;
    if (asked > 100) throw new Error('it goes round');
    throw asked === 1 ? unsent() : failureOf('queue-full');
  };
  const failure = await failureIn(retrying(options, full)(call));
  assert.equal(failure.code, 'connect-refused');
  assert.equal(asked, 2);
  assert.equal((await service(playedCall(time))).status, 200);
});
