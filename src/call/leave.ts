import type { Call } from './call.ts';

/** The caller went away: whatever waits or runs for the call stops at once. Idempotent. */
export function leave(call: Call): void {
  if (call.isLeft) return;
  call.isLeft = true;
  if (call.isKept !== true) for (const attempt of call.story.attempts) attempt.cancel?.();
  for (const stop of [...call.leavers]) stop();
  call.leavers.clear();
}
