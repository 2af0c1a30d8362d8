import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { View } from './readers/doctor.ts';
import type { Reading } from './readers/reading.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

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

/** The file that a long run writes its results to, one line each, so that it can be taken up again. */
export type Notebook = { readonly known: readonly Result[]; add(result: Result): void };

/** Without a file nothing is kept. */
const NO_NOTEBOOK: Notebook = { known: [], add: () => undefined };

/** Opens a notebook, or begins it. @throws Error when it was written by other code: results of two versions do not mix. */
export function openNotebook(file: string | undefined): Notebook {
  if (file === undefined) return NO_NOTEBOOK;
  const code = fingerprint();
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify({ code })}\n`);
  const [first = '{}', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  if ((JSON.parse(first) as { code?: string }).code !== code) {
    throw new Error(`${file} holds results of other code than is here now; begin a new file`);
  }
  const known = lines.flatMap((line) => {
    const { name, ...rest } = JSON.parse(line) as Omit<Result, 'scenario'> & { readonly name: string };
    const scenario = SCENARIOS.find((each) => each.name === name);
    // A stage that could not be set is tried again.
    return scenario === undefined || rest.doctor === undefined ? [] : [{ ...rest, scenario }];
  });
  return {
    known,
    add({ scenario, ...rest }) {
      appendFileSync(file, `${JSON.stringify({ name: scenario.name, ...rest })}\n`);
    },
  };
}

/** One number for all the code that a result depends on. */
function fingerprint(): string {
  const root = join(import.meta.dirname, '..');
  const hash = createHash('sha256');
  const files = globSync(['src/**/*.ts', 'lab/**/*.ts'], { cwd: root }).sort();
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}
