import type { CauseCode } from './catalogue.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Cause, Hop, ProxyError, Side } from './cause.ts';
import type { Evidence } from './evidence.ts';
import type { Outlook } from './history.ts';
import type { Provenance } from './provenance.ts';
import { evidenceSafety, type Safety } from './safety.ts';

/** `confirmed`: the evidence admits no other cause. `likely`: it fits best. `inconclusive`: nothing decided. */
export type Confidence = 'confirmed' | 'likely' | 'inconclusive';

/** A cause with its evidence and confidence. `hop`, `side`, `status` and `proxyError` are the catalogue's unless the evidence knows better. */
export type Finding = {
  readonly code: CauseCode;
  readonly confidence: Confidence;
  /** What decided, in short facts, the strongest first; at most `DECIDED_BY_MAX`. */
  readonly decidedBy: readonly string[];
  readonly hop: Hop;
  readonly side: Side;
  /** The HTTP status the caller gets; 0 where no answer is possible. */
  readonly status: number;
  readonly proxyError: ProxyError | undefined;
  readonly safety: Safety;
  /** The status the service really sent, when it sent one. */
  readonly receivedStatus: number | undefined;
  /** The service's own `Retry-After`, or ours when we refused, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** A token for machines that splits the code further: `stale-reuse`, `idle-cut@60s`, `rcode=NXDOMAIN`. */
  readonly detail: string | undefined;
  /** Who wrote the answer, when there was one to judge. */
  readonly writer: Provenance | undefined;
  readonly evidence: Evidence;
  /** How long, and who else; undefined where no history was asked. */
  readonly outlook?: Outlook | undefined;
};

/** What a decision may add to the catalogue's entry. */
export type Sharper = {
  readonly hop?: Hop;
  readonly side?: Side;
  readonly status?: number;
  readonly proxyError?: ProxyError | undefined;
  readonly detail?: string | undefined;
  readonly writer?: Provenance | undefined;
  readonly retryAfterMs?: number | undefined;
};

/** 12 facts: more than any decision uses; a bound for what facts about the population may append. */
export const DECIDED_BY_MAX = 12;

/** Makes a finding from a code and what decided it; everything not said comes from the catalogue and the evidence. */
export function findingOf(
  code: CauseCode,
  confidence: Confidence,
  decidedBy: readonly string[],
  evidence: Evidence,
  sharper: Sharper = {},
): Finding {
  const cause: Cause = CATALOGUE[code];
  return {
    code,
    confidence,
    decidedBy: decidedBy.slice(0, DECIDED_BY_MAX),
    hop: sharper.hop ?? cause.hop,
    side: sharper.side ?? cause.side,
    status: sharper.status ?? cause.status,
    proxyError: sharper.proxyError ?? cause.proxyError,
    safety: evidenceSafety(evidence),
    receivedStatus: evidence.answer?.status,
    retryAfterMs: sharper.retryAfterMs ?? evidence.retryAfterMs,
    detail: sharper.detail,
    writer: sharper.writer,
    evidence,
  };
}
