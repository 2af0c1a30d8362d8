import { checkConfig } from '../config/check.ts';
import { realWorld } from '../world/real.ts';

/** `goodgate check`: prints what is wrong with a config; exit code 0 when nothing is, 2 when it cannot be loaded. */
export async function checkCommand(path: string, isJson: boolean): Promise<number> {
  const found = await checkConfig(realWorld(), path);
  const text = isJson ? JSON.stringify(found.json) : found.lines.join('\n');
  if (text !== '') process.stdout.write(`${text}\n`);
  return found.exitCode;
}
