/** What must stop when the caller leaves. Most calls wait nowhere, so the set is made with the first who does. */
export class Leavers {
  #stops: Set<() => void> | undefined;

  get size(): number {
    return this.#stops?.size ?? 0;
  }

  add(stop: () => void): void {
    this.#stops ??= new Set();
    this.#stops.add(stop);
  }

  delete(stop: () => void): void {
    this.#stops?.delete(stop);
  }

  clear(): void {
    this.#stops?.clear();
  }

  /** Stops all that are there now; who comes meanwhile is not one of them. */
  stop(): void {
    if (this.#stops !== undefined) for (const stop of [...this.#stops]) stop();
  }
}
