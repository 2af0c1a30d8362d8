import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';
import type { Timer } from '../world/world.ts';
import type { Journal } from './journal.ts';
import { fingerprintOf, ownerOf } from './replay-key.ts';

/** One reply that may be read again. */
export type Entry = {
  readonly id: string;
  /** Whose it is: nobody else learns that it exists. */
  readonly owner: string;
  readonly key: string | undefined;
  readonly fingerprint: number;
  readonly isAnnounced: boolean;
  /** The call as the upstream side knows it: it outlives the caller's. undefined once it is done: kept are the words, not the call. */
  inner: Call | undefined;
  readonly isResponses: boolean;
  ready: Promise<Journal | Reply>;
  journal: Journal | undefined;
  isBegun: boolean;
  doneMs: number | undefined;
  orphan: Timer | undefined;
  responseId: string | undefined;
  /** Ids of the calls that joined by key, oldest first: each was told its own, and may go on from it. */
  readonly joined: string[];
};

const PENDING: Promise<never> = new Promise(() => undefined);

/** For a call that is about to be asked; `inner` is how its upstream side knows it. */
export function newEntry(call: Call, key: string | undefined, inner: Call, isAnnounced: boolean): Entry {
  return {
    id: call.id,
    owner: ownerOf(call.caller),
    key,
    fingerprint: key === undefined ? 0 : fingerprintOf(call),
    isAnnounced,
    isResponses: call.dialect === 'openai-responses',
    inner,
    ready: PENDING,
    journal: undefined,
    isBegun: false,
    doneMs: undefined,
    orphan: undefined,
    responseId: undefined,
    joined: [],
  };
}
