import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhaseClock } from './phase-clock.ts';
import { playedWorld } from './played-world.testing.ts';

function ticking() {
  const world = playedWorld();
  const fired: number[] = [];
  const clock = new PhaseClock(world, (loopLagMs) => {
    assert.ok(loopLagMs >= 0 && loopLagMs <= 20, `${loopLagMs}`);
    fired.push(world.clock.now());
  });
  return { world, fired, clock };
}

/** Never early, and late by two ticks at most. */
function isAt(ms: number | undefined, dueMs: number): boolean {
  return ms !== undefined && ms >= dueMs && ms <= dueMs + 20;
}

test('it fires once, when its limit has passed', async () => {
  const { world, fired, clock } = ticking();
  clock.watch('head', 500, 0);
  await world.pass(2000);
  assert.equal(fired.length, 1);
  assert.ok(isAt(fired[0], 500));
});

test('each extension counts from its own moment', async () => {
  const { world, fired, clock } = ticking();
  clock.watch('between-bytes', 500, 0);
  for (let i = 0; i < 10; i += 1) {
    await world.pass(400);
    clock.extend(world.clock.now());
  }
  assert.deepEqual(fired, []);
  await world.pass(2000);
  assert.ok(isAt(fired[0], 4500));
});

test('a nearer deadline is kept although a farther one was armed before', async () => {
  const { world, fired, clock } = ticking();
  clock.watch('head', 60_000, 0);
  clock.watch('write', 100, 0);
  await world.pass(200);
  assert.ok(isAt(fired[0], 100));
});

test('a limit may count from a moment that has passed', async () => {
  const { world, fired, clock } = ticking();
  await world.pass(1000);
  clock.watch('head', 1200, 1000, 100);
  await world.pass(1000);
  assert.ok(isAt(fired[0], 1300));
});

test('a limit of 0 is off, and so is a clock put off', async () => {
  const { world, fired, clock } = ticking();
  clock.watch('head', 0, 0);
  clock.extend(10);
  await world.pass(1000);
  clock.watch('head', 100, 1000);
  clock.off();
  clock.extend(1010);
  await world.pass(1000);
  clock.watch('head', 100, 2000);
  clock.dispose();
  await world.pass(1000);
  assert.deepEqual(fired, []);
});

test('after a loop that stood still, what waits unread gets one turn before the verdict, which tells the lag', async () => {
  for (const isRead of [true, false]) {
    let nowMs = 0;
    let ring: () => void = () => {};
    const soon: (() => void)[] = [];
    const fired: number[] = [];
    const clock = new PhaseClock(
      {
        clock: { now: () => nowMs, wallMs: () => nowMs },
        timers: {
          timer(run) {
            ring = run;
            return { arm() {}, disarm() {}, isArmed: false };
          },
          after: () => assert.fail('no timer of its own'),
          soon: (run) => void soon.push(run),
        },
      },
      (loopLagMs) => fired.push(loopLagMs),
    );
    clock.watch('head', 100, 0);
    nowMs = 500;
    ring();
    assert.deepEqual(fired, []);
    if (isRead) clock.extend(nowMs);
    for (const run of soon) run();
    assert.deepEqual(fired, isRead ? [] : [380]);
  }
});
