import type { Clock } from '../world/world.ts';

/** Makes the `date` field line (RFC 9110 §6.6.1) with its CRLF, at most once a second. */
export function dateLine(clock: Clock): () => string {
  let second = Number.NaN;
  let line = '';
  return () => {
    const wallMs = clock.wallMs();
    const now = Math.floor(wallMs / 1000);
    if (now !== second) {
      second = now;
      line = `date: ${new Date(now * 1000).toUTCString()}\r\n`;
    }
    return line;
  };
}
