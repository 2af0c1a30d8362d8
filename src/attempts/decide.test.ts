import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIdempotent } from '../call/method.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import { BACKOFF_MAX_MS, backoffBaseMs, backoffMs } from './backoff.ts';
import { decide, isEchoed, isUnsent, RETRY_LIMITS, type RetryLimits, type Situation } from './decide.ts';
import { failureOf, playedAttempt, playedCall, playedTime, refused } from './played.test.ts';

const CODES = Object.keys(CATALOGUE) as CauseCode[];

const situations: fc.Arbitrary<Situation> = fc.record({
  code: fc.constantFrom(...CODES),
  method: fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'QUERY', 'CONNECT', 'FANCY'),
  isReplayable: fc.boolean(),
  isUnsent: fc.boolean(),
  tries: fc.nat(6),
  freeTries: fc.nat(4),
  othersLeft: fc.nat(5),
  isEchoed: fc.boolean(),
  isHopeful: fc.boolean(),
  isElsewhereLeft: fc.boolean(),
  retryAfterMs: fc.option(fc.nat(100_000), { nil: undefined }),
  leftMs: fc.integer({ min: -10, max: 100_000 }),
  baseMs: fc.constantFrom(25, 100),
  luck: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

const ordinary: Situation = {
  code: 'service-error',
  method: 'POST',
  isReplayable: true,
  isUnsent: false,
  tries: 1,
  freeTries: 0,
  othersLeft: 1,
  isEchoed: false,
  isHopeful: false,
  isElsewhereLeft: false,
  retryAfterMs: undefined,
  leftMs: 60_000,
  baseMs: 100,
  luck: 0.5,
};

test('the decision is total, and its waits are real waits that fit the deadline', () => {
  fc.assert(
    fc.property(situations, (now) => {
      const decision = decide(now);
      if (decision.kind === 'stop') return;
      assert.ok(decision.delayMs >= 0 && decision.delayMs < now.leftMs);
      assert.ok(decision.delayMs <= Math.max(BACKOFF_MAX_MS, RETRY_LIMITS.retryAfterMaxMs * 1.5));
    }),
    { numRuns: 2000 },
  );
});

test('RFC 9110 §9.2.2: what is not idempotent is sent twice only when it never left, or by the declared rule', () => {
  fc.assert(
    fc.property(situations, (now) => {
      if (decide(now).kind === 'stop') return;
      assert.ok(now.isUnsent || isIdempotent(now.method) || now.isReplayable);
    }),
    { numRuns: 2000 },
  );
});

test('with every target asked, no more than three tries, and two more only for what was never sent', () => {
  fc.assert(
    fc.property(situations, (now) => {
      const decision = decide({ ...now, othersLeft: 0, isHopeful: false });
      if (decision.kind === 'stop') return;
      if (decision.isFree) assert.ok(now.isUnsent && now.freeTries < 2);
      else assert.ok(now.tries < 3);
    }),
    { numRuns: 2000 },
  );
});

test('who can be reached by nobody waits for the end of a young outage, however often it was tried; what lasts is no outage', () => {
  const away = { ...ordinary, code: 'connect-refused', isUnsent: true, othersLeft: 0, tries: 9, freeTries: 9 } as const;
  assert.equal(decide({ ...away, isHopeful: true }).kind, 'again');
  for (const now of [
    { ...away, isHopeful: false },
    { ...away, isHopeful: true, isUnsent: false },
    { ...away, isHopeful: true, isElsewhereLeft: true },
    { ...away, isHopeful: true, code: 'certificate-expired' } as const,
  ]) {
    assert.equal(decide(now).kind, 'stop');
  }
  const once = { ...RETRY_LIMITS, attemptsMax: 1 };
  assert.deepEqual(decide({ ...away, isHopeful: true }, once), { kind: 'stop', why: 'tries spent' });
});

test('while a target was not asked, tries never run out, unless the operator says so', () => {
  const bounded: RetryLimits = { ...RETRY_LIMITS, attemptsElsewhereMax: 2, freeElsewhereMax: 1 };
  fc.assert(
    fc.property(situations, fc.integer({ min: 1, max: 9 }), (now, othersLeft) => {
      const decision = decide({ ...now, othersLeft });
      assert.ok(decision.kind === 'again' || decision.why !== 'tries spent');
      const strict = decide({ ...now, othersLeft }, bounded);
      if (strict.kind === 'again') assert.ok(strict.isFree ? now.freeTries < 1 : now.tries < 2);
    }),
    { numRuns: 2000 },
  );
});

test('what the catalogue says never to try again is never tried again', () => {
  for (const code of CODES.filter((each) => CATALOGUE[each].retry.ours === 'never')) {
    assert.deepEqual(decide({ ...ordinary, code, method: 'GET' }), { kind: 'stop', why: 'never retried' }, code);
  }
});

test('a retry that may be paid twice says so', () => {
  const decision = decide(ordinary);
  assert.ok(decision.kind === 'again' && decision.isRisky);
  const safe = decide({ ...ordinary, method: 'GET' });
  assert.ok(safe.kind === 'again' && !safe.isRisky);
});

test('moving to another target after a connect failure or a refusal for load needs no wait, after a 500 it is jittered', () => {
  const delay = (now: Partial<Situation>) => {
    const decision = decide({ ...ordinary, ...now });
    return decision.kind === 'again' ? decision.delayMs : decision.why;
  };
  assert.equal(delay({ code: 'connect-refused', isUnsent: true }), 0);
  assert.equal(delay({ code: 'rate-limited', retryAfterMs: 60_000 }), 0);
  assert.equal(delay({ code: 'service-overloaded' }), 0);
  assert.equal(delay({ code: 'service-error' }), 50);
  assert.equal(delay({ code: 'service-error', luck: 0 }), 0);
  assert.equal(delay({ code: 'service-error', leftMs: 60 }), 30, 'what little time is left is for the try');
});

test('alone, a Retry-After of up to 3 s is waited out, a longer one is not, and none is undercut', () => {
  const alone = { ...ordinary, code: 'rate-limited', othersLeft: 0, luck: 0 } as const;
  assert.deepEqual(decide({ ...alone, retryAfterMs: 3000 }), {
    kind: 'again',
    delayMs: 3000,
    isFree: false,
    isRisky: true,
  });
  assert.deepEqual(decide({ ...alone, retryAfterMs: 3001 }), { kind: 'stop', why: 'asked for a longer wait' });
  assert.deepEqual(decide({ ...alone, retryAfterMs: 2000, leftMs: 1500 }), { kind: 'stop', why: 'no time left' });
  fc.assert(
    fc.property(fc.nat(3000), fc.double({ min: 0, max: 0.999, noNaN: true }), (retryAfterMs, luck) => {
      const decision = decide({ ...alone, retryAfterMs, luck });
      assert.ok(decision.kind === 'again' && decision.delayMs >= retryAfterMs);
    }),
  );
});

test('a target that stayed silent after it was sent the call is not asked again (hermes-agent #22277)', () => {
  const alone = { ...ordinary, othersLeft: 0 };
  for (const code of ['answer-timeout', 'stream-stall', 'service-timeout'] as const) {
    assert.deepEqual(decide({ ...alone, code }), { kind: 'stop', why: 'nobody left' });
  }
  assert.equal(decide({ ...alone, code: 'connect-timeout', isUnsent: true }).kind, 'again');
});

test('the same failure from two targets is not taken to a third try at one of them (opencode-go-multi-auth PR #6)', () => {
  assert.deepEqual(decide({ ...ordinary, othersLeft: 0, isEchoed: true }), {
    kind: 'stop',
    why: 'the same from two targets',
  });
  assert.equal(decide({ ...ordinary, othersLeft: 1, isEchoed: true }).kind, 'again');
  assert.equal(decide({ ...ordinary, code: 'model-not-found', othersLeft: 1 }).kind, 'again');
  assert.equal(decide({ ...ordinary, code: 'model-not-found', othersLeft: 1, isEchoed: true }).kind, 'stop');
});

test('refusals of our own are not tried again: the wait was had already', () => {
  for (const code of ['queue-full', 'queue-timeout', 'admission-refused', 'no-target-fit'] as const) {
    assert.equal(decide({ ...ordinary, code, isUnsent: true }).kind, 'stop', code);
  }
});

test('an echo needs two targets and a call that was sent', () => {
  const call = playedCall(playedTime());
  playedAttempt(call, 'a', { code: 'service-error', status: 500, bytesWritten: 1 });
  assert.equal(isEchoed(call.story.attempts), false);
  const second = playedAttempt(call, 'a', { code: 'service-error', status: 500, bytesWritten: 1 });
  assert.equal(isEchoed(call.story.attempts), false);
  call.story.attempts.pop();
  call.story.attempts.push({ ...second, target: 'b' });
  assert.equal(isEchoed(call.story.attempts), true);
  call.story.attempts.pop();
  call.story.attempts.push({ ...second, target: 'b', status: 503 });
  assert.equal(isEchoed(call.story.attempts), false);
});

test('unsent is what is proven, not what is unknown', () => {
  assert.equal(isUnsent(refused()), true);
  assert.equal(isUnsent(failureOf('closed-before-answer', { bytesWritten: undefined })), false);
  assert.equal(isUnsent(failureOf('stale-connection', { phase: 'send', bytesWritten: 0 })), true);
  assert.equal(isUnsent(failureOf('stale-connection', { phase: 'send', bytesWritten: 1 })), false);
  assert.equal(isUnsent(failureOf('tls-closed', { phase: 'tls', bytesWritten: undefined })), true);
});

test('back-off is full jitter within its bounds, whatever the try', () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.constantFrom(25, 100, 1000),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (n, base, luck) => {
        const ms = backoffMs(n, base, luck);
        assert.ok(ms >= 0 && ms < BACKOFF_MAX_MS);
      },
    ),
  );
  assert.equal(backoffMs(1, 100, 0), 0);
  assert.equal(backoffMs(2, 100, 0.5), 150);
});

test('near targets are those that need no public network', () => {
  const base = (host: string) => backoffBaseMs([{ host, port: 80, isSecure: false }]);
  for (const host of [
    'localhost',
    '127.0.0.1',
    '10.1.2.3',
    '192.168.0.9',
    '172.31.0.1',
    '::1',
    'fd00::1',
    'vllm',
    'gpu.internal',
  ]) {
    assert.equal(base(host), 25, host);
  }
  for (const host of ['api.openai.com', '172.32.0.1', '8.8.8.8', '2001:db8::1']) assert.equal(base(host), 100, host);
});
