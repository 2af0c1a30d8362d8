import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { arch, cpus, release } from 'node:os';
import { join } from 'node:path';
import { accepting, freePort, scratchFile, start } from '../processes.ts';

const ROOT = join(import.meta.dirname, '..', '..');

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
  const child = start(join(ROOT, 'bin', 'goodgate'), ['serve', '--config', file], env, 'dropped');
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
