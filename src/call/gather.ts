import { Failure } from './failure.ts';
import type { Reply } from './reply.ts';
import { copyOf } from './settle.ts';

/**
 * The whole body of a reply, for code off the path of a call.
 * @throws Failure the reply's own, `body-too-large` above `bytesMax`, `caller-left` when it was abandoned.
 */
export function gatherBody(reply: Reply, bytesMax: number): Promise<Uint8Array> {
  return new Promise((fulfil, reject) => {
    const parts: Uint8Array[] = [];
    let bytesGathered = 0;
    reply.flow({
      part(bytes) {
        bytesGathered += bytes.length;
        if (bytesGathered <= bytesMax) {
          parts.push(copyOf(bytes));
          return;
        }
        reply.cancel();
        reject(new Failure('body-too-large', { phase: 'body', firstEvent: 'our-cancel', bytesRead: bytesGathered }));
      },
      end(outcome) {
        if (outcome.kind === 'answered') fulfil(Buffer.concat(parts, bytesGathered));
        else if (outcome.kind === 'failed') reject(outcome.failure);
        else reject(new Failure('caller-left', { phase: 'body', firstEvent: 'our-cancel' }));
      },
    });
  });
}
