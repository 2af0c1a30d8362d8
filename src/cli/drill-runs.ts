import type { Plan } from '../drill/sim/plan.ts';
import { drill, type Verdict } from '../drill/sim/verdict.ts';
import { serve } from '../serve.ts';
import type { World } from '../world/world.ts';

/** One run to be made. */
export type Run = { readonly title: string; readonly tells: string; readonly plan: Plan };

/** What is known of a run once it is over, as one line of JSON. */
export type Summary = {
  readonly title: string;
  readonly seed: string;
  readonly isKept: boolean;
  readonly violations: readonly { readonly check: string; readonly what: string }[];
  readonly calls: number;
  readonly answered: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly amplification: number;
  readonly virtualMs: number;
  readonly journal: string;
  readonly replay: string;
  readonly plan?: Plan;
};

export type RunOptions = {
  readonly minutes: number | undefined;
  readonly isUntilBroken: boolean;
  /** Asked before each run; false ends it all. */
  readonly goesOn?: (nth: number) => Promise<boolean>;
  /** Told after each run; the verdict is let go after the next. */
  readonly told: (summary: Summary, run: Run, verdict: Verdict) => void;
};

/** One run in so many is made twice, to see that its journal is the same (P10). */
const TWICE_EVERY = 20;

/** Makes run after run, and tells of each. */
export async function makeRuns(world: World, runs: Iterable<Run>, options: RunOptions): Promise<void> {
  const strangers: unknown[] = [];
  const onStranger = (error: unknown): void => void strangers.push(error);
  process.on('unhandledRejection', onStranger);
  let nth = 0;
  for (const run of runs) {
    if ((await options.goesOn?.(nth)) === false) break;
    const judged = await drill({ timers: world.timers, serve }, run.plan, options.minutes, nth % TWICE_EVERY === 0);
    nth += 1;
    const unheard = strangers.splice(0).map((stranger) => ({
      check: 'named',
      what: `a rejection that nobody heard: ${String(stranger)}`,
      seen: undefined,
    }));
    const verdict = { ...judged, violations: [...judged.violations, ...unheard] };
    const isKept = verdict.violations.length === 0;
    options.told(summaryOf(run, verdict, isKept), run, verdict);
    if (!isKept && options.isUntilBroken) break;
  }
  process.off('unhandledRejection', onStranger);
}

function summaryOf({ title, plan }: Run, { record, violations, tally, replay }: Verdict, isKept: boolean): Summary {
  return {
    title,
    seed: plan.seed,
    isKept,
    violations: violations.map(({ check, what }) => ({ check, what })),
    calls: tally.calls,
    answered: tally.answered,
    failed: tally.failed,
    amplification: tally.amplification,
    virtualMs: record.endMs,
    journal: record.journal.hash,
    replay,
    ...(isKept ? {} : { plan }),
  };
}
