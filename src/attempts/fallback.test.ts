import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import { promised, asked as telling } from '../pipeline/service.ts';
import { Budget } from './budget.ts';
import { type Door, fallback } from './fallback.ts';
import {
  failureIn,
  failureOf,
  fixedChance,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedTime,
  refused,
  SAID,
  wholeAnswer,
} from './played.test.ts';

type Play = { fit?: number; anyone?: number; share?: number; fails?: Failure | undefined; isBusy?: boolean };

/** Pools that are asked once for each way in, and fail as told. */
function stage(plays: Record<string, Play>, over: { larger?: string; luck?: number; isScarce?: boolean } = {}) {
  const time = playedTime();
  const asked: string[] = [];
  const given: Call[] = [];
  const door = (name: string, { fit = 1, anyone = 1, share = 1, fails, isBusy }: Play): Door => {
    const way = (word: string, count: number) => ({
      left: (call: Call) =>
        call.story.attempts.some((each) => each.pool === name && each.reason === word) ? 0 : count,
      ask: telling(async (call: Call) => {
        if (count === 0) throw new Failure('no-target-fit', { phase: 'queue', firstEvent: 'answer' });
        asked.push(`${name} ${word}`);
        // Its waiting room is left soon while other pools can be asked; nobody was tried.
        if (isBusy === true && word === 'fit') throw failureOf('queue-timeout', { phase: 'queue', bytesWritten: 0 });
        const { code, evidence } = fails ?? {};
        playedAttempt(call, `${name}-1`, {
          pool: name,
          code,
          reason: word,
          verdict: fails === undefined ? 'answered' : 'failed',
          bytesWritten: evidence?.bytesWritten ?? 0,
        });
        if (fails !== undefined) throw fails;
        return wholeAnswer(name);
      }),
    });
    const budget = new Budget({ ...time, isScarce: () => over.isScarce ?? false });
    return { name, fit: way('fit', fit), anyone: way('anyone', anyone), share: () => share, budget };
  };
  const all = Object.entries(plays).map(([name, play]) => door(name, play));
  const larger = all.find(({ name }) => name === over.larger);
  const ask = fallback({
    doors: all.filter((each) => each !== larger),
    largerContext: larger,
    clock: time.clock,
    chance: fixedChance(over.luck ?? 0.5),
    onGiveUp: (call) => given.push(call),
  });
  return { time, asked, given, service: promised(ask), doors: all };
}

const cut = (code: CauseCode = 'closed-before-answer') => failureOf(code);

test('the first pool answers, and no other is asked', async () => {
  const { time, asked, service } = stage({ one: {}, two: {} });
  assert.equal((await service(playedCall(time))).target, 'one');
  assert.deepEqual(asked, ['one fit']);
});

test('a pool that is spent is left for the next, and the story says so (envoy ai-gateway #1866)', async () => {
  const { time, asked, service } = stage({ one: { fails: cut() }, two: {} });
  const call = playedCall(time);
  assert.equal((await service(call)).target, 'two');
  assert.deepEqual(asked, ['one fit', 'two fit']);
  assert.deepEqual(call.story.notes, ['turned to pool two: closed-before-answer']);
  assert.equal(call.story.attempts[0]?.verdict, 'moved');
});

test('a pool without fit targets is passed over at no cost', async () => {
  const { time, asked, doors, service } = stage({ one: { fit: 0, share: 0 }, two: {} });
  const before = doors[0]?.budget.balance();
  assert.equal((await service(playedCall(time))).target, 'two');
  assert.deepEqual(asked, ['two fit']);
  assert.equal(doors[0]?.budget.balance(), before);
});

test('when all fit targets failed, rested ones are asked before the call is', async () => {
  const { time, asked, service } = stage({ one: { fit: 0, share: 0 }, two: { fails: cut() } });
  assert.equal((await service(playedCall(time))).target, 'one');
  assert.deepEqual(asked, ['two fit', 'one anyone']);
});

test('with everything resting the first pool is asked all the same: health never removes the last route', async () => {
  const { time, asked, service } = stage({ one: { fit: 0, share: 0 }, two: { fit: 0, share: 0 } });
  assert.equal((await service(playedCall(time))).target, 'one');
  assert.deepEqual(asked, ['one anyone']);
});

test("what is the caller's mistake goes no further than the first pool", async () => {
  for (const code of ['request-rejected', 'content-refused', 'context-too-long'] as const) {
    const { time, asked, given, service } = stage({ one: { fails: cut(code) }, two: {} });
    assert.equal((await failureIn(service(playedCall(time)))).code, code);
    assert.deepEqual(asked, ['one fit']);
    assert.equal(given.length, 1);
  }
});

test('a call that may not be sent twice goes to another pool only if it was never sent', async () => {
  const sent = stage({ one: { fails: cut() }, two: {} });
  await failureIn(sent.service(playedCall(sent.time, { isReplayable: false })));
  assert.deepEqual(sent.asked, ['one fit']);
  const unsent = stage({ one: { fails: refused() }, two: {} });
  assert.equal((await unsent.service(playedCall(unsent.time, { isReplayable: false }))).target, 'two');
});

test('a conversation too long for one model goes to the pool named for it, and nowhere else', async () => {
  const { time, asked, service } = stage(
    { one: { fails: cut('context-too-long') }, two: {}, long: {} },
    { larger: 'long' },
  );
  assert.equal((await service(playedCall(time))).target, 'long');
  assert.deepEqual(asked, ['one fit', 'long anyone']);
  const again = stage(
    { one: { fails: cut('context-too-long') }, long: { fails: cut('context-too-long') } },
    { larger: 'long' },
  );
  assert.equal((await failureIn(again.service(playedCall(again.time)))).code, 'context-too-long');
  assert.deepEqual(again.asked, ['one anyone', 'long anyone']);
});

test('the failure told is the last that a target gave, not that nobody was left', async () => {
  const { time, given, service } = stage({
    one: { fails: cut('service-error') },
    two: { fit: 0, anyone: 0, share: 0 },
  });
  assert.equal((await failureIn(service(playedCall(time)))).code, 'service-error');
  assert.equal(given.length, 1);
});

test('nobody anywhere: the call fails at once with no-target-fit', async () => {
  const { time, service } = stage({ one: { fit: 0, anyone: 0, share: 0 }, two: { fit: 0, anyone: 0, share: 0 } });
  assert.equal((await failureIn(service(playedCall(time)))).code, 'no-target-fit');
});

test('a pool that is coming back takes only the part of its calls that it can carry', async () => {
  const low = stage({ one: { share: 0.3 }, two: {} }, { luck: 0.2 });
  assert.equal((await low.service(playedCall(low.time))).target, 'one');
  const high = stage({ one: { share: 0.3 }, two: {} }, { luck: 0.4 });
  assert.equal((await high.service(playedCall(high.time))).target, 'two');
});

test('a pool passed over for its weakness is still there when the others fail', async () => {
  const { time, asked, service } = stage({ one: { share: 0.3 }, two: { fails: cut() } }, { luck: 0.9 });
  assert.equal((await service(playedCall(time))).target, 'one');
  assert.deepEqual(asked, ['two fit', 'one fit']);
});

test('a cycle is impossible: pools are finite, each is entered twice at most (litellm #35303)', async () => {
  const { time, asked, service } = stage({ one: { fails: cut() }, two: { fails: cut() }, three: { fails: cut() } });
  await failureIn(service(playedCall(time)));
  assert.equal(asked.length, 6);
});

test('a call that comes back after a broken reply is paid for, and may go to any pool', async () => {
  const { time, doors, service } = stage({ one: {}, two: {} });
  const call = playedCall(time);
  playedAttempt(call, 'one-1', { pool: 'one', reason: 'fit', verdict: 'failed', code: 'body-cut', bytesWritten: 1 });
  const before = doors[0]?.budget.balance() ?? 0;
  assert.equal((await service(call)).target, 'two');
  assert.equal(doors[0]?.budget.balance(), before - 1);
});

/** A call whose stream broke in the middle, at the pool that spoke. */
function broken(time: PlayedTime, pool: string): Call {
  const call = playedCall(time, { said: SAID });
  for (const reason of ['fit', 'anyone']) {
    playedAttempt(call, `${pool}-1`, { pool, reason, verdict: 'failed', code: 'body-cut', bytesWritten: 1 });
  }
  return call;
}

test('a broken stream that nobody else can finish is finished by who broke it', async () => {
  const unreachable = stage({ one: { fails: refused() }, two: {} });
  assert.equal((await unreachable.service(broken(unreachable.time, 'two'))).target, 'two');
  assert.deepEqual(unreachable.asked, ['one fit', 'one anyone', 'two anyone']);
  const alone = stage({ two: {} });
  assert.equal((await alone.service(broken(alone.time, 'two'))).target, 'two');
  assert.deepEqual(alone.asked, ['two anyone']);
});

test('and when that one fails as well, the pools that were asked are not asked a third time', async () => {
  const { time, asked, given, service } = stage({ one: { fails: refused() }, two: { fails: cut('service-error') } });
  assert.equal((await failureIn(service(broken(time, 'two')))).code, 'service-error');
  assert.deepEqual(asked, ['one fit', 'one anyone', 'two anyone']);
  assert.equal(given.length, 1);
});

test('a move that cannot be paid ends the call with what was met', async () => {
  const { time, doors, service } = stage({ one: { fails: cut() }, two: {} });
  const budget = doors[0]?.budget;
  assert.ok(budget !== undefined);
  while (budget.tryPay()) {}
  for (let i = 0; i < 1000; i++) budget.turn(playedCall(time));
  const call = playedCall(time);
  assert.equal((await failureIn(service(call))).code, 'closed-before-answer');
  assert.match(call.story.notes.join(), /retry budget is spent/);
});

test('a pool whose room was left too soon is asked in the second round, though nothing can be paid where the call failed', async () => {
  const { time, asked, service } = stage({ one: { fails: cut() }, two: { isBusy: true } }, { isScarce: true });
  let target = '';
  service(playedCall(time)).then((reply) => {
    target = reply.target;
  });
  await time.pass(5_000);
  assert.deepEqual(asked, ['one fit', 'two fit', 'two anyone']);
  assert.equal(target, 'two');
});

test('when every pool failed it, nobody waits twice for a try without hope', async () => {
  const { time, asked, doors, service } = stage({ one: { fails: cut() }, two: { fails: cut() } }, { isScarce: true });
  for (const { budget } of doors) while (budget.tryPay()) {}
  let code = '';
  service(playedCall(time)).catch((failure: Failure) => {
    code = failure.code;
  });
  await time.pass(2_500);
  assert.deepEqual(asked, ['one fit', 'two fit']);
  assert.equal(code, 'closed-before-answer');
});

test('a route without pools is refused when it is made', () => {
  const { clock } = playedTime();
  assert.throws(() => fallback({ doors: [], clock, chance: fixedChance(0) }), /gateway-misconfigured/);
});
