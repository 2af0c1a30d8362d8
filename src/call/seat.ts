import type { Ask } from '../pipeline/service.ts';
import type { Call } from './call.ts';
import type { Outcome } from './reply.ts';
import type { Attempt } from './story.ts';
import type { Target } from './target.ts';

/**
 * How fit a target is to be asked. `serving`, `resting` and `probing` are health's word, `maintenance` and `draining`
 * the operator's: the last two are never overridden, not even when nothing else is left.
 */
export type Fitness = 'serving' | 'resting' | 'probing' | 'maintenance' | 'draining';

/** One target's place in one pool: the live facts that picking, health and limits share. One object for the life of a config. */
export type Seat = {
  readonly target: Target;
  readonly pool: string;
  /** Its place in `Pool.targets`; pickers keep their own state by it. */
  readonly index: number;
  /** What was asked for, by config or by the operator at run time; 0 takes no new calls. */
  weight: number;
  /** `weight` × slow start: what pickers go by. Kept by health. */
  effectiveWeight: number;
  fitness: Fitness;
  /** Attempts under way, from the ask to the outcome, streams included. */
  inFlight: number;
  /** Adaptive limit on `inFlight`; infinite until the target once said that it has too much. */
  inFlightMax: number;
  /** Peak-sensitive mean of the time to the first part, failures charged as latency; 0 while nothing is known. */
  costMs: number;
  /** When `costMs` was last moved, on the monotonic clock. */
  costAtMs: number;
  /** Failures of late, fading: counted as if they still occupied the target, or one that fails fast would always look idle. */
  failures: number;
  failuresAtMs: number;
  /** Everything below the pick: stall, watch, ask. Set by gateway.ts. */
  ask: Ask;
};

/** Hears of every attempt at a seat: load, health and limits are hearers, so that the path needs no promise for each. Must not throw. */
export type SeatHearer = {
  /** Just before the target is asked. */
  start?(seat: Seat, call: Call, attempt: Attempt): void;
  /** The first part is in hand. */
  spoke?(seat: Seat, call: Call, attempt: Attempt): void;
  /** Once an attempt and last, whether it spoke before or not. */
  end?(seat: Seat, call: Call, attempt: Attempt, outcome: Outcome): void;
};

/** A fresh seat: serving, idle, without limits, not yet able to be asked. */
export function seatOf(target: Target, pool: string, index: number): Seat {
  return {
    target,
    pool,
    index,
    weight: target.weight,
    effectiveWeight: target.weight,
    fitness: 'serving',
    inFlight: 0,
    inFlightMax: Number.POSITIVE_INFINITY,
    costMs: 0,
    costAtMs: 0,
    failures: 0,
    failuresAtMs: 0,
    ask: () => {
      throw new Error(`the seat of ${target.name} was never given its service`);
    },
  };
}
