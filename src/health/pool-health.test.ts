import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  answeredWith,
  failureOf,
  fixedChance,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  refused,
} from '../attempts/played.test.ts';
import type { Call } from '../call/call.ts';
import type { Failure } from '../call/failure.ts';
import { ABANDONED, ANSWERED } from '../call/reply.ts';
import type { Fitness, Seat } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import type { Target } from '../call/target.ts';
import { Court } from './blame.ts';
import { Maintenance } from './maintenance.ts';
import { PoolHealth } from './pool-health.ts';
import { REST_LIMITS } from './rest.ts';

function stage(
  names: readonly string[],
  over: (name: string) => Partial<Target> = () => ({}),
  seed?: number,
  isOut = () => false,
) {
  const time = playedTime();
  const seats = playedSeats(names, over);
  const court = new Court();
  const maintenance = new Maintenance(time.clock);
  const changes: string[] = [];
  const health = new PoolHealth({
    pool: 'pool',
    seats,
    clock: time.clock,
    chance: seed === undefined ? fixedChance(0.5) : playedChance(seed),
    court,
    maintenance,
    isOut,
    onChange: (seat, from, cause) => changes.push(`${seat.target.name} ${from}>${seat.fitness} ${cause ?? ''}`.trim()),
  });
  const seat = (name: string): Seat => seats.find((each) => each.target.name === name) ?? assert.fail();
  const begin = (name: string, call = playedCall(time)): { call: Call; attempt: Attempt } => {
    const attempt = playedAttempt(call, name, { startMs: time.clock.now(), bytesWritten: 9 });
    health.start(seat(name), call, attempt);
    return { call, attempt };
  };
  const end = (name: string, { call, attempt }: { call: Call; attempt: Attempt }, failure?: Failure) => {
    attempt.endMs = time.clock.now();
    if (failure === undefined) {
      attempt.firstPartMs ??= time.clock.now();
      health.spoke(seat(name), call, attempt);
      attempt.verdict = 'answered';
      health.end(seat(name), call, attempt, ANSWERED);
      return;
    }
    attempt.code = failure.code;
    attempt.status = failure.evidence.answer?.status;
    attempt.bytesWritten = failure.evidence.bytesWritten ?? 0;
    attempt.verdict = 'failed';
    health.end(seat(name), call, attempt, { kind: 'failed', failure });
  };
  /** One call that fails at these targets in turn, and at the last one of them ends as told. */
  const tried = (by: readonly string[], failure: Failure, last?: 'answered') => {
    const call = playedCall(time);
    by.forEach((name, n) => {
      const isAnswered = last === 'answered' && n === by.length - 1;
      end(name, begin(name, call), isAnswered ? undefined : failure);
    });
    court.judge(call);
  };
  const fit = () =>
    health
      .strict(seats)
      .fit()
      .map((each) => each.target.name)
      .join('');
  const willing = () =>
    health
      .lenient(seats)
      .fit()
      .map((each) => each.target.name)
      .join('');
  return { time, seats, court, maintenance, changes, health, seat, begin, end, tried, fit, willing };
}

const times = (count: number, run: () => void) => {
  for (let i = 0; i < count; i++) run();
};
const hang = () => failureOf('closed-before-answer');

test('one target of three that fails is taken out, and the change is told once with its cause', () => {
  const { changes, tried, fit, willing } = stage(['a', 'b', 'c']);
  times(5, () => tried(['a', 'b'], hang(), 'answered'));
  assert.deepEqual([fit(), willing()], ['bc', 'bc']);
  assert.deepEqual(changes, ['a serving>resting failures']);
});

test('connection failures count at once, without waiting for a second opinion', () => {
  const { begin, end, fit } = stage(['a', 'b']);
  times(5, () => end('a', begin('a'), refused()));
  assert.equal(fit(), 'b');
});

test('one bad caller rests nobody: 400, 413 and content refusals are no failures (sglang #25811)', () => {
  const { tried, fit } = stage(['a', 'b']);
  for (const [code, status] of [
    ['request-rejected', 400],
    ['request-too-large', 413],
    ['content-refused', 400],
    ['context-too-long', 400],
    ['model-not-found', 404],
  ] as const) {
    times(100, () => tried(['a'], answeredWith(code, status)));
  }
  assert.equal(fit(), 'ab');
});

test('a poison prompt that breaks every target alike is evidence about itself (opencode-go-multi-auth PR #6)', () => {
  const { tried, fit } = stage(['a', 'b']);
  times(200, () => tried(['a', 'b'], answeredWith('service-error', 500)));
  times(200, () => tried(['b', 'a'], hang()));
  assert.equal(fit(), 'ab');
});

test('but where a third target answers it, those two were to blame', () => {
  const { tried, fit } = stage(['a', 'b', 'c']);
  times(5, () => tried(['a', 'b', 'c'], answeredWith('service-error', 500), 'answered'));
  assert.equal(fit(), 'c');
});

test('an answer convicts at once who failed the call before, and nobody is convicted twice for one call', () => {
  const { court, begin, end, fit, time } = stage(['a', 'b']);
  const answeredBy = (name: string) => {
    const call = playedCall(time);
    end('a', begin('a', call), hang());
    end(name, begin(name, call));
    return call;
  };
  times(4, () => {
    const call = answeredBy('b');
    court.judge(call);
    court.judge(call);
  });
  assert.equal(fit(), 'ab');
  answeredBy('b');
  assert.equal(fit(), 'b');
});

test('and where there is no second opinion, the one counts', () => {
  const { tried, fit } = stage(['a', 'b']);
  times(5, () => tried(['a'], answeredWith('service-error', 500)));
  assert.equal(fit(), 'b');
});

test('a failure is blamed on the target that failed, not on the one tried before it (litellm #40718)', () => {
  const { tried, fit } = stage(['a', 'b', 'c']);
  times(5, () => {
    tried(['a', 'b', 'c'], refused(), 'answered');
  });
  assert.equal(fit(), 'c');
  const alone = stage(['a', 'b', 'c']);
  times(20, () => alone.tried(['b', 'a'], hang(), 'answered'));
  assert.equal(alone.fit(), 'ac');
});

test('a reply that breaks after its first part counts at once', () => {
  const { begin, end, fit } = stage(['a', 'b']);
  times(5, () => {
    const one = begin('a');
    one.attempt.firstPartMs = 1;
    end('a', one, failureOf('stream-incomplete'));
  });
  assert.equal(fit(), 'b');
});

test("a caller who leaves is nobody's failure", () => {
  const { seat, health, begin, fit } = stage(['a', 'b']);
  times(100, () => {
    const { call, attempt } = begin('a');
    health.end(seat('a'), call, attempt, ABANDONED);
  });
  assert.equal(fit(), 'ab');
});

test('a target that is silent to five calls rests, though every one of them was outrun and none failed', () => {
  const { seat, health, begin, fit } = stage(['a', 'b']);
  times(5, () => {
    const { call, attempt } = begin('a');
    health.silent(attempt);
    health.end(seat('a'), call, attempt, ABANDONED);
  });
  assert.equal(fit(), 'b');
});

test("our own resolver is not the target's fault, but who cannot be reached is not asked while another can", () => {
  const { begin, end, fit, willing } = stage(['a', 'b']);
  times(5, () => end('a', begin('a'), failureOf('dns-timeout', { phase: 'dns', bytesWritten: 0 })));
  assert.equal(fit(), 'b');
  times(5, () => end('b', begin('b'), failureOf('dns-timeout', { phase: 'dns', bytesWritten: 0 })));
  assert.deepEqual([fit(), willing()], ['', 'ab']);
});

test('our own exhaustion rests nobody', () => {
  const { begin, end, fit } = stage(['a']);
  times(100, () => end('a', begin('a'), failureOf('gateway-exhausted', { phase: 'connect', bytesWritten: 0 })));
  assert.equal(fit(), 'a');
});

test('a key that is refused rests that target, a key that the caller brought does not', () => {
  const ours = stage(['a', 'b']);
  times(3, () => ours.tried(['a', 'b'], answeredWith('credential-refused', 401), 'answered'));
  assert.equal(ours.fit(), 'b');
  assert.deepEqual(ours.changes, ['a serving>resting credential']);
  const theirs = stage(['a', 'b'], () => ({ isCallerCredentialPassed: true }));
  times(50, () => theirs.tried(['a'], answeredWith('credential-refused', 401)));
  assert.equal(theirs.fit(), 'ab');
});

test('quota headers say how long a spent target rests', async () => {
  const { time, begin, end, fit } = stage(['a', 'b']);
  const fields = ['x-ratelimit-remaining-requests', '0', 'x-ratelimit-reset-requests', '30s'];
  end('a', begin('a'), answeredWith('rate-limited', 429, fields));
  assert.equal(fit(), 'b');
  await time.pass(29_000);
  assert.equal(fit(), 'b');
});

test('a single target is never removed, and neither is the last of many', () => {
  const one = stage(['a']);
  times(50, () => one.end('a', one.begin('a'), refused()));
  assert.deepEqual([one.fit(), one.willing()], ['', 'a']);
  const many = stage(['a', 'b', 'c']);
  for (const name of ['a', 'b', 'c']) times(5, () => many.end(name, many.begin(name), refused()));
  assert.equal(many.willing(), 'abc');
});

test('below half fit the rested get a tenth of what the fit get, together', () => {
  const { begin, end, seats, fit, willing } = stage(['a', 'b', 'c', 'd']);
  for (const name of ['b', 'c']) times(5, () => end(name, begin(name), refused()));
  assert.equal(willing(), 'ad');
  times(5, () => end('d', begin('d'), refused()));
  assert.deepEqual([fit(), willing()], ['a', 'abcd']);
  const trial = seats.slice(1).reduce((sum, each) => sum + each.effectiveWeight, 0);
  assert.ok(Math.abs(trial - 0.1) < 1e-9);
});

test('when nobody serves everybody has his own weight again', () => {
  const { begin, end, seats, willing } = stage(['a', 'b'], (name) => ({ weight: name === 'a' ? 3 : 1 }));
  for (const name of ['a', 'b']) times(5, () => end(name, begin(name), refused()));
  assert.equal(willing(), 'ab');
  assert.deepEqual(
    seats.map((each) => each.effectiveWeight),
    [3, 1],
  );
});

test('who was begun in need and answers is back, and those who lay down with it get up with it', async () => {
  const { time, begin, end, seats, fit, health } = stage(['a', 'b', 'c']);
  for (const name of ['a', 'b', 'c']) times(5, () => end(name, begin(name), refused()));
  await time.pass(100);
  end('b', begin('b'));
  assert.equal(fit(), 'abc');
  assert.deepEqual(
    seats.map((each) => each.effectiveWeight),
    [0.1, 0.1, 0.1],
  );
  assert.equal(health.strict(seats).share(), 0.1);
  end('a', begin('a'), refused());
  assert.equal(fit(), 'bc');
});

test('a probe is due for one call that could be tried again elsewhere; a lost one locks nothing (codex-lb PR #1857)', async () => {
  const { time, begin, end, seats, health } = stage(['a', 'b']);
  times(5, () => end('a', begin('a'), refused()));
  const view = health.strict(seats);
  assert.equal(view.due(playedCall(time)), undefined);
  await time.pass(8000);
  assert.equal(view.due(playedCall(time, { isReplayable: false })), undefined);
  assert.equal(view.due(playedCall(time))?.target.name, 'a');
  begin('a');
  assert.equal(view.due(playedCall(time)), undefined);
  await time.pass(15_001);
  assert.equal(view.due(playedCall(time))?.target.name, 'a');
});

test('when no call comes that could be tried again, after half a minute any call must probe', async () => {
  const { time, begin, end, seats, health } = stage(['a', 'b']);
  times(5, () => end('a', begin('a'), refused()));
  await time.pass(45_000);
  assert.equal(health.strict(seats).due(playedCall(time, { isReplayable: false }))?.target.name, 'a');
});

test('a pool whose probe is due takes a call for it, and then returns as slowly as its strongest target', async () => {
  const { time, begin, end, seats, health } = stage(['a', 'b']);
  for (const name of ['a', 'b']) times(5, () => end(name, begin(name), refused()));
  const view = health.strict(seats);
  assert.equal(view.share(), 0);
  await time.pass(8000);
  assert.equal(view.share(), 1);
  const probe = begin('a');
  const other = begin('b');
  assert.equal(view.share(), 0);
  end('a', probe);
  end('b', other);
  assert.equal(view.share(), 0.1);
  await time.pass(15_000);
  assert.ok(Math.abs(view.share() - 0.5) < 0.02);
  await time.pass(16_000);
  assert.equal(view.share(), 1);
});

test("the operator's word holds, even for the last target", () => {
  const { maintenance, fit, willing, health, seats, seat } = stage(['a', 'b']);
  const at = { fromMs: 0, untilMs: undefined, note: '' };
  maintenance.set({ scope: 'target:a', word: 'maintenance', ...at });
  assert.deepEqual([fit(), willing()], ['b', 'b']);
  maintenance.set({ scope: 'target:b', word: 'draining', ...at });
  assert.deepEqual([fit(), willing()], ['', '']);
  maintenance.clear('target:a');
  assert.equal(fit(), 'a');
  maintenance.set({ scope: 'pool:pool', word: 'maintenance', ...at });
  assert.equal(health.lenient(seats).anyone().length, 0);
  maintenance.clear('pool:pool');
  health.weigh(seat('a'), 0);
  assert.equal(willing(), '');
  health.weigh(seat('a'), 2);
  assert.equal(fit(), 'a');
  assert.equal(seat('a').effectiveWeight, 2);
});

test('maintenance that is planned begins and ends by itself', async () => {
  const { time, maintenance, fit } = stage(['a', 'b']);
  const nowMs = time.clock.wallMs();
  maintenance.set({
    scope: 'target:a',
    word: 'maintenance',
    fromMs: nowMs + 60_000,
    untilMs: nowMs + 120_000,
    note: 'disks',
  });
  assert.equal(fit(), 'ab');
  await time.pass(60_000);
  assert.equal(fit(), 'b');
  await time.pass(60_000);
  assert.equal(fit(), 'ab');
});

test('rest and wake by the operator are live', () => {
  const { health, seat, fit } = stage(['a', 'b']);
  health.rest(seat('a'), 60_000);
  assert.equal(fit(), 'b');
  assert.equal(health.backInMs(), 0);
  health.wake(seat('a'));
  assert.equal(fit(), 'ab');
});

test('how long until anybody can be asked again is known', async () => {
  const { time, begin, end, health } = stage(['a']);
  times(5, () => end('a', begin('a'), refused()));
  assert.equal(health.backInMs(), 7500);
  await time.pass(7500);
  assert.equal(health.backInMs(), 0);
});

test("a target that stands out below its peers rests, though it is above the breaker's 80 %", async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const { time, begin, end, fit } = stage(names);
  for (let i = 0; i < 150; i++) {
    for (const name of fit()) {
      const isBad = name === 'f' && i % 8 === 7;
      end(name, begin(name), isBad ? refused() : undefined);
    }
    await time.pass(100);
  }
  assert.equal(fit(), 'abcde');
});

test('while all serve the lists are the same objects, call after call', () => {
  const { health, seats, begin, end } = stage(['a', 'b']);
  const view = health.lenient(seats);
  const list = view.fit();
  times(10, () => end('a', begin('a')));
  assert.equal(view.fit(), list);
});

test('whatever happens, health never removes the last route that the operator allows', () => {
  const act = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom(
      'refused',
      'hang',
      '500',
      '429',
      '401',
      'left',
      'silent',
      'answered',
      'rest',
      'wake',
      'off',
      'on',
    ),
    waitMs: fc.constantFrom(0, 0, 0, 10, 1000, 20_000),
  });
  return fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 120 }), fc.nat(1000), async (acts, seed) => {
      const { time, health, seats, seat, begin, end, maintenance, court, fit } = stage(
        ['a', 'b', 'c'],
        () => ({}),
        seed,
      );
      const off = new Set<string>();
      const view = health.lenient(seats);
      for (const { name, kind, waitMs } of acts) {
        if (waitMs > 0) await time.pass(waitMs);
        const one = begin(name);
        if (kind === 'refused') end(name, one, refused());
        else if (kind === 'hang') end(name, one, hang());
        else if (kind === '500') end(name, one, answeredWith('service-error', 500));
        else if (kind === '429') end(name, one, answeredWith('rate-limited', 429, ['retry-after', '30']));
        else if (kind === '401') end(name, one, answeredWith('credential-refused', 401));
        else if (kind === 'answered') end(name, one);
        else if (kind === 'silent') health.silent(one.attempt);
        else health.end(seat(name), one.call, one.attempt, ABANDONED);
        court.judge(one.call);
        if (kind === 'rest') health.rest(seat(name), 30_000);
        if (kind === 'wake') health.wake(seat(name));
        if (kind === 'off') {
          off.add(name);
          maintenance.set({ scope: `target:${name}`, word: 'maintenance', fromMs: 0, untilMs: undefined, note: '' });
        }
        if (kind === 'on') {
          off.delete(name);
          maintenance.clear(`target:${name}`);
        }
        const willing = view.fit();
        assert.equal(willing.length > 0, off.size < 3);
        for (const each of willing) assert.ok(!off.has(each.target.name) && each.effectiveWeight > 0);
        assert.ok(fit().length <= willing.length);
        const known: Fitness[] = ['serving', 'resting', 'probing', 'maintenance', 'draining'];
        for (const each of seats) assert.ok(known.includes(each.fitness));
      }
    }),
    { numRuns: 100 },
  );
});

test('in an outage that several callers see a failure is not doubted: the calls that would clear it up wait for each other', () => {
  let isOut = false;
  const { begin, end, fit } = stage(['a', 'b', 'c'], undefined, undefined, () => isOut);
  const fails = () => end('a', begin('a'), failureOf('closed-before-answer', { bytesWritten: 9 }));
  for (let i = 0; i < 5; i++) fails();
  assert.equal(fit(), 'abc');
  isOut = true;
  for (let i = 0; i < REST_LIMITS.failuresMax; i++) fails();
  assert.equal(fit(), 'bc');
});
