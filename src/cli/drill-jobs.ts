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
export function shares(first: number, count: number, jobs: number): readonly Share[] {
  const each = Math.ceil(count / jobs);
  return Array.from({ length: jobs }, (_, nth) => ({
    first: first + nth * each,
    count: Math.max(0, Math.min(each, count - nth * each)),
  })).filter((share) => share.count > 0);
}

/** A stretch of seeds for one process. */
export type Share = { readonly first: number; readonly count: number };

/**
 * Memory for what is new as a drill uses it: it makes worlds and drops them, and there are few processes. The bounds of a server, which come with
 * the command, cost it a quarter of its time.
 */
const MEMORY = ['--max-semi-space-size=64', '--heap-growing-percent=0'];

/**
 * Drills in several processes at once: each is this very program with a share of the seeds, and tells in lines of JSON. Counting probes leaves
 * code behind that is slow for good, so a process that counts ends as soon as it has, and another one makes the rest.
 * @param areProbesCounted only where each seed is one run and none of them ends it all
 * @param argumentsOf for a stretch of seeds, with probes counted or not
 * @returns what is to be said of processes that could not go on
 */
export async function inProcesses(
  timers: Timers,
  all: readonly Share[],
  areProbesCounted: boolean,
  argumentsOf: (share: Share, isProbed: boolean) => readonly string[],
  told: (line: Line) => void,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const makeShare = async (share: Share): Promise<void> => {
    let { first, count } = share;
    let isProbed = areProbesCounted;
    for (;;) {
      const { made, failure } = await inProcess(timers, argumentsOf({ first, count }, isProbed), told);
      if (failure !== undefined) failures.push(failure);
      if (!isProbed || failure !== undefined || made === count) return;
      isProbed = false;
      first += made;
      count -= made;
    }
  };
  await Promise.all(all.map(makeShare));
  return failures;
}

/** What came of one process: how many runs it made, and what kept it from going on. */
type Made = { readonly made: number; readonly failure: string | undefined };

function inProcess(timers: Timers, own: readonly string[], told: (line: Line) => void): Promise<Made> {
  return new Promise((fulfil) => {
    const program = process.argv[1] ?? '';
    const child = spawn(process.execPath, [...process.execArgv, ...MEMORY, program, 'drill', ...own, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const errors: string[] = [];
    let made = 0;
    // A loop that never lets go cannot be seen from inside.
    const watchdog = timers.after(SILENT_MS, () => child.kill('SIGKILL'));
    createInterface({ input: child.stdout }).on('line', (text) => {
      watchdog.arm(SILENT_MS);
      const line: Line = JSON.parse(text);
      if (!('probes' in line)) made += 1;
      told(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => void errors.push(line));
    child.on('close', (code) => {
      watchdog.disarm();
      // 0 and 1 are verdicts; anything else is a process that could not go on.
      const isVerdict = code === 0 || code === 1;
      const failure = isVerdict ? undefined : `${own.join(' ')}: exit ${code}: ${errors.slice(-5).join(' / ')}`;
      fulfil({ made, failure });
    });
  });
}
