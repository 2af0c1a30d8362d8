/**
 * `npm run drill:mutations`: breaks the gateway in one way after the other, each a change of its text made in a copy, and lets the drill
 * look for it. A mutation is caught when a seed breaks a promise that the unchanged gateway keeps on that seed. The table goes to
 * docs/reference/mutations.md. Exit code 0 when all were caught, 1 when one was not, 2 when a text to change is not there any more.
 *
 * Options: `--seeds N` (200) seeds for each, `--only NAME,NAME`, `--write` the page.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { MUTATIONS, type Mutation } from './mutations.data.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs', 'reference', 'mutations.md');

/** A run takes seconds; a process that says nothing for so long hangs. */
const SILENT_MS = 180_000;

type Line = {
  readonly seed: string;
  readonly isKept: boolean;
  readonly violations: readonly { check: string; what: string }[];
};
type Caught = {
  readonly mutation: Mutation;
  readonly check: string | undefined;
  readonly what: string;
  readonly seed: number;
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const seeds = Number(values.seeds);
const only = values.only?.split(',');
if (!Number.isInteger(seeds) || seeds < 1) throw new RangeError('--seeds is a whole number from 1 on');

const chosen = MUTATIONS.filter(({ name }) => only?.includes(name) ?? true);
const missing = chosen.filter((mutation) => occurrences(mutation) !== 1);
for (const mutation of missing) {
  console.error(`${mutation.name}: its text stands ${occurrences(mutation)} times in src/${mutation.file}, not once`);
}
if (missing.length > 0 || chosen.length === 0) process.exit(2);

const all: Caught[] = [];
for (const mutation of chosen) {
  const caught = await hunt(mutation);
  all.push(caught);
  const words =
    caught.check === undefined
      ? `NOT CAUGHT by seeds 1 to ${seeds}`
      : `${caught.check} at seed ${caught.seed}: ${caught.what}`;
  console.log(`${mutation.name.padEnd(28)} ${words.slice(0, 200)}`);
}
const isEachCaught = all.every(({ check }) => check !== undefined);
if (values.write) writeFileSync(PAGE, page(all));
console.log(`${all.filter(({ check }) => check !== undefined).length} of ${all.length} were caught`);
process.exitCode = isEachCaught ? 0 : 1;

function occurrences({ file, from }: Mutation): number {
  return readFileSync(join(ROOT, 'src', file), 'utf8').split(from).length - 1;
}

/** The first seed that shows it. */
async function hunt(mutation: Mutation): Promise<Caught> {
  const folder = mkdtempSync(join(tmpdir(), 'goodgate-mutation-'));
  try {
    cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const path = join(folder, 'src', mutation.file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(mutation.from, () => mutation.to),
    );
    for (let seed = 1; seed <= seeds; ) {
      const broken = await firstBroken(folder, seed, seeds - seed + 1);
      if (broken === undefined) break;
      const own = new Set((await firstBroken(ROOT, Number(broken.seed), 1))?.violations.map(({ check }) => check));
      const shown = broken.violations.find(({ check }) => !own.has(check));
      if (shown !== undefined) return { mutation, ...shown, seed: Number(broken.seed) };
      seed = Number(broken.seed) + 1;
    }
    return { mutation, check: undefined, what: '', seed: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Drills seed after seed with the gateway of a folder, until one breaks a promise. */
function firstBroken(folder: string, first: number, count: number): Promise<Line | undefined> {
  return new Promise((fulfil, reject) => {
    const program = join(folder, 'src', 'cli', 'main.ts');
    const own = ['drill', '--seed', String(first), '--seeds', String(count), '--until-broken', '--json'];
    const child = spawn(process.execPath, [program, ...own], { stdio: ['ignore', 'pipe', 'pipe'] });
    let broken: Line | undefined;
    const errors: string[] = [];
    let next = first;
    const hang = (): void => {
      const what = `the process hung at seed ${next}`;
      broken = { seed: String(next), isKept: false, violations: [{ check: 'hang', what }] };
      child.kill('SIGKILL');
    };
    let watchdog = setTimeout(hang, SILENT_MS);
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text);
      clearTimeout(watchdog);
      watchdog = setTimeout(hang, SILENT_MS);
      next += 1;
      if (line.isKept === false) broken = line;
    });
    createInterface({ input: child.stderr }).on('line', (text) => void errors.push(text));
    child.on('close', (code) => {
      clearTimeout(watchdog);
      if (code === 0 || broken !== undefined) fulfil(broken);
      else reject(new Error(`${program}: exit ${code}\n${errors.slice(-10).join('\n')}`));
    });
  });
}

function page(all: readonly Caught[]): string {
  const rows = all.map(
    ({ mutation, check, what, seed }) =>
      `| \`${mutation.name}\` | ${mutation.tells} | \`${mutation.file}\` | ${check ?? '**not caught**'} | ${check === undefined ? '–' : seed} | ${shortened(what)} |`,
  );
  const count = all.filter(({ check }) => check !== undefined).length;
  return `# What the drill can see

<!-- Generated by \`npm run drill:mutations -- --write\`. Do not edit. -->

A check that cannot fail is worse than none. Here the gateway is broken on purpose, in one way after the other, and the drill goes through
the seeds from 1 to ${seeds} until a check says so. A seed counts only when the unchanged gateway keeps that very promise on it. The checks
(\`src/drill/checks/\`) see what callers and upstreams see, and nothing of the gateway's inside.

${count} of ${all.length} were caught.

| change | what it makes of the gateway | in \`src/\` | caught by | at seed | as it was told |
|---|---|---|---|--:|---|
${rows.join('\n')}
`;
}

function shortened(what: string): string {
  const line = what.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return line.length > 140 ? `${line.slice(0, 140)}…` : line;
}
