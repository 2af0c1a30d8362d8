import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import { run } from './process.ts';
import { readingOf } from './readers/doctor.ts';
import type { Reading } from './readers/reading.ts';

/** What the doctor said on this machine itself, outside every namespace. */
export type BareResult = {
  readonly told: string;
  readonly reading: Reading | undefined;
  readonly isRight: boolean | undefined;
};

const DOCTOR_MS = 40_000;
const LOOK_MS = 4_000;

/**
 * Runs the doctor on the machine as it is, when that has no internet (as build machines have none): it must say so, and must not name the
 * service. With internet there is nothing to measure, and nothing is sent.
 */
export async function askBareMachine(folder: string): Promise<BareResult> {
  if (await hasInternet())
    return { told: 'it has internet, so nothing was asked', reading: undefined, isRight: undefined };
  const bin = join(import.meta.dirname, '..', 'bin', 'goodgate');
  const env = { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8' };
  const reading = readingOf(
    await run('sh', [bin, 'doctor', '--json', 'https://api.openai.com/v1'], { env, cwd: folder, timeoutMs: DOCTOR_MS }),
  );
  const isRight = reading.says === 'fault' && (reading.hop === 'network' || reading.hop === 'you');
  return { told: `${isRight ? 'right' : 'WRONG'}, ${reading.words}`, reading, isRight };
}

/** Internet is where a well-known name resolves and its host shows a certificate that holds. */
async function hasInternet(): Promise<boolean> {
  try {
    await lookup('example.com');
    await fetch('https://example.com/', { method: 'HEAD', signal: AbortSignal.timeout(LOOK_MS) });
    return true;
  } catch {
    return false;
  }
}
