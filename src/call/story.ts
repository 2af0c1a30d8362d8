import type { CauseCode } from '../diagnosis/catalogue.ts';

/** What became of a call, attempt by attempt; always kept, so appending must stay cheap. */
export type Story = {
  readonly attempts: Attempt[];
  /** Facts that belong to no attempt: a clamped hint, a wait, a pool passed over. At most 32. */
  readonly notes: string[];
};

/** One try of a call at one target. */
export type Attempt = {
  readonly target: string;
  readonly pool: string;
  readonly startMs: number;
  headMs: number | undefined;
  firstPartMs: number | undefined;
  endMs: number | undefined;
  status: number | undefined;
  /** undefined while it runs or when it answered. */
  code: CauseCode | undefined;
  verdict: Verdict;
  /** Why the verdict, in a few words: `connection refused`. */
  reason: string;
  /** Stops this try at once; set while it runs. */
  cancel: (() => void) | undefined;
  /** Request bytes the kernel took: what P6 is judged by. */
  bytesWritten: number;
  /** The clock of the first part, in ms, when it ran out and the attempt went on because nobody else was left to ask. */
  overdueMs?: number;
  /** Another call failed at the same target meanwhile, and nobody spoke there between: it is not this call's own doing. */
  isShared?: boolean;
};

/** A try that begins now. */
export function begunAttempt(target: string, pool: string, startMs: number): Attempt {
  return {
    target,
    pool,
    startMs,
    headMs: undefined,
    firstPartMs: undefined,
    endMs: undefined,
    status: undefined,
    code: undefined,
    verdict: 'running',
    reason: '',
    cancel: undefined,
    bytesWritten: 0,
  };
}

/**
 * True when the target was given some of the call: bytes were counted, or it answered, which no target does unasked. What a proxy on the way
 * answered is no such proof.
 */
export function wasSent(attempt: Attempt): boolean {
  if (attempt.bytesWritten > 0) return true;
  return attempt.status !== undefined && attempt.code !== 'proxy-connect-failed';
}

/** `moved`: tried elsewhere · `failed`: nothing was left to try · `superseded`: another attempt spoke first. */
export type Verdict = 'running' | 'answered' | 'moved' | 'failed' | 'superseded' | 'abandoned';
