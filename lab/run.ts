import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askBareMachine, type BareResult } from './bare.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { checkLabels } from './check.ts';
import { judge } from './judge.ts';
import { ownFolder, removeLeftovers } from './process.ts';
import { askCurl } from './readers/curl.ts';
import { askDoctor, VIEWS, type View } from './readers/doctor.ts';
import { askFolk } from './readers/folk.ts';
import { reportOf } from './report.ts';
import { type Notebook, openNotebook, type Result } from './results.ts';
import type { Scenario } from './scenario.ts';
import { GROUPS, SCENARIOS } from './scenarios/all.ts';
import { setStage, stepOf } from './stage.ts';
import { haveTools } from './tools.ts';

const USAGE = `npm run lab [-- OPTIONS]   as root, on Linux

  --scenario NAME   only those whose name contains NAME; may be given again
  --group NAME      only one group: ${Object.keys(GROUPS).join(', ')}
  --list            print the scenarios and their labels
  --check           check the labels; needs no root and starts nothing
  --ablation VIEW   leave out one view of the doctor: ${VIEWS.join(', ')}, all (each in turn) or none. All in a whole run
  --jobs N          so many scenarios at once (default 2)
  --json            one line of JSON for each scenario
  --results FILE    note each result there, and do not run again what it holds: a long run can be taken up again
  --keep            keep the folder with configs, logs and reports
  --report FILE     where the report of a whole run goes (default docs/reference/lab.md)`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    group: { type: 'string' },
    list: { type: 'boolean' },
    check: { type: 'boolean' },
    ablation: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean' },
    keep: { type: 'boolean' },
    results: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const JOBS_MAX = 16;

process.exit(await main());

/** Exit code 0: every reading of the doctor was right; 1: one was not; 2: cannot run as asked. */
async function main(): Promise<number> {
  if (values.help) {
    say(USAGE);
    return 0;
  }
  if (values.check) return check();
  const chosen = choose();
  if (chosen.length === 0) {
    say('lab: no scenario of that name; --list has them');
    return 2;
  }
  if (values.list) {
    for (const scenario of chosen) process.stdout.write(`${lineOf(scenario)}\n`);
    return 0;
  }
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_MAX) {
    say(`lab: --jobs takes a number from 1 to ${JOBS_MAX}`);
    return 2;
  }
  if (checkLabels().length > 0) return check();
  let notebook: Notebook;
  try {
    notebook = openNotebook(values.results);
  } catch (error) {
    say(`lab: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  if (!(await haveTools(say))) return 2;
  return runAll(chosen, jobs, notebook);
}

function check(): number {
  const problems = checkLabels();
  for (const problem of problems) say(`lab: ${problem}`);
  if (problems.length === 0) say(`lab: ${SCENARIOS.length} labels hold`);
  return problems.length === 0 ? 0 : 1;
}

function choose(): readonly Scenario[] {
  const group = Object.entries(GROUPS).find(([name]) => name === values.group)?.[1];
  if (values.group !== undefined && group === undefined) return [];
  const wanted = values.scenario;
  return (group ?? SCENARIOS).filter(({ name }) => wanted === undefined || wanted.some((each) => name.includes(each)));
}

function lineOf({ name, rows, truth, tells }: Scenario): string {
  const label = truth.kind === 'fault' ? [truth.code, ...(truth.orElse ?? [])].join(' or ') : truth.kind;
  return `${name.padEnd(36)} ${rows.join('+').padEnd(8)} ${label.padEnd(28)} ${tells}`;
}

async function runAll(chosen: readonly Scenario[], jobs: number, notebook: Notebook): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'goodgate-lab-'));
  if (!values.keep) ownFolder(folder);
  else say(`lab: configs, logs and reports are in ${folder}`);
  // squid's helpers and unbound read their files as users of their own.
  chmodSync(folder, 0o755);
  const left = await removeLeftovers();
  if (left > 0) say(`lab: removed ${left} namespaces of a lab that was killed`);
  say('lab: making certificates');
  const certificates = await makeCertificates(folder);
  const isWhole = values.scenario === undefined && values.group === undefined;
  const views = viewsFor(isWhole);
  const results: Result[] = notebook.known.filter(({ scenario }) => chosen.includes(scenario));
  if (results.length > 0) say(`lab: ${results.length} results were noted before`);
  const queue = chosen
    .map((scenario, index) => ({ scenario, number: index + 1 }))
    .filter(({ scenario }) => !results.some((each) => each.scenario === scenario));
  const beganMs = performance.now();
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const result = await runOne(next.scenario, next.number, folder, certificates, views);
        results.push(result);
        notebook.add(result);
        tell(result, results.length, chosen.length);
      }
    }),
  );
  const tookS = (performance.now() - beganMs) / 1000;
  results.sort((a, b) => chosen.indexOf(a.scenario) - chosen.indexOf(b.scenario));
  const bare = isWhole ? await askBareMachine(folder) : undefined;
  if (bare !== undefined) say(`lab: the bare machine: ${bare.told}`);
  const right = results.filter(
    ({ doctor, scenario }) => doctor !== undefined && judge(scenario, doctor).isCauseRight,
  ).length;
  say(`lab: ${right} of ${results.length} right, in ${tookS.toFixed(0)} s`);
  if (isWhole) writeReport(results, bare, tookS);
  return right === results.length ? 0 : 1;
}

function writeReport(results: readonly Result[], bare: BareResult | undefined, tookS: number): void {
  const file = values.report ?? join(import.meta.dirname, '..', 'docs', 'reference', 'lab.md');
  writeFileSync(file, reportOf(results, bare, tookS));
  say(`lab: wrote ${file}`);
}

function viewsFor(isWhole: boolean): readonly View[] {
  const asked = values.ablation ?? (isWhole ? 'all' : 'none');
  return asked === 'all' ? VIEWS : VIEWS.filter((view) => view === asked);
}

async function runOne(
  scenario: Scenario,
  number: number,
  folder: string,
  certificates: Certificates,
  views: readonly View[],
): Promise<Result> {
  let stage: Awaited<ReturnType<typeof setStage>> | undefined;
  try {
    stage = await setStage(scenario, number, folder, certificates);
    const curl = await askCurl(stage);
    const doctor = await askDoctor(stage);
    const without: Partial<Record<View, Result['doctor']>> = {};
    for (const view of views.filter((each) => hasView(scenario, each))) without[view] = await askDoctor(stage, view);
    return { scenario, doctor, curl, folk: askFolk(), without };
  } catch (error) {
    return {
      scenario,
      doctor: undefined,
      curl: undefined,
      folk: askFolk(),
      without: {},
      trouble: error instanceof Error ? error.message : String(error),
    };
  } finally {
    await stage?.close();
  }
}

/** Whether a view is there to be left out; where it is not, leaving it out changes nothing. */
function hasView(scenario: Scenario, view: View): boolean {
  const { way, control, given } = scenario;
  const isCall = given?.kind === 'call';
  if (view === 'story') return isCall;
  if (view === 'feed') return way === 'service' && stepOf(scenario, 'feed')?.is !== 'absent';
  return control !== false && way !== 'lan' && !isCall;
}

function tell(result: Result, count: number, of: number): void {
  const { scenario, doctor, curl, trouble } = result;
  const judgement = doctor === undefined ? undefined : judge(scenario, doctor);
  if (values.json) {
    const { name, rows, truth } = scenario;
    process.stdout.write(
      `${JSON.stringify({ name, rows, truth, doctor, judgement, curl, without: result.without, trouble })}\n`,
    );
    return;
  }
  const word =
    trouble !== undefined ? 'BROKEN' : judgement?.isCauseRight ? 'right ' : judgement?.isHopRight ? 'cause ' : 'WRONG ';
  const time = doctor === undefined ? '' : `${((doctor.lastMs ?? doctor.tookMs) / 1000).toFixed(1)} s`;
  const blame = judgement?.isPersonBlamed ? ` BLAMES THE PERSON: ${judgement.wrongSteps.join(', ')};` : '';
  const truth = scenario.truth.kind === 'fault' ? scenario.truth.code : scenario.truth.kind;
  const said = trouble ?? (judgement?.isCauseRight ? '' : `true: ${truth}; said: ${doctor?.words}`);
  say(
    `${String(count).padStart(3)}/${of} ${word} ${scenario.name.padEnd(36)} ${time.padStart(7)} ${blame}${said}`.trimEnd(),
  );
}
