/** How a group of like attempts fares at present, as the monitor or health room sees it. */
export type GroupState = 'failing' | 'working';

/**
 * What is known beyond this one attempt. Every fact is optional: absent means not known, never "fine".
 * They sharpen or soften a finding; they never invent one.
 */
export type PopulationFacts = {
  /** The target that decided, by its name. */
  readonly target?: string | undefined;
  /** Other targets of the same service. */
  readonly otherTargets?: GroupState | undefined;
  /** Targets of unrelated services: when they fail alike, the fault is ours or our network's. */
  readonly otherServices?: GroupState | undefined;
  /** Other callers at the same target. */
  readonly otherCallers?: GroupState | undefined;
  /** The very same call at several targets: `failing` when two of them broke on it alone. */
  readonly sameCallElsewhere?: GroupState | undefined;
  /** How long ago this kind of failure began here. */
  readonly sinceMs?: number | undefined;
  /** Our own last deploy or config change, when it came shortly before. */
  readonly ownChange?: { readonly what: 'deploy' | 'config'; readonly agoMs: number } | undefined;
  /** An unresolved incident that the service itself declares on the component in use. */
  readonly incident?: { readonly title: string; readonly url: string } | undefined;
  /** Connections to this target have been breaking after the same silence again and again: this many milliseconds. */
  readonly cutAfterMs?: number | undefined;
};
