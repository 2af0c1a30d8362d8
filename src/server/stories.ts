import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { Clock } from '../world/world.ts';
import { pathOfDialect } from './dialect.ts';

/** Failed calls that are remembered: an hour of one failure every four seconds. */
export const FAILED_MAX = 1_000;
/** … and all of them together, estimated: what a process may spend on looking back. */
export const FAILED_BYTES_MAX = 4 * 1024 * 1024;
/** The last calls of any ending, so that the one just made can be looked at. A power of two. */
export const RECENT_MAX = 512;
/** More attempts than any setting allows twice; more notes than a story ever has. */
const ATTEMPTS_MAX = 40;
const NOTES_MAX = 32;
const PATH_CHARS_MAX = 200;
const MODEL_CHARS_MAX = 200;
const WORDS_CHARS_MAX = 300;
/** What a remembered call, and each attempt of it, cost in memory, roughly and rather too much. */
const CALL_BYTES = 1_024;
const ATTEMPT_BYTES = 256;

/** A finished call as it is remembered: no prompt, no answer, no credential, no address of a target. */
export type KeptCall = {
  readonly id: string;
  readonly method: string;
  /** Without its query, which may hold anything. */
  readonly path: string;
  readonly model: string | undefined;
  readonly ip: string;
  /** The fingerprint of the credential it came with. */
  readonly credential: string | undefined;
  /** Unix milliseconds of its begin. */
  readonly wallMs: number;
  /** Its begin on the monotonic clock, which the attempts' times are of. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly ended: Outcome['kind'];
  /** What its caller saw; 0 when it had left. */
  readonly status: number;
  readonly attempts: readonly Attempt[];
  readonly notes: readonly string[];
  readonly finding: Finding | undefined;
};

/** What is remembered of finished calls, by their ids. */
export class Stories {
  readonly #clock: Clock;
  readonly #failed: KeptCall[] = [];
  #failedBytes = 0;
  readonly #recent = new Array<Place | undefined>(RECENT_MAX).fill(undefined);
  #recentNext = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Remembers a call that is over. One that went well is written over the oldest of its kind: an object that outlives its call by a few
   * hundred others is copied by the collector again and again, and everything that it refers to with it.
   */
  keep(call: Call, outcome: Outcome, status: number, finding: Finding | undefined): void {
    if (finding === undefined) {
      const place = this.#recent[this.#recentNext] ?? emptyPlace();
      this.#recent[this.#recentNext] = place;
      this.#recentNext = (this.#recentNext + 1) & (RECENT_MAX - 1);
      write(place.kept, call, outcome, status, this.#clock);
      place.kept.attempts = keptAttempts(call.story.attempts, place);
      return;
    }
    const { kept } = emptyPlace();
    write(kept, call, outcome, status, this.#clock);
    kept.attempts = call.story.attempts.slice(0, ATTEMPTS_MAX);
    kept.finding = lean(finding);
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
    const failed = this.#failed.findLast((kept) => kept.id === id);
    if (failed !== undefined) return failed;
    const recent = this.#recent.find((place) => place?.kept.id === id)?.kept;
    // A copy: the next calls are written over it.
    return recent === undefined
      ? undefined
      : { ...recent, attempts: recent.attempts.map((attempt) => ({ ...attempt })) };
  }

  /** How much is remembered. */
  get size(): { readonly failed: number; readonly failedBytes: number } {
    return { failed: this.#failed.length, failedBytes: this.#failedBytes };
  }
}

/** Where one call after another is remembered. */
type Place = {
  readonly kept: { -readonly [Fact in keyof KeptCall]: KeptCall[Fact] };
  /** Of calls with one attempt, which are nearly all. */
  readonly attempt: { -readonly [Fact in keyof Attempt]: Attempt[Fact] };
  readonly attempts: readonly [Attempt];
};

function emptyPlace(): Place {
  const kept = { id: '', method: '', path: '', model: '', ip: '', credential: '', wallMs: 0, startMs: 0, tookMs: 0 };
  const attempt: Attempt = {
    target: '',
    pool: '',
    startMs: 0,
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
  const rest = { ended: 'answered' as const, status: 0, attempts: [], notes: NONE, finding: undefined };
  return { kept: { ...kept, ...rest }, attempt, attempts: [attempt] };
}

function write(kept: Place['kept'], call: Call, outcome: Outcome, status: number, clock: Clock): void {
  const tookMs = clock.now() - call.startMs;
  const { notes } = call.story;
  const { ip, credential } = call.caller;
  const { model } = call;
  kept.id = call.id;
  kept.method = call.method;
  kept.path = pathOfDialect(call.dialect) ?? owned(pathOf(call.path));
  kept.model = model === undefined || model.length <= MODEL_CHARS_MAX ? model : owned(model.slice(0, MODEL_CHARS_MAX));
  // Texts under 13 characters are never slices.
  kept.ip = ip.length < 13 ? ip : owned(ip);
  kept.credential = credential;
  kept.wallMs = clock.wallMs() - tookMs;
  kept.startMs = call.startMs;
  kept.tookMs = tookMs;
  kept.ended = outcome.kind;
  kept.status = status;
  kept.notes =
    notes.length === 0 ? NONE : notes.slice(0, NOTES_MAX).map((note) => owned(note.slice(0, WORDS_CHARS_MAX)));
}

/** The attempts as they are remembered; one that is not over yet, or is out of the ordinary, is remembered itself. */
function keptAttempts(attempts: readonly Attempt[], { attempt, attempts: own }: Place): readonly Attempt[] {
  const [first] = attempts;
  const isUsual = attempts.length === 1 && first?.endMs !== undefined && first.overdueMs === undefined;
  if (!isUsual) return attempts.slice(0, ATTEMPTS_MAX);
  attempt.target = first.target;
  attempt.pool = first.pool;
  attempt.startMs = first.startMs;
  attempt.headMs = first.headMs;
  attempt.firstPartMs = first.firstPartMs;
  attempt.endMs = first.endMs;
  attempt.status = first.status;
  attempt.code = first.code;
  attempt.verdict = first.verdict;
  attempt.reason = first.reason;
  attempt.bytesWritten = first.bytesWritten;
  return own;
}

const NONE: readonly string[] = [];

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return target.slice(0, Math.min(query === -1 ? target.length : query, PATH_CHARS_MAX));
}

/** A copy that does not hold on to the head it was cut from: engines keep the whole of a text alive for a slice of it. */
function owned(text: string): string {
  return Buffer.from(text).toString();
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
