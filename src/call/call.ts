import type { Fields } from './fields.ts';
import type { Leavers } from './leavers.ts';
import type { Said } from './said.ts';
import type { Attempt, Story } from './story.ts';
import type { Span } from './top-level.ts';

/** How the caller speaks; `http` is any path that is passed through as it is. */
export type Dialect =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'openai-completions'
  | 'anthropic-messages'
  | 'http';

/** What a caller asked, from first byte to last. */
export type Call = {
  /** 32 hex digits; also the caller's `x-request-id`. */
  readonly id: string;
  readonly dialect: Dialect;
  readonly method: string;
  /** Path and query as the caller sent them. */
  readonly path: string;
  readonly fields: Fields;
  /** The whole body, held so that another target can be asked; undefined without one. */
  readonly body: Uint8Array | undefined;
  /** The model asked for, where the dialect names one. */
  readonly model: string | undefined;
  /** Where the model's value stands in the body, quotes included, so that a pool can ask for another one without re-encoding. */
  readonly modelAt: Span | undefined;
  /** True when the caller asked for a stream. */
  readonly isStream: boolean;
  /** True for calls whose POST may be tried again before its first part: the declared rule for inference (design §5). */
  readonly isReplayable: boolean;
  readonly caller: Caller;
  /** When the call began, and when it must have ended, on the world's monotonic clock. */
  readonly startMs: number;
  readonly deadlineMs: number;
  readonly story: Story;
  /** Larger is served first; 0 unless the caller hints otherwise within its bounds. */
  readonly priority: number;
  readonly idempotencyKey: string | undefined;
  /** The protocol that the caller wants to speak from here on, in lower case; only `websocket` is taken. */
  readonly upgrade?: 'websocket' | undefined;
  /** The try now under way: set by the picker just before it calls the target's service, read synchronously there. A hedge works on a copy of the call. */
  attempt: Attempt | undefined;
  isLeft: boolean;
  /** True when the work for it goes on without its caller: replay keeps it for one who comes back, and ends it itself. */
  isKept?: boolean;
  /** Waits that must stop when the caller leaves; attempts are stopped through the story. See leave.ts. */
  readonly leavers: Leavers;
  /** What the caller was told by a reply that broke: the reply wanted now goes on from there. Set by resume, on a copy of the call. */
  readonly said?: Said | undefined;
};

export type Caller = {
  readonly ip: string;
  /** A short fingerprint of the credential, never the credential; undefined without one. */
  readonly credential: string | undefined;
};
