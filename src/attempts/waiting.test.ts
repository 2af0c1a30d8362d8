import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { leave } from '../call/leave.ts';
import { Line, type Waiter } from './line.ts';
import {
  failureOf,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  wholeAnswer,
} from './played.test.ts';
import { from, stage, turnedAway } from './waiting.testing.ts';
import { WaitingRoom } from './waiting.ts';

test('who waits is served when a place is free, and the story says how long he waited', async () => {
  const { time, enter, free } = stage();
  const waits = enter('one');
  await time.pass(400);
  free();
  assert.equal((await waits).target, 'one');
  assert.deepEqual(waits.call.story.notes, ['waited 0.40 s for a free target']);
  assert.equal(waits.call.leavers.size, 0);
});

test('who paid for a further try and had to wait is told of; who came first, sent nothing or did not wait is not', async () => {
  const { time, enter, free, late } = stage();
  const begun = (name: string, bytesWritten: number): void => {
    playedAttempt(enter(name).call, name, { verdict: 'failed', bytesWritten });
  };
  begun('sent', 100);
  begun('unsent', 0);
  enter('first');
  await time.pass(700);
  free(3);
  begun('at once', 100);
  free();
  assert.deepEqual(late, ['sent 700']);
});

test('the higher priority is served first', async () => {
  const { enter, free, served } = stage();
  enter('low', { priority: -1 });
  enter('middle', { priority: 0 });
  enter('high', { priority: 1 });
  free(3);
  assert.deepEqual(served, ['high', 'middle', 'low']);
});

test('a caller who floods the room delays nobody else by more than one turn', () => {
  const { enter, free, served } = stage();
  for (let i = 0; i < 50; i++) enter(`flood ${i}`, from('192.0.2.66'));
  enter('small', from('192.0.2.1'));
  free(2);
  assert.ok(served.includes('small'));
});

test('one turn in eight goes to who has waited longest, so that no caller starves behind a higher priority', async () => {
  const { time, enter, free, served } = stage();
  enter('patient', { priority: -3 });
  await time.pass(1);
  for (let i = 0; i < 20; i++) enter(`important ${i}`, { priority: 0 });
  free(8);
  assert.ok(served.includes('patient'));
});

test('in a burst the oldest is served first, under lasting overload the newest', async () => {
  const burst = stage();
  burst.enter('old');
  burst.enter('new');
  burst.free();
  assert.deepEqual(burst.served, ['old']);
  const overload = stage();
  overload.enter('old');
  await overload.time.pass(1500);
  overload.enter('new');
  overload.free();
  assert.deepEqual(overload.served, ['new']);
});

test('the room is bounded, and who finds it full is told when to come back', async () => {
  const { time, room, enter, free } = stage({ sizeMax: 10 });
  for (let i = 0; i < 20; i++) {
    enter('served before');
    free();
    await time.pass(100);
  }
  for (let i = 0; i < 10; i++) enter('waits');
  const failure = await turnedAway(time, enter('too many'));
  assert.equal(failure.code, 'queue-full');
  assert.equal(room.size, 10);
  // 20 were served in 2 s, so the ten take 1 s, and half of what drains afterwards is for who comes back; in whole seconds.
  assert.equal(failure.evidence.retryAfterMs, 2_000);
});

test('who comes back at the time it was told goes before those who are new, but not before a higher priority', async () => {
  const { time, enter, free, served } = stage({ sizeMax: 10 });
  for (let i = 0; i < 20; i++) {
    enter('served before');
    free();
    await time.pass(100);
  }
  for (let i = 0; i < 10; i++) enter('waits', { ...from('192.0.2.66'), priority: 1 });
  const { evidence } = await turnedAway(time, enter('too many', from('192.0.2.1')));
  free(10);
  await time.pass(evidence.retryAfterMs ?? 0);
  served.length = 0;
  enter('new', from('192.0.2.2'));
  enter('urgent', { ...from('192.0.2.3'), priority: 1 });
  enter('back', from('192.0.2.1'));
  enter('and another', from('192.0.2.1'));
  free(4);
  assert.deepEqual(served, ['urgent', 'back', 'new', 'and another']);
});

test('who is sent on to another pool is promised nothing in this one', async () => {
  const { time, enter, free, served } = stage({ sizeMax: 1, isLast: false });
  enter('waits');
  const { evidence } = await turnedAway(time, enter('goes on', from('192.0.2.1')));
  free();
  await time.pass(evidence.retryAfterMs ?? 0);
  served.length = 0;
  enter('new', from('192.0.2.2'));
  enter('back', from('192.0.2.1')).catch(() => {});
  free(2);
  assert.deepEqual(served, ['new']);
});

test('a full room makes way for a higher priority, and for who has fewer waiting', async () => {
  const { time, enter } = stage({ sizeMax: 4 });
  const crowd = Array.from({ length: 4 }, () => enter('crowd', from('192.0.2.66')));
  const other = enter('other', from('192.0.2.1'));
  assert.equal((await turnedAway(time, crowd[3])).code, 'queue-full');
  const urgent = enter('urgent', { ...from('192.0.2.66'), priority: 1 });
  assert.equal((await turnedAway(time, crowd[2])).code, 'queue-full');
  assert.equal((await turnedAway(time, enter('more crowd', from('192.0.2.66')))).code, 'queue-full');
  void other;
  void urgent;
});

test('who could not be served before his deadline is told at once, not at the end of it', async () => {
  const { time, enter, free } = stage();
  for (let i = 0; i < 9; i++) enter('waits');
  for (let i = 0; i < 4; i++) {
    await time.pass(1000);
    free();
  }
  // One a second is served; six before him would take 6 s.
  const failure = await turnedAway(time, enter('hurried', { deadlineMs: time.clock.now() + 3000 }));
  assert.equal(failure.code, 'queue-full');
});

test('how many came while nobody waited is no measure of how many can be served', async () => {
  const { time, room, enter, free } = stage();
  for (let i = 0; i < 10; i++) {
    enter('served');
    free();
    await time.pass(1000);
  }
  // One a second was served, since no more came: that a crowd of twenty would wait for 20 s is a guess, and refuses nobody.
  for (let i = 0; i < 20; i++) enter('crowd');
  await time.settle();
  assert.equal(room.size, 20);
  for (let i = 0; i < 3; i++) {
    await time.pass(400);
    free(4);
  }
  const late = enter('late');
  await time.settle();
  assert.equal(room.size, 9);
  assert.deepEqual(room.place(late.call), { place: 9, expectedMs: 900 }, 'ten a second were served in front of it');
});

test('the first that end of many that began together do not tell how long the others take', async () => {
  const { time, room, enter, free } = stage({ underWay: 50 });
  for (let i = 0; i < 60; i++) enter('waits');
  for (let second = 1; second <= 4; second++) {
    await time.pass(1000);
    free();
  }
  // At one a second fifty-six would take 56 s; if all end that are under way, 4 s.
  enter('late');
  await time.settle();
  assert.equal(room.size, 57);
  await time.pass(7000);
  for (let i = 0; i < 20; i++) {
    enter('newer');
    await time.pass(500);
    if (i % 2 === 0) free();
  }
  // A line that stood for 10 s shows what is drained, one a second, however many are under way.
  assert.equal((await turnedAway(time, enter('too late'))).code, 'queue-full');
  assert.ok(room.size <= 12, `${room.size}`);
});

test('patience ends after 10 s, and in front of a pool with others behind it after a quarter of a second', async () => {
  const last = stage();
  const waits = last.enter('one');
  await last.time.pass(10_200);
  assert.equal((await turnedAway(last.time, waits)).code, 'queue-timeout');
  const first = stage({ isLast: false });
  const moves = first.enter('one');
  await first.time.pass(400);
  assert.equal((await turnedAway(first.time, moves)).code, 'queue-timeout');
});

test('who was held up by an outage waits twice as long, since he is held back lest all come at once', async () => {
  const { time, room, enter } = stage();
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  const before = { startMs: time.clock.now() };
  for (let i = 0; i < 5; i++) {
    const call = playedCall(time);
    const failed = { kind: 'failed', failure: failureOf('connect-refused') } as const;
    room.hearer.end(seat, call, playedAttempt(call, 'a', { endMs: time.clock.now() }), failed);
  }
  await time.pass(1_100);
  const first = playedCall(time);
  room.hearer.spoke(seat, first, playedAttempt(first, 'a', { firstPartMs: time.clock.now() }));
  await time.pass(1);
  const held = enter('held', before);
  const fresh = enter('fresh');
  await time.pass(10_200);
  assert.equal((await turnedAway(time, fresh)).code, 'queue-timeout');
  assert.equal(room.size, 1);
  await time.pass(10_000);
  assert.equal((await turnedAway(time, held)).code, 'queue-timeout');
});

test('a rush that is long over makes nobody wait who is refused later', async () => {
  const { time, enter, free } = stage({ sizeMax: 1 });
  for (let i = 0; i < 20; i++) {
    enter('drained');
    free();
    await time.pass(100);
  }
  enter('holds the room');
  for (let i = 0; i < 300; i++) enter('flood');
  assert.ok(((await turnedAway(time, enter('flood'))).evidence.retryAfterMs ?? 0) > 30_000);
  free();
  await time.pass(11_000);
  enter('holds the room');
  assert.equal((await turnedAway(time, enter('honest'))).evidence.retryAfterMs, 1_000);
});

test('who is refused most often is not served most when the times come that were told', async () => {
  const { time, enter, free, served } = stage({ sizeMax: 40 });
  const others = ['1', '2', '3'];
  // Five a second drain; of the flood four times as much comes, first alone, and of each other as much as drains.
  for (let tick = 0; tick < 5 * 60; tick++) {
    for (let i = 0; i < 4; i++) enter('flood', from('192.0.2.66'));
    if (tick > 5) for (const name of others) enter(name, from(`198.51.100.${name}`));
    free();
    await time.pass(200);
  }
  const counts = ['flood', ...others].map((name) => served.filter((each) => each === name).length);
  assert.ok(Math.max(...counts) < 1.5 * Math.min(...counts), counts.join());
});

test('a caller who leaves gives his place up', async () => {
  const { time, room, enter, free, served } = stage();
  const gone = enter('gone');
  enter('stays');
  leave(gone.call);
  assert.equal((await turnedAway(time, gone)).code, 'caller-left');
  assert.equal(room.size, 1);
  free();
  assert.deepEqual(served, ['stays']);
});

test('a call that was begun already goes before all that were not', () => {
  const { time, enter, free, served } = stage();
  enter('fresh', { priority: 3 });
  const call = playedCall(time);
  playedAttempt(call, 'a', { code: 'rate-limited' });
  enter('again', { story: call.story });
  free();
  assert.deepEqual(served, ['again']);
});

test('a newcomer must wait behind others who want the same model, not behind those who want another', () => {
  const { time, door, enter } = stage();
  assert.equal(door.mustWait(playedCall(time)), false);
  enter('one', { model: 'busy' });
  assert.equal(door.mustWait(playedCall(time, { model: 'busy' })), true);
  assert.equal(door.mustWait(playedCall(time, { model: 'calm' })), false);
});

test('who may go anywhere does not wait behind those who want one target that is never free', async () => {
  const { time, door, room } = stage();
  for (let nth = 0; nth < 20; nth += 1) {
    const begun = playedCall(time, from(`192.0.2.${nth}`));
    playedAttempt(begun, 'a', { code: 'service-error' });
    door.enter(begun, () => undefined).catch(() => {});
  }
  await time.pass(2_000);
  const fresh = door.enter(playedCall(time), () => Promise.resolve(wholeAnswer('b')));
  assert.equal(room.size, 20, 'it is served at once');
  assert.equal((await fresh).target, 'b');
});

test('the place and the expected wait can be told', async () => {
  const { time, room, enter, free } = stage();
  for (let i = 0; i < 20; i++) {
    enter('served');
    free();
    await time.pass(50);
  }
  const one = enter('one');
  const two = enter('two');
  assert.deepEqual(room.place(one.call), { place: 1, expectedMs: 50 });
  assert.deepEqual(room.place(two.call), { place: 2, expectedMs: 100 });
  free();
  assert.equal(room.place(one.call), undefined);
  assert.equal(room.place(two.call)?.place, 1);
});

test('a place that came free without a word of it is found within a tenth of a second', async () => {
  const time = playedTime();
  const room = new WaitingRoom({ ...time, chance: playedChance() });
  let isFree = false;
  const reply = room.door(true).enter(playedCall(time), () => (isFree ? Promise.resolve(wholeAnswer()) : undefined));
  isFree = true;
  await time.pass(100);
  assert.equal((await reply).target, 'a');
});

test('whatever is entered, left and served, nobody is lost and nobody is served twice', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), caller: fc.nat(4), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ kind: fc.constant('serve' as const), isNewestFirst: fc.boolean() }),
    fc.record({ kind: fc.constant('remove' as const), nth: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const time = playedTime();
      const line = new Line();
      const inside = new Set<Waiter>();
      for (const each of steps) {
        if (each.kind === 'add') {
          const waiter: Waiter = {
            call: playedCall(time),
            caller: `c${each.caller}`,
            priority: each.priority,
            isLast: true,
            sinceMs: inside.size,
            untilMs: 0,
            go: () => undefined,
            settle: () => {},
          };
          line.add(waiter);
          inside.add(waiter);
          assert.ok(line.ahead(waiter) < inside.size);
        } else if (each.kind === 'serve') {
          const [next] = line.next(8, each.isNewestFirst);
          assert.equal(next === undefined, inside.size === 0);
          if (next === undefined) continue;
          assert.ok(inside.delete(next));
          line.serve(next);
        } else {
          const victim = [...inside][each.nth];
          if (victim === undefined) continue;
          inside.delete(victim);
          line.remove(victim);
          line.remove(victim);
        }
        assert.equal(line.size, inside.size);
        assert.equal(line.overdue(1).length, inside.size);
      }
    }),
  );
});
