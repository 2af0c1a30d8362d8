import { output } from '../proof/processes.ts';

/**
 * Keeps what is measured and what measures it on different cores. Sharing one, a scheduler that wakes the load generator on the core of the
 * proxy has the proxy stopped for it, and a tenth of the proxy's time goes into being stopped and started again: a cost of the machine's
 * size more than of the proxy, and larger for proxies that leave the generator time to fall asleep.
 */
export type Cores = {
  /** As taskset writes it. */
  readonly proxy: string;
  readonly others: string;
  readonly all: string;
};

/** Puts this process, and all that it starts from here on, on all cores but the last; undefined where there is one only, or no taskset. */
export async function apart(): Promise<Cores | undefined> {
  const ours = await affinity(process.pid).catch(() => undefined);
  const last = ours?.at(-1);
  if (ours === undefined || last === undefined || ours.length < 2) return undefined;
  const cores = { proxy: String(last), others: ours.slice(0, -1).join(','), all: ours.join(',') };
  await place(process.pid, cores.others);
  return cores;
}

/** Puts a process and all its threads on these cores. */
export async function place(pid: number, cores: string): Promise<void> {
  await output('taskset', ['-acp', cores, String(pid)]);
}

/** The cores on which a process may run. */
async function affinity(pid: number): Promise<number[]> {
  const list = /: ([\d,-]+)\s*$/.exec(await output('taskset', ['-cp', String(pid)]))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
