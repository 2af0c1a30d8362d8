import type { Clock } from '../world/world.ts';

/** Lines a second: a bug that every call meets must not become a storm of writes. What is left out is counted and said. */
const LINES_PER_S_MAX = 5;

/** Frames told: enough to find the place. */
const FRAMES_MAX = 8;

/**
 * A line for each exception out of our own code: its kind and where it was thrown. Not its message, which may quote what a caller or a service sent.
 */
export function strangerLog(say: (line: string) => void, clock: Clock): (stranger: unknown) => void {
  let secondMs = Number.NEGATIVE_INFINITY;
  let said = 0;
  let omitted = 0;
  return (stranger) => {
    const nowMs = clock.now();
    if (nowMs - secondMs >= 1000) {
      if (omitted > 0) say(`goodgate: ${omitted} more bugs were met in the last second`);
      secondMs = nowMs;
      said = 0;
      omitted = 0;
    }
    said += 1;
    if (said > LINES_PER_S_MAX) omitted += 1;
    else say(`goodgate: a bug of Goodgate ended one connection, please report it: ${whereabouts(stranger)}`);
  };
}

function whereabouts(stranger: unknown): string {
  if (!(stranger instanceof Error)) return `a thrown ${typeof stranger}`;
  const frames = (stranger.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [stranger.name, ...frames.slice(0, FRAMES_MAX).map((line) => line.trim())].join(' ');
}
