import type { Scenario } from '../scenario.ts';
import { BLOCK_A_BETWEEN } from './block-a-between.ts';
import { BLOCK_A_EDGE } from './block-a-edge.ts';
import { BLOCK_A_FAR } from './block-a-far.ts';
import { BLOCK_B_FAR } from './block-b-far.ts';
import { BLOCK_B_NAMES } from './block-b-names.ts';
import { BLOCK_B_NEAR } from './block-b-near.ts';
import { BLOCK_C } from './block-c.ts';
import { DOUBLE } from './double.ts';
import { HEALTHY } from './healthy.ts';
import { INCONCLUSIVE } from './inconclusive.ts';

/** Every scenario of the lab, by the block of the table of causes that it belongs to. */
export const GROUPS = {
  healthy: HEALTHY,
  'block A': [...BLOCK_A_BETWEEN, ...BLOCK_A_EDGE, ...BLOCK_A_FAR],
  'block B': [...BLOCK_B_NEAR, ...BLOCK_B_NAMES, ...BLOCK_B_FAR],
  'block C': BLOCK_C,
  'two faults': DOUBLE,
  inconclusive: INCONCLUSIVE,
} as const satisfies Record<string, readonly Scenario[]>;

/** The same as one list. */
export const SCENARIOS: readonly Scenario[] = Object.values(GROUPS).flat();
