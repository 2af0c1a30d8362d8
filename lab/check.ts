import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE } from '../src/diagnosis/catalogue.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

/** What the lab promises about itself. */
const SCENARIOS_MIN = 80;
const DOUBLE_MIN = 20;
const HEALTHY_MIN = 10;
const FIXTURES = join(import.meta.dirname, '..', 'src', 'diagnosis', 'fixtures');

/** Rows of the table of causes (blocks A to C, and Z1) without a scenario of their own; the reason beside each. */
export const ROWS_NOT_MADE: Readonly<Record<string, string>> = {
  A6: "needs a browser's extension",
  A14: 'needs more load than one machine gives beside the rest',
  A15: 'a bug of the gateway would have to be put in first',
  B8: 'no fault on the command line: among the healthy ones (well-udp-443-blocked)',
  B10: "needs a browser's own resolver",
  B21: "needs a browser's extension",
  B22: 'needs a page in a browser',
  B23: 'needs a permission of a browser',
  C2: 'needs a device that changes networks within a call',
  C4: 'a silence of a minute is longer than the doctor may take, and no recording tells it from another cut',
  C7: 'needs a gateway that restarts within a call; nothing of it is left to look at afterwards',
  C8: 'needs an edge that cuts many callers at once',
  C9: 'no failure',
  Z1: 'calls that are over while all is well: every `call-` scenario',
};

/** Every row of blocks A to C. */
const ROWS = [
  ...Array.from({ length: 26 }, (_, index) => `A${index + 1}`),
  ...Array.from({ length: 23 }, (_, index) => `B${index + 1}`),
  ...Array.from({ length: 9 }, (_, index) => `C${index + 1}`),
];

/** What is wrong with the labels, a sentence each; empty when they hold. Needs no root and starts nothing. */
export function checkLabels(): readonly string[] {
  const problems: string[] = [];
  const count = (isOne: (scenario: Scenario) => boolean): number => SCENARIOS.filter(isOne).length;
  const atLeast = (what: string, found: number, min: number): void => {
    if (found < min) problems.push(`${found} ${what}, at least ${min} are promised`);
  };
  atLeast('scenarios', SCENARIOS.length, SCENARIOS_MIN);
  atLeast(
    'with two faults',
    count(({ rows, truth }) => rows.length > 1 && truth.kind === 'fault'),
    DOUBLE_MIN,
  );
  atLeast(
    'healthy ones',
    count(({ truth }) => truth.kind === 'healthy'),
    HEALTHY_MIN,
  );
  const names = SCENARIOS.map(({ name }) => name);
  for (const name of names)
    if (names.indexOf(name) !== names.lastIndexOf(name)) problems.push(`${name} is there twice`);
  for (const scenario of SCENARIOS)
    problems.push(...checkOne(scenario).map((problem) => `${scenario.name}: ${problem}`));
  const made = new Set(SCENARIOS.flatMap(({ rows }) => rows));
  for (const row of ROWS) {
    if (!made.has(row) && ROWS_NOT_MADE[row] === undefined)
      problems.push(`row ${row} has neither a scenario nor a reason`);
  }
  return problems;
}

function checkOne({ truth, steps, given, rows }: Scenario): string[] {
  const codes =
    truth.kind === 'healthy' ? [] : truth.kind === 'fault' ? [truth.code, ...(truth.orElse ?? [])] : truth.guess;
  const problems = codes.filter((code) => !Object.hasOwn(CATALOGUE, code)).map((code) => `no cause is called ${code}`);
  if (truth.kind === 'fault' && truth.orElse !== undefined && truth.because === undefined)
    problems.push('a second right code has no reason');
  if (rows.length === 0) problems.push('belongs to no row');
  const pages = [
    ...steps.flatMap((step) => ('page' in step && step.page !== undefined ? [step.page] : [])),
    ...(given?.kind === 'page' ? [given.fixture] : []),
  ];
  problems.push(
    ...pages.filter((page) => !existsSync(join(FIXTURES, page))).map((page) => `there is no fixture ${page}`),
  );
  return problems;
}
