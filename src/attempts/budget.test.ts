import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leave } from '../call/leave.ts';
import type { Timer } from '../world/world.ts';
import { BUDGET_WAITERS_MAX, Budget } from './budget.ts';
import { failureIn, playedAttempt, playedCall, playedTime, SAID } from './played.test.ts';

/** What happens and how long after the former: a call, a try that must be paid now, or one that may wait. */
const happenings = fc.array(
  fc.record({
    kind: fc.constantFrom('call', 'pay', 'pay', 'turn'),
    afterMs: fc.oneof({ arbitrary: fc.nat(60), weight: 50 }, { arbitrary: fc.nat(6000), weight: 1 }),
  }),
  { minLength: 300, maxLength: 900 },
);

test('whenever a try is paid, the last 10 s hold at most 20 % of their calls and 100 tries', async () => {
  await fc.assert(
    fc.asyncProperty(happenings, async (plan) => {
      const time = playedTime();
      const budget = new Budget(time);
      const calls: number[] = [];
      const paid: number[] = [];
      const pay = () => {
        const nowMs = time.clock.now();
        paid.push(nowMs);
        const lately = (times: number[]) => times.filter((each) => each > nowMs - 10_000).length;
        assert.ok(lately(paid) <= lately(calls) * 0.2 + 100 + 1e-6, `${lately(paid)} for ${lately(calls)}`);
      };
      for (const { kind, afterMs } of plan) {
        await time.pass(afterMs);
        if (kind === 'call') {
          calls.push(time.clock.now());
          budget.deposit(time.clock.now());
        } else if (kind === 'pay') {
          if (budget.tryPay()) pay();
        } else {
          const turn = budget.turn(playedCall(time));
          if (turn === undefined) pay();
          else if (turn !== false) turn.then(pay);
        }
      }
      await time.pass(30_000);
    }),
    { numRuns: 40 },
  );
});

test('a quiet pool can afford tries at once, and twenty of them in a second', () => {
  const budget = new Budget(playedTime());
  let paid = 0;
  while (budget.tryPay()) paid += 1;
  assert.equal(paid, 20);
});

test('a try that was made long after it was paid counts from when it was made', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  const all: number[] = [];
  while (all.length < 100) {
    if (budget.tryPay()) all.push(time.clock.now());
    else await time.pass(100);
  }
  // All of them waited; in the eleven seconds that follow nothing more may come beside them.
  await time.pass(4_000);
  for (const paidMs of all) budget.madeLate(paidMs);
  await time.pass(9_900);
  assert.equal(budget.tryPay(), false);
  await time.pass(1_100);
  assert.equal(budget.tryPay(), true);
});

test('a try that was forgotten before it was made counts anew', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  const paidMs = time.clock.now();
  assert.equal(budget.tryPay(), true);
  await time.pass(30_000);
  assert.equal(budget.balance(), 100);
  budget.madeLate(paidMs);
  assert.equal(budget.balance(), 99);
});

test('what cannot be paid now waits for its turn, and is let go evenly', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  const at: number[] = [];
  for (let i = 0; i < 60; i++) {
    const turn = budget.turn(playedCall(time));
    assert.ok(turn !== undefined && turn !== false);
    turn.then(() => at.push(time.clock.now() - 1_000_000));
  }
  assert.equal(budget.waiting, 60);
  await time.pass(20_000);
  assert.equal(at.length, 60);
  for (let second = 0; second < 20; second++) {
    const let_go = at.filter((each) => Math.floor(each / 1000) === second).length;
    assert.ok(let_go <= 10, `${let_go} in second ${second}`);
  }
});

test('nobody overtakes who waits', () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  budget.turn(playedCall(time));
  for (let i = 0; i < 1000; i++) budget.deposit(time.clock.now());
  assert.equal(budget.tryPay(), false);
});

test('who was tried more than once goes before who was tried once', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  const order: string[] = [];
  const junior = playedCall(time);
  playedAttempt(junior, 'a');
  const senior = playedCall(time);
  playedAttempt(senior, 'a');
  playedAttempt(senior, 'b');
  for (const [name, call] of Object.entries({ junior, senior })) {
    const turn = budget.turn(call);
    assert.ok(turn !== undefined && turn !== false);
    turn.then(() => order.push(name));
  }
  await time.pass(3000);
  assert.deepEqual(order, ['senior', 'junior']);
});

test('a wait ends when the caller leaves, and takes nothing from the budget', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  const call = playedCall(time);
  const turn = budget.turn(call);
  assert.ok(turn !== undefined && turn !== false);
  leave(call);
  assert.equal((await failureIn(turn)).code, 'caller-left');
  assert.equal(budget.waiting, 0);
  assert.equal(call.leavers.size, 0);
});

test('the line is bounded', () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  for (let i = 0; i < BUDGET_WAITERS_MAX; i++) assert.ok(budget.turn(playedCall(time)) instanceof Promise);
  assert.equal(budget.turn(playedCall(time)), false);
});

test('while nobody answers the floor is one try in ten seconds, save for who turns to another pool and for broken streams', () => {
  const time = playedTime();
  let isScarce = true;
  const budget = new Budget({ ...time, isScarce: () => isScarce });
  assert.deepEqual([budget.tryPay(), budget.tryPay()], [true, false]);
  assert.equal(budget.turn(playedCall(time), { isMove: true }), undefined);
  assert.equal(budget.turn(playedCall(time, { said: SAID })), undefined);
  for (let i = 0; i < 50; i++) budget.deposit(time.clock.now());
  // The share of the calls stays: 10 for 50, and 3 are spent.
  let paid = 0;
  while (budget.tryPay()) paid += 1;
  assert.ok(paid <= 8, `${paid}`);
  isScarce = false;
  assert.equal(budget.tryPay(), true);
});

test('who turns to another pool does not wait behind those who try the same one again', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  while (budget.tryPay()) {}
  const order: string[] = [];
  for (const name of ['again', 'move']) {
    const turn = budget.turn(playedCall(time), { isMove: name === 'move' });
    assert.ok(turn !== undefined && turn !== false);
    turn.then(() => order.push(name));
  }
  await time.pass(3_000);
  assert.deepEqual(order, ['move', 'again']);
});

/** A budget in an outage whose one affordable try is spent. */
function scarce(isScarce = () => true) {
  const time = playedTime();
  const made: Timer[] = [];
  const after = (delayMs: number, run: () => void): Timer => {
    const timer = time.timers.after(delayMs, run);
    made.push(timer);
    return timer;
  };
  const budget = new Budget({ ...time, timers: { ...time.timers, after }, isScarce });
  while (budget.tryPay()) {}
  return { time, budget, made };
}

/** What becomes of a turn that has to be waited for, as soon as it is known. */
function waited(turn: ReturnType<Budget['turn']>): { isPaid?: boolean } {
  assert.ok(turn instanceof Promise);
  const heard: { isPaid?: boolean } = {};
  turn.then((isPaid) => Object.assign(heard, { isPaid }));
  return heard;
}

test('while nobody answers a try waits two seconds for its turn and no longer', async () => {
  const { time, budget } = scarce();
  const call = playedCall(time);
  const turn = waited(budget.turn(call));
  await time.pass(1_990);
  assert.equal(turn.isPaid, undefined);
  assert.equal(budget.waiting, 1);
  await time.pass(20);
  assert.equal(turn.isPaid, false);
  assert.equal(budget.waiting, 0);
  assert.equal(call.leavers.size, 0);
});

test('who waits when somebody answers again gets his turn', async () => {
  let isOut = true;
  const { time, budget } = scarce(() => isOut);
  const turn = waited(budget.turn(playedCall(time)));
  await time.pass(1_950);
  // No try is let go before the wait would have ended: the pace is a tenth of a second.
  isOut = false;
  await time.pass(200);
  assert.equal(turn.isPaid, true);
});

test('who waited already when nobody answered any more is told when a short outage would be over', async () => {
  let isOut = false;
  const { time, budget } = scarce(() => isOut);
  const turn = waited(budget.turn(playedCall(time)));
  isOut = true;
  await time.pass(5_000);
  assert.equal(turn.isPaid, undefined);
  await time.pass(200);
  assert.equal(turn.isPaid, false);
  assert.equal(budget.waiting, 0);
});

test('but who turns to another pool waits, and so does a broken stream', async () => {
  const { time, budget } = scarce();
  // What has hope has the whole floor: it is spent before somebody must wait.
  let broken = budget.turn(playedCall(time, { said: SAID }));
  while (broken === undefined) broken = budget.turn(playedCall(time, { said: SAID }));
  const ends: string[] = [];
  const move = budget.turn(playedCall(time), { isMove: true });
  assert.ok(broken instanceof Promise && move instanceof Promise);
  // A second's worth at a time is let go, and there are more waiting than that.
  for (let i = 0; i < 40; i++) budget.turn(playedCall(time, { said: SAID }));
  move.then((isPaid) => ends.push(`move ${isPaid}`));
  broken.then((isPaid) => ends.push(`broken ${isPaid}`));
  await time.pass(2_500);
  assert.deepEqual(ends, ['broken true']);
  await time.pass(20_000);
  assert.deepEqual(ends, ['broken true', 'move true']);
  assert.equal(budget.waiting, 0);
});

test('a wait without hope that is stopped leaves no timer behind, and one that was let go ends once', async () => {
  const { time, budget, made } = scarce();
  const left = playedCall(time);
  const stopped = budget.turn(left);
  assert.ok(stopped instanceof Promise);
  leave(left);
  assert.equal((await failureIn(stopped)).code, 'caller-left');
  const paid = budget.turn(playedCall(time));
  assert.ok(paid instanceof Promise);
  for (let i = 0; i < 50; i++) budget.deposit(time.clock.now());
  await time.pass(1_000);
  assert.equal(await paid, true);
  assert.equal(budget.waiting, 0);
  assert.deepEqual(
    made.filter(({ isArmed }) => isArmed),
    [],
  );
});

test('what reached nobody is paid while nobody answers, and then is free: it is asked a first time', async () => {
  let isOut = true;
  const { time, budget } = scarce(() => isOut);
  let ends = 0;
  for (let i = 0; i < 200; i++) {
    const turn = budget.turn(playedCall(time), { isUnsent: true });
    assert.ok(turn instanceof Promise);
    turn.then((isPaid) => {
      if (isPaid) ends += 1;
    });
  }
  await time.pass(1_000);
  assert.equal(ends, 0);
  isOut = false;
  await time.pass(100);
  assert.equal(ends, 200);
  const paid = budget.balance();
  assert.equal(budget.turn(playedCall(time), { isUnsent: true }), undefined);
  assert.equal(budget.balance(), paid);
});

test('while there is hope a try waits longer than two seconds', async () => {
  const { time, budget } = scarce();
  const ends: string[] = [];
  for (const hopeMs of [0, 4_000]) {
    const turn = budget.turn(playedCall(time), { isUnsent: true, hopeMs });
    assert.ok(turn instanceof Promise);
    turn.then((isPaid) => ends.push(`${hopeMs} ${isPaid} at ${time.clock.now() - 1_000_000}`));
  }
  await time.pass(5_000);
  assert.deepEqual(ends, ['0 false at 2000', '4000 false at 4000']);
});

test('the rate of calls is that of the time there was', async () => {
  const time = playedTime();
  const budget = new Budget(time);
  for (let i = 0; i < 400; i++) {
    await time.pass(10);
    budget.deposit(time.clock.now());
  }
  assert.equal(budget.offeredPerS(), 100);
});
