import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredWith, failureOf, playedChance, playedTime, refused } from './attempts/played.test.ts';
import type { Failure } from './call/failure.ts';
import { type Deed, load200, quantile, route, target } from './resilience-stage.test.ts';

const WELL: Deed = { kind: 'answer', afterMs: 50, lastsMs: 200 };

/** Every way a target can fail before the first part, as it looks from below the pick. */
const FAULTS: Record<string, Deed> = {
  refused: { kind: 'fail', afterMs: 1, failure: refused() },
  'reset before the answer': { kind: 'fail', afterMs: 5, failure: failureOf('closed-before-answer') },
  500: { kind: 'fail', afterMs: 5, failure: answeredWith('service-error', 500) },
  502: { kind: 'fail', afterMs: 5, failure: answeredWith('service-bad-gateway', 502) },
  503: { kind: 'fail', afterMs: 5, failure: answeredWith('service-unavailable', 503) },
  '503 with Retry-After': {
    kind: 'fail',
    afterMs: 5,
    failure: answeredWith('service-unavailable', 503, ['retry-after', '30']),
  },
  429: { kind: 'fail', afterMs: 5, failure: answeredWith('rate-limited', 429) },
  '429 with Retry-After': {
    kind: 'fail',
    afterMs: 5,
    failure: answeredWith('rate-limited', 429, ['retry-after', '20']),
  },
  529: { kind: 'fail', afterMs: 5, failure: answeredWith('service-overloaded', 529) },
  401: { kind: 'fail', afterMs: 5, failure: answeredWith('credential-refused', 401) },
  'HTML instead of JSON': { kind: 'fail', afterMs: 5, failure: answeredWith('answer-html', 200) },
  'unknown name': { kind: 'fail', afterMs: 5, failure: failureOf('dns-not-found', { phase: 'dns', bytesWritten: 0 }) },
  'resolver down': { kind: 'fail', afterMs: 5, failure: failureOf('dns-failed', { phase: 'dns', bytesWritten: 0 }) },
  'connect timeout': {
    kind: 'fail',
    afterMs: 3000,
    failure: failureOf('connect-timeout', { phase: 'connect', bytesWritten: 0 }),
  },
  'certificate expired': {
    kind: 'fail',
    afterMs: 20,
    failure: failureOf('certificate-expired', { phase: 'tls', bytesWritten: 0 }),
  },
  silence: { kind: 'silence' },
};

for (const [name, deed] of Object.entries(FAULTS)) {
  test(`one of two targets: ${name} at 100 % is seen by no caller, and its share falls to probes`, async () => {
    const time = playedTime();
    const a = target('a', (_, nowMs) => (nowMs >= 1_005_000 ? deed : WELL));
    const b = target('b', () => WELL);
    const { service } = route(time, playedChance(7), [{ name: 'pool', targets: [a, b] }]);
    const tally = await load200(time, service, { perSecond: 200, forMs: 25_000 });
    assert.deepEqual(
      tally.failed.map(({ failure }) => failure.code),
      [],
    );
    assert.equal(tally.answered.length, 5_000);
    const slowest = quantile(
      tally.answered.map(({ tookMs }) => tookMs),
      0.99,
    );
    const clockMs = deed.kind === 'silence' ? 10_000 : deed.afterMs + 400;
    assert.ok(slowest <= 50 + clockMs, `p99 ${slowest} ms`);
    if (deed.kind !== 'silence') {
      const late = a.arrivals.slice(8, 25).reduce((sum, each) => sum + (each ?? 0), 0);
      assert.ok(late <= 30, `${late} calls still reached it`);
    }
    const sent = [a, b].flatMap(({ arrivals }) => arrivals).reduce((sum, each) => sum + (each ?? 0), 0);
    assert.ok(sent <= 5_000 * 1.2 + 100, `${sent} sent of 5000`);
  });
}
