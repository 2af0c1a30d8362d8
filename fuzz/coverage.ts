import { Session } from 'node:inspector';
import { sep } from 'node:path';

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type Script = {
  readonly url: string;
  readonly functions: readonly { readonly isBlockCoverage: boolean; readonly ranges: readonly Range[] }[];
};

/** The parser: what an input may reach. */
const FILES = ['head', 'gather', 'body', 'framing', 'target', 'fieldnames', 'hops', 'request-reader', 'latin1'];

/** Asks V8 which parts of the parser ran since the last question. */
export class Coverage {
  readonly #session = new Session();
  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The parts that ran since the last call, by file and place. */
  take(): Set<string> {
    let scripts: readonly Script[] = [];
    // In-process sessions answer before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (_error, answer) => {
      scripts = answer.result;
    });
    const ran = new Set<string>();
    for (const { url, functions } of scripts) {
      const name = FILES.find((each) => url.endsWith(`${sep}http1${sep}${each}.ts`));
      if (name === undefined) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) ran.add(`${name}:${startOffset}-${endOffset}`);
        }
      }
    }
    return ran;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
