import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Every process that the suite has started and that has not ended yet. */
const alive = new Set<ChildProcess>();

// Whatever ends the suite (the last line, a failure, Ctrl-C) ends its processes too, each by its own pid.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** How to start a process: where, in which environment, what to do with each line it writes, and the file that keeps them all. */
export type Start = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: string;
  readonly onLine?: (line: string) => void;
};

/** Starts a process whose input is a pipe and whose two outputs are read by the line. It is ended with the suite at the latest. */
export function start(command: string, args: readonly string[], options: Start = {}): ChildProcess {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' });
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  child.once('error', () => alive.delete(child));
  // A process that was killed no longer reads: writing to it fails, and the one who waits for its answer hears of its exit.
  child.stdin.on('error', () => undefined);
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' });
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => {
      log?.write(`${line}\n`);
      options.onLine?.(line);
    });
  }
  child.once('close', () => log?.end());
  return child;
}

/** Resolves once the process has ended, with its exit code, or the signal or error that ended it. */
export function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  if (child.signalCode !== null) return Promise.resolve(child.signalCode);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

/** What a process that ran to its end left: its exit code (or what ended it) and its last 20 lines. */
export type Ran = { readonly end: number | string; readonly lines: readonly string[] };

/** Runs a process to its end, at most `timeoutMs`. */
export async function run(command: string, args: readonly string[], timeoutMs: number, cwd?: string): Promise<Ran> {
  const lines: string[] = [];
  const child = start(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    onLine: (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
    },
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const end = await ended(child);
  // The last lines may come after the exit.
  await closed;
  clearTimeout(timer);
  return { end, lines };
}
