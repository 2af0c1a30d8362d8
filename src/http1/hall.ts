import type { Clock, Timers } from '../world/world.ts';
import type { BodyLimits } from './body.ts';
import type { Census } from './census.ts';
import type { FaultWriter, RequestHandler, ServerLimits } from './contract.ts';
import type { HeadLimits } from './head.ts';
import type { Networks } from './networks.ts';

/** What all connections of one server share. */
export type Hall = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: ServerLimits;
  readonly headLimits: HeadLimits;
  readonly bodyLimits: BodyLimits;
  readonly handler: RequestHandler;
  readonly faultWriter: FaultWriter;
  /** The `date` field line, ready to write. */
  readonly date: () => string;
  /** The field lines of a connection that stays open. */
  readonly keepAliveLine: string;
  readonly isSecure: boolean;
  /** Undefined when nobody's word is trusted. */
  readonly forwardedFrom: Networks | undefined;
  isDraining: boolean;
  readonly census: Census;
  /** An exception out of a handler: our bug, which ends this connection only. */
  stranger(error: unknown): void;
};
