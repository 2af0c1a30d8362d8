/** Whole routes in virtual time: what a caller sees while targets fail, and what targets see while callers come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUDGET_SCARCE_FLOOR } from './attempts/budget.ts';
import { answeredWith, failureOf, playedCall, playedChance, playedTime, refused } from './attempts/played.test.ts';
import type { Call } from './call/call.ts';
import { answersBySecond, type Deed, offer, quantile, route, sum, type Tally, target } from './resilience.testing.ts';

const T0 = 1_000_000;
const WELL: Deed = { kind: 'answer', afterMs: 50, lastsMs: 200 };
const fail = (failure = answeredWith('service-error', 500), afterMs = 5): Deed => ({ kind: 'fail', afterMs, failure });

/** Well but from one moment to another, counted in seconds since the start. */
const between = (fromS: number, toS: number, deed: Deed) => (_: Call, nowMs: number) =>
  nowMs >= T0 + fromS * 1000 && nowMs < T0 + toS * 1000 ? deed : WELL;

const codes = ({ failed }: Tally): string => [...new Set(failed.map(({ failure }) => failure.code))].join();

/** P4: over any 10 s, no more is sent a second time than 20 % of the calls, and the floor. What never left is no load. */
function assertBudget({ offered, answered, failed }: Tally): void {
  const again: number[] = [];
  for (const { call } of [...answered, ...failed]) {
    for (const { bytesWritten, startMs } of call.story.attempts.slice(1)) {
      const second = Math.floor((startMs - T0) / 1000);
      if (bytesWritten > 0) again[second] = (again[second] ?? 0) + 1;
    }
  }
  for (let from = 0; from + 10 <= offered.length; from++) {
    const calls = sum(offered.slice(from, from + 10));
    const sent = sum(again.slice(from, from + 10));
    // Windows that begin between two payments see at most one second more than the budget does.
    assert.ok(sent <= calls * 0.2 + 100 + 20, `${sent} sent again for ${calls} from second ${from}`);
  }
}

/** Every way a target can fail before its first part, as it looks from below the pick. */
const FAULTS: Record<string, Deed> = {
  'connection refused': fail(refused(), 1),
  'reset before the answer': fail(failureOf('closed-before-answer')),
  'status 500': fail(),
  'status 502': fail(answeredWith('service-bad-gateway', 502)),
  'status 503': fail(answeredWith('service-unavailable', 503)),
  'status 503 with Retry-After': fail(answeredWith('service-unavailable', 503, ['retry-after', '30'])),
  'status 429': fail(answeredWith('rate-limited', 429)),
  'status 429 with Retry-After': fail(answeredWith('rate-limited', 429, ['retry-after', '20'])),
  'status 529': fail(answeredWith('service-overloaded', 529)),
  'status 408': fail(answeredWith('upload-slow', 408)),
  'status 413': fail(answeredWith('request-too-large', 413)),
  'status 401': fail(answeredWith('credential-refused', 401)),
  'HTML instead of JSON': fail(answeredWith('answer-html', 200)),
  'an unknown name': fail(failureOf('dns-not-found', { phase: 'dns', bytesWritten: 0 })),
  'a dead resolver': fail(failureOf('dns-failed', { phase: 'dns', bytesWritten: 0 })),
  'connect timeouts': fail(failureOf('connect-timeout', { phase: 'connect', bytesWritten: 0 }), 3000),
  'an expired certificate': fail(failureOf('certificate-expired', { phase: 'tls', bytesWritten: 0 }), 20),
  silence: { kind: 'silence' },
};

for (const [name, deed] of Object.entries(FAULTS)) {
  test(`one of two targets with ${name}: no caller sees it, and its share falls to probes within 2 s`, async () => {
    const time = playedTime();
    const a = target('a', between(3, 99, deed));
    const b = target('b', () => WELL);
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const tally = await offer(time, service, { perSecond: 200, forMs: 14_000 });
    assert.equal(codes(tally), '');
    assert.equal(tally.answered.length, 2_800);
    const slowest = quantile(
      tally.answered.map(({ tookMs }) => tookMs),
      0.99,
    );
    const clockMs = deed.kind === 'fail' ? deed.afterMs : 2000;
    assert.ok(slowest <= 50 + clockMs + 200, `p99 ${slowest} ms`);
    const late = sum(a.arrivals.slice(5, 14));
    assert.ok(late <= 15, `${late} calls still reached it`);
    assertBudget(tally);
  });
}

test('a target that was never heard of costs the first callers 8 s, and the rest nothing', async () => {
  const time = playedTime();
  const a = target('a', () => ({ kind: 'silence' }));
  const b = target('b', () => WELL);
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
  const tally = await offer(time, service, { perSecond: 200, forMs: 15_000 });
  assert.equal(tally.answered.length, 3000);
  const slow = tally.answered.filter(({ tookMs }) => tookMs > 1000);
  assert.ok(slow.length < 80 && slow.every(({ tookMs }) => tookMs < 8500), `${slow.length} slow`);
  const risked = tally.answered.filter(({ call }) => call.story.notes.some((note) => note.includes('billed twice')));
  assert.equal(risked.length, sum(a.arrivals));
});

test('two of three targets broken: every call is answered, and the third is not starved for a wrong panic', async () => {
  for (const deed of [fail(), { kind: 'silence' } as const]) {
    const time = playedTime();
    const [a, b] = [target('a', () => deed), target('b', () => deed)];
    const c = target('c', () => WELL);
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, b, c] }]);
    const tally = await offer(time, service, { perSecond: 200, forMs: 15_000 });
    assert.equal(codes(tally), '');
    assert.ok(sum(a.arrivals.slice(9)) + sum(b.arrivals.slice(9)) < 40);
  }
});

for (const [name, deed] of Object.entries({
  'status 500': fail(),
  'refused connections': fail(refused(), 1),
  'status 503': fail(answeredWith('service-unavailable', 503)),
  silence: { kind: 'silence' } as const,
})) {
  test(`all targets dead for 30 s with ${name}, then back: goodput in 10 s, no herd, within the budget`, async () => {
    const time = playedTime();
    const [a, b] = [target('a', between(10, 40, deed)), target('b', between(10, 40, deed))];
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const tally = await offer(time, service, { perSecond: 100, forMs: 60_000 });
    const good = answersBySecond(tally, T0);
    for (let second = 50; second < 60; second++) {
      assert.ok((good[second] ?? 0) >= 95, `${good[second]} in second ${second}`);
    }
    // What came after the return was answered, all of it.
    const after = tally.failed.filter(({ startMs }) => startMs >= T0 + 41_000);
    assert.equal(after.length, 0);
    const herd = Math.max(...[a, b].flatMap(({ arrivals }) => arrivals.slice(40, 60)));
    assert.ok(herd <= 75, `${herd} in a second where 50 are steady`);
    assertBudget(tally);
  });
}

for (const [name, deed] of Object.entries({
  'status 500': fail(),
  'refused connections': fail(refused(), 1),
  'status 503': fail(answeredWith('service-unavailable', 503)),
  silence: { kind: 'silence' } as const,
})) {
  test(`a hundred replicas in front of two targets, dead for 30 s with ${name}: no herd, all answered after it, within the budget`, async () => {
    const time = playedTime();
    const [a, b] = [target('a', between(4, 34, deed)), target('b', between(4, 34, deed))];
    const replicas = Array.from({ length: 100 }, (_, n) =>
      route(time, playedChance(n), [{ name: 'pool', targets: [a, b] }]),
    );
    const chance = playedChance(1);
    const tally = await offer(time, (call) => replicas[chance.below(100)]?.service(call) ?? assert.fail(), {
      perSecond: 200,
      forMs: 55_000,
    });
    assert.equal(tally.failed.filter(({ startMs }) => startMs >= T0 + 34_500).length, 0);
    const good = answersBySecond(tally, T0);
    for (let second = 44; second < 55; second++) assert.ok((good[second] ?? 0) >= 190, `${good[second]} in ${second}`);
    const herd = Math.max(...[a, b].flatMap(({ arrivals }) => arrivals.slice(34, 55)));
    assert.ok(herd <= 150, `${herd} in a second where 100 are steady`);
    // P4 with the floors of all replicas: while they know of the outage one try in ten seconds each, before and after it one more.
    const knownS = deed.kind === 'silence' ? 14 : 6;
    for (let from = 0; from + 10 <= 55; from++) {
      const reached = sum([a, b].flatMap(({ arrivals }) => arrivals.slice(from, from + 10)));
      const isKnown = from >= knownS && from + 10 <= 34;
      const floor = isKnown ? BUDGET_SCARCE_FLOOR : BUDGET_SCARCE_FLOOR + 1;
      assert.ok(reached <= 1.2 * 2_000 + 100 * floor, `${reached} for 2000 from second ${from}`);
    }
  });
}

test('a bad caller with half of all calls rests nobody and slows nobody down (sglang #25811)', async () => {
  const time = playedTime();
  const deeds: Record<string, Deed> = {
    fine: WELL,
    malformed: fail(answeredWith('request-rejected', 400)),
    huge: fail(answeredWith('request-too-large', 413)),
    poison: fail(answeredWith('service-error', 500), 50),
  };
  const deed = (call: Call) => deeds[call.model ?? ''] ?? WELL;
  const { service, pools } = route(time, playedChance(7), [
    { name: 'pool', targets: [target('a', deed), target('b', deed)] },
  ]);
  const seen = new Set<string>();
  const tally = await offer(time, service, {
    perSecond: 200,
    forMs: 15_000,
    make: (n) => {
      for (const { seats } of pools) for (const seat of seats) seen.add(seat.fitness);
      return { model: n % 2 === 0 ? 'fine' : (['malformed', 'huge', 'poison'][(n >> 1) % 3] ?? '') };
    },
  });
  assert.deepEqual([...seen], ['serving']);
  assert.equal(tally.answered.length, 1500);
  assert.ok(
    quantile(
      tally.answered.map(({ tookMs }) => tookMs),
      0.999,
    ) <= 50,
  );
});

test('five times too much: goodput stays, waiting is bounded, the important go first and nobody starves', async () => {
  const time = playedTime();
  // 20 at a time, 250 ms each: 80 a second.
  const busy = (_: Call, __: number, inFlight: number): Deed =>
    inFlight >= 20 ? fail(answeredWith('service-unavailable', 503)) : WELL;
  const { service, pools } = route(time, playedChance(7), [
    { name: 'pool', targets: [target('a', busy), target('b', busy)] },
  ]);
  let waiting = 0;
  const tally = await offer(time, service, {
    perSecond: 800,
    forMs: 15_000,
    make: (n) => {
      waiting = Math.max(waiting, pools[0]?.room.size ?? 0);
      return {
        priority: n % 20 === 0 ? 1 : 0,
        caller: { ip: `192.0.2.${n % 3 === 0 ? 66 : n % 7}`, credential: undefined },
      };
    },
  });
  const good = answersBySecond(tally, T0).slice(1, 15);
  assert.ok(sum(good) >= 160 * 14 * 0.9, `${sum(good)} of ${160 * 14}`);
  assert.ok(Math.min(...good) >= 160 * 0.8, `${good.join()}`);
  assert.ok(waiting <= 1000);
  const important = tally.answered.filter(({ call }) => call.priority === 1);
  assert.ok(important.length >= 600 * 0.99, `${important.length} of 600`);
  assert.ok(
    quantile(
      important.map(({ tookMs }) => tookMs),
      0.99,
    ) < 1500,
  );
  const callers = new Map<string, number>();
  for (const { call } of tally.answered) callers.set(call.caller.ip, (callers.get(call.caller.ip) ?? 0) + 1);
  const counts = [...callers.values()];
  assert.equal(counts.length, 8);
  assert.ok(Math.min(...counts) > Math.max(...counts) / 2, counts.join());
  for (const { failure } of tally.failed) {
    if (failure.code !== 'queue-full') continue;
    const ms = failure.evidence.retryAfterMs ?? 0;
    assert.ok(ms >= 1000 && ms <= 600_000, `${ms}`);
  }
});

for (const [name, plan] of Object.entries({
  'ten seconds of five times too much': { burstMs: 10_000, thenPerS: 32 },
  'half a minute of it': { burstMs: 30_000, thenPerS: 32 },
  'ten seconds of it, and others do not stop': { burstMs: 10_000, thenPerS: 320 },
})) {
  test(`the time that the refused are told is honest: who comes back then is served (${name})`, async () => {
    const time = playedTime();
    // 8 at a time, 250 ms each: 32 a second.
    const busy = (_: Call, __: number, inFlight: number): Deed =>
      inFlight >= 8 ? fail(answeredWith('service-unavailable', 503)) : WELL;
    const targets = [target('a', busy), target('b', busy)];
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets }]);
    const returned: boolean[] = [];
    let toldMs = 0;
    const obedient = (call: Call) => {
      const answer = service(call);
      answer.catch(({ evidence: { retryAfterMs } }) => {
        if (retryAfterMs === undefined) return;
        toldMs = Math.max(toldMs, retryAfterMs);
        // In whole seconds, as the field says it.
        time.timers.after(Math.ceil(retryAfterMs / 1000) * 1000, () => {
          service(playedCall(time, { caller: call.caller })).then(
            (reply) => {
              returned.push(true);
              reply.flow({ part() {}, end() {} });
            },
            () => returned.push(false),
          );
        });
      });
      return answer;
    };
    const from = (net: string) => (n: number) => ({ caller: { ip: `${net}.${n % 50}`, credential: undefined } });
    await offer(time, obedient, { perSecond: 320, forMs: plan.burstMs, thenMs: 1, make: from('192.0.2') });
    const forMs = toldMs + 15_000;
    const others = await offer(time, service, { perSecond: plan.thenPerS, forMs, make: from('198.51.100') });
    const served = returned.filter((isServed) => isServed).length / returned.length;
    assert.ok(returned.length > plan.burstMs / 5 && served >= 0.98, `${served} of ${returned.length}`);
    // Nor do they starve who is new: of what is drained half is kept for them.
    const seconds = forMs / 1000;
    assert.ok(others.answered.length >= 0.9 * seconds * 32, `${others.answered.length} others`);
  });
}

test('a pool that dies hands over to the next one unseen, and takes its calls back little by little', async () => {
  for (const deed of [fail(), fail(refused(), 1), fail(answeredWith('rate-limited', 429))]) {
    const time = playedTime();
    const [a, b] = [target('a', between(5, 20, deed)), target('b', between(5, 20, deed))];
    const c = target('c', () => WELL);
    const { service } = route(time, playedChance(7), [
      { name: 'one', targets: [a, b] },
      { name: 'two', targets: [c] },
    ]);
    const tally = await offer(time, service, { perSecond: 200, forMs: 65_000 });
    assert.equal(codes(tally), '');
    assert.equal(tally.answered.length, 13_000);
    assert.ok(sum(c.arrivals.slice(7, 20)) >= 13 * 195);
    const back = Array.from({ length: 65 }, (_, second) => sum([a.arrivals[second], b.arrivals[second]]));
    assert.ok(Math.max(...back.slice(20, 25)) < 120, back.slice(20, 30).join());
    assert.ok((back[63] ?? 0) > 150, back.slice(55).join());
    assertBudget(tally);
  }
});

test('a region that is lost is left as a whole, and its calls go on elsewhere unseen', async () => {
  const time = playedTime();
  const lost = between(5, 99, fail(failureOf('connect-timeout', { phase: 'connect', bytesWritten: 0 }), 1000));
  const us = [target('us1', lost, { region: 'us' }), target('us2', lost, { region: 'us' })];
  const eu = [target('eu1', () => WELL, { region: 'eu' }), target('eu2', () => WELL, { region: 'eu' })];
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [...us, ...eu], regions: ['us', 'eu'] }]);
  const tally = await offer(time, service, { perSecond: 100, forMs: 20_000 });
  assert.equal(codes(tally), '');
  assert.equal(sum(eu.map(({ arrivals }) => sum(arrivals.slice(0, 5)))), 0);
  assert.ok(sum(eu.map(({ arrivals }) => sum(arrivals.slice(8, 20)))) >= 1190);
});

test('one dead backend does not hang the rest (vllm production-stack #749)', async () => {
  const time = playedTime();
  const a = target('a', (call) => (call.model === 'heavy' ? { kind: 'silence' } : WELL));
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, target('b', () => WELL)] }]);
  const tally = await offer(time, service, {
    perSecond: 50,
    forMs: 20_000,
    make: (n) => ({ model: n % 5 === 0 ? 'heavy' : 'light' }),
  });
  assert.equal(codes(tally), '');
  const light = tally.answered.filter(({ call }) => call.model === 'light').map(({ tookMs }) => tookMs);
  assert.equal(quantile(light, 1), 50);
});

test('a failure has its memory: the next caller does not find out anew (Infera #82)', async () => {
  const time = playedTime();
  const a = target('a', () => fail(answeredWith('service-error', 500), 1000));
  const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, target('b', () => WELL)] }]);
  const tally = await offer(time, service, { perSecond: 2, forMs: 30_000 });
  assert.equal(tally.answered.length, 60);
  assert.ok(sum(a.arrivals) <= 10, `${sum(a.arrivals)}`);
});

test('taking a target out does not kill the streams that run there (new-api #1708)', async () => {
  const time = playedTime();
  const a = target('a', () => ({ kind: 'answer', afterMs: 50, lastsMs: 20_000 }));
  const { service, pools } = route(time, playedChance(7), [{ name: 'pool', targets: [a] }]);
  const reply = await (async () => {
    const promise = service(playedCall(time));
    await time.pass(100);
    return promise;
  })();
  const [pool] = pools;
  const [seat] = pool?.seats ?? [];
  assert.ok(pool !== undefined && seat !== undefined);
  pool.health.rest(seat, 60_000);
  const ends: string[] = [];
  reply.flow({ part() {}, end: (outcome) => ends.push(outcome.kind) });
  await time.pass(25_000);
  assert.deepEqual(ends, ['answered']);
});

test('the same seed, the same story', async () => {
  const run = async () => {
    const time = playedTime();
    const flaky = (call: Call, nowMs: number): Deed =>
      Number.parseInt(call.id.slice(-2), 16) % 3 === nowMs % 3 ? fail() : WELL;
    const { service } = route(time, playedChance(42), [
      { name: 'pool', targets: [target('a', flaky), target('b', () => WELL)] },
    ]);
    let n = 0;
    const tally = await offer(time, service, {
      perSecond: 50,
      forMs: 4000,
      make: () => ({ id: (n++).toString(16).padStart(32, '0') }),
    });
    return JSON.stringify(tally.answered.map(({ call }) => call.story));
  };
  assert.equal(await run(), await run());
});
