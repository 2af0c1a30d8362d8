import assert from 'node:assert/strict';
import type { Call } from '../call/call.ts';
import type { Failure } from '../call/failure.ts';
import { ANSWERED, type Reply } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import {
  failureIn,
  type PlayedTime,
  playedAttempt,
  playedCall,
  playedChance,
  playedSeats,
  playedTime,
  wholeAnswer,
} from './played.test.ts';
import { WAITING_BOUNDS, WaitingRoom } from './waiting.ts';

/** A room in front of so many places; `free` gives one back, as the end of an attempt does. What is under way does nothing but be counted. */
export function stage({ places = 0, sizeMax = 1000, isLast = true, underWay = 1 } = {}) {
  const time = playedTime();
  const bounds = { ...WAITING_BOUNDS, sizeMax };
  /** Targets of the tries before those that were made late. */
  const late: string[] = [];
  const onLateTry = (former: Attempt, sinceMs: number): void => {
    late.push(`${former.target} ${time.clock.now() - sinceMs}`);
  };
  const room = new WaitingRoom({ ...time, chance: playedChance(), bounds, underWay: () => underWay, onLateTry });
  const door = room.door(isLast);
  const [seat] = playedSeats(['a']);
  assert.ok(seat !== undefined);
  let left = places;
  const served: string[] = [];
  const names = new Map<Call, string>();
  const ended = (isServed: boolean) => {
    const call = playedCall(time);
    const endMs = time.clock.now();
    const attempt = playedAttempt(call, 'a', { endMs, firstPartMs: isServed ? endMs : undefined });
    room.hearer.end(seat, call, attempt, ANSWERED);
  };
  return {
    time,
    room,
    door,
    served,
    late,
    free(count = 1, isServed = true) {
      for (let i = 0; i < count; i++) {
        left += 1;
        ended(isServed);
      }
    },
    enter(name: string, over: Partial<Call> = {}): Promise<Reply> & { call: Call } {
      const call = playedCall(time, over);
      names.set(call, name);
      const promise = door.enter(call, () => {
        if (left === 0) return undefined;
        left -= 1;
        served.push(name);
        return Promise.resolve(wholeAnswer(name));
      });
      promise.catch(() => {});
      return Object.assign(promise, { call });
    },
  };
}

/** The failure of who is turned away at once; a wait would never end here, and fails the test. */
export function turnedAway(time: PlayedTime, promise: Promise<unknown> | undefined): Promise<Failure> {
  const waits = time.settle().then(() => assert.fail('it waits'));
  return Promise.race([failureIn(promise ?? Promise.resolve()), waits]);
}

/** A call of this address. */
export const from = (ip: string): Partial<Call> => ({ caller: { ip, credential: undefined } });
