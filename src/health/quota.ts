import { fieldOf } from '../call/fields.ts';
import { retryAfterMs } from '../diagnosis/answer-fields.ts';

/** What a provider says of its limits; undefined where it says nothing that can be read. */
export type Quota = {
  /** `retry-after-ms`, `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** The least that is left, of requests or tokens; 0 is spent. */
  readonly remaining: number | undefined;
  /** When what is spent is filled again. */
  readonly resetMs: number | undefined;
};

/** Longest reset believed: one day, as for `Retry-After`. */
export const RESET_MS_MAX = 86_400_000;

/** The kinds a provider counts, and how they name them: OpenAI and its likes, Anthropic, and the IETF draft's older plain form. */
const KINDS = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
] as const;

/** Reads what an answer says of limits. Total: whatever cannot be read is undefined. `wallMs` is for resets given as a time of day. */
export function readQuota(fields: readonly string[], wallMs: number): Quota {
  let remaining: number | undefined;
  let resetMs: number | undefined;
  for (const [remainingName, resetName] of KINDS) {
    const left = countOf(fieldOf(fields, remainingName));
    if (left === undefined) continue;
    remaining = remaining === undefined ? left : Math.min(remaining, left);
    // Only what is spent has to be waited for; of several, the last one to be filled.
    const reset = left === 0 ? durationOf(fieldOf(fields, resetName), wallMs) : undefined;
    if (reset !== undefined) resetMs = Math.max(resetMs ?? 0, reset);
  }
  return { retryAfterMs: retryAfterMs(fields), remaining, resetMs };
}

/** How long to leave the target alone: its explicit word, else until what is spent is filled again. */
export function calmMs(fields: readonly string[], wallMs: number): number | undefined {
  const quota = readQuota(fields, wallMs);
  return quota.retryAfterMs ?? quota.resetMs;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text.trim()) ? Number(text) : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `6m0s`, `120ms`, `1.5s` (OpenAI); an RFC 3339 time (Anthropic); plain seconds, or seconds since 1970 when too many for a wait. */
function durationOf(raw: string | undefined, wallMs: number): number | undefined {
  const text = raw?.trim() ?? '';
  if (text.length === 0 || text.length > 40) return undefined;
  if (/^\d{1,13}(\.\d{1,6})?$/.test(text)) {
    const seconds = Number(text);
    return bounded(seconds > 1_000_000_000 ? seconds * 1000 - wallMs : seconds * 1000);
  }
  if (/^(\d{1,9}(\.\d{1,6})?(ms|[smhd]))+$/.test(text)) {
    let sum = 0;
    for (const [, count, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|[smhd])/g))
      sum += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
    return bounded(sum);
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : bounded(at - wallMs);
}

function bounded(ms: number): number {
  return Math.min(Math.max(0, ms), RESET_MS_MAX);
}
