/** A stretch of time, milliseconds, both ends included. */
export type Stretch = { readonly fromMs: number; untilMs: number };

/**
 * After trouble ends its traces are still about: kept connections that are dead, segments to be sent again, limits that were learned in a
 * storm. The gateway promises to be itself again in 10 s.
 */
const AFTERMATH_MS = 10_000;

/** When each host could not be relied upon: what the checks forgive. */
export class Troubles {
  readonly #byHost = new Map<string, Stretch[]>();

  add(hosts: readonly string[], fromMs: number, forMs: number): void {
    for (const host of hosts) {
      const all = this.#byHost.get(host) ?? [];
      all.push({ fromMs, untilMs: fromMs + forMs + AFTERMATH_MS });
      this.#byHost.set(host, all);
    }
  }

  /** Trouble whose end is not known yet; returns what says when it ended. */
  open(host: string, fromMs: number): (endMs: number) => void {
    const stretch: Stretch = { fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#byHost.set(host, [...(this.#byHost.get(host) ?? []), stretch]);
    return (endMs) => {
      stretch.untilMs = endMs + AFTERMATH_MS;
    };
  }

  /** From its first trouble until its last one was over; undefined without any. */
  spanOf(host: string): Stretch | undefined {
    const all = this.#byHost.get(host) ?? [];
    if (all.length === 0) return undefined;
    const fromMs = Math.min(...all.map((each) => each.fromMs));
    return { fromMs, untilMs: Math.max(...all.map((each) => each.untilMs)) };
  }

  /** True when the host was in no trouble from one time to the other. */
  isSound(host: string, fromMs: number, untilMs: number): boolean {
    return !(this.#byHost.get(host) ?? []).some((each) => each.fromMs <= untilMs && each.untilMs >= fromMs);
  }
}
