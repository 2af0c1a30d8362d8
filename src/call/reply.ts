import type { TunnelEnd } from '../http1/join.ts';
import type { WireFault } from '../world/world.ts';
import type { Failure } from './failure.ts';
import type { Fields } from './fields.ts';

/** How a reply ended. */
export type Outcome =
  | { readonly kind: 'answered'; readonly trailers?: Fields | undefined }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'abandoned' };

export const ANSWERED: Outcome = { kind: 'answered' };
export const ABANDONED: Outcome = { kind: 'abandoned' };

/** Takes a reply part by part. `end` comes exactly once and last. Bytes are valid only during the call. */
export type Sink = {
  part(bytes: Uint8Array): void;
  end(outcome: Outcome): void;
};

/** What an upgrade came to: bytes that are nobody's to look at. */
export type Tunnel = {
  readonly end: TunnelEnd;
  /** Both sides closed in order: the reply ends as answered. */
  closed(): void;
  /** The target broke it: the reply ends as failed. */
  broke(fault: WireFault | undefined): void;
};

/** What comes back, pushed. */
export type Reply = {
  readonly status: number;
  readonly fields: Fields;
  /** Announced length in bytes, -1 when not known. */
  readonly length: number;
  /** The target that speaks. */
  readonly target: string;
  /** Starts the flow, once; parts already in hand are pushed before it returns. */
  flow(sink: Sink): void;
  pause(): void;
  resume(): void;
  /** Nobody listens any more: the upstream is stopped at once and the outcome is `abandoned`. The sink hears nothing more. */
  cancel(): void;
  /** Observers hear the outcome once, before the sink does; one that comes late hears it at once. */
  onOutcome(observe: (outcome: Outcome) => void): void;
  /** With status 101: the reply has no parts, and ends when the tunnel does. */
  readonly tunnel?: Tunnel | undefined;
};
