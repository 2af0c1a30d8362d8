import type { RunRecord } from '../sim/run.ts';
import { amplification } from './amplification.ts';
import { blame, safety } from './blame.ts';
import { bounded, outOfTheWay } from './bounded.ts';
import type { Check, Violation } from './check.ts';
import { delivered, recovered } from './delivered.ts';
import { continuity, named } from './sound.ts';
import { truthful, whole } from './truthful.ts';

/** All that is judged of one run. P10, same seed same journal, needs two and is judged by whoever runs it twice. */
export const CHECKS: readonly Check[] = [
  delivered,
  truthful,
  whole,
  amplification,
  blame,
  safety,
  bounded,
  continuity,
  outOfTheWay,
  recovered,
  named,
];

/** One broken promise can show on a thousand calls; these are enough to see how. */
const SHOWN_MAX = 5;

/** What is wrong with a run, at most a few for each check. */
export function judge(record: RunRecord): readonly Violation[] {
  return CHECKS.flatMap((check) => {
    const found: Violation[] = [];
    for (const violation of check.judge(record)) {
      found.push({ check: check.name, ...violation });
      if (found.length >= SHOWN_MAX) break;
    }
    return found;
  });
}
