import type { RunRecord } from '../sim/run.ts';
import { readAgain } from './again.ts';
import { readAhead } from './ahead.ts';
import { amplification } from './amplification.ts';
import { blame, safety } from './blame.ts';
import { bounded, outOfTheWay } from './bounded.ts';
import type { Check, Violation } from './check.ts';
import { delivered, recovered } from './delivered.ts';
import { fair } from './fair.ts';
import { comesBack, leftAlone, slowStart } from './rest.ts';
import { continuity, named } from './sound.ts';
import { truthful, whole } from './truthful.ts';
import { noIdleWork, noVainTries } from './work.ts';

/** All that is judged of one run. P10, same seed same journal, needs two and is judged by whoever runs it twice. */
export const CHECKS: readonly Check[] = [
  delivered,
  truthful,
  whole,
  readAgain,
  amplification,
  noVainTries,
  blame,
  leftAlone,
  comesBack,
  slowStart,
  safety,
  readAhead,
  bounded,
  fair,
  noIdleWork,
  continuity,
  outOfTheWay,
  recovered,
  named,
];

/** One broken promise can show on a thousand calls; these are enough to see how. */
const SHOWN_MAX = 5;

/** What is wrong with a run, at most a few for each check. */
export function judge(record: RunRecord, checks: readonly Check[] = CHECKS): readonly Violation[] {
  return checks.flatMap((check) => {
    const found: Violation[] = [];
    for (const violation of check.judge(record)) {
      found.push({ check: check.name, ...violation });
      if (found.length >= SHOWN_MAX) break;
    }
    return found;
  });
}
