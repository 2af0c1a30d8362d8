import { faultLines } from '../config/fault.ts';
import { loadConfig } from '../config/load.ts';
import { resolve } from '../config/resolve.ts';
import type { Settings } from '../config/settings.ts';
import { liveRun } from '../drill/live/run.ts';
import { reach, runningStage } from '../drill/live/running.ts';
import type { Reached } from '../drill/live/sandboxes.ts';
import { shadowStage } from '../drill/live/shadow.ts';
import type { LiveStage } from '../drill/live/stage.ts';
import { reportPage, type Told } from '../drill/report/page.ts';
import type { Scenario } from '../drill/scenarios.ts';
import { seatsAt } from '../drill/seats.ts';
import { serve } from '../serve.ts';
import type { World } from '../world/world.ts';
import { liveFolder } from './live-folder.ts';

export type LiveOptions = {
  readonly seed?: string;
  readonly minutes?: string;
  readonly report?: string;
  readonly shadow?: boolean;
  readonly realTargets?: boolean;
  readonly realCosts?: boolean;
  readonly json?: boolean;
};

const WELL = 0;
const BROKEN = 1;
const USAGE = 2;

/** Of one scenario: 9 s in which things go wrong, 8 s of calm, and the last calls. All of them take less than two minutes. */
const MINUTES = 0.15;
/** Shadows side by side: each is a gateway and its sandboxes, and none knows of the others. */
const SHADOWS = 6;

const SHADOW =
  'This one ran in real time, on real sockets of one machine: a gateway with a copy of the config, its targets replaced by sandboxes.';
const RUNNING =
  'This one ran in real time against a running gateway and its sandbox targets; what sandboxes cannot do to themselves was left out or replaced, and it is said where.';

/** `goodgate drill --live`: rehearses bad days on a real process. Returns the exit code. */
export async function liveDrill(
  world: World,
  config: string,
  scenarios: readonly Scenario[],
  options: LiveOptions,
  say: (line: string) => void,
): Promise<number> {
  const minutes = Number(options.minutes ?? MINUTES);
  const seed = options.seed ?? '1';
  const loaded = await loadConfig(world, config);
  if (loaded.kind === 'faults') {
    for (const line of faultLines(loaded.faults)) say(`goodgate drill: ${line}`);
    return USAGE;
  }
  const settings = resolve(loaded.config);
  const isShadow = options.shadow === true;
  const seats = isShadow ? [] : await seatsAt(world, settings.admin);
  const reached = isShadow ? [] : await reach(world, seats ?? []);
  const refusal = isShadow ? undefined : seats === undefined ? silentAt(settings, config) : refusalOf(reached, options);
  if (refusal !== undefined) {
    for (const line of refusal) say(`goodgate drill: ${line}`);
    return USAGE;
  }
  const folder = liveFolder();
  const told: Told[] = [];
  let broken = 0;
  const one = async (scenario: Scenario, nth: number): Promise<void> => {
    const copyAt = `${folder.path}/shadow-${nth}.yaml`;
    const replay = `goodgate drill --live ${config}${isShadow ? ' --shadow' : ''} --scenario ${scenario.name} --seed ${seed} --minutes ${minutes}`;
    const stage: LiveStage = isShadow
      ? await shadowStage(world, { start: serve, config, copyAt, scenario, seed, minutes })
      : runningStage(world, settings, reached, scenario, seed, minutes);
    const verdict = await liveRun(stage, replay, () => false);
    await stage.stop();
    const notes = [...stage.notes, ...verdict.notes];
    told.push({ title: scenario.name, tells: scenario.tells, notes, verdict });
    for (const note of notes) say(`  ${scenario.name}: ${note}`);
    const isKept = verdict.violations.length === 0;
    if (!isKept) broken += 1;
    const { answered, calls, failed } = verdict.tally;
    if (options.json === true) {
      process.stdout.write(
        `${JSON.stringify({ title: scenario.name, isKept, violations: verdict.violations.map(({ check, what }) => ({ check, what })), answered, calls, failed })}\n`,
      );
    } else say(`${isKept ? 'kept  ' : 'BROKEN'} ${scenario.name}: ${answered} of ${calls} calls answered`);
    for (const { check, what } of verdict.violations) say(`  ${check}: ${what}`);
  };
  try {
    say(
      `goodgate drill: ${scenarios.length} bad days in real time, ${isShadow ? 'in the shadow' : 'against the running gateway'}`,
    );
    const queue = scenarios.map((scenario, nth) => ({ scenario, nth }));
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await one(next.scenario, next.nth);
    };
    await Promise.all(Array.from({ length: isShadow ? SHADOWS : 1 }, worker));
  } finally {
    folder.remove();
  }
  const order = new Map(scenarios.map(({ name }, nth) => [name, nth]));
  told.sort((a, b) => (order.get(a.title) ?? 0) - (order.get(b.title) ?? 0));
  if (options.report !== undefined) {
    await world.files.write(options.report, reportPage(told, isShadow ? SHADOW : RUNNING));
    say(`goodgate drill: the report is in ${options.report}`);
  }
  say(`goodgate drill: ${scenarios.length} bad days, ${broken} with broken promises`);
  return broken === 0 ? WELL : BROKEN;
}

function silentAt({ admin }: Settings, config: string): readonly string[] {
  return [
    `no gateway answers at its admin address ${admin.ip}:${admin.port}; start it with "goodgate serve --config ${config}", or use --shadow`,
  ];
}

/** Real targets are left alone unless that was asked for twice: calls to them cost money, and bother people. */
function refusalOf(reached: readonly Reached[], options: LiveOptions): readonly string[] | undefined {
  const real = reached.filter(({ kind }) => kind === 'real').map(({ name }) => name);
  if (reached.length === 0) return ['the gateway has no targets; use --shadow'];
  if (real.length > 0 && !(options.realTargets === true && options.realCosts === true)) {
    return [
      `${real.join(', ')} ${real.length === 1 ? 'is' : 'are'} no sandbox and not on this machine: a drill would send real calls there`,
      'use --shadow to rehearse with sandboxes in their place, or say both --real-targets and --real-costs',
    ];
  }
  const isAnyBreakable = reached.some(({ kind }) => kind === 'sandbox');
  if (!isAnyBreakable) return ['none of the targets is a sandbox, so nothing can be made to fail; use --shadow'];
  return undefined;
}
