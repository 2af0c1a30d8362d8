/**
 * `npm run drill:mutations`: breaks the gateway in one way after the other, each a change of its text, and lets the drill look for it. A
 * mutation is caught when a seed breaks a promise that the unchanged gateway keeps on that seed. Everything happens in a copy made at the
 * start, so that who edits the sources meanwhile changes nothing of the result. The table goes to docs/reference/mutations.md. Exit code
 * 0 when all were caught, 1 when one was not, 2 when a text to change is not there any more or an option is wrong.
 *
 * Options: `--seeds N` (200) seeds for each, `--only NAME,NAME`, `--write` the page (of all mutations only).
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { drift, MUTATIONS, type Mutation, mutated } from './mutations.data.ts';

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
const unknown = only?.filter((name) => !MUTATIONS.some((mutation) => mutation.name === name)) ?? [];
if (!Number.isInteger(seeds) || seeds < 1) refuse(['--seeds is a whole number from 1 on']);
if (unknown.length > 0) refuse(unknown.map((name) => `--only: there is no mutation "${name}"`));
if (only !== undefined && values.write) refuse(['--write is about all mutations; leave --only out']);

const copy = mkdtempSync(join(tmpdir(), 'goodgate-mutations-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(2));
const sound = copied('sound');
const broken = copied('broken');
const chosen = MUTATIONS.filter(({ name }) => only?.includes(name) ?? true);
refuse(chosen.flatMap((mutation) => drift(mutation, textOf(sound, mutation)) ?? []));

const all: Caught[] = [];
for (const [nth, mutation] of chosen.entries()) {
  const caught = await hunt(mutation);
  all.push(caught);
  const words =
    caught.check === undefined
      ? `NOT CAUGHT by seeds 1 to ${seeds}`
      : `${caught.check} at seed ${caught.seed}: ${caught.what}`;
  console.log(`${String(nth + 1).padStart(2)} of ${chosen.length} ${mutation.name.padEnd(28)} ${words.slice(0, 200)}`);
}
const isEachCaught = all.every(({ check }) => check !== undefined);
if (values.write) writeFileSync(PAGE, page(all));
console.log(`${all.filter(({ check }) => check !== undefined).length} of ${all.length} were caught`);
process.exitCode = isEachCaught ? 0 : 1;

/** Ends the process when anything is wrong with what was asked, or with the list. */
function refuse(lines: readonly string[]): void {
  for (const line of lines) console.error(line);
  if (lines.length > 0) process.exit(2);
}

/** The sources as they are now, under a folder of that name. */
function copied(name: string): string {
  const folder = join(copy, name);
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function textOf(folder: string, { file }: Mutation): string | undefined {
  const path = join(folder, 'src', file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The first seed that shows it. */
async function hunt(mutation: Mutation): Promise<Caught> {
  const path = join(broken, 'src', mutation.file);
  const text = textOf(sound, mutation) ?? '';
  writeFileSync(path, mutated(mutation, text));
  try {
    for (let seed = 1; seed <= seeds; ) {
      const found = await firstBroken(broken, seed, seeds - seed + 1);
      if (found === undefined) break;
      const own = new Set((await firstBroken(sound, Number(found.seed), 1))?.violations.map(({ check }) => check));
      const shown = found.violations.find(({ check }) => !own.has(check));
      if (shown !== undefined) return { mutation, ...shown, seed: Number(found.seed) };
      seed = Number(found.seed) + 1;
    }
    return { mutation, check: undefined, what: '', seed: 0 };
  } finally {
    writeFileSync(path, text);
  }
}

/** Drills seed after seed with the gateway of a folder, until one breaks a promise. */
function firstBroken(folder: string, first: number, count: number): Promise<Line | undefined> {
  return new Promise((fulfil, reject) => {
    const program = join(folder, 'src', 'cli', 'main.ts');
    const own = ['drill', '--seed', String(first), '--seeds', String(count), '--until-broken', '--json'];
    const child = spawn(process.execPath, [program, ...own], { stdio: ['ignore', 'pipe', 'pipe'] });
    let found: Line | undefined;
    const errors: string[] = [];
    let next = first;
    const hang = (): void => {
      const what = `the process hung at seed ${next}`;
      found = { seed: String(next), isKept: false, violations: [{ check: 'hang', what }] };
      child.kill('SIGKILL');
    };
    let watchdog = setTimeout(hang, SILENT_MS);
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text);
      clearTimeout(watchdog);
      watchdog = setTimeout(hang, SILENT_MS);
      next += 1;
      if (line.isKept === false) found = line;
    });
    createInterface({ input: child.stderr }).on('line', (text) => void errors.push(text));
    child.on('close', (code) => {
      clearTimeout(watchdog);
      if (code === 0 || found !== undefined) fulfil(found);
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
