import type { Fields } from './fields.ts';
import type { Story } from './story.ts';

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
  /** True when the caller asked for a stream. */
  readonly isStream: boolean;
  /** True for calls whose POST may be tried again before its first part: the declared rule for inference (design §5). */
  readonly isReplayable: boolean;
  readonly caller: Caller;
  /** When the call began, and when it must have ended, on the world's monotonic clock. */
  readonly startMs: number;
  readonly deadlineMs: number;
  readonly story: Story;
  /** Set by whoever waits for something that must stop when the caller leaves; run once, by the server. */
  leave: (() => void) | undefined;
  isLeft: boolean;
};

export type Caller = {
  readonly ip: string;
  /** A short fingerprint of the credential, never the credential; undefined without one. */
  readonly credential: string | undefined;
};
