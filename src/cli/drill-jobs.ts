import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Timers } from '../world/world.ts';
import type { Summary } from './drill-runs.ts';
import type { Hits } from './probes.ts';

/** A line of a process that drills for another. */
export type Line = Summary | { readonly probes: Hits };

/** More processes than this are a mistake on any machine. */
export const JOBS_MAX = 64;

/** A run takes seconds; a process that says nothing for so long hangs. */
const SILENT_MS = 180_000;

/** Seeds of each process: the first, and how many. */
export function shares(first: number, count: number, jobs: number): readonly { first: number; count: number }[] {
  const each = Math.ceil(count / jobs);
  return Array.from({ length: jobs }, (_, nth) => ({
    first: first + nth * each,
    count: Math.max(0, Math.min(each, count - nth * each)),
  })).filter((share) => share.count > 0);
}

/** Drills in several processes at once: each is this very program with a share of the seeds, and tells in lines of JSON. */
export async function inProcesses(
  timers: Timers,
  argumentsOf: readonly (readonly string[])[],
  told: (line: Line) => void,
): Promise<readonly string[]> {
  const failures: string[] = [];
  await Promise.all(
    argumentsOf.map(
      (own) =>
        new Promise<void>((fulfil) => {
          const program = process.argv[1] ?? '';
          const child = spawn(process.execPath, [...process.execArgv, program, 'drill', ...own, '--json'], {
            stdio: ['ignore', 'pipe', 'pipe'],
          });
          const errors: string[] = [];
          // A loop that never lets go cannot be seen from inside.
          const watchdog = timers.after(SILENT_MS, () => child.kill('SIGKILL'));
          createInterface({ input: child.stdout }).on('line', (line) => {
            watchdog.arm(SILENT_MS);
            told(JSON.parse(line));
          });
          createInterface({ input: child.stderr }).on('line', (line) => void errors.push(line));
          child.on('close', (code) => {
            watchdog.disarm();
            // 0 and 1 are verdicts; anything else is a process that could not go on.
            if (code !== 0 && code !== 1)
              failures.push(`${own.join(' ')}: exit ${code}: ${errors.slice(-5).join(' / ')}`);
            fulfil();
          });
        }),
    ),
  );
  return failures;
}
