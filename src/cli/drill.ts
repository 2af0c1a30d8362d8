import { hint } from '../config/fault.ts';
import { reportPage } from '../drill/report/page.ts';
import { readScenario } from '../drill/scenario-file.ts';
import { SCENARIOS, type Scenario, scenarioOf } from '../drill/scenarios.ts';
import { swarmPlan } from '../drill/scenarios-swarm.ts';
import type { Verdict } from '../drill/sim/verdict.ts';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';
import { inProcesses, JOBS_MAX, shares } from './drill-jobs.ts';
import { liveDrill } from './drill-live.ts';
import { makeRuns, type Run } from './drill-runs.ts';
import { Teller } from './drill-teller.ts';
import { Probes } from './probes.ts';

/** As the options of the command come in. */
export type DrillCommandOptions = {
  readonly seed?: string;
  readonly seeds?: string;
  readonly scenario?: string;
  readonly minutes?: string;
  readonly jobs?: string;
  readonly untilBroken?: boolean;
  readonly probes?: boolean;
  readonly untilProbed?: boolean;
  readonly report?: string;
  readonly live?: string;
  readonly shadow?: boolean;
  readonly realTargets?: boolean;
  readonly realCosts?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
};

const WELL = 0;
const BROKEN = 1;
const USAGE = 2;

/** Virtual minutes of a scenario's safety phase when none are asked for: long enough for rests and slow start. The swarm draws its own. */
const SCENARIO_MINUTES = 2;
const MINUTES_MAX = 24 * 60;
const SEEDS_MAX = 1_000_000;
/** From so many seeds on, a rare state that was never reached is a fault of the drill: each must then have had its chance. */
const LONG_SEEDS = 1000;

const SIMULATED =
  'This one ran in a simulated world: time, network, names and services are in memory, and the seed decides everything.';

/** Counting doubles the time of a run. Of more runs than this it ends when each probe was hit, and after a fifth of them at the latest. */
const PROBED_MIN = 200;
/** Runs between two looks at what was hit. */
const PROBED_EVERY = 50;

/** What was asked for, with every number read. */
type Asked = {
  readonly first: number;
  readonly count: number;
  readonly minutes: number | undefined;
  readonly jobs: number;
  readonly areProbesCounted: boolean;
  readonly scenarios: readonly Scenario[] | undefined;
};

/** `goodgate drill`: rehearses bad days in a simulated world and judges how the gateway bears them. Returns the exit code. */
export async function drillCommand(options: DrillCommandOptions): Promise<number> {
  const world = realWorld();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const asked = await read(options, world);
  if (Array.isArray(asked)) {
    for (const line of asked) say(`goodgate drill: ${line}`);
    return USAGE;
  }
  if (options.live !== undefined) return liveDrill(world, options.live, asked.scenarios ?? SCENARIOS, options, say);
  const teller = new Teller({
    say,
    nowMs: () => world.clock.now(),
    isJson: options.json === true,
    isVerbose: options.verbose === true,
    count: runCount(asked),
  });
  const last =
    asked.jobs > 1 ? await inMany(world, asked, options, teller) : await inOne(world, asked, options, teller);
  if (options.report !== undefined && last !== undefined) {
    await world.files.write(options.report, reportPage([{ ...last.run, verdict: last.verdict }], SIMULATED));
    say(`goodgate drill: the report is in ${options.report}`);
  }
  // Of a process that drills for another, the other one judges.
  const areAllHit = teller.end(asked.count >= LONG_SEEDS);
  return teller.broken === 0 && areAllHit ? WELL : BROKEN;
}

type Shown = { readonly run: Run; readonly verdict: Verdict };

async function inOne(
  world: World,
  asked: Asked,
  options: DrillCommandOptions,
  teller: Teller,
): Promise<Shown | undefined> {
  const probes = asked.areProbesCounted ? new Probes() : undefined;
  await probes?.start();
  const probedMax = runCount(asked) / 5;
  let shown: Shown | undefined;
  await makeRuns(world, runsOf(asked), {
    minutes: asked.minutes,
    isUntilBroken: options.untilBroken === true,
    goesOn: async (nth) => {
      if (probes?.isOn !== true || nth < PROBED_MIN || nth % PROBED_EVERY > 0) return true;
      const hits = await probes.hits();
      if (nth < probedMax && Object.values(hits).includes(0)) return true;
      teller.hit(hits);
      await probes.stop();
      return options.untilProbed !== true;
    },
    told: (summary, run, verdict) => {
      teller.told(summary, run);
      // Of many, the page shows the first that broke a promise, or else the last.
      if (shown === undefined || shown.verdict.violations.length === 0) shown = { run, verdict };
    },
  });
  if (probes?.isOn === true) {
    teller.hit(await probes.hits());
    await probes.stop();
  }
  return shown;
}

/** The seeds are shared out; a report then needs one seed made again. */
async function inMany(world: World, asked: Asked, options: DrillCommandOptions, teller: Teller): Promise<undefined> {
  const common = [
    ...(options.minutes === undefined ? [] : ['--minutes', options.minutes]),
    ...(options.scenario === undefined ? [] : ['--scenario', options.scenario]),
    ...(options.untilBroken === true ? ['--until-broken'] : []),
  ];
  // Of several scenarios not every run is a seed further, and where something else may end it there is no rest to make.
  const isEnded = options.untilBroken === true || options.untilProbed === true;
  const isSplit = asked.areProbesCounted && !isEnded && (asked.scenarios?.length ?? 1) === 1;
  const isWholeProbed = asked.areProbesCounted && !isSplit;
  const whole = options.untilProbed === true ? '--until-probed' : isWholeProbed ? '--probes' : '--no-probes';
  const failures = await inProcesses(
    world.timers,
    shares(asked.first, asked.count, asked.jobs),
    isSplit,
    ({ first, count }, isProbed) => [
      ...['--seed', String(first), '--seeds', String(count)],
      ...common,
      isProbed ? '--until-probed' : whole,
    ],
    (line) => {
      if ('probes' in line) teller.hit(line.probes);
      else teller.told(line, undefined);
    },
  );
  teller.failed(failures);
}

function runCount({ count, scenarios }: Asked): number {
  return count * (scenarios?.length ?? 1);
}

function* runsOf({ first, count, minutes, scenarios }: Asked): Generator<Run> {
  for (const scenario of scenarios ?? [undefined]) {
    for (let nth = 0; nth < count; nth += 1) {
      const seed = String(first + nth);
      if (scenario === undefined) {
        const tells = 'Everything is drawn from the seed.';
        yield { title: `swarm, seed ${seed}`, tells, plan: swarmPlan(seed, minutes) };
      } else {
        const plan = scenario.make(seed, minutes ?? SCENARIO_MINUTES);
        yield { title: scenario.name, tells: scenario.tells, plan };
      }
    }
  }
}

/** What to run, or what is wrong with what was asked. */
async function read(options: DrillCommandOptions, world: World): Promise<Asked | string[]> {
  const minutes = options.minutes === undefined ? undefined : Number(options.minutes);
  const count = Number(options.seeds ?? 1);
  const jobs = Number(options.jobs ?? 1);
  const first = Number(options.seed ?? world.chance.below(1e9));
  if (minutes !== undefined && !(minutes > 0 && minutes <= MINUTES_MAX)) {
    return [`--minutes is a number above 0 and up to ${MINUTES_MAX}, not "${options.minutes}"`];
  }
  if (!Number.isInteger(count) || count < 1 || count > SEEDS_MAX) {
    return [`--seeds is a whole number from 1 to ${SEEDS_MAX}, not "${options.seeds}"`];
  }
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_MAX) {
    return [`--jobs is a whole number from 1 to ${JOBS_MAX}, not "${options.jobs}"`];
  }
  if (!Number.isSafeInteger(first) || first < 0) {
    return [`--seed is a whole number, as a run prints it, not "${options.seed}"`];
  }
  if (jobs > 1 && options.report !== undefined) return ['--report is about one run; leave --jobs out'];
  const scenarios = await scenariosOf(options.scenario, world);
  if (Array.isArray(scenarios) && typeof scenarios[0] === 'string') return scenarios as string[];
  const areProbesCounted = options.untilProbed === true || (options.probes ?? count >= LONG_SEEDS);
  return { first, count, minutes, jobs, areProbesCounted, scenarios: scenarios as readonly Scenario[] | undefined };
}

/** By name, from a file, or none: then everything is drawn. Lines of text are what is wrong. */
async function scenariosOf(
  name: string | undefined,
  world: World,
): Promise<readonly Scenario[] | string[] | undefined> {
  if (name === undefined) return undefined;
  if (name === 'all') return SCENARIOS;
  const known = scenarioOf(name);
  if (known !== undefined) return [known];
  if (/\.ya?ml$|\.json$|\//.test(name)) {
    const file = await readScenario(world, name);
    return file.kind === 'scenario' ? [file.scenario] : [...file.lines];
  }
  const names = SCENARIOS.map((scenario) => scenario.name);
  return [`there is no scenario "${name}"${hint(name, ['all', ...names])}; a file is read when its name ends in .yaml`];
}
