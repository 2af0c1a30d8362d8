import type { CauseCode } from './catalogue.ts';
import { type PastStretch, type Remaining, remaining } from './duration.ts';
import type { Finding } from './finding.ts';
import type { PopulationFacts } from './population.ts';
import type { Radius } from './radius.ts';

/**
 * One attempt of the call that is asked about: whom it asked, and how that failed; `code` is undefined when it did not. `isShared`: another
 * call failed there with it.
 */
export type Tried = {
  readonly target: string;
  readonly code: CauseCode | undefined;
  readonly isShared?: boolean | undefined;
};

/** What is asked of history: about a failure that its caller has just met. */
export type HistoryQuestion = {
  readonly code: CauseCode;
  /** The name under which the caller is counted. */
  readonly caller: string;
  readonly model: string | undefined;
  /** In order; the last is the one that decided. */
  readonly tried: readonly Tried[];
};

/** What history answers. */
export type HistoryAnswer = {
  readonly facts: PopulationFacts;
  readonly radius: Radius;
  /** Stretches that are over, of any cause. */
  readonly past: readonly PastStretch[];
};

/** What remembers more than one call: kept in memory by the process, or in a store. Total: it answers `unknown` rather than fail. */
export type History = {
  know(question: HistoryQuestion): HistoryAnswer;
};

/** How long, and who else: what is said of a failure beyond the failure itself. */
export type Outlook = {
  /** How long it has lasted already; undefined when this call is the first to meet it. */
  readonly sinceMs: number | undefined;
  readonly remaining: Remaining | undefined;
  readonly radius: Radius;
};

const NOBODY_KNOWN: Radius = { who: 'unknown', callersFailing: 0, callersTotal: 0, confinedTo: undefined };

/** The outlook of a finding as history knows it; without history, as the catalogue does. */
export function outlookOf(finding: Finding, known?: HistoryAnswer): Outlook {
  const { code, retryAfterMs } = finding;
  const sinceMs = known?.facts.sinceMs;
  const target = known?.facts.target;
  return {
    sinceMs,
    remaining: remaining({ code, target, elapsedMs: sinceMs ?? 0, retryAfterMs }, known?.past ?? []),
    radius: known?.radius ?? NOBODY_KNOWN,
  };
}
