import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Timers } from '../world/world.ts';

/** Why a wait was stopped from outside: the caller left, or else the deadline passed; nothing else stops waits. */
export function stopped(call: Call): Failure {
  return call.isLeft
    ? new Failure('caller-left', { phase: 'queue', firstEvent: 'our-cancel' })
    : new Failure('deadline-passed', { phase: 'queue', firstEvent: 'our-timer', clock: 'deadline' });
}

/** Waits, unless the caller leaves or the deadline passes first. @throws Failure `caller-left`, `deadline-passed`. */
export function pause(call: Call, delayMs: number, timers: Timers): Promise<void> {
  if (call.isLeft) return Promise.reject(stopped(call));
  return new Promise((resolve, reject) => {
    const timer = timers.after(delayMs, () => {
      call.leavers.delete(stop);
      resolve();
    });
    const stop = () => {
      call.leavers.delete(stop);
      timer.disarm();
      reject(stopped(call));
    };
    call.leavers.add(stop);
  });
}
