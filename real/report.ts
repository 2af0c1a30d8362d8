import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Asker } from './ask.ts';
import type { Installed } from './install.ts';
import type { Undisturbed } from './judge.ts';

/** One played case, or one that was not played and why. */
export type Row = {
  readonly name: string;
  readonly sdk: string;
  readonly promise: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly got: string;
  readonly ms: number;
};

/** What the report says besides the rows. */
export type Circumstances = {
  readonly installed: Installed;
  readonly askers: readonly Asker[];
  readonly sample: { readonly prompt: string; readonly answer: Undisturbed };
  readonly ms: number;
};

/** The line that closes a run; runners and people read it. */
export function closingLine(rows: readonly Row[]): string {
  const count = (result: Row['result']) => rows.filter((row) => row.result === result).length;
  const skipped = count('skipped');
  return `${count('passed')} passed, ${count('failed')} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/** One row as a line for the terminal. */
export function rowLine(row: Row): string {
  const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[row.result];
  return `${mark} ${row.sdk.padEnd(6)} ${row.name.padEnd(58)} ${`${(row.ms / 1000).toFixed(1)} s`.padStart(7)}  ${row.got}`;
}

/** docs/reference/real-model.md: what ran, on what, and what each caller got. Names no path of the machine it ran on. */
export function reportPage(rows: readonly Row[], { installed, askers, sample, ms }: Circumstances): string {
  const versions: (readonly [string, string])[] = [
    ['Goodgate', goodgateVersion()],
    [
      'Model',
      `Gemma 3 270M, Q4_K_M, ${Math.round(installed.weightBytes / 1e6)} MB (sha256 \`${installed.weightSha256.slice(0, 16)}…\`)`,
    ],
    ['Servers', `2 × llama.cpp's own HTTP server, from xllamacpp ${installed.llama}, one thread each`],
    ...askers.map(
      (asker) => [`OpenAI SDK for ${asker.name}`, `${asker.sdk} on ${asker.name} ${asker.runtime}`] as const,
    ),
    ['Machine', `${process.platform} ${process.arch}, ${cpus().length} cores`],
  ];
  return [
    '# A real model behind the gateway',
    '',
    '<!-- Written by `npm run test:real`. Do not edit. -->',
    '',
    `\`npm run test:real\` puts two llama.cpp servers with a real language model behind Goodgate and asks through the official OpenAI SDKs,`,
    'at temperature 0 and without retries of their own. Servers are killed with SIGKILL, before and during answers. Every answer is held, letter',
    'by letter, against the one that the same server gives undisturbed: *whole* is the same text with the same finish reason; an *error* is one that',
    'the SDK raised; an answer that ends well with less than the whole fails the run. The rows *no gateway* ask a server itself, to show',
    'that the disturbance is real. A time includes starting the killed servers again.',
    '',
    '| | |',
    '| --- | --- |',
    ...versions.map(([name, value]) => `| ${name} | ${cell(value)} |`),
    '',
    '| Caller | Case | Promise | The caller got | Result | Time |',
    '| --- | --- | --- | --- | --- | ---: |',
    ...rows.map(
      (row) =>
        `| ${row.sdk} | ${cell(row.name)} | ${cell(row.promise)} | ${cell(row.got)} | ${row.result} | ${(row.ms / 1000).toFixed(1)} s |`,
    ),
    '',
    `${closingLine(rows)}, in ${Math.round(ms / 1000)} s.`,
    '',
    `The undisturbed answer to “${sample.prompt}” (${sample.answer.parts} parts, finish reason \`${sample.answer.finish}\`):`,
    '',
    ...sample.answer.text
      .trim()
      .split('\n')
      .map((line) => (line === '' ? '>' : `> ${line}`)),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

function goodgateVersion(): string {
  const read: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown';
}
