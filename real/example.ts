import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.ts';

const here = import.meta.dirname;
const readme = join(here, '..', 'README.md');
const shownBaseUrl = 'http://127.0.0.1:5020/v1';
const exampleMsMax = 60_000;

/** What a newcomer's example did: what it printed, or why that is not what the README promises. */
export type Tried = { readonly isGood: boolean; readonly said: string };

/**
 * Runs the example that the README shows for one language, as it stands but for the address, in `folder`. Good when it ends well,
 * prints an answer, and the README has it word for word.
 */
export async function tryExample(
  sdk: 'Node' | 'Python',
  baseUrl: string,
  python: string,
  folder: string,
): Promise<Tried> {
  const name = sdk === 'Node' ? 'chat.mjs' : 'chat.py';
  const code = readFileSync(join(here, 'examples', name), 'utf8');
  if (!code.includes(shownBaseUrl)) return { isGood: false, said: `${name} does not name ${shownBaseUrl}` };
  // Inside the checkout, so that Node finds the checkout's packages.
  const copy = join(folder, name);
  writeFileSync(copy, code.replace(shownBaseUrl, baseUrl));
  const ran = await run(sdk === 'Node' ? process.execPath : python, [copy], exampleMsMax, folder);
  const text = ran.lines.join(' ').trim();
  if (ran.end !== 0) return { isGood: false, said: `it ended with ${ran.end}: ${text.slice(-160)}` };
  if (text === '') return { isGood: false, said: 'it printed nothing' };
  if (existsSync(readme) && !readFileSync(readme, 'utf8').includes(code.trim())) {
    return { isGood: false, said: `it works, but README.md does not show real/examples/${name} word for word` };
  }
  return { isGood: true, said: `it printed “${text.slice(0, 60)}…”` };
}
