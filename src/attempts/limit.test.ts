import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABANDONED, ANSWERED } from '../call/reply.ts';
import { answer, type Begun, begin, refuse, stage, take } from './limit.testing.ts';
import { LIMIT_BOUNDS, MODELS_MAX, STUCK_MS } from './limit.ts';
import { answeredWith, failureOf, playedCall } from './played.test.ts';

test('without a sign of overload there is no limit', () => {
  const { time, seat, limits } = stage();
  const all = Array.from({ length: 5000 }, () => begin(limits, seat, time));
  assert.equal(limits.hasRoom(seat, playedCall(time)), true);
  for (const each of all) answer(limits, seat, time, each);
  assert.equal(seat.inFlightMax, Number.POSITIVE_INFINITY);
});

test('the first refusal sets the limit just below the load at which it came', async () => {
  const { time, seat, limits } = stage();
  const all = Array.from({ length: 40 }, () => begin(limits, seat, time));
  await time.pass(100);
  refuse(limits, seat, time, all[0] as Begun);
  assert.equal(seat.inFlightMax, 38);
});

test('of all that was under way together, one refusal counts', async () => {
  const { time, seat, limits } = stage();
  const all = Array.from({ length: 40 }, () => begin(limits, seat, time));
  await time.pass(100);
  for (const each of all) refuse(limits, seat, time, each);
  assert.equal(seat.inFlightMax, 38);
});

test('most refused cuts by half, few refused by a twentieth', async () => {
  for (const [taken, refused, expected] of [
    [1, 9, 50],
    [99, 1, 95],
    [80, 20, 80],
  ] as const) {
    const { time, seat, limits } = stage();
    refuse(limits, seat, time, begin(limits, seat, time));
    const gauge = Array.from({ length: 100 }, () => begin(limits, seat, time));
    await time.pass(1);
    refuse(limits, seat, time, gauge.pop() as Begun);
    for (let i = 0; i < taken; i++) answer(limits, seat, time, begin(limits, seat, time));
    const before = limits.limit(seat, playedCall(time));
    await time.pass(1);
    const late = Array.from({ length: refused }, () => begin(limits, seat, time));
    await time.pass(1);
    // All refusals but the last belong to a time before the last cut.
    for (const { call, attempt } of late.slice(1)) {
      refuse(limits, seat, time, { call, attempt: { ...attempt, startMs: -1 } });
    }
    refuse(limits, seat, time, late[0] as Begun);
    const share = Math.round((limits.limit(seat, playedCall(time)) / before) * 100);
    assert.ok(Math.abs(share - expected) <= 1, `${taken}:${refused} left ${share} %`);
  }
});

test('the limit grows by one for each limit of answers, and only while it is what holds calls back', async () => {
  const { time, seat, limits } = stage();
  const all = Array.from({ length: 20 }, () => begin(limits, seat, time));
  await time.pass(1);
  for (const each of all) refuse(limits, seat, time, each);
  const learned = limits.limit(seat, playedCall(time));
  for (let i = 0; i < 100; i++) answer(limits, seat, time, begin(limits, seat, time));
  assert.equal(limits.limit(seat, playedCall(time)), learned);
  for (let round = 0; round < 3; round++) {
    const busy = Array.from({ length: 19 }, () => begin(limits, seat, time));
    for (const each of busy) answer(limits, seat, time, each);
  }
  const grown = limits.limit(seat, playedCall(time));
  assert.ok(grown > learned + 1 && grown < learned + 3, `${learned} to ${grown}`);
});

test("a caller's mistake and a host's fault are no overload, silence after sending is", async () => {
  for (const [failure, isCut] of [
    [answeredWith('request-rejected', 400), false],
    [answeredWith('service-error', 500), false],
    [failureOf('closed-before-answer'), false],
    [failureOf('answer-timeout'), true],
    [failureOf('connect-timeout', { bytesWritten: 0 }), false],
    [answeredWith('service-overloaded', 529), true],
    [answeredWith('service-unavailable', 503), true],
  ] as const) {
    const { time, seat, limits } = stage();
    const one = begin(limits, seat, time);
    await time.pass(1);
    refuse(limits, seat, time, one, failure);
    assert.equal(Number.isFinite(seat.inFlightMax), isCut, failure.code);
  }
});

test('one always goes, whatever was refused', async () => {
  const { time, seat, limits } = stage();
  for (let i = 0; i < 50; i++) {
    const one = begin(limits, seat, time);
    const other = begin(limits, seat, time);
    await time.pass(1);
    answer(limits, seat, time, other);
    refuse(limits, seat, time, one);
  }
  assert.equal(limits.hasRoom(seat, playedCall(time)), true);
});

test('models of one target are limited apart', async () => {
  const { time, seat, limits } = stage();
  const busy = Array.from({ length: 10 }, () => begin(limits, seat, time, 'busy'));
  await time.pass(1);
  refuse(limits, seat, time, busy[0] as Begun);
  assert.equal(limits.hasRoom(seat, playedCall(time, { model: 'busy' })), false);
  assert.equal(limits.hasRoom(seat, playedCall(time, { model: 'calm' })), true);
});

test('callers who invent models cannot fill the memory, nor unbalance the count', () => {
  const { time, seat, limits } = stage({ ...LIMIT_BOUNDS, max: 5 });
  const all = Array.from({ length: MODELS_MAX * 3 }, (_, i) => begin(limits, seat, time, `m${i}`));
  assert.equal(limits.hasRoom(seat, playedCall(time, { model: 'another' })), false);
  for (const each of all) answer(limits, seat, time, each);
  assert.equal(limits.hasRoom(seat, playedCall(time, { model: 'another' })), true);
});

test('silent attempts that others overtake take no room any more, and one that speaks after all counts again', async () => {
  const { time, seat, limits } = stage({ min: 1, max: 100 });
  // Two were refused at a time when three were under way: the limit is below what hangs now.
  const first = [begin(limits, seat, time), begin(limits, seat, time), begin(limits, seat, time)];
  for (const each of first) refuse(limits, seat, time, each);
  const bound = Math.floor(limits.limit(seat, playedCall(time, { model: 'gpt-5' })));
  const stuck = Array.from({ length: bound }, () => begin(limits, seat, time));
  const asked = () => limits.hasRoom(seat, playedCall(time, { model: 'gpt-5' }));
  assert.equal(asked(), false);
  await time.pass(10_000);
  for (const { call, attempt } of stuck) limits.silent(seat, call, attempt);
  assert.equal(asked(), true, 'one goes to learn whether anybody answers');
  const probe = begin(limits, seat, time);
  assert.equal(asked(), false, 'and no second one while it is out');
  answer(limits, seat, time, probe);
  assert.equal(asked(), true);
  const [late] = stuck;
  assert.ok(late !== undefined);
  late.attempt.firstPartMs = time.clock.now();
  limits.spoke(seat, late.call, late.attempt);
  for (const each of stuck.slice(1)) answer(limits, seat, time, each);
  limits.end(seat, late.call, late.attempt, ANSWERED);
  const all = Array.from({ length: Math.floor(limits.limit(seat, late.call)) }, () => begin(limits, seat, time));
  begin(limits, seat, time);
  assert.equal(asked(), false, `${all.length} fill it again, and one goes beyond it`);
});

test('silence that others overtook is no overload: it was lost long ago, and says nothing of the load of now', async () => {
  const { time, seat, limits } = stage();
  const lost = begin(limits, seat, time);
  await time.pass(1);
  const streams = [begin(limits, seat, time), begin(limits, seat, time)];
  for (const { call, attempt } of streams) {
    attempt.firstPartMs = time.clock.now();
    limits.spoke(seat, call, attempt);
  }
  await time.pass(60_000);
  refuse(limits, seat, time, lost, failureOf('answer-timeout'));
  assert.equal(seat.inFlightMax, Number.POSITIVE_INFINITY);
  const youngest = begin(limits, seat, time);
  await time.pass(60_000);
  refuse(limits, seat, time, youngest, failureOf('answer-timeout'));
  assert.equal(seat.inFlightMax, 2);
});

test('when long answers give no place back, one goes beyond the limit now and then, and taken it shows that the limit is out of date', async () => {
  const { time, seat, limits } = stage();
  const streams = Array.from({ length: 20 }, () => begin(limits, seat, time));
  for (const { call, attempt } of streams) {
    attempt.firstPartMs = time.clock.now();
    limits.spoke(seat, call, attempt);
  }
  const hasRoom = () => limits.hasRoom(seat, playedCall(time));
  await time.pass(10);
  refuse(limits, seat, time, begin(limits, seat, time));
  assert.equal(hasRoom(), false);
  await time.pass(STUCK_MS - 10);
  assert.equal(hasRoom(), false, 'not yet');
  await time.pass(10);
  assert.equal(hasRoom(), true);
  const refused = begin(limits, seat, time);
  assert.equal(hasRoom(), false, 'one at a time');
  await time.pass(STUCK_MS);
  refuse(limits, seat, time, refused);
  await time.pass(STUCK_MS);
  assert.equal(hasRoom(), false, 'refused, the next one waits twice as long');
  await time.pass(STUCK_MS);
  assert.equal(hasRoom(), true);
  for (let i = 0; i < 30; i++) {
    assert.equal(hasRoom(), true, `${i} more were taken`);
    const { call, attempt } = begin(limits, seat, time);
    await time.pass(20);
    attempt.firstPartMs = time.clock.now();
    limits.spoke(seat, call, attempt);
  }
  assert.equal(limits.limit(seat, playedCall(time)), 51);
  refuse(limits, seat, time, begin(limits, seat, time));
  assert.equal(hasRoom(), false, 'refused again, it holds');
});

test('one goes beyond the limit although places become free, as long as nobody is refused: answers that are long would let it grow for minutes', async () => {
  const { time, seat, limits } = stage();
  const streams = Array.from({ length: 20 }, () => take(limits, seat, time));
  await time.pass(10);
  refuse(limits, seat, time, begin(limits, seat, time));
  const floor = seat.inFlightMax;
  // Every half second one ends, and the next takes its place.
  for (let i = 0; i < 4; i++) {
    await time.pass(500);
    const { call, attempt } = streams[i] as Begun;
    limits.end(seat, call, attempt, ANSWERED);
    while (limits.hasRoom(seat, playedCall(time)) && seat.inFlightMax < 40) take(limits, seat, time);
  }
  assert.equal(floor, 19);
  assert.equal(seat.inFlightMax, 40);
});

test("what the operator allows is never gone beyond, and a caller's leaving says nothing", async () => {
  const { time, seat, limits } = stage({ min: 1, max: 5 });
  for (let i = 0; i < 5; i++) begin(limits, seat, time);
  await time.pass(60_000);
  assert.equal(limits.hasRoom(seat, playedCall(time)), false);
  const open = stage();
  const two = [begin(open.limits, open.seat, open.time), begin(open.limits, open.seat, open.time)];
  refuse(open.limits, open.seat, open.time, two[0] as Begun);
  await open.time.pass(STUCK_MS);
  const left = begin(open.limits, open.seat, open.time);
  left.attempt.endMs = open.time.clock.now();
  open.limits.end(open.seat, left.call, left.attempt, ABANDONED);
  await open.time.pass(STUCK_MS);
  assert.equal(open.limits.hasRoom(open.seat, playedCall(open.time)), true);
});
