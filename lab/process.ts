import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Where `ip netns exec` looks for files that a namespace has of its own. */
export const NETNS_ETC = '/etc/netns';

/** Everything the lab has made and must take away again, whatever ends it. */
const spaces = new Set<string>();
const children = new Set<ChildProcess>();
const folders = new Set<string>();
/** The programs started in each namespace. */
const residents = new Map<string, number[]>();

// A lab that is interrupted must leave the machine as it was: namespaces are seen by everyone on it.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const space of spaces) removeNow(space);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(NETNS_ETC);
  } catch {
    // Others have namespaces too, or none was made.
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

/** What a program that ran to its end left behind. `code` is null when it was killed for taking too long. */
export type Ran = {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
};

/** The largest output read of one program: a report is some tens of KiB. */
const OUTPUT_MAX = 16 * 1024 * 1024;

/** Runs a program to its end. Never throws for its exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly timeoutMs?: number;
    readonly input?: string;
  } = {},
): Promise<Ran> {
  const { env, cwd, timeoutMs = 30_000, input } = options;
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      {
        encoding: 'utf8',
        maxBuffer: OUTPUT_MAX,
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        ...(env && { env }),
        ...(cwd && { cwd }),
      },
      (error, out, err) => {
        children.delete(child);
        const tookMs = performance.now() - beganMs;
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, out, err: code === null && err === '' ? String(error) : err, tookMs });
      },
    );
    children.add(child);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

/** Runs a program that has to succeed. @throws Error with its command line and what it said. */
export async function must(command: string, args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await run(command, args, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`"${command} ${args.join(' ')}" ended with ${code}: ${(err || out).trim()}`);
  return out;
}

/** Starts a program inside a namespace that stays until `end` or the end of the lab. Its two outputs go to `log`. */
export function start(
  space: string,
  command: string,
  args: readonly string[],
  options: { readonly log: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
): ChildProcess {
  const log = openSync(options.log, 'a');
  const child = spawn('ip', ['netns', 'exec', space, command, ...args], {
    stdio: ['ignore', log, log],
    env: options.env ?? process.env,
    ...(options.cwd && { cwd: options.cwd }),
  });
  closeSync(log);
  children.add(child);
  if (child.pid !== undefined) residents.set(space, [...(residents.get(space) ?? []), child.pid]);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

/** What namespaces of the lab are called: after the process that made them. */
const SPACE = /^gglab-(\d+)-/;

/** Removes what a lab that was killed outright has left behind; a lab that still runs keeps its own. Tells how many. */
export async function removeLeftovers(): Promise<number> {
  const { out } = await run('ip', ['netns', 'list']);
  const names = out.split('\n').map((line) => line.split(' ')[0] ?? '');
  const left = names.filter((name) => {
    const pid = SPACE.exec(name)?.[1];
    return pid !== undefined && Number(pid) !== process.pid && !existsSync(`/proc/${pid}`);
  });
  for (const name of left) await removeSpace(name);
  return left.length;
}

/** Makes a namespace. */
export async function addSpace(space: string): Promise<void> {
  spaces.add(space);
  await must('ip', ['netns', 'add', space]);
}

/** Ends every process inside a namespace that this lab made, and removes it. */
export async function removeSpace(space: string): Promise<void> {
  const pids = (await run('ip', ['netns', 'pids', space])).out.split(/\s+/).filter(Boolean);
  for (const pid of pids) kill(Number(pid));
  await run('ip', ['netns', 'del', space]);
  rmSync(`${NETNS_ETC}/${space}`, { recursive: true, force: true });
  spaces.delete(space);
  residents.delete(space);
}

function removeNow(space: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', space], { encoding: 'utf8' });
  for (const pid of (stdout ?? '').split(/\s+/).filter(Boolean)) kill(Number(pid));
  spawnSync('ip', ['netns', 'del', space]);
  rmSync(`${NETNS_ETC}/${space}`, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** A folder that is removed at the end of the lab. */
export function ownFolder(path: string): string {
  folders.add(path);
  return path;
}

/** What a namespace must hear before the next thing begins: `tcp 443`, `udp 53`. */
export type Door = { readonly space: string; readonly kind: 'tcp' | 'udp'; readonly port: number };

/** mitmproxy takes seconds to start, and a busy machine many times that. */
const OPENED_MS = 120_000;
const LOOK_AGAIN_MS = 100;

/** Waits until every door is listened at. @throws Error naming the first that stays shut. */
export async function opened(doors: readonly Door[]): Promise<void> {
  const until = performance.now() + OPENED_MS;
  for (const door of doors) {
    while (!isOpen(door)) {
      if (performance.now() > until) throw new Error(`nobody listens at ${door.kind} ${door.port} in ${door.space}`);
      await wait(LOOK_AGAIN_MS);
    }
  }
}

/** Reads the kernel's table of sockets through any process that lives in the namespace: no program has to be started for a look. */
function isOpen({ space, kind, port }: Door): boolean {
  // A listener is in state 0A, an unconnected UDP socket in 07; the local address is the second column.
  const state = kind === 'tcp' ? '0A' : '07';
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const pid of residents.get(space) ?? []) {
    try {
      // Until the program has been entered into its namespace, its tables are our own.
      if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net')) continue;
      const lines = [kind, `${kind}6`].flatMap((table) =>
        readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n'),
      );
      return lines.some((line) => {
        const [, local = '', , status] = line.trim().split(/\s+/);
        return local.endsWith(wanted) && status === state;
      });
    } catch {
      // It has ended; another one may still live.
    }
  }
  return false;
}
