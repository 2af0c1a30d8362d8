/** Short troubles on whole routes in virtual time: over in seconds, and so should be what callers see of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, playedChance, playedTime, refused } from './attempts/played.test.ts';
import type { Call } from './call/call.ts';
import { type Deed, offer, quantile, route, sum, target } from './resilience.testing.ts';

const T0 = 1_000_000;
const PER_S = 80;
const FROM_MS = T0 + 2_700;
const WELL: Deed = { kind: 'answer', afterMs: 50, lastsMs: 200 };

const make = (n: number): Partial<Call> => ({
  isStream: n % 2 === 0,
  caller: { ip: `192.0.2.${n % 20}`, credential: undefined },
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`all targets refuse connections for 3 s: every call is answered within seconds of their return, and nobody storms them (seed ${seed})`, async () => {
    const time = playedTime();
    const untilMs = FROM_MS + 3_100;
    const deed = (_: Call, nowMs: number): Deed => {
      if (nowMs >= FROM_MS && nowMs < untilMs) return { kind: 'fail', afterMs: 1, failure: refused() };
      const isCut = nowMs < FROM_MS && nowMs + 50 >= FROM_MS;
      return isCut ? { kind: 'fail', afterMs: FROM_MS - nowMs, failure: failureOf('closed-before-answer') } : WELL;
    };
    const targets = [target('a', deed), target('b', deed)];
    const { service } = route(time, playedChance(seed), [{ name: 'pool', targets }]);
    const { answered, failed } = await offer(time, service, { perSecond: PER_S, forMs: 20_000, make });
    assert.deepEqual([answered.length, failed.length], [1_600, 0]);
    const afterMs = answered.map(({ startMs, tookMs }) => (startMs < untilMs ? startMs + tookMs - untilMs : 0));
    assert.ok(quantile(afterMs, 1) <= 7_000, `${quantile(afterMs, 1)} ms after it`);
    const arrivals = Array.from({ length: 20 }, (_, second) => sum(targets.map((each) => each.arrivals[second])));
    // One half more than usual, and what has come due by the end of a second.
    assert.ok(Math.max(...arrivals) <= PER_S * 1.55, arrivals.join());
    for (let from = 0; from + 10 <= 20; from++) {
      const reached = sum(arrivals.slice(from, from + 10));
      assert.ok(reached <= 1.2 * 10 * PER_S + 100, `${reached} from second ${from}`);
    }
  });
}

for (const [name, isEach] of [
  ['one target', false],
  ['both targets', true],
] as const) {
  test(`a second in which ${name} of a young pool takes calls and hangs: those are answered elsewhere within seconds`, async () => {
    const time = playedTime();
    const hangs = (_: Call, nowMs: number): Deed =>
      nowMs >= T0 + 100 && nowMs < T0 + 1_000 ? { kind: 'silence' } : WELL;
    const targets = [target('a', hangs), target('b', isEach ? hangs : () => WELL)];
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets }]);
    const plan = { perSecond: PER_S, forMs: 15_000, make: (n: number) => ({ ...make(n), isStream: false }) };
    const { answered, failed } = await offer(time, service, plan);
    assert.deepEqual([answered.length, failed.length], [1_200, 0]);
    const slowestMs = quantile(
      answered.map(({ tookMs }) => tookMs),
      1,
    );
    assert.ok(slowestMs <= 7_000, `${slowestMs} ms`);
    const again = sum(answered.map(({ call }) => call.story.attempts.length - 1));
    assert.ok(again <= 0.2 * 10 * PER_S + 100, `${again} further attempts`);
  });
}
