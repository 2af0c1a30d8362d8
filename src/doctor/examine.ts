import type { ClockReading, Facts } from './facts.ts';
import { type Outside, PROBE_MS_MAX, within } from './outside.ts';
import type { Depth, Probe, Scene, Seen } from './probe.ts';
import { clockProbe } from './probes/clock.ts';
import { connectProbe } from './probes/connect.ts';
import { interfaceProbe, routeProbe } from './probes/device.ts';
import { controlProbe, feedProbe } from './probes/elsewhere.ts';
import { accountProbe, exchangeProbe, mtuProbe } from './probes/exchange.ts';
import { internetProbe, portalProbe } from './probes/internet.ts';
import { namesProbe } from './probes/names.ts';
import { proxyProbe } from './probes/proxy.ts';
import { speedProbe, streamProbe } from './probes/stream.ts';
import { tlsProbe } from './probes/tls.ts';
import { PROBE_IDS, type ProbeId, type ProbeReport } from './report.ts';
import type { DoctorSettings } from './settings.ts';
import type { Target } from './target.ts';
import type { Judgement } from './verdict/judgement.ts';
import { judge } from './verdict/verdict.ts';

/** Every probe. Those that need nothing start together; the others when what they need is over. */
export const PROBES: readonly Probe[] = [
  interfaceProbe,
  proxyProbe,
  internetProbe,
  portalProbe,
  namesProbe,
  feedProbe,
  controlProbe,
  connectProbe,
  routeProbe,
  tlsProbe,
  mtuProbe,
  exchangeProbe,
  accountProbe,
  streamProbe,
  speedProbe,
  clockProbe,
];

/** A first word after this long, whatever is still open: inside the five seconds that a person waits. */
const FIRST_VERDICT_MS = 4_500;
/** Kept back from what a probe is told: on a machine under load its own clocks ring late, and what it has by then should not be lost. */
const SLACK_MS = 300;
/** What is left of the whole time for the words after the last probe. */
const CLOSING_MS = 500;

/** What is looked at, and how. */
export type Examination = {
  readonly target: Target;
  readonly settings: DoctorSettings;
  readonly depth: Depth;
  /** All is over after this. */
  readonly withinMs: number;
  readonly isWanted: (id: ProbeId) => boolean;
  readonly probes?: readonly Probe[];
  /** PEM texts of the files that the settings name; undefined for what the machine has. */
  readonly trust: {
    readonly public: readonly string[] | undefined;
    readonly system: readonly string[] | undefined;
    readonly extra: readonly string[];
  };
  /** Told of each probe as it ends. */
  readonly onSeen: (report: ProbeReport, pending: readonly ProbeId[]) => void;
  /** Told once, early; `isAll` when nothing was open any more. */
  readonly onFirst: (judgement: Judgement, isAll: boolean) => void;
};

/** What came of it. */
export type Examined = {
  readonly facts: Facts;
  readonly judgement: Judgement;
  readonly probes: readonly ProbeReport[];
  readonly firstVerdictMs: number;
  readonly totalMs: number;
  readonly contacted: readonly string[];
};

/** Looks at everything and judges. Never rejects, and never takes longer than it was given. */
export async function examine(outside: Outside, examination: Examination): Promise<Examined> {
  const run = new Run(outside, examination);
  await run.all();
  return run.result();
}

class Run {
  readonly #outside: Outside;
  readonly #examination: Examination;
  readonly #startMs: number;
  readonly #reports = new Map<ProbeId, ProbeReport>();
  readonly #readings: ClockReading[] = [];
  readonly #contacted = new Set<string>();
  readonly #trust: Scene['trust'];
  #adds: Partial<Facts> = {};
  #pending = new Set<ProbeId>();
  #firstMs: number | undefined;

  constructor(outside: Outside, examination: Examination) {
    this.#outside = outside;
    this.#examination = examination;
    this.#startMs = outside.clock.now();
    const { trust } = examination;
    const own = trust.public;
    const extra = [...outside.device.roots('extra'), ...trust.extra];
    this.#trust = {
      all: own === undefined ? [...outside.device.roots('default'), ...trust.extra] : [...own, ...extra],
      system: trust.system ?? outside.device.roots('system'),
      // Whoever adds anything to what Node believes loses what the environment added: it is named again.
      asking: own === undefined && trust.extra.length === 0 ? [] : [...(own ?? []), ...extra],
    };
  }

  async all(): Promise<void> {
    const probes = this.#examination.probes ?? PROBES;
    const over = new Map<ProbeId, Promise<void>>();
    this.#pending = new Set(probes.map(({ id }) => id));
    const alarm = this.#outside.timers.after(FIRST_VERDICT_MS, () => this.#first());
    for (const probe of probes) {
      const needs = probe.needs.map((id) => over.get(id));
      over.set(
        probe.id,
        Promise.all(needs).then(() => this.#look(probe)),
      );
    }
    await Promise.all(over.values());
    alarm.disarm();
    this.#first();
  }

  result(): Examined {
    const facts = this.#facts();
    return {
      facts,
      judgement: judge(facts),
      probes: PROBE_IDS.flatMap((id) => this.#reports.get(id) ?? []),
      firstVerdictMs: this.#firstMs ?? this.#passedMs(),
      totalMs: this.#passedMs(),
      contacted: [...this.#contacted].sort(),
    };
  }

  #passedMs(): number {
    return this.#outside.clock.now() - this.#startMs;
  }

  #first(): void {
    if (this.#firstMs !== undefined) return;
    this.#firstMs = this.#passedMs();
    this.#examination.onFirst(judge(this.#facts()), this.#pending.size === 0);
  }

  #facts(): Facts {
    const unfinished = [...this.#reports.values()].filter(({ state }) => state === 'crash').map(({ id }) => id);
    const { target, settings } = this.#examination;
    const isProven = settings.targetIs === undefined && this.#adds.exchange?.isGoodgate === true;
    return {
      target: isProven ? { ...target, kind: 'gateway' } : target,
      ...this.#adds,
      ...(this.#readings.length === 0 ? {} : { clock: [...this.#readings] }),
      ...(unfinished.length + this.#pending.size === 0 ? {} : { unfinished: [...unfinished, ...this.#pending] }),
    };
  }

  async #look(probe: Probe): Promise<void> {
    const beganMs = this.#outside.clock.now();
    const leftMs = this.#examination.withinMs - CLOSING_MS - this.#passedMs();
    const seen = this.#examination.isWanted(probe.id)
      ? await this.#seen(probe, leftMs)
      : { state: 'skip' as const, sentence: 'Left out as asked.' };
    this.#adds = { ...this.#adds, ...seen.adds };
    this.#pending.delete(probe.id);
    const report: ProbeReport = {
      id: probe.id,
      state: seen.state,
      sentence: seen.sentence,
      tookMs: Math.round(this.#outside.clock.now() - beganMs),
      facts: plain(seen.adds),
    };
    this.#reports.set(probe.id, report);
    this.#examination.onSeen(report, [...this.#pending]);
  }

  async #seen(probe: Probe, leftMs: number): Promise<Seen> {
    const timeMs = Math.min(PROBE_MS_MAX, leftMs) - SLACK_MS;
    if (timeMs <= 0) return { state: 'crash', sentence: 'There was no time left for it.' };
    const { target, settings, depth } = this.#examination;
    const scene: Scene = {
      outside: this.#outside,
      target,
      settings,
      depth,
      facts: this.#facts(),
      trust: this.#trust,
      timeMs,
      contact: (host) => void this.#contacted.add(host),
      heardClock: (reading) => void this.#readings.push(reading),
    };
    try {
      const late = (): Seen => ({
        state: 'crash',
        sentence: `It did not finish within ${Math.round((timeMs + SLACK_MS) / 1000)} s.`,
      });
      return await within(this.#outside, timeMs + SLACK_MS, probe.look(scene), late);
    } catch (error) {
      // A probe that breaks is a finding about the probe; the others go on.
      const message = error instanceof Error ? error.message : String(error);
      return { state: 'crash', sentence: `The probe itself broke: ${message.slice(0, 160)}` };
    }
  }
}

/** Facts as JSON: findings shrink to their code, bytes and long texts are left out. */
function plain(adds: Partial<Facts> | undefined): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(adds ?? {}, (key, value: unknown) => {
    if (key === 'finding' && typeof value === 'object' && value !== null) return Reflect.get(value, 'code');
    if (value instanceof Uint8Array) return undefined;
    return value;
  });
  return JSON.parse(text) as Record<string, unknown>;
}
