import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredWith, playedAttempt, playedCall, playedSeats, playedTime } from '../attempts/played.test.ts';
import { ABSENT_MAX, ABSENT_MS, Absences } from './absence.ts';

function stage() {
  const time = playedTime();
  const seats = playedSeats(['a', 'b']);
  const absences = new Absences(time.clock);
  const [a, b] = seats;
  assert.ok(a !== undefined && b !== undefined);
  const call = (model = 'm') => playedCall(time, { model });
  const lacks = (model = 'm', seat = a) => {
    const failure = answeredWith('model-not-found', 404);
    const asked = call(model);
    absences.end(seat, asked, playedAttempt(asked, seat.target.name), { kind: 'failed', failure });
  };
  const present = (model = 'm') => absences.present(seats, call(model)).map((seat) => seat.target.name);
  return { time, seats, absences, a, b, call, lacks, present };
}

test('who has no such model is not asked for it while another has it, and is asked for others', () => {
  const { lacks, present } = stage();
  lacks();
  assert.deepEqual(present(), ['b']);
  assert.deepEqual(present('other'), ['a', 'b']);
});

test('when all lack it all are asked: one of them may have it by now', () => {
  const { lacks, present, b } = stage();
  lacks();
  lacks('m', b);
  assert.deepEqual(present(), ['a', 'b']);
});

test('it is forgotten after a minute, and at the first answer', async () => {
  const { time, lacks, present, absences, a, call } = stage();
  lacks();
  await time.pass(ABSENT_MS);
  assert.deepEqual(present(), ['a', 'b']);
  lacks();
  absences.spoke(a, call());
  assert.deepEqual(present(), ['a', 'b']);
});

test('names that callers make up are not remembered without bound', () => {
  const { lacks, present } = stage();
  for (let n = 0; n <= ABSENT_MAX; n++) lacks(`m${n}`);
  assert.deepEqual(present('m0'), ['a', 'b']);
  assert.deepEqual(present('m1'), ['b']);
});

test('who finds a call too large is not asked for others as large while another takes them, and for smaller ones it is', async () => {
  const { time, absences, a, b, seats } = stage();
  const sized = (bytes: number) => playedCall(time, { body: new Uint8Array(bytes) });
  const present = (bytes: number) => absences.present(seats, sized(bytes)).map((seat) => seat.target.name);
  const refuse = (bytes: number, seat = a, status = 413) => {
    const failure = answeredWith('request-too-large', status);
    absences.end(seat, sized(bytes), playedAttempt(sized(bytes), seat.target.name), { kind: 'failed', failure });
  };
  refuse(100, a, 431);
  assert.deepEqual(present(100), ['a', 'b']);
  refuse(100);
  refuse(200);
  assert.deepEqual(present(100), ['b']);
  assert.deepEqual(present(99), ['a', 'b']);
  refuse(90);
  assert.deepEqual(present(95), ['b'], 'the least that it ever refused');
  assert.deepEqual(present(89), ['a', 'b']);
  refuse(150, b);
  assert.deepEqual(present(150), ['a', 'b'], 'both refuse it, so both are asked');
  absences.spoke(a, sized(89));
  assert.deepEqual(present(120), ['b']);
  absences.spoke(a, sized(100));
  assert.deepEqual(present(120), ['a', 'b']);
  refuse(100);
  await time.pass(ABSENT_MS);
  assert.deepEqual(present(100), ['a', 'b']);
});
