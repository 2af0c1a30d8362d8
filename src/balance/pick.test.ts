import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answeredWith,
  failureIn,
  failureOf,
  playedAttempt,
  playedCall,
  playedReply,
  playedSeats,
  playedTime,
  refused,
  wholeAnswer,
} from '../attempts/played.test.ts';
import type { Call } from '../call/call.ts';
import { leave } from '../call/leave.ts';
import { ANSWERED, type Reply } from '../call/reply.ts';
import type { Seat, SeatHearer } from '../call/seat.ts';
import { promised } from '../pipeline/service.ts';
import { load } from './load.ts';
import { type PickOptions, picking } from './pick.ts';

/** Takes the first of what it is given. */
const first = { pick: (seats: readonly Seat[]) => seats[0] };

function stage(names: readonly string[], over: Partial<PickOptions> & { fit?: readonly string[] } = {}) {
  const time = playedTime();
  const seats = playedSeats(names);
  const asked: string[] = [];
  const heard: string[] = [];
  for (const seat of seats) {
    seat.ask = (_call, taker) => {
      asked.push(seat.target.name);
      taker.answered(wholeAnswer(seat.target.name));
    };
  }
  const { fit = names } = over;
  const fitSeats = seats.filter((seat) => fit.includes(seat.target.name));
  const hearer: SeatHearer = {
    start: (seat) => heard.push(`start ${seat.target.name}`),
    spoke: (seat) => heard.push(`spoke ${seat.target.name}`),
    end: (seat, _, __, outcome) => heard.push(`end ${seat.target.name} ${outcome.kind}`),
  };
  const picks = picking({
    pool: 'pool',
    picker: first,
    seats: { fit: () => fitSeats, anyone: () => seats, due: () => undefined },
    hearers: [load, hearer],
    clock: time.clock,
    ...over,
  });
  return { time, seats, asked, heard, left: picks.left, service: promised(picks.ask) };
}

const seatOf = (seats: readonly Seat[], n: number): Seat => {
  const seat = seats[n];
  assert.ok(seat !== undefined);
  return seat;
};

test('a pick opens one attempt, and its load ends with the outcome, not with the first part', async () => {
  const { time, seats, heard, service } = stage(['a']);
  const seat = seatOf(seats, 0);
  const reply = playedReply('a');
  seat.ask = (_call, taker) => taker.answered(reply);
  const call = playedCall(time);
  await service(call);
  assert.equal(seat.inFlight, 1);
  assert.equal(call.attempt, call.story.attempts[0]);
  assert.equal(call.attempt?.verdict, 'running');
  await time.pass(500);
  reply.end(ANSWERED);
  assert.equal(seat.inFlight, 0);
  assert.equal(call.attempt?.verdict, 'answered');
  assert.equal(call.attempt?.endMs, time.clock.now());
  assert.deepEqual(heard, ['start a', 'spoke a', 'end a answered']);
});

test('a failure is written into the story: code, reason, status, bytes', async () => {
  const { time, seats, heard, service } = stage(['a']);
  seatOf(seats, 0).ask = (_call, taker) => taker.failed(answeredWith('service-error', 500));
  const call = playedCall(time);
  await failureIn(service(call));
  const { code, reason, status, verdict, bytesWritten } = call.story.attempts[0] ?? assert.fail();
  assert.deepEqual(
    { code, reason, status, verdict, bytesWritten },
    {
      code: 'service-error',
      reason: 'service error',
      status: 500,
      verdict: 'failed',
      bytesWritten: 100,
    },
  );
  assert.deepEqual(heard, ['start a', 'end a failed']);
  assert.equal(seatOf(seats, 0).inFlight, 0);
});

test('a target asked before is not asked again while another is left', async () => {
  const { time, asked, left, service } = stage(['a', 'b', 'c']);
  const call = playedCall(time);
  playedAttempt(call, 'a', { code: 'connect-refused' });
  assert.equal(left(call), 2);
  await service(call);
  assert.deepEqual(asked, ['b']);
});

test('when the fit were all asked, the rested are, and then who answered something', async () => {
  const { time, asked, left, service } = stage(['a', 'rested'], { fit: ['a'] });
  const call = playedCall(time);
  playedAttempt(call, 'a', { code: 'service-error', bytesWritten: 1 });
  assert.equal(left(call), 1);
  await service(call);
  assert.deepEqual(asked, ['rested']);
  playedAttempt(call, 'rested', { code: 'answer-timeout', bytesWritten: 1 });
  assert.equal(left(call), 0);
  await service(call);
  assert.deepEqual(asked, ['rested', 'a']);
});

test('who stayed silent is not asked again for the call, not in another pool either', async () => {
  for (const over of [
    { code: 'answer-timeout', bytesWritten: 1 },
    { verdict: 'superseded' },
    { verdict: 'running' },
  ] as const) {
    const { time, left, service } = stage(['a']);
    const call = playedCall(time);
    playedAttempt(call, 'a', { pool: 'another', ...over });
    assert.equal(left(call), 0);
    assert.equal((await failureIn(service(call))).code, 'no-target-fit');
  }
  const { time, asked, service } = stage(['a']);
  const call = playedCall(time);
  playedAttempt(call, 'a', { pool: 'another', code: 'service-error', bytesWritten: 1 });
  await service(call);
  assert.deepEqual(asked, ['a']);
});

test('who refuses our key is not asked again for the call', async () => {
  const { time, service } = stage(['a']);
  const call = playedCall(time);
  playedAttempt(call, 'a', { code: 'credential-refused', bytesWritten: 1 });
  assert.equal((await failureIn(service(call))).code, 'no-target-fit');
});

test('a probe that is due takes a fresh call, never one that failed before', async () => {
  const time = playedTime();
  const seats = playedSeats(['a', 'due']);
  const asked: string[] = [];
  for (const seat of seats) {
    seat.ask = (_call, taker) => {
      asked.push(seat.target.name);
      taker.answered(wholeAnswer());
    };
  }
  const { ask } = picking({
    pool: 'pool',
    picker: first,
    seats: { fit: () => seats.slice(0, 1), anyone: () => seats.slice(0, 1), due: () => seats[1] },
    hearers: [],
    clock: time.clock,
  });
  const service = promised(ask);
  await service(playedCall(time));
  const again = playedCall(time);
  playedAttempt(again, 'b', { code: 'connect-refused' });
  await service(again);
  assert.deepEqual(asked, ['due', 'a']);
});

test('nobody to ask is said at once', async () => {
  const { time, service, left } = stage([]);
  assert.equal(left(playedCall(time)), 0);
  assert.equal((await failureIn(service(playedCall(time)))).code, 'no-target-fit');
});

test('a seat at its limit is passed over; when all are, the call waits in the room or fails at once', async () => {
  const { time, seats, asked, service } = stage(['a', 'b']);
  seatOf(seats, 0).inFlightMax = 0;
  await service(playedCall(time));
  assert.deepEqual(asked, ['b']);
  seatOf(seats, 1).inFlightMax = 0;
  assert.equal((await failureIn(service(playedCall(time)))).code, 'queue-full');
  const waiting: (() => Promise<Reply> | undefined)[] = [];
  const room = {
    mustWait: () => false,
    enter: (_: Call, go: () => Promise<Reply> | undefined) => {
      waiting.push(go);
      return new Promise<Reply>(() => {});
    },
  };
  const full = stage(['a'], { room });
  seatOf(full.seats, 0).inFlightMax = 0;
  const call = playedCall(full.time);
  void full.service(call);
  assert.equal(waiting[0]?.(), undefined);
  seatOf(full.seats, 0).inFlightMax = 1;
  assert.equal((await waiting[0]?.())?.target, 'a');
  leave(call);
  assert.equal((await failureIn(waiting[0]?.() ?? assert.fail())).code, 'caller-left');
});

test('a newcomer does not overtake who waits', async () => {
  let entered = 0;
  const room = {
    mustWait: () => true,
    enter: () => {
      entered += 1;
      return new Promise<Reply>(() => {});
    },
  };
  const { time, asked, service } = stage(['a'], { room });
  void service(playedCall(time));
  assert.deepEqual([entered, asked], [1, []]);
});

test("attempts that we stopped ourselves touch nobody's health", async () => {
  const ours = failureOf('caller-left', { firstEvent: 'our-cancel' });
  const { time, seats, heard, service } = stage(['a']);
  seatOf(seats, 0).ask = (_call, taker) => taker.failed(ours);
  const call = playedCall(time);
  await failureIn(service(call));
  assert.deepEqual(heard, ['start a', 'end a abandoned']);
  assert.equal(call.story.attempts[0]?.verdict, 'abandoned');
  const beaten = stage(['a']);
  seatOf(beaten.seats, 0).ask = (each, taker) => {
    if (each.attempt !== undefined) each.attempt.verdict = 'superseded';
    taker.failed(refused());
  };
  const second = playedCall(beaten.time);
  await failureIn(beaten.service(second));
  assert.deepEqual(beaten.heard, ['start a', 'end a abandoned']);
  assert.equal(second.story.attempts[0]?.verdict, 'superseded');
});

test('a reply that breaks after its first part ends as failed, and one that is left as abandoned', async () => {
  const { time, seats, heard, service } = stage(['a']);
  const broken = playedReply('a');
  const left = playedReply('a');
  const replies = [broken, left];
  seatOf(seats, 0).ask = (_call, taker) => taker.answered(replies.shift() ?? assert.fail());
  await service(playedCall(time));
  await service(playedCall(time));
  broken.end({ kind: 'failed', failure: failureOf('body-cut') });
  left.cancel();
  assert.deepEqual(heard.slice(-2), ['end a failed', 'end a abandoned']);
  assert.equal(seatOf(seats, 0).inFlight, 0);
});

test('a seat that throws instead of telling leaks no load', async () => {
  const { time, seats, service } = stage(['a']);
  seatOf(seats, 0).ask = () => {
    throw new TypeError('broken');
  };
  assert.equal((await failureIn(service(playedCall(time)))).code, 'gateway-bug');
  assert.equal(seatOf(seats, 0).inFlight, 0);
});

test('a seat that throws after it told, or tells twice, is heard once', async () => {
  const { time, seats, heard, service } = stage(['a']);
  const seat = seatOf(seats, 0);
  seat.ask = (_call, taker) => {
    taker.failed(refused());
    throw new TypeError('broken');
  };
  assert.equal((await failureIn(service(playedCall(time)))).code, 'connect-refused');
  const late = playedReply('a');
  seat.ask = (_call, taker) => {
    taker.failed(refused());
    taker.answered(late);
  };
  assert.equal((await failureIn(service(playedCall(time)))).code, 'connect-refused');
  assert.deepEqual(heard, ['start a', 'end a failed', 'start a', 'end a failed']);
  assert.equal(late.outcome?.kind, 'abandoned');
  assert.equal(seat.inFlight, 0);
});
