import { CATALOGUE } from '../../src/diagnosis/catalogue.ts';
import type { FolkStepId } from '../../src/diagnosis/folk-steps.ts';
import type { Scenario } from '../scenario.ts';
import type { Reading } from './reading.ts';

/** What search results tell everyone about "502 Bad Gateway", in their usual order. */
export const LADDER = [
  'refresh',
  'private-window',
  'extensions-off',
  'clear-cache',
  'vpn-off',
  'change-dns',
  'other-network',
  'wait',
] as const satisfies readonly FolkStepId[];

/** The ladder looks at nothing: it says the same to everyone, and names neither a hop nor a cause. */
export function askFolk(): Reading {
  return {
    says: 'nothing',
    hop: undefined,
    code: undefined,
    isConfirmed: false,
    steps: LADDER,
    firstMs: 0,
    lastMs: 0,
    tookMs: 0,
    words: 'the ladder',
  };
}

/** How many of its steps the catalogue says will not help against the true cause. */
export function uselessOf({ truth }: Scenario): number {
  if (truth.kind !== 'fault') return 0;
  const wontHelp: readonly string[] = CATALOGUE[truth.code].wontHelp;
  return LADDER.filter((step) => wontHelp.includes(step)).length;
}
