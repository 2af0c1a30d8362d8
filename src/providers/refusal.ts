import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import { classify } from '../diagnosis/classify.ts';

/** A question of our own got another answer than the one it was made for: the failure which that is evidence of. `body`: at most 64 KiB of it. */
export function refusal({ status, fields }: Reply, body: Uint8Array): Failure {
  const evidence = {
    phase: 'body',
    firstEvent: 'answer',
    isRequestSent: true,
    answer: { status, fields, body },
  } as const;
  return new Failure(classify(evidence).code, evidence);
}
