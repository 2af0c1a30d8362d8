import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TICK_MS, Wheel } from './wheel.ts';

/** A clock turned by hand: `to` rings the alarm whenever its time comes. */
function handClock() {
  let nowMs = 1000;
  let alarmMs = Number.POSITIVE_INFINITY;
  let ring = (): void => undefined;
  const wheel = new Wheel(
    { now: () => nowMs, wallMs: () => nowMs },
    {
      set(delayMs, run) {
        alarmMs = nowMs + delayMs;
        ring = run;
      },
      hold: () => undefined,
      soon: (run) => run(),
    },
  );
  const to = (untilMs: number): void => {
    while (alarmMs <= untilMs) {
      nowMs = alarmMs;
      alarmMs = Number.POSITIVE_INFINITY;
      ring();
    }
    nowMs = untilMs;
  };
  return { wheel, to, now: () => nowMs, isIdle: () => alarmMs === Number.POSITIVE_INFINITY };
}

test('a timer fires once, never early and at most a tick and a half late, however it was re-armed', () => {
  const step = fc.record({
    timer: fc.nat(4),
    act: fc.oneof(fc.constant('disarm' as const), fc.integer({ min: 0, max: 20_000 })),
    pauseMs: fc.integer({ min: 0, max: 7000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const hand = handClock();
      const due = new Array<number>(5).fill(Number.POSITIVE_INFINITY);
      const timers = due.map((_, i) =>
        hand.wheel.timer(() => {
          const lateMs = hand.now() - (due[i] ?? 0);
          assert.ok(lateMs >= 0, `early by ${-lateMs} ms`);
          assert.ok(lateMs <= 2 * TICK_MS, `late by ${lateMs} ms`);
          due[i] = Number.POSITIVE_INFINITY;
        }),
      );
      const allOnTime = (): void => {
        for (const dueMs of due) assert.ok(dueMs + 2 * TICK_MS >= hand.now(), 'a timer was missed');
      };
      for (const { timer, act, pauseMs } of steps) {
        if (act === 'disarm') timers[timer]?.disarm();
        else timers[timer]?.arm(act);
        due[timer] = act === 'disarm' ? Number.POSITIVE_INFINITY : hand.now() + act;
        assert.equal(timers[timer]?.isArmed, act !== 'disarm');
        hand.to(hand.now() + pauseMs);
        allOnTime();
      }
      hand.to(hand.now() + 60_000);
      allOnTime();
      assert.ok(hand.isIdle(), 'the wheel turns although nothing is armed');
    }),
  );
});

test('a timer may arm itself and disarm another that is due with it', () => {
  const hand = handClock();
  const heard: string[] = [];
  const second = hand.wheel.timer(() => heard.push('second'));
  const first = hand.wheel.timer(() => {
    heard.push('first');
    second.disarm();
    if (heard.length < 3) first.arm(50);
  });
  first.arm(30);
  second.arm(30);
  hand.to(2000);
  assert.deepEqual(heard, ['first', 'first', 'first']);
});
