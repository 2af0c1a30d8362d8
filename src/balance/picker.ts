import type { Call } from '../call/call.ts';
import type { Seat } from '../call/seat.ts';

/**
 * Chooses among seats that may all be asked. Undefined only for an empty list. Allocates nothing, changes no seat,
 * and goes by `effectiveWeight`, so that slow start holds under every policy.
 */
export type Picker = {
  pick(seats: readonly Seat[], call: Call): Seat | undefined;
};
