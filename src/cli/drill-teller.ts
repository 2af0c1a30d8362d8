import type { Run, Summary } from './drill-runs.ts';
import type { Hits } from './probes.ts';

export type TellerOptions = {
  readonly say: (line: string) => void;
  readonly nowMs: () => number;
  /** One line of JSON for each run, to standard output. */
  readonly isJson: boolean;
  readonly isVerbose: boolean;
  /** Runs to come. */
  readonly count: number;
};

const VIOLATIONS_SHOWN = 12;
/** Up to so many runs are told one by one; of more, only those that broke a promise, and how far it has come. */
const EACH_MAX = 50;
const PROGRESS_MS = 5000;

/** Tells how a drill goes, run by run, and what came of it all. */
export class Teller {
  readonly #options: TellerOptions;
  readonly #startMs: number;
  #toldMs: number;
  #runs = 0;
  #virtualMs = 0;
  #calls = 0;
  broken = 0;
  #hits: Record<string, number> | undefined;

  constructor(options: TellerOptions) {
    this.#options = options;
    this.#startMs = options.nowMs();
    this.#toldMs = this.#startMs;
  }

  told(summary: Summary, run: Run | undefined): void {
    const { isJson, isVerbose, count, say } = this.#options;
    this.#runs += 1;
    this.#virtualMs += summary.virtualMs;
    this.#calls += summary.calls;
    if (!summary.isKept) this.broken += 1;
    if (isJson) process.stdout.write(`${JSON.stringify(isVerbose ? { ...summary, plan: run?.plan } : summary)}\n`);
    else if (!summary.isKept || isVerbose || count <= EACH_MAX) this.#tell(summary, run);
    const nowMs = this.#options.nowMs();
    if (isJson || count <= EACH_MAX || nowMs - this.#toldMs < PROGRESS_MS) return;
    this.#toldMs = nowMs;
    const leftS = ((nowMs - this.#startMs) / this.#runs / 1000) * (count - this.#runs);
    say(`  ${this.#runs} of ${count} runs, ${this.broken} with broken promises; about ${leftS.toFixed(0)} s to go`);
  }

  #tell(summary: Summary, run: Run | undefined): void {
    const { say, isVerbose } = this.#options;
    const { isKept, title, answered, calls, journal, violations, replay } = summary;
    const failures = Object.entries(summary.failed).map(([code, count]) => `${code} ${count}`);
    const failed = failures.length === 0 ? '' : `; failed: ${failures.join(', ')}`;
    say(
      `${isKept ? 'kept  ' : 'BROKEN'} ${title}: ${answered} of ${calls} calls answered${failed}; journal ${journal}`,
    );
    if (isVerbose || !isKept) say(`  the plan: ${JSON.stringify(run?.plan ?? summary.plan)}`);
    for (const { check, what } of violations.slice(0, VIOLATIONS_SHOWN)) say(`  ${check}: ${what}`);
    if (!isKept) say(`  again: ${replay}`);
  }

  /** Of one process; those of several add up. */
  hit(hits: Hits): void {
    this.#hits ??= {};
    for (const [words, count] of Object.entries(hits)) this.#hits[words] = (this.#hits[words] ?? 0) + count;
  }

  /** Processes that could not go on. */
  failed(failures: readonly string[]): void {
    for (const failure of failures) {
      this.broken += 1;
      this.#options.say(`goodgate drill: ${failure}`);
    }
  }

  /** The sum of it. `isLong`: every probe must have been hit. False when one was not. */
  end(isLong: boolean): boolean {
    const { say, isJson, nowMs } = this.#options;
    if (isJson && this.#hits !== undefined) process.stdout.write(`${JSON.stringify({ probes: this.#hits })}\n`);
    const missed = this.#tellProbes(isJson);
    const hours = (this.#virtualMs / 3_600_000).toFixed(2);
    const tookS = ((nowMs() - this.#startMs) / 1000).toFixed(0);
    say(
      `goodgate drill: ${this.#runs} runs, ${hours} virtual hours, ${this.#calls} calls, ${this.broken} with broken promises, in ${tookS} s`,
    );
    return !isLong || isJson || missed === 0;
  }

  #tellProbes(isJson: boolean): number {
    const all = Object.entries(this.#hits ?? {}).sort(([, one], [, other]) => one - other);
    const missed = all.filter(([, count]) => count === 0);
    if (isJson || all.length === 0) return missed.length;
    this.#options.say(`rare states of the code, and how often they were reached:`);
    for (const [words, count] of all) this.#options.say(`  ${String(count).padStart(9)}  ${words}`);
    this.#options.say(`  ${all.length - missed.length} of ${all.length} were reached`);
    return missed.length;
  }
}
