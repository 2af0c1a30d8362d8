import type { Balance, Redundancy } from '../../config/settings.ts';
import type { Load } from '../workloads/load.ts';
import type { TlsMood, Weather } from './host.ts';
import type { NameMood } from './names.ts';

/** One upstream of a drill. */
export type TargetPlan = {
  readonly name: string;
  readonly region: string | undefined;
  readonly isSecure: boolean;
  /** Reached by a name of this TTL; undefined is reached by its address. */
  readonly ttlS: number | undefined;
  readonly paceWordsPerS: number;
  /** A service with so many workers, each busy this long with a request, and a queue without bound; undefined is never busy. */
  readonly workers: { readonly count: number; readonly busyMs: number } | undefined;
};

export type PoolPlan = {
  readonly targets: readonly string[];
  readonly balance: Balance;
  readonly redundancy: Redundancy | undefined;
};

/** What is done to the world. `hosts` are names of targets, `gateway` or `callers`. */
export type Deed =
  | { readonly word: 'fault'; readonly hosts: readonly string[]; readonly fault: string; readonly share: number }
  | { readonly word: 'block'; readonly hosts: readonly string[]; readonly way: 'in' | 'out' | 'both' }
  | {
      readonly word: 'slow-line';
      readonly hosts: readonly string[];
      readonly delayMs: number;
      readonly jitterMs: number;
      readonly bytesPerMs: number;
    }
  | { readonly word: 'reset-all' | 'forget' | 'power' | 'freeze' | 'hang-up'; readonly hosts: readonly string[] }
  | { readonly word: 'names'; readonly hosts: readonly string[]; readonly mood: NameMood }
  | { readonly word: 'wrong-address'; readonly hosts: readonly string[] }
  | { readonly word: 'certificate'; readonly hosts: readonly string[]; readonly mood: TlsMood }
  | { readonly word: 'reload'; readonly change: 'same' | 'without-first' | 'broken' }
  | { readonly word: 'restart' }
  | { readonly word: 'clock'; readonly stepMs: number };

/** A deed at its time, undone after `forMs` where it can be undone. */
export type Act = { readonly atMs: number; readonly forMs: number; readonly deed: Deed };

/** Everything a run is made of, all of it drawn from the seed or written down as a scenario. Milliseconds. */
export type Plan = {
  readonly seed: string;
  readonly scenario: string;
  /** Where the scenario is written, when it is no built-in one. */
  readonly file?: string;
  /** What all its targets speak; `openai` when nothing is said. */
  readonly dialect?: 'openai' | 'anthropic';
  readonly targets: readonly TargetPlan[];
  readonly pools: readonly PoolPlan[];
  readonly region: string | undefined;
  /** The settings of `timeouts` in the config. */
  readonly timeouts: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** More lines of the config. */
  readonly config: readonly string[];
  readonly weather: Partial<Weather>;
  readonly loads: readonly Load[];
  readonly acts: readonly Act[];
  /** Anything may fail in this time, and nothing may be wrong. */
  readonly safetyMs: number;
  /** Then all is healed, and after a while everything must be answered in time. */
  readonly livenessMs: number;
};

/** The name of the file every simulated gateway reads. */
export const CONFIG_FILE = 'goodgate.yaml';

/** The config of a plan. */
export function configOf(plan: Plan, urls: ReadonlyMap<string, string>): string {
  const lines = ['listen: 10.0.0.1:5020', 'admin: 127.0.0.1:5021'];
  if (plan.region !== undefined) lines.push(`region: ${plan.region}`);
  lines.push('targets:');
  for (const target of plan.targets) {
    const region = target.region === undefined ? '' : `, region: ${target.region}`;
    lines.push(
      `  ${target.name}: { dialect: ${plan.dialect ?? 'openai'}, url: "${urls.get(target.name)}", key: sk-drill${region} }`,
    );
  }
  lines.push('routes:', '  - pools:');
  for (const pool of plan.pools) {
    const redundancy = pool.redundancy === undefined ? '' : `, redundancy: ${pool.redundancy}`;
    lines.push(`      - { targets: [${pool.targets.join(', ')}], balance: ${pool.balance}${redundancy} }`);
  }
  const timeouts = { ...plan.timeouts, deadline: `${plan.deadlineMs}ms` };
  const pairs = Object.entries(timeouts).map(([name, value]) => `${name}: ${value}`);
  lines.push(`timeouts: { ${pairs.join(', ')} }`, ...plan.config, 'log: { level: off }');
  return `${lines.join('\n')}\n`;
}
