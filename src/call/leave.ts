import type { Call } from './call.ts';

/** The caller went away: whatever waits or runs for the call stops at once. Idempotent. */
export function leave(call: Call): void {
  if (call.isLeft) return;
  call.isLeft = true;
  if (call.isKept !== true) stopTries(call);
  call.leavers.stop();
  call.leavers.clear();
}

/** Nobody wants what is under way for the call any more, though its caller may still be told so. Idempotent. */
export function stopWork(call: Call): void {
  stopTries(call);
  call.leavers.stop();
}

function stopTries({ story }: Call): void {
  for (const attempt of story.attempts) attempt.cancel?.();
}
