import assert from 'node:assert/strict';
import type { Call } from '../call/call.ts';
import type { Failure } from '../call/failure.ts';
import { ANSWERED } from '../call/reply.ts';
import type { Seat } from '../call/seat.ts';
import type { Attempt } from '../call/story.ts';
import { LIMIT_BOUNDS, Limits } from './limit.ts';
import { answeredWith, type PlayedTime, playedAttempt, playedCall, playedSeats, playedTime } from './played.test.ts';

export function stage(bounds = LIMIT_BOUNDS) {
  const time = playedTime();
  const limits = new Limits(time.clock, bounds);
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  return { time, seat, limits };
}

export type Begun = { readonly call: Call; readonly attempt: Attempt };

export function begin(limits: Limits, seat: Seat, time: PlayedTime, model = 'gpt-5'): Begun {
  const call = playedCall(time, { model });
  const attempt = playedAttempt(call, 'a', { startMs: time.clock.now(), bytesWritten: 9 });
  limits.start(seat, call, attempt);
  seat.inFlight += 1;
  return { call, attempt };
}

export function answer(limits: Limits, seat: Seat, time: PlayedTime, { call, attempt }: Begun): void {
  attempt.firstPartMs = time.clock.now();
  limits.spoke(seat, call, attempt);
  attempt.endMs = time.clock.now();
  limits.end(seat, call, attempt, ANSWERED);
  seat.inFlight -= 1;
}

export function refuse(
  limits: Limits,
  seat: Seat,
  time: PlayedTime,
  { call, attempt }: Begun,
  failure: Failure = answeredWith('rate-limited', 429),
): void {
  attempt.endMs = time.clock.now();
  limits.end(seat, call, attempt, { kind: 'failed', failure });
  seat.inFlight -= 1;
}

/** A stream begins, and says its first word. */
export function take(limits: Limits, seat: Seat, time: PlayedTime): Begun {
  const begun = begin(limits, seat, time);
  begun.attempt.firstPartMs = time.clock.now();
  limits.spoke(seat, begun.call, begun.attempt);
  return begun;
}
