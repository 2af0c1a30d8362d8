import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Comeback } from './comeback.ts';
import { playedCall, playedTime } from './played.test.ts';

const SERVING = ['a', 'b'];

/** A pool of two targets, its time, and calls of callers by name that fail at targets by name. */
function stage() {
  const time = playedTime();
  const comeback = new Comeback(
    () => 100,
    () => SERVING,
  );
  const from = (credential: string): Call => playedCall(time, { caller: { ip: '192.0.2.1', credential } });
  const fail = (call: Call, targets: readonly string[] = SERVING) => {
    for (const target of targets) comeback.failed(target, call, time.clock.now());
  };
  return { time, comeback, from, fail, isOut: () => comeback.isOut(time.clock.now()) };
}

test('an outage is when nobody answers for a second: five failures, of two calls, at every target that serves', async () => {
  const { time, comeback, from, fail, isOut } = stage();
  fail(from('one'));
  fail(from('one'));
  await time.pass(2_000);
  assert.equal(isOut(), false, 'four failures');
  fail(from('one'), ['a']);
  assert.equal(isOut(), true);
  comeback.answered(time.clock.now(), from('one'));
  assert.equal(isOut(), false);

  const once = stage();
  const poison = once.from('one');
  for (let i = 0; i < 5; i++) once.fail(poison);
  await once.time.pass(2_000);
  assert.equal(once.isOut(), false, 'one call');

  const half = stage();
  for (let i = 0; i < 9; i++) half.fail(half.from('one'), ['a']);
  await half.time.pass(2_000);
  assert.equal(half.isOut(), false, 'one of two targets');

  const soon = stage();
  for (let i = 0; i < 9; i++) soon.fail(soon.from('one'));
  await soon.time.pass(900);
  assert.equal(soon.isOut(), false, 'less than a second');
});

test("one caller's poison makes no outage for others: what a target fails must come from more than one of them", async () => {
  const { time, from, fail, isOut } = stage();
  for (let i = 0; i < 9; i++) fail(from('poisoner'));
  await time.pass(2_000);
  assert.equal(isOut(), true, 'nobody else came');
  fail(from('another'), ['a']);
  assert.equal(isOut(), false, 'b may well answer this one');
  fail(from('another'), ['b']);
  assert.equal(isOut(), true, 'it did not');
});

test('nor is it held back who comes after it: nobody comes back where only poison failed', async () => {
  for (const [first, isOn] of [
    ['another', false],
    ['poisoner', true],
  ] as const) {
    const { time, comeback, from, fail } = stage();
    for (let i = 0; i < 9; i++) fail(from('poisoner'));
    await time.pass(2_000);
    comeback.answered(time.clock.now(), from(first));
    assert.equal(comeback.isOn(time.clock), isOn, first);
  }
});

/** How many of those who were held up are let go in each of so many seconds, after an outage so long. */
async function letGo(outageMs: number, seconds: number): Promise<number[]> {
  const { time, comeback, from, fail } = stage();
  const held = from('one');
  for (let i = 0; i < 9; i++) fail(from('one'));
  await time.pass(outageMs);
  comeback.answered(time.clock.now(), from('one'));
  const gone = Array<number>(seconds).fill(0);
  for (let ms = 0; ms < seconds * 1000; ms += 5) {
    const nowMs = time.clock.now();
    if (!comeback.isFull(nowMs)) {
      comeback.started(held, nowMs);
      gone[Math.floor(ms / 1000)] = (gone[Math.floor(ms / 1000)] ?? 0) + 1;
    }
    await time.pass(5);
  }
  return gone;
}

test('after a short outage half as much again is let go as comes anew, within the budget of ten seconds; after a long one a quarter', async () => {
  const short = await letGo(3_000, 10);
  for (const second of short.slice(0, 5)) assert.ok(second >= 48 && second <= 52, short.join());
  const all = short.reduce((sum, second) => sum + second, 0);
  assert.ok(all >= 290 && all <= 300, `${all}`);
  for (const second of await letGo(6_000, 10)) assert.ok(second >= 23 && second <= 27, `${second}`);
});
