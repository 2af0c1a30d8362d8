import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { Clock } from '../world/world.ts';
import { type KeptCall, keptCall, WORDS_CHARS_MAX } from './kept-call.ts';
import { RecentCalls } from './recent-calls.ts';

/** Failed calls that are remembered: an hour of one failure every four seconds. */
export const FAILED_MAX = 1_000;
/** … and all of them together, estimated: what a process may spend on looking back. */
export const FAILED_BYTES_MAX = 4 * 1024 * 1024;
/** What a remembered call, and each attempt of it, cost in memory, roughly and rather too much. */
const CALL_BYTES = 1_024;
const ATTEMPT_BYTES = 256;

/** What is remembered of finished calls, by their ids. */
export class Stories {
  readonly #clock: Clock;
  readonly #failed: KeptCall[] = [];
  #failedBytes = 0;
  readonly #recent: RecentCalls;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#recent = new RecentCalls(clock);
  }

  /** Remembers a call that is over. */
  keep(call: Call, outcome: Outcome, status: number, finding: Finding | undefined): void {
    if (finding === undefined) {
      this.#recent.keep(call, outcome.kind, status);
      return;
    }
    const kept = keptCall(call, outcome.kind, status, lean(finding), this.#clock);
    this.#failed.push(kept);
    this.#failedBytes += bytesOf(kept);
    while (this.#failed.length > FAILED_MAX || this.#failedBytes > FAILED_BYTES_MAX) {
      const oldest = this.#failed.shift();
      if (oldest === undefined) break;
      this.#failedBytes -= bytesOf(oldest);
    }
  }

  /** The call of this id, the failed ones first; undefined when it is not remembered (any more). */
  find(id: string): KeptCall | undefined {
    return this.#failed.findLast((kept) => kept.id === id) ?? this.#recent.find(id);
  }

  /** How much is remembered. */
  get size(): { readonly failed: number; readonly failedBytes: number } {
    return { failed: this.#failed.length, failedBytes: this.#failedBytes };
  }
}

/** The finding without what the service sent, where we connected to, and strangers. */
function lean(finding: Finding): Finding {
  const { answer: _answer, address: _address, host: _host, cause: _cause, stream, note, ...facts } = finding.evidence;
  const evidence: Evidence = {
    ...facts,
    ...(note === undefined ? {} : { note: note.slice(0, WORDS_CHARS_MAX) }),
    ...(stream === undefined ? {} : { stream: { ...stream, errorMessage: undefined } }),
  };
  return { ...finding, decidedBy: finding.decidedBy.map((fact) => fact.slice(0, WORDS_CHARS_MAX)), evidence };
}

function bytesOf({ attempts, notes, path, model, finding }: KeptCall): number {
  const words = [...notes, ...(finding?.decidedBy ?? []), path, model ?? ''].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  return CALL_BYTES + attempts.length * ATTEMPT_BYTES + words * 2;
}
