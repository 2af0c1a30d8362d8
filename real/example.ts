import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.ts';

const readme = join(import.meta.dirname, '..', 'README.md');
const shownBaseUrl = 'http://127.0.0.1:5020/v1';
const exampleMsMax = 60_000;

/** What the README's example did: what it printed, or what went wrong. */
export type Tried = { readonly isGood: boolean; readonly said: string };

/** Runs the example that the README shows for one SDK, as it stands there but for the address. `folder` is inside the checkout, so that Node finds its packages. */
export async function tryExample(
  sdk: 'Node' | 'Python',
  baseUrl: string,
  python: string,
  folder: string,
): Promise<Tried> {
  const shown = exampleIn(readFileSync(readme, 'utf8'), sdk);
  if (shown === undefined)
    return { isGood: false, said: `README.md shows no example for ${sdk} that names ${shownBaseUrl}` };
  const file = join(folder, sdk === 'Node' ? 'example.mjs' : 'example.py');
  writeFileSync(file, shown.replace(shownBaseUrl, baseUrl));
  const ran = await run(sdk === 'Node' ? process.execPath : python, [file], exampleMsMax, folder);
  const text = ran.lines.join(' ').trim();
  if (ran.end !== 0) return { isGood: false, said: `it ended with ${ran.end}: ${text.slice(-160)}` };
  return text === ''
    ? { isGood: false, said: 'it printed nothing' }
    : { isGood: true, said: `it printed “${text.slice(0, 60)}…”` };
}

/** The first code block of that language that names the gateway's address; undefined without one. */
function exampleIn(page: string, sdk: 'Node' | 'Python'): string | undefined {
  const languages = sdk === 'Node' ? ['js', 'javascript', 'mjs', 'ts', 'typescript'] : ['python', 'py'];
  for (const [, language = '', code = ''] of page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (languages.includes(language) && code.includes(shownBaseUrl)) return code;
  }
  return undefined;
}
