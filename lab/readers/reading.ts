import type { Hop } from '../../src/diagnosis/cause.ts';

/** What a reader made of one scenario, in the words that all readers share. */
export type Reading = {
  /** `nothing`: it gave no verdict at all. */
  readonly says: 'healthy' | 'fault' | 'inconclusive' | 'nothing';
  readonly hop: Hop | undefined;
  readonly code: string | undefined;
  readonly isConfirmed: boolean;
  /** Ids of the steps shown to the person. */
  readonly steps: readonly string[];
  /** How long to its first word and its last, as it tells; undefined when it does not. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** From start to exit, by the lab's clock. */
  readonly tookMs: number;
  /** What it said, shortened, for the log. */
  readonly words: string;
};
