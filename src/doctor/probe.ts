import type { ClockReading, Facts } from './facts.ts';
import type { Outside } from './outside.ts';
import type { ProbeId, ProbeState } from './report.ts';
import type { DoctorSettings } from './settings.ts';
import type { Target } from './target.ts';

/** What a probe brings back. */
export type Seen = {
  readonly state: ProbeState;
  /** One sentence for a person. */
  readonly sentence: string;
  /** What it adds to the facts. */
  readonly adds?: Partial<Facts>;
};

/** How thoroughly to look. */
export type Depth = {
  readonly times: number;
  /** A model to ask for a stream, `''` for what is free, undefined for no streaming test. */
  readonly stream: string | undefined;
  readonly isSpeedMeasured: boolean;
  readonly isFeedRead: boolean;
  readonly isControlAsked: boolean;
};

/** What every probe may use. */
export type Scene = {
  readonly outside: Outside;
  readonly settings: DoctorSettings;
  readonly target: Target;
  readonly depth: Depth;
  /** What the probes before it saw. */
  readonly facts: Facts;
  /** PEM texts: all that is believed, what this system believes besides, and what must be added to Node's own when a question is asked. */
  readonly trust: {
    readonly all: readonly string[];
    readonly system: readonly string[];
    readonly asking: readonly string[];
  };
  /** Milliseconds that this probe may still take. */
  readonly timeMs: number;
  /** Tells that this host is about to be contacted. */
  readonly contact: (host: string) => void;
  /** Notes the time that somebody else's clock showed. */
  readonly heardClock: (reading: ClockReading) => void;
};

/** One independent look. It may start when all of `needs` are over, whatever they saw. */
export type Probe = {
  readonly id: ProbeId;
  readonly needs: readonly ProbeId[];
  /** A rejection is a finding: `crash`. */
  readonly look: (scene: Scene) => Promise<Seen>;
};

/** A probe with nothing to look at. */
export function skipped(sentence: string): Seen {
  return { state: 'skip', sentence };
}
