import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Crowd, PROMISED_MS_MAX, PROMISED_MS_MIN, PROMISES_MAX, Promises } from './promises.ts';

const T0 = 1_000_000;

const crowd = (behindMs: number, gapMs: number, callers = 1): Crowd => ({ behindMs, gapMs, callers });

test('each is told a time of its own, behind those who wait and those who were told before', () => {
  const promises = new Promises();
  const told = ['one', 'two', 'three', 'four'].map((caller) => promises.give(caller, T0, crowd(5_000, 400), 0));
  assert.deepEqual(told, [6_000, 6_000, 7_000, 7_000]);
  assert.equal(promises.give('five', T0 + 1_600, crowd(5_000, 400), 0), 6_000, 'in whole seconds from when it is told');
});

test('nobody is told less than a second, nor more than ten minutes: beyond it times are spread and nothing is promised', () => {
  const promises = new Promises();
  assert.equal(promises.give('one', T0, crowd(0, 10), 0), PROMISED_MS_MIN);
  assert.equal(promises.give('far', T0, crowd(PROMISED_MS_MAX, 10), 0.5), PROMISED_MS_MAX * 0.875);
  assert.equal(promises.keep('far', T0 + PROMISED_MS_MAX * 0.875), false);
  assert.equal(promises.give('two', T0, crowd(2_000, 10), 0), 3_000, 'and it takes no time from others');
});

test('who comes at its time is known again, once for each time it was told', () => {
  const promises = new Promises();
  const told = [promises.give('one', T0, crowd(5_000, 900), 0), promises.give('one', T0, crowd(5_000, 900), 0)];
  assert.equal(promises.keep('another', T0 + 6_000), false);
  assert.equal(promises.keep('one', T0 + 4_000), false, 'too early');
  assert.equal(promises.keep('one', T0 + (told[0] ?? 0)), true);
  assert.equal(promises.keep('one', T0 + (told[0] ?? 0)), false, 'the second is due later');
  assert.equal(promises.keep('one', T0 + (told[1] ?? 0) + 1_000), true, 'somewhat late');
  assert.equal(promises.keep('one', T0 + 9_000), false);
});

test('who comes long after its time is new, and so is who was told when too many were', () => {
  const promises = new Promises();
  promises.give('late', T0, crowd(0, 1_000), 0);
  promises.give('later', T0, crowd(0, 1_000), 0);
  assert.equal(promises.keep('late', T0 + 11_001), false);
  assert.equal(promises.keep('later', T0 + 11_001), true);
  const full = new Promises();
  for (let i = 0; i < PROMISES_MAX; i++) full.give(`caller ${i}`, T0, crowd(0, 1), 0);
  const told = full.give('one more', T0, crowd(0, 1), 0);
  assert.equal(told, 11_000);
  assert.equal(full.keep('one more', T0 + told), false);
  assert.equal(full.keep('caller 9999', T0 + told), true);
  const next = full.give('one more', T0 + 30_000, crowd(0, 1), 0);
  assert.equal(full.keep('one more', T0 + 30_000 + next), true, 'what is over makes room');
});

test('a time that was told and one that was kept are forgotten alike, in any order', () => {
  const promises = new Promises();
  for (let i = 0; i < 3_000; i++) {
    const nowMs = T0 + i * 100;
    const told = promises.give(`caller ${i % 7}`, nowMs, crowd(3_000, 50), 0);
    assert.ok(told >= 1_000 && told <= 4_000, `${told}`);
    if (i % 3 === 0) promises.keep(`caller ${(i + 2) % 7}`, nowMs);
  }
  for (let caller = 0; caller < 7; caller++) assert.equal(promises.keep(`caller ${caller}`, T0 + 400_000), false);
});

test('times that were given in a rush hold nobody off once it is long over', () => {
  const promises = new Promises();
  for (let i = 0; i < 500; i++) promises.give('flood', 0, crowd(0, 1_000), 0);
  assert.ok(promises.give('honest', 30_000, crowd(0, 1_000), 0) > 400_000);
  promises.forgetRush();
  assert.equal(promises.give('honest', 30_000, crowd(0, 1_000), 0), 1_000);
});

test('who is refused most often gets no more of the times than the others, and takes none from them', () => {
  const promises = new Promises();
  // Four share in ten a second.
  const flood = Array.from({ length: 300 }, () => promises.give('flood', T0, crowd(0, 100, 4), 0));
  assert.deepEqual([flood[0], flood[99]], [1_000, 40_000]);
  const others = Array.from({ length: 30 }, (_, i) => promises.give(`other ${i % 3}`, T0, crowd(0, 100, 4), 0));
  assert.ok(Math.max(...others) <= 5_000, others.join());
});

test('no time is told to more callers than can be served then', () => {
  const promises = new Promises();
  const counts = new Map<number, number>();
  for (let i = 0; i < 2_000; i++) {
    const callers = 1 + (i % 5);
    const told = promises.give(`caller ${i % (callers * callers)}`, T0, crowd(i % 700, 100, callers), 0);
    if (told < PROMISED_MS_MAX * 0.75) counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  assert.ok(Math.max(...counts.values()) <= 10, [...counts.values()].join());
});
