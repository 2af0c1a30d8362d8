import type { SeatView } from '../../call/control.ts';
import type { Address, World } from '../../world/world.ts';
import type { Received } from '../ledger.ts';
import type { Deed, Plan } from '../sim/plan.ts';
import type { Voice } from '../workloads/wish.ts';

/** A gateway on real sockets, with callers before it and services behind it that can be broken. */
export type LiveStage = {
  /** The plan as it fits this gateway: its targets, its pools, its deadline. */
  readonly plan: Plan;
  readonly world: World;
  readonly gateway: Address;
  readonly voice: Voice | undefined;
  /** What of the scenario is not done here, or done in another way: sentences for whoever reads the report. */
  readonly notes: readonly string[];
  /** Does it, and returns what undoes it; undefined when it cannot be done here. */
  readonly act: (deed: Deed) => (() => void) | undefined;
  /** Settles when no restart is under way any more. */
  readonly settled: () => Promise<void>;
  /** What the targets have received so far. */
  readonly stations: () => Promise<readonly { readonly name: string; readonly received: readonly Received[] }[]>;
  readonly seats: () => Promise<readonly SeatView[] | undefined>;
  readonly stop: () => Promise<void>;
};
