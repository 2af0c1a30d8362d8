import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { arch, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

const running = new Set<ChildProcess>();
const scratch = mkdtempSync(join(tmpdir(), 'goodgate-proof-'));
// Tools that give up root read and write here too.
chmodSync(scratch, 0o755);

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** A folder of this run that goes with it. */
export function scratchFile(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  chmodSync(path, 0o666);
  return path;
}

/** A process of the proof's own; it is killed when the proof ends, however that happens. */
export function start(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', (error) => console.error(`proof: ${command}: ${error.message}`));
  return child;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Runs a command to its end and returns what it printed, whatever its exit code; undefined when it is not installed. */
export async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
  }
  try {
    await once(child, 'close');
    return text;
  } catch {
    return undefined;
  } finally {
    running.delete(child);
  }
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

/** Resolves when something accepts on the port. @throws after 20 s */
export async function accepting(port: number): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (performance.now() < untilMs) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((fulfil) => {
      socket.once('connect', () => fulfil(true)).once('error', () => fulfil(false));
    });
    socket.destroy();
    if (isOpen) return;
    await pause(20);
  }
  throw new Error(`nothing listens on port ${port} after 20 s`);
}

export function pause(ms: number): Promise<void> {
  return new Promise((fulfil) => setTimeout(fulfil, ms));
}

/** `goodgate serve` in a process of its own, with this config, whose `listen` and `admin` are set here. */
export async function gateway(
  config: string,
  env: Record<string, string> = {},
): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const port = await freePort();
  const file = scratchFile(
    `goodgate-${port}.yaml`,
    `listen: 127.0.0.1:${port}\nadmin: 127.0.0.1:0\nlog: { level: off }\n${config}\n`,
  );
  const child = start(join(ROOT, 'bin', 'goodgate'), ['serve', '--config', file], env);
  await accepting(port);
  return { port, process: child };
}

/** Where and when a page was measured. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? arch()} × ${cpus().length}, Linux ${release()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
}

/** Writes a page of docs/reference/. */
export function writePage(name: string, text: string): void {
  writeFileSync(join(ROOT, 'docs', 'reference', name), `${text.trimEnd()}\n`);
}
