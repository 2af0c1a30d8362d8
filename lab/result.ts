import type { View } from './readers/doctor.ts';
import type { Reading } from './readers/reading.ts';
import type { Scenario } from './scenario.ts';

/** What every reader made of one scenario. */
export type Result = {
  readonly scenario: Scenario;
  /** undefined when the stage could not be set; `trouble` says why. */
  readonly doctor: Reading | undefined;
  readonly curl: Reading | undefined;
  readonly folk: Reading;
  /** The doctor without one of its views, where that view had something to say. */
  readonly without: Readonly<Partial<Record<View, Reading | undefined>>>;
  readonly trouble?: string;
};
