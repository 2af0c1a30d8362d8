import { readdirSync, readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** How often each probe of the code was passed, by its words. */
export type Hits = Readonly<Record<string, number>>;

/** A line of the code that says `// probe: in these words`: a rare state that a long drill must have reached. */
type Probe = { readonly words: string; readonly url: string; readonly offset: number };

const MARK = /\/\/ probe: (.+)$/;
const OWN = fileURLToPath(import.meta.url);
const SRC = join(dirname(OWN), '..');

/** Counts, from now on, how often the marked lines are passed; production code pays nothing for it, the engine counts. */
export class Probes {
  readonly #session = new Session();
  readonly #probes = allProbes();
  readonly #hits: Record<string, number> = {};
  isOn = false;

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.isOn = true;
  }

  /** What was hit since the start, every probe named. The engine begins anew each time it tells. */
  async hits(): Promise<Hits> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const scripts = new Map(result.map((script) => [script.url, script]));
    for (const { words, url, offset } of this.#probes) {
      this.#hits[words] = (this.#hits[words] ?? 0) + countAt(scripts.get(url), offset);
    }
    return this.#hits;
  }

  async stop(): Promise<void> {
    this.isOn = false;
    await this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}

/** Every probe of the code. Words that stand in two places are one probe with two ways to it. */
function allProbes(): readonly Probe[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' });
  return paths
    .filter((path) => path.endsWith('.ts') && !/\.(test|testing)\.ts$/.test(path))
    .sort()
    .flatMap((path) => probesOf(join(SRC, path)));
}

/** A mark stands behind the code it is about, or alone on the line above it. */
function probesOf(file: string): readonly Probe[] {
  const text = readFileSync(file, 'utf8');
  if (!text.includes('// probe: ') || file === OWN) return [];
  const url = pathToFileURL(file).href;
  const probes: Probe[] = [];
  const lines = text.split('\n');
  let start = 0;
  for (const [nth, line] of lines.entries()) {
    const mark = MARK.exec(line);
    const words = mark?.[1];
    if (mark !== null && words !== undefined) {
      const own = line.slice(0, mark.index).trimEnd();
      const below = lines[nth + 1] ?? '';
      const offset = own.trim() === '' ? start + line.length + 1 + indentOf(below) : start + own.length - 1;
      if (own.trim() === '' && below.trim() === '') {
        throw new Error(`${relative(SRC, file)}:${nth + 1}: the probe "${words}" stands above no code`);
      }
      probes.push({ words, url, offset });
    }
    start += line.length + 1;
  }
  return probes;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The count of the innermost range around a place. Ranges are nested, and types are stripped in place, so that offsets are those of the file. */
function countAt(script: Profiler.ScriptCoverage | undefined, offset: number): number {
  let count = 0;
  let size = Number.POSITIVE_INFINITY;
  for (const { ranges } of script?.functions ?? []) {
    for (const range of ranges) {
      const isAround = range.startOffset <= offset && offset < range.endOffset;
      if (!isAround || range.endOffset - range.startOffset > size) continue;
      size = range.endOffset - range.startOffset;
      count = range.count;
    }
  }
  return count;
}
