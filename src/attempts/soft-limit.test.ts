import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playedAttempt, playedCall, playedSeats, playedTime } from './played.test.ts';
import { SoftLimit } from './soft-limit.ts';

function stage() {
  const time = playedTime();
  const soft = new SoftLimit(time.clock);
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  const learn = (ms: number, count: number, isStream = true) => {
    for (let i = 0; i < count; i++) {
      const call = playedCall(time, { isStream });
      const attempt = playedAttempt(call, 'a', { firstPartMs: time.clock.now() + ms });
      soft.spoke(seat, call, attempt);
    }
  };
  const ms = async (isStream = true) => {
    await time.pass(3001);
    return soft.ms(playedCall(time, { isStream }));
  };
  return { time, learn, ms };
}

test('while nothing is known silence is ordinary for 8 s, and for a whole reply for 48 s', async () => {
  const { ms } = stage();
  assert.equal(await ms(), 8000);
  assert.equal(await ms(false), 48_000);
});

test('twenty first parts teach, nineteen do not', async () => {
  const { learn, ms } = stage();
  learn(1500, 19);
  assert.equal(await ms(), 8000);
  learn(1500, 1);
  const learned = await ms();
  assert.ok(learned >= 3000 && learned <= 3000 * 1.2, `${learned}`);
});

test('what is learned is twice p95, within 2 s and 10 s', async () => {
  const fast = stage();
  fast.learn(10, 100);
  assert.equal(await fast.ms(), 2000);
  const slow = stage();
  slow.learn(9000, 100);
  assert.equal(await slow.ms(), 10_000);
  const mixed = stage();
  mixed.learn(100, 96);
  mixed.learn(9000, 4);
  assert.equal(await mixed.ms(), 2000);
  mixed.learn(9000, 4);
  assert.equal(await mixed.ms(), 10_000);
});

test('streams and whole replies are learned apart', async () => {
  const { learn, ms } = stage();
  learn(20_000, 100, false);
  learn(500, 100, true);
  assert.equal(await ms(true), 2000);
  assert.ok((await ms(false)) >= 40_000);
});

test('what was learned is forgotten after two minutes without calls', async () => {
  const { time, learn, ms } = stage();
  learn(1500, 100);
  assert.ok((await ms()) < 4000);
  await time.pass(61_000);
  assert.ok((await ms()) < 4000);
  await time.pass(125_000);
  assert.equal(await ms(), 8000);
});
