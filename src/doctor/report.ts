import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Hop, Side } from '../diagnosis/cause.ts';
import type { Confidence } from '../diagnosis/finding.ts';

/** Version of the shape below. A new field keeps it; a changed or removed one raises it. */
export const SCHEMA_VERSION = 1;

/** Exit codes of `goodgate doctor`, documented in docs/doctor.md. */
export const EXIT = { well: 0, fault: 1, usage: 2, inconclusive: 3 } as const;

/** Every probe, in the order in which the report lists them. */
export const PROBE_IDS = [
  'given',
  'story',
  'clock',
  'interface',
  'route',
  'proxy',
  'internet',
  'portal',
  'names',
  'connect',
  'tls',
  'mtu',
  'exchange',
  'account',
  'stream',
  'speed',
  'feed',
  'control',
] as const;

/** The name of a probe. */
export type ProbeId = (typeof PROBE_IDS)[number];

/**
 * `pass`: as it should be · `warn`: unusual, and no proof of a fault · `fail`: broken · `skip`: not needed, not asked for, or what it builds
 * on failed · `crash`: the probe itself broke, which is a finding of its own.
 */
export type ProbeState = 'pass' | 'warn' | 'fail' | 'skip' | 'crash';

/** What one probe saw. `facts` are plain JSON, bounded by the probe, without secrets. */
export type ProbeReport = {
  readonly id: ProbeId;
  readonly state: ProbeState;
  /** One sentence for a person. */
  readonly sentence: string;
  readonly tookMs: number;
  readonly facts: Readonly<Record<string, unknown>>;
};

/** A step with its text and, where one fits this system, the exact command or setting. */
export type ReportStep = { readonly id: string; readonly text: string; readonly command?: string };

/** The state of one hop. Only what was proven is `good`. */
export type HopReport = {
  readonly hop: Hop;
  readonly state: 'good' | 'broken' | 'unchecked';
  readonly fact: string;
};

/** Something that was seen and is explained by the root cause: kept for machines, hidden from people. */
export type Symptom = { readonly probe: ProbeId; readonly sentence: string };

/** The one thing to know. */
export type VerdictReport = {
  readonly code: CauseCode;
  readonly hop: Hop;
  readonly side: Side;
  readonly confidence: Confidence;
  /** True only when everything that was checked works. */
  readonly isHealthy: boolean;
  readonly title: string;
  /** One sentence for a person: the first line of the text. */
  readonly sentence: string;
  readonly technical: string;
  /** The facts that decided, the strongest first. */
  readonly decidedBy: readonly string[];
  /** Splits the code further, for machines: `edge-521`, `CERT_HAS_EXPIRED`. */
  readonly detail?: string;
  readonly isTemporary: boolean | null;
  readonly typical: { readonly minS: number; readonly maxS: number; readonly source: string };
  /** `only-you`: others reach it from elsewhere · `everyone`: they do not either · `unknown`: nobody else was asked. */
  readonly whoElse: 'only-you' | 'everyone' | 'unknown';
  readonly retryAfterMs?: number;
  readonly steps: {
    readonly person: readonly ReportStep[];
    readonly admin: readonly ReportStep[];
    readonly operator: readonly ReportStep[];
  };
  readonly wontHelp: readonly ReportStep[];
  readonly hops: readonly HopReport[];
};

/** What `--json` prints, one object on one line. */
export type Report = {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly at: string;
  readonly target: {
    /** As typed, bounded, secrets out. */
    readonly asked: string;
    readonly kind: 'gateway' | 'service' | 'none';
    readonly url: string | null;
  };
  readonly verdict: VerdictReport;
  /** Seen and explained by the verdict: hidden from people. */
  readonly symptoms: readonly Symptom[];
  /** Seen, real, and not the cause. */
  readonly remarks: readonly string[];
  /** What could not be checked, and why. */
  readonly unchecked: readonly string[];
  readonly probes: readonly ProbeReport[];
  readonly timings: { readonly firstVerdictMs: number; readonly totalMs: number };
  /** Hosts that were contacted. */
  readonly contacted: readonly string[];
};
