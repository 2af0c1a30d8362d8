import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANSWERED } from '../call/reply.ts';
import { answer, type Begun, begin, refuse, stage, take } from './limit.testing.ts';
import { BEYOND_MS, STUCK_MS } from './limit.ts';
import { failureOf, playedCall } from './played.test.ts';

test('a target that takes nothing at all is no case for a limit: it is not cut to one (outage)', async () => {
  const { time, seat, limits } = stage();
  const all = Array.from({ length: 40 }, () => begin(limits, seat, time));
  await time.pass(1);
  for (const each of all) refuse(limits, seat, time, each);
  for (let i = 0; i < 100; i++) {
    await time.pass(1);
    refuse(limits, seat, time, begin(limits, seat, time));
  }
  assert.equal(seat.inFlightMax, 38);
});

test('a limit first learned in an outage says nothing: after it, each answer gives one place more, until somebody is refused again', async () => {
  const { time, seat, limits } = stage();
  const hasRoom = () => limits.hasRoom(seat, playedCall(time));
  refuse(limits, seat, time, begin(limits, seat, time));
  await time.pass(1);
  refuse(limits, seat, time, begin(limits, seat, time));
  await time.pass(1);
  assert.equal(seat.inFlightMax, 1);
  // Long answers, that give no place back.
  for (let i = 0; i < 30; i++) {
    assert.equal(hasRoom(), true, `${i} were taken`);
    take(limits, seat, time);
  }
  await time.pass(1);
  refuse(limits, seat, time, begin(limits, seat, time));
  assert.equal(hasRoom(), false, 'refused, it holds');
  assert.ok(seat.inFlightMax > 25, `${seat.inFlightMax}`);
});

test('silence teaches what a target can do only where others are heard meanwhile', async () => {
  for (const [isHeard, streamsMax] of [
    [true, 3],
    [false, 30],
  ] as const) {
    const { time, seat, limits } = stage();
    const [early, late, ...silent] = Array.from({ length: 5 }, () => begin(limits, seat, time));
    await time.pass(100);
    answer(limits, seat, time, early as Begun);
    await time.pass(9_000);
    if (isHeard) answer(limits, seat, time, late as Begun);
    await time.pass(900);
    for (const each of silent) refuse(limits, seat, time, each, failureOf('answer-timeout'));
    let streams = 0;
    for (; streams < 30 && limits.hasRoom(seat, playedCall(time)); streams++) {
      take(limits, seat, time);
    }
    assert.equal(streams, streamsMax, `heard: ${isHeard}`);
  }
});

test('what was known before an outage is known after it', async () => {
  const { time, seat, limits } = stage();
  const crowd = Array.from({ length: 20 }, () => begin(limits, seat, time));
  await time.pass(1);
  refuse(limits, seat, time, crowd[0] as Begun);
  for (const each of crowd.slice(1)) answer(limits, seat, time, each);
  const busy = () => Array.from({ length: seat.inFlightMax }, () => begin(limits, seat, time));
  for (const each of busy()) answer(limits, seat, time, each);
  for (let i = 0; i < 3; i++) {
    await time.pass(1);
    refuse(limits, seat, time, begin(limits, seat, time));
  }
  await time.pass(1);
  for (const each of busy()) answer(limits, seat, time, each);
  assert.ok(seat.inFlightMax >= 18 && seat.inFlightMax < 21, `${seat.inFlightMax}`);
});

test('where long answers hold every place, they count as taken: one too many costs a twentieth and no half', async () => {
  const { time, seat, limits } = stage();
  const streams = Array.from({ length: 10 }, () => take(limits, seat, time));
  // Refused beyond the limit time and again, with nobody taken between: it looks like an outage, and is none.
  for (let i = 0; i < 3; i++) {
    refuse(limits, seat, time, begin(limits, seat, time));
    await time.pass(4 * STUCK_MS);
  }
  const { call, attempt } = streams[0] as Begun;
  limits.end(seat, call, attempt, ANSWERED);
  take(limits, seat, time);
  refuse(limits, seat, time, begin(limits, seat, time));
  assert.ok(seat.inFlightMax >= 9, `${seat.inFlightMax}`);
});

test('where all that is under way is lost, the one that went beyond the limit too, the next may try after ten seconds', async () => {
  const { time, seat, limits } = stage();
  const hasRoom = () => limits.hasRoom(seat, playedCall(time));
  for (let i = 0; i < 4; i++) begin(limits, seat, time);
  await time.pass(10);
  refuse(limits, seat, time, begin(limits, seat, time));
  await time.pass(STUCK_MS);
  assert.equal(hasRoom(), true);
  begin(limits, seat, time);
  await time.pass(BEYOND_MS - 10);
  assert.equal(hasRoom(), false);
  await time.pass(10);
  assert.equal(hasRoom(), true);
  const next = begin(limits, seat, time);
  assert.equal(hasRoom(), false);
  answer(limits, seat, time, next);
  for (let i = 0; i < 10; i++) {
    assert.equal(hasRoom(), true, 'it answers, so the limit is out of date');
    answer(limits, seat, time, begin(limits, seat, time));
  }
});
