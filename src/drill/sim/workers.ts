/** A service with a fixed number of workers and a queue before them: what arrives waits until one is free (M/D/c). */
export function busyWorkers(nowMs: () => number, count: number, busyMs: number): () => number {
  const freeMs = new Array<number>(count).fill(0);
  return () => {
    let first = 0;
    for (let i = 1; i < count; i += 1) if ((freeMs[i] ?? 0) < (freeMs[first] ?? 0)) first = i;
    const startMs = Math.max(nowMs(), freeMs[first] ?? 0);
    freeMs[first] = startMs + busyMs;
    return startMs + busyMs - nowMs();
  };
}
