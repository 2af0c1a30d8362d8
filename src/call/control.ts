import type { Fitness } from './seat.ts';

/** One target in one pool, as the operator sees it. */
export type SeatView = {
  readonly pool: string;
  readonly target: string;
  /** Where it is asked. */
  readonly host: string;
  readonly port: number;
  readonly region: string | undefined;
  readonly fitness: Fitness;
  readonly weight: number;
  /** The weight that pickers go by: slow start and panic are in it. */
  readonly effectiveWeight: number;
  readonly inFlight: number;
  /** The adaptive limit on it; undefined while there is none. */
  readonly inFlightMax: number | undefined;
};

/** What an operator has taken out of service, or plans to. Times are Unix milliseconds. */
export type WindowView = {
  readonly scope: 'gateway' | `pool:${string}` | `target:${string}`;
  readonly word: 'maintenance' | 'draining';
  readonly fromMs: number;
  readonly untilMs: number | undefined;
  readonly note: string;
};

/** What can be done to a running gateway. Verbs on a target hold in every pool it is in; they answer false for a name that is not known. */
export type Control = {
  seats(): readonly SeatView[];
  windows(): readonly WindowView[];
  /** No calls for so long, whatever the target does. */
  rest(target: string, restMs: number): boolean;
  /** Ends a rest. */
  wake(target: string): boolean;
  /** 0 takes no new calls. */
  weigh(target: string, weight: number): boolean;
  /** At once or planned. False for an unknown target or pool, or when too many windows are planned. */
  takeOut(window: WindowView): boolean;
  /** Back in service at once; false when nothing was planned there. */
  putBack(scope: WindowView['scope']): boolean;
};
