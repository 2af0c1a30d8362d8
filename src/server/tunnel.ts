import type { Call } from '../call/call.ts';
import { leave } from '../call/leave.ts';
import { note } from '../call/note.ts';
import type { Outcome, Reply, Tunnel } from '../call/reply.ts';
import type { Responder } from '../http1/contract.ts';
import { join, TUNNEL_IDLE_MS, TunnelEnd } from '../http1/join.ts';
import type { Timers } from '../world/world.ts';
import type { ReplyHead } from './reply-fields.ts';

/**
 * Answers an upgrade with 101 and this head, and joins caller and target. The story of the call tells what flowed and who ended it;
 * `ended` hears the outcome once: `abandoned` when the caller broke it, a drain cut it, or nothing moved for too long.
 */
export function openTunnel(
  call: Call,
  reply: Reply,
  tunnel: Tunnel,
  response: Responder,
  head: ReplyHead,
  timers: Timers,
  ended: (outcome: Outcome) => void,
): void {
  response.onLeave = undefined;
  reply.onOutcome(ended);
  const { wire, early } = response.upgrade(head.fields, head.ownLines);
  const caller = new TunnelEnd(wire, early);
  const target = tunnel.end.wire;
  const before = { up: target.bytesWritten, down: target.bytesRead - tunnel.end.earlyBytes };
  join(caller, tunnel.end, { timers }, (ending) => {
    const up = target.bytesWritten - before.up;
    const down = target.bytesRead - before.down;
    const by =
      ending.kind === 'cut' ? `broken by the ${ending.by === 'caller' ? 'caller' : 'service'}` : ENDINGS[ending.kind];
    note(call.story, `websocket: ${up} bytes to the service, ${down} from it, ${by}`);
    if (ending.kind === 'whole') tunnel.closed();
    else if (ending.kind === 'cut' && ending.by === 'target') tunnel.broke(ending.fault);
    else {
      leave(call);
      reply.cancel();
    }
  });
}

const ENDINGS = { whole: 'closed in order', idle: `closed after ${TUNNEL_IDLE_MS / 1000} s of silence` } as const;
