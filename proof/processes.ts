import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
const scratch = mkdtempSync(join(tmpdir(), 'goodgate-'));
// Tools that give up root read and write here too.
chmodSync(scratch, 0o755);

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** What becomes of what a process says of its errors. */
export type Words = 'shown' | 'dropped';

/** A process of this run's own; it is killed when the run ends, however that happens. */
export function start(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  words: Words = 'shown',
): ChildProcess {
  const stdio = ['ignore', 'ignore', words === 'shown' ? 'inherit' : 'ignore'] as const;
  const child = spawn(command, args, { stdio: [...stdio], env: { ...process.env, ...env } });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', (error) => console.error(`${command}: ${error.message}`));
  return child;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Runs a command to its end and returns what it printed. @throws when it ends badly or is not there */
export async function output(command: string, args: readonly string[]): Promise<string> {
  const { text, code } = await ran(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${text}`);
  return text;
}

/** Whether a tool is installed: it runs, however it ends. */
export async function isInstalled(command: string, args: readonly string[]): Promise<boolean> {
  return ran(command, args).then(
    () => true,
    () => false,
  );
}

async function ran(command: string, args: readonly string[]): Promise<{ text: string; code: number | null }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  try {
    // Its pipes are read to their ends by then.
    const [code] = await once(child, 'close');
    return { text, code };
  } finally {
    running.delete(child);
  }
}

/** A config or script of this run, in a folder that goes with it. */
export function scratchFile(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  chmodSync(path, 0o666);
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves when something accepts on the port. @throws after that time */
export async function accepting(port: number, withinMs = 20_000): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((fulfil) => {
      socket.once('connect', () => fulfil(true)).once('error', () => fulfil(false));
    });
    socket.destroy();
    if (isOpen) return;
    await pause(20);
  }
  throw new Error(`nothing listens on port ${port} after ${withinMs / 1000} s`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((fulfil) => setTimeout(fulfil, ms));
}
