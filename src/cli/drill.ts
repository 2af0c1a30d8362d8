import { SCENARIOS, scenarioOf } from '../drill/scenarios.ts';
import { swarmPlan } from '../drill/scenarios-swarm.ts';
import type { Plan } from '../drill/sim/plan.ts';
import { reportPage } from '../drill/sim/report.ts';
import { drill, type Verdict } from '../drill/sim/verdict.ts';
import { serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';

/** As the options of the command come in. */
export type DrillCommandOptions = {
  readonly seed?: string;
  readonly seeds?: string;
  readonly scenario?: string;
  readonly minutes?: string;
  readonly report?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
};

const WELL = 0;
const BROKEN = 1;
const USAGE = 2;

/** Virtual minutes of safety phase when none are asked for: long enough for rests and slow start, a second or two of real time. */
const MINUTES = 2;
const MINUTES_MAX = 24 * 60;
const SEEDS_MAX = 1_000_000;
/** One run in so many is made twice, to see that its journal is the same (P10). */
const TWICE_EVERY = 10;
const VIOLATIONS_SHOWN = 12;

type Job = { readonly title: string; readonly tells: string; readonly plan: Plan };

/** `goodgate drill`: rehearses bad days in a simulated world and judges how the gateway bears them. Returns the exit code. */
export async function drillCommand(options: DrillCommandOptions): Promise<number> {
  const world = realWorld();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const minutes = options.minutes === undefined ? MINUTES : Number(options.minutes);
  const count = options.seeds === undefined ? 1 : Number(options.seeds);
  const jobs = jobsOf(options, minutes, count, world.chance.below(1e9));
  if (typeof jobs === 'string') {
    say(`goodgate drill: ${jobs}`);
    return USAGE;
  }
  const strangers: unknown[] = [];
  const onStranger = (error: unknown): void => void strangers.push(error);
  process.on('unhandledRejection', onStranger);
  let broken = 0;
  let virtualMs = 0;
  let last: { readonly job: Job; readonly verdict: Verdict } | undefined;
  for (const [nth, job] of jobs.entries()) {
    const verdict = await drill({ timers: world.timers, serve }, job.plan, minutes, nth % TWICE_EVERY === 0);
    virtualMs += verdict.record.endMs;
    const isKept = verdict.violations.length === 0 && strangers.length === 0;
    if (!isKept) broken += 1;
    if (options.json === true) process.stdout.write(`${JSON.stringify(summaryOf(job, verdict))}\n`);
    else tell(job, verdict, isKept, options.verbose === true, say);
    for (const stranger of strangers.splice(0)) say(`  a rejection that nobody heard: ${String(stranger)}`);
    // Of many, the page shows the first that broke a promise, or else the last.
    if (last === undefined || last.verdict.violations.length === 0) last = { job, verdict };
  }
  process.off('unhandledRejection', onStranger);
  if (options.report !== undefined && last !== undefined) {
    await world.files.write(options.report, reportPage(last.job.title, last.job.tells, last.verdict));
    say(`goodgate drill: the report is in ${options.report}`);
  }
  const hours = (virtualMs / 3_600_000).toFixed(2);
  say(`goodgate drill: ${jobs.length} runs, ${hours} virtual hours, ${broken} with broken promises`);
  return broken === 0 ? WELL : BROKEN;
}

/** What to run, or what is wrong with what was asked. */
function jobsOf(options: DrillCommandOptions, minutes: number, count: number, fresh: number): readonly Job[] | string {
  if (!(minutes > 0 && minutes <= MINUTES_MAX)) return `--minutes is a number above 0 and up to ${MINUTES_MAX}`;
  if (!Number.isInteger(count) || count < 1 || count > SEEDS_MAX) return `--seeds is a number from 1 to ${SEEDS_MAX}`;
  const first = options.seed === undefined ? fresh : Number(options.seed);
  if (!Number.isSafeInteger(first) || first < 0) return '--seed is a whole number, as a run prints it';
  const seeds = Array.from({ length: count }, (_, nth) => String(first + nth));
  if (options.scenario === undefined) {
    const tells = 'Everything is drawn from the seed.';
    return seeds.map((seed) => ({ title: `swarm, seed ${seed}`, tells, plan: swarmPlan(seed, minutes) }));
  }
  const scenarios = options.scenario === 'all' ? SCENARIOS : [scenarioOf(options.scenario)];
  const jobs: Job[] = [];
  for (const scenario of scenarios) {
    if (scenario === undefined) {
      return `there is no scenario "${options.scenario}"; known are all, ${SCENARIOS.map(({ name }) => name).join(', ')}`;
    }
    for (const seed of seeds) {
      jobs.push({ title: scenario.name, tells: scenario.tells, plan: scenario.make(seed, minutes) });
    }
  }
  return jobs;
}

function tell(
  { title, plan }: Job,
  verdict: Verdict,
  isKept: boolean,
  isVerbose: boolean,
  say: (line: string) => void,
): void {
  const { record, tally, violations } = verdict;
  const failures = Object.entries(tally.failed).map(([code, count]) => `${code} ${count}`);
  const failed = failures.length === 0 ? '' : `; failed: ${failures.join(', ')}`;
  say(
    `${isKept ? 'kept  ' : 'BROKEN'} ${title}: ${tally.answered} of ${tally.calls} calls answered${failed}; journal ${record.journal.hash}`,
  );
  if (isVerbose || !isKept) say(`  the plan: ${JSON.stringify(plan)}`);
  for (const { check, what } of violations.slice(0, VIOLATIONS_SHOWN)) say(`  ${check}: ${what}`);
  if (!isKept) say(`  again: ${verdict.replay}`);
}

function summaryOf({ title, plan }: Job, { record, violations, tally, replay }: Verdict): object {
  return {
    title,
    seed: plan.seed,
    isKept: violations.length === 0,
    violations: violations.map(({ check, what }) => ({ check, what })),
    tally,
    virtualMs: record.endMs,
    journal: record.journal.hash,
    replay,
    plan,
  };
}
