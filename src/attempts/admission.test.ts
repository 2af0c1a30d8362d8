import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../call/failure.ts';
import { ABANDONED, ANSWERED, type Outcome } from '../call/reply.ts';
import type { SeatHearer } from '../call/seat.ts';
import { promised } from '../pipeline/service.ts';
import { ACCEPTED_ROW, Admission } from './admission.ts';
import {
  answeredWith,
  failureIn,
  failureOf,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  wholeAnswer,
} from './played.test.ts';

/** Who makes all played calls that name nobody else. */
const CALLER = '192.0.2.1';
const OTHER = '192.0.2.2';

function stage() {
  const time = playedTime();
  const admission = new Admission({ clock: time.clock, chance: playedChance(3) });
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  /** A call that was sent some time ago and whose fate is known now. */
  const end = (sentMsAgo: number, outcome: Outcome) => {
    const call = playedCall(time);
    const attempt = playedAttempt(call, 'a', { startMs: time.clock.now() - sentMsAgo });
    attempt.endMs = time.clock.now();
    admission.end(seat, call, attempt, outcome);
  };
  const send = (kind: 'accepted' | 'failed' | 'mistake' | 'unreached', ip = CALLER) => {
    const call = playedCall(time, { caller: { ip, credential: undefined } });
    const attempt = playedAttempt(call, 'a', { startMs: time.clock.now() });
    attempt.endMs = time.clock.now();
    if (kind === 'accepted') {
      attempt.firstPartMs = time.clock.now();
      admission.spoke(seat, call, attempt);
      admission.end(seat, call, attempt, ANSWERED);
      return;
    }
    const failure =
      kind === 'unreached'
        ? new Failure('connect-timeout', { phase: 'connect', firstEvent: 'our-timer', clock: 'connect' })
        : kind === 'failed'
          ? answeredWith('service-error', 500)
          : answeredWith('request-rejected', 400);
    admission.end(seat, call, attempt, { kind: 'failed', failure });
  };
  return { time, admission, send, end };
}

test('while half is accepted nothing is held back', async () => {
  const { time, admission, send } = stage();
  for (let i = 0; i < 400; i++) {
    send(i % 2 === 0 ? 'accepted' : 'failed');
    await time.pass(50);
  }
  assert.ok(admission.refusedShare(CALLER) < 0.05);
});

test('a pool that accepts nothing is sent a fifth, and never less', () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('failed');
  assert.equal(admission.refusedShare(CALLER), 0.8);
});

test('a target that takes connections too slowly was sent nothing, and nothing is held back for it', () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('unreached');
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('below five calls a second nothing is held back', async () => {
  const { time, admission, send } = stage();
  for (let i = 0; i < 140; i++) {
    send('failed');
    await time.pass(210);
  }
  assert.equal(admission.refusedShare(CALLER), 0);
});

/** How many accepted in a row end it, when one in so many was accepted before. */
function rowAfter(failedForEach: number): number {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send(i % (failedForEach + 1) === failedForEach ? 'accepted' : 'failed');
  send('failed');
  assert.ok(admission.refusedShare(CALLER) > 0);
  let row = 0;
  while (admission.refusedShare(CALLER) > 0) {
    send('accepted');
    row += 1;
  }
  send('failed');
  assert.equal(admission.refusedShare(CALLER), 0);
  return row;
}

test('a few accepted in a row end it at once, the fewer the worse it was: bad memories do not outlast the fault', () => {
  assert.deepEqual([Number.POSITIVE_INFINITY, 9, 2].map(rowAfter), [1, 3, 7]);
  assert.ok(rowAfter(2) < ACCEPTED_ROW);
});

test('what went well before a trouble is weighed against it', async () => {
  const { time, admission, send } = stage();
  for (let i = 0; i < 400; i++) {
    send(i < 230 && i % 15 !== 0 ? 'accepted' : 'failed');
    await time.pass(50);
  }
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('an outage that was survived is no reason to hold calls back when one more fails, however few come then', async () => {
  const { time, admission, send } = stage();
  for (let i = 0; i < 300; i++) {
    send(i < 155 ? 'accepted' : 'failed');
    await time.pass(50);
  }
  for (let i = 0; i < 12; i++) {
    send('accepted');
    await time.pass(1_250);
  }
  send('failed');
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('one caller whose every call fails is held back, and nobody else for it', () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) {
    send('failed', OTHER);
    if (i % 4 === 0) send(i % 8 === 0 ? 'accepted' : 'failed');
  }
  assert.ok(admission.refusedShare(OTHER) > 0.5);
  assert.ok(admission.refusedShare(CALLER) < 0.05);
});

test('who led in one trouble is not suspected in the next, when another does', () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('failed', OTHER);
  for (let i = 0; i < 20; i++) send('accepted');
  for (let i = 0; i < 400; i++) {
    send('failed');
    if (i % 4 === 0) send(i % 8 === 0 ? 'accepted' : 'failed', OTHER);
  }
  assert.ok(admission.refusedShare(OTHER) < 0.05);
  assert.ok(admission.refusedShare(CALLER) > 0.5);
});

test('when all callers fail, each is held back, whoever has failed most', () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('failed', i % 3 === 0 ? OTHER : CALLER);
  assert.equal(admission.refusedShare(OTHER), 0.8);
  assert.equal(admission.refusedShare(CALLER), 0.8);
});

test("a caller's mistakes are accepted calls", () => {
  const { admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('mistake');
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('the refused are told at once when to come back, and nothing was sent', async () => {
  const { time, admission, send } = stage();
  for (let i = 0; i < 1000; i++) send('failed');
  let asked = 0;
  let refused = 0;
  const service = promised(
    admission.before((_call, taker) => {
      asked += 1;
      taker.answered(wholeAnswer());
    }),
  );
  for (let i = 0; i < 200; i++) {
    try {
      await service(playedCall(time));
    } catch {
      refused += 1;
    }
  }
  assert.equal(asked + refused, 200);
  assert.ok(asked > 20 && asked < 65, `${asked} were sent`);
  const failure = await failureIn(
    (async () => {
      for (;;) await service(playedCall(time));
    })(),
  );
  assert.equal(failure.code, 'admission-refused');
  assert.equal(failure.evidence.retryAfterMs, 1000);
});

test('slow answers are no refusals: what is still under way counts for nothing', async () => {
  const { time, admission } = stage();
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  const hearer: SeatHearer = admission;
  for (let i = 0; i < 1000; i++) {
    const call = playedCall(time);
    const attempt = playedAttempt(call, 'a', { startMs: time.clock.now() });
    hearer.start?.(seat, call, attempt);
    await time.pass(10);
  }
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('further tries of a call are no further calls: four broken targets of five hold nothing back', () => {
  const { time, admission } = stage();
  const seats = playedSeats(['a', 'b', 'c', 'd', 'e']);
  for (let i = 0; i < 300; i++) {
    const call = playedCall(time);
    for (const [nth, seat] of seats.entries()) {
      const attempt = playedAttempt(call, seat.target.name, { startMs: time.clock.now() });
      if (nth < 4) {
        admission.end(seat, call, attempt, { kind: 'failed', failure: answeredWith('service-error', 500) });
        continue;
      }
      attempt.firstPartMs = time.clock.now();
      admission.spoke(seat, call, attempt);
    }
  }
  assert.equal(admission.refusedShare(CALLER), 0);
});

test('silence that ends when others were long accepted tells how the pool was, and holds nothing back now', async () => {
  const silence: Outcome = { kind: 'failed', failure: failureOf('answer-timeout') };
  const { admission, send, end } = stage();
  send('accepted');
  for (let i = 0; i < 1000; i++) end(60_000, silence);
  assert.equal(admission.refusedShare(CALLER), 0);
  // Sent a moment before the one that was accepted: they are of the same time.
  for (let i = 0; i < 1000; i++) end(900, silence);
  assert.ok(admission.refusedShare(CALLER) > 0.7);
});

test('what we stopped ourselves was neither accepted nor refused by anybody', () => {
  const { admission, send, end } = stage();
  for (let i = 0; i < 1000; i++) end(100, ABANDONED);
  assert.equal(admission.refusedShare(CALLER), 0);
  for (let i = 0; i < 1000; i++) send('failed');
  const before = admission.refusedShare(CALLER);
  for (let i = 0; i < 1000; i++) end(100, ABANDONED);
  assert.equal(admission.refusedShare(CALLER), before);
});
