/** What health reads and plans by: quota headers, records of peers, blame, maintenance, probes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  answeredWith,
  failureIn,
  failureOf,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  wholeAnswer,
} from '../attempts/played.test.ts';
import type { Outcome } from '../call/reply.ts';
import type { Seat } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import { promised, type Service } from '../pipeline/service.ts';
import { convicted } from './blame.ts';
import { Maintenance, maintenance, WINDOWS_MAX, type Window } from './maintenance.ts';
import { outliers } from './outlier.ts';
import { type ProberOptions, prober } from './probe.ts';
import { calmMs, RESET_MS_MAX, readQuota } from './quota.ts';

// ---- quota --------------------------------------------------------------------------------------------------------

const WALL = Date.parse('2026-11-22T10:00:00Z');

test('resets are read as OpenAI, Anthropic and the older drafts write them', () => {
  const reset = (name: string, value: string) =>
    readQuota([name.replace('reset', 'remaining'), '0', name, value], WALL).resetMs;
  assert.equal(reset('x-ratelimit-reset-requests', '1s'), 1000);
  assert.equal(reset('x-ratelimit-reset-requests', '6m0s'), 360_000);
  assert.equal(reset('x-ratelimit-reset-tokens', '120ms'), 120);
  assert.equal(reset('x-ratelimit-reset-tokens', '1h2m3.5s'), 3_723_500);
  assert.equal(reset('anthropic-ratelimit-requests-reset', '2026-11-22T10:00:30Z'), 30_000);
  assert.equal(reset('x-ratelimit-reset', '45'), 45_000);
  assert.equal(reset('x-ratelimit-reset', String(WALL / 1000 + 90)), 90_000);
  assert.equal(reset('anthropic-ratelimit-requests-reset', '2026-11-22T09:00:00Z'), 0);
});

test('only what is spent has to be waited for, and of several the last to be filled', () => {
  const fields = [
    'x-ratelimit-remaining-requests',
    '12',
    'x-ratelimit-reset-requests',
    '1h',
    'x-ratelimit-remaining-tokens',
    '0',
    'x-ratelimit-reset-tokens',
    '20s',
  ];
  assert.deepEqual(readQuota(fields, WALL), { retryAfterMs: undefined, remaining: 0, resetMs: 20_000 });
  assert.equal(calmMs(fields, WALL), 20_000);
  assert.equal(calmMs([...fields, 'retry-after-ms', '1500'], WALL), 1500);
  assert.equal(calmMs([], WALL), undefined);
});

test('whatever a header holds, a wait is a number within a day, or nothing', () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('-1', '1e400', '99999999999999', '5s5', '١s', 'NaN', '9999-99-99T99:99:99Z'),
  );
  fc.assert(
    fc.property(value, value, value, (remaining, reset, after) => {
      const fields = [
        'x-ratelimit-remaining-requests',
        remaining,
        'x-ratelimit-reset-requests',
        reset,
        'retry-after',
        after,
      ];
      for (const ms of [
        calmMs(fields, WALL),
        calmMs(['x-ratelimit-remaining', '0', 'x-ratelimit-reset', reset], WALL),
      ]) {
        assert.ok(ms === undefined || (ms >= 0 && ms <= RESET_MS_MAX));
      }
    }),
  );
});

// ---- peers --------------------------------------------------------------------------------------------------------

test('one that fails a tenth among five that are perfect stands out; one of ninety-nine in a hundred does not', () => {
  const good = { total: 200, share: 1 };
  assert.deepEqual(outliers([good, good, { total: 200, share: 0.85 }, good, good, good]), [2]);
  assert.deepEqual(outliers([good, good, { total: 200, share: 0.99 }, good, good, good]), []);
});

test('fewer than five to compare with, or too few calls, say nothing', () => {
  const good = { total: 200, share: 1 };
  assert.deepEqual(outliers([good, good, { total: 200, share: 0.5 }, good]), []);
  assert.deepEqual(outliers([good, good, { total: 99, share: 0 }, good, good, good]), []);
});

test('when all are equally bad nobody stands out', () => {
  assert.deepEqual(outliers(Array.from({ length: 8 }, () => ({ total: 300, share: 0.3 }))), []);
});

// ---- blame --------------------------------------------------------------------------------------------------------

function attemptsOf(...kinds: [target: string, over: Partial<Attempt>][]): readonly Attempt[] {
  const call = playedCall(playedTime());
  for (const [target, over] of kinds) playedAttempt(call, target, over);
  return call.story.attempts;
}

const broken = { code: 'service-error', status: 500, bytesWritten: 1 } as const;
const names = (attempts: readonly Attempt[]) => attempts.map(({ target }) => target).join('');

test('two that say the same of an unanswered call are believed, and neither is blamed', () => {
  assert.equal(names(convicted(attemptsOf(['a', broken], ['b', broken]))), '');
  assert.equal(names(convicted(attemptsOf(['a', broken], ['b', broken], ['c', broken]))), '');
});

test('two that fail it differently are both blamed', () => {
  const reset = { code: 'closed-before-answer', bytesWritten: 1 } as const;
  assert.equal(names(convicted(attemptsOf(['a', broken], ['b', reset]))), 'ab');
  assert.equal(names(convicted(attemptsOf(['a', broken], ['b', { ...broken, status: 502 }]))), 'ab');
});

test('the same target twice is no second opinion', () => {
  assert.equal(names(convicted(attemptsOf(['a', broken], ['a', broken]))), 'aa');
});

test('whoever answered the call convicts those who did not', () => {
  const answered = { firstPartMs: 5, bytesWritten: 1 };
  assert.equal(names(convicted(attemptsOf(['a', broken], ['b', broken], ['c', answered]))), 'ab');
});

test('what was never sent, what is no fault of the host, and what broke later are not judged here', () => {
  assert.equal(names(convicted(attemptsOf(['a', { code: 'connect-refused' }]))), '');
  assert.equal(names(convicted(attemptsOf(['a', { code: 'rate-limited', bytesWritten: 1 }]))), '');
  assert.equal(names(convicted(attemptsOf(['a', { code: 'body-cut', bytesWritten: 1, firstPartMs: 3 }]))), '');
});

// ---- maintenance --------------------------------------------------------------------------------------------------

const window = (over: Partial<Window> = {}): Window => ({
  scope: 'gateway',
  word: 'maintenance',
  fromMs: 0,
  untilMs: undefined,
  note: 'new disks',
  ...over,
});

/** What answers every call, but for what is planned. */
function open(plan: Maintenance, { clock }: PlayedTime): Service {
  return promised(maintenance(plan, clock, (_call, taker) => taker.answered(wholeAnswer())));
}

test('while the gateway is maintained calls are refused at once, and told when it ends', async () => {
  const time = playedTime();
  const plan = new Maintenance(time.clock);
  const service = open(plan, time);
  assert.equal((await service(playedCall(time))).status, 200);
  plan.set(window({ untilMs: time.clock.wallMs() + 90_000 }));
  const failure = await failureIn(service(playedCall(time)));
  assert.equal(failure.code, 'gateway-maintenance');
  assert.equal(failure.evidence.retryAfterMs, 90_000);
  assert.equal(failure.evidence.note, 'new disks');
  await time.pass(90_000);
  assert.equal((await service(playedCall(time))).status, 200);
});

test('a restart is told as such, and maintenance without an end names none', async () => {
  const time = playedTime();
  const plan = new Maintenance(time.clock);
  const service = open(plan, time);
  plan.set(window({ word: 'draining' }));
  const failure = await failureIn(service(playedCall(time)));
  assert.equal(failure.code, 'gateway-draining');
  assert.equal(failure.evidence.retryAfterMs, undefined);
});

test("a target's own window goes before its pool's, a new one replaces the old, and the plan is bounded", () => {
  const time = playedTime();
  const plan = new Maintenance(time.clock);
  plan.set(window({ scope: 'pool:p' }));
  plan.set(window({ scope: 'target:a', word: 'draining' }));
  assert.equal(plan.word('a', 'p'), 'draining');
  assert.equal(plan.word('b', 'p'), 'maintenance');
  assert.equal(plan.word('b', 'q'), undefined);
  plan.set(window({ scope: 'target:a', fromMs: time.clock.wallMs() + 5000 }));
  assert.equal(plan.word('a', 'q'), undefined);
  assert.equal(plan.nextMs(), 5000);
  assert.equal(plan.windows().length, 2);
  for (let i = 0; i < WINDOWS_MAX + 10; i++) plan.set(window({ scope: `target:t${i}` }));
  assert.equal(plan.windows().length, WINDOWS_MAX);
  assert.equal(plan.set(window({ scope: 'gateway' })), false);
});

// ---- probes -------------------------------------------------------------------------------------------------------

function probeStage(over: Partial<ProberOptions> = {}) {
  const time = playedTime();
  const seats = playedSeats(['a', 'b']);
  const asked: string[] = [];
  const heard: string[] = [];
  const open = prober({
    seats,
    health: {
      isDue: () => false,
      probing: (seat: Seat) => heard.push(`${seat.target.name} probing`),
      probed: (seat: Seat, _: Attempt, outcome: Outcome) => heard.push(`${seat.target.name} ${outcome.kind}`),
    },
    ask: (seat) => {
      asked.push(`${seat.target.name} ${Math.floor((time.clock.now() - 1_000_000) / 1000)}`);
      return Promise.resolve();
    },
    ...time,
    chance: playedChance(9),
    ...over,
  });
  return { time, seats, asked, heard, open };
}

test('standbys are probed about every 30 s, each at a time of its own', async () => {
  const { time, asked, heard } = probeStage();
  await time.pass(95_000);
  const ofA = asked.filter((each) => each.startsWith('a'));
  assert.ok(ofA.length >= 3 && ofA.length <= 4, asked.join());
  assert.notEqual(asked[0]?.slice(2), asked[1]?.slice(2));
  assert.deepEqual(heard.slice(0, 2), [`${asked[0]?.[0]} probing`, `${asked[0]?.[0]} answered`]);
});

test('a failed probe is followed by the next within seconds', async () => {
  const { time, asked, heard } = probeStage({
    ask: (seat) => {
      asked.push(seat.target.name);
      return Promise.reject(failureOf('connect-refused', { bytesWritten: 0 }));
    },
  });
  await time.pass(45_000);
  assert.ok(asked.length > 10);
  assert.ok(heard.includes('a failed'));
});

test('what is on the ignore list, or our own trouble, counts for nothing', async () => {
  for (const failure of [
    answeredWith('rate-limited', 429),
    answeredWith('model-not-found', 404),
    failureOf('gateway-exhausted'),
  ]) {
    const { time, heard } = probeStage({ ask: () => Promise.reject(failure) });
    await time.pass(31_000);
    assert.ok(heard.includes('a abandoned') && !heard.includes('a failed'), failure.code);
  }
});

test('a probe that hangs is stopped and has failed', async () => {
  let stopped = 0;
  const { time, heard } = probeStage({
    ask: (_, attempt) => {
      attempt.cancel = () => (stopped += 1);
      return new Promise(() => {});
    },
  });
  await time.pass(45_000);
  assert.ok(stopped >= 2);
  assert.ok(heard.includes('b failed'));
});

test('who rests, is maintained or drains is not probed, and nobody is after the end', async () => {
  const { time, seats, asked, open } = probeStage();
  for (const seat of seats) seat.fitness = seat.index === 0 ? 'resting' : 'maintenance';
  await time.pass(100_000);
  assert.deepEqual(asked, []);
  for (const seat of seats) seat.fitness = 'probing';
  await time.pass(40_000);
  assert.ok(asked.length >= 2);
  open.close();
  const before = asked.length;
  await time.pass(100_000);
  assert.equal(asked.length, before);
});
