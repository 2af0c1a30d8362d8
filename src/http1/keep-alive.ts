import type { ResponseHead } from './head.ts';
import { optionsOf } from './hops.ts';
import type { IdleLimit } from './idle.ts';

/** Whether the connection outlives this answer (RFC 9112 §9.3); on the way the limit learns what the peer promises. */
export function keepsAlive(head: ResponseHead, limit: IdleLimit): boolean {
  const { fields } = head;
  // HTTP/1.0 peers may keep a connection if they say so; the few there are do not earn the doubt about their framing.
  let isKept = head.minorVersion === 1;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name === 'connection') {
      const value = fields[i + 1] ?? '';
      if (value !== 'keep-alive' && optionsOf(value).includes('close')) isKept = false;
    } else if (name === 'keep-alive') {
      limit.hear(fields[i + 1] ?? '');
    }
  }
  return isKept;
}
