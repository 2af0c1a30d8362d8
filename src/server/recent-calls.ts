import type { Call } from '../call/call.ts';
import type { Outcome } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Clock } from '../world/world.ts';
import { type KeptCall, keptCall, keptIp, keptModel, keptPath } from './kept-call.ts';

/** The last calls that went well, so that the one just made can be looked at. A power of two. */
export const RECENT_MAX = 512;

const ID_CHARS = 32;

/** Begin, how long it took; of its attempt begin, head, first part and end. All on the monotonic clock. */
const TIMES = 6;

/** Of a call that is as usual (one attempt, over, without notes): texts, which are the same for most calls, and small numbers. */
type Texts = {
  method: string;
  path: string;
  model: string | undefined;
  ip: string;
  credential: string | undefined;
  ended: Outcome['kind'];
  status: number;
  target: string;
  pool: string;
  verdict: Attempt['verdict'];
  reason: string;
  code: Attempt['code'];
  answered: number | undefined;
  bytesWritten: number;
};

/**
 * The last calls that went well, each written over the oldest. Their times and ids lie in flat memory, and of texts the one that is there
 * stays where it says the same: an object that outlives its call by a few hundred others is copied by the collector, grows old, and costs
 * as much as the rest of what a call leaves behind.
 */
export class RecentCalls {
  readonly #clock: Clock;
  readonly #times = new Float64Array(RECENT_MAX * TIMES);
  readonly #ids = Buffer.alloc(RECENT_MAX * ID_CHARS);
  /** undefined in a place that holds nothing, or a call out of the ordinary. */
  readonly #texts = new Array<Texts | undefined>(RECENT_MAX).fill(undefined);
  readonly #others = new Map<number, KeptCall>();
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(call: Call, ended: Outcome['kind'], status: number): void {
    const place = this.#next;
    this.#next = (place + 1) & (RECENT_MAX - 1);
    if (this.#others.size > 0) this.#others.delete(place);
    const { attempts, notes } = call.story;
    const [attempt] = attempts;
    const isUsual = attempts.length === 1 && notes.length === 0 && call.id.length === ID_CHARS;
    if (!isUsual || attempt?.endMs === undefined || attempt.overdueMs !== undefined) {
      this.#texts[place] = undefined;
      this.#others.set(place, keptCall(call, ended, status, undefined, this.#clock));
      return;
    }
    this.#writeTimes(place, call, attempt);
    this.#ids.latin1Write(call.id, place * ID_CHARS, ID_CHARS);
    const texts = this.#texts[place] ?? noTexts();
    this.#texts[place] = texts;
    const model = keptModel(call);
    const path = keptPath(call);
    const ip = keptIp(call);
    const { credential } = call.caller;
    if (texts.method !== call.method) texts.method = call.method;
    if (texts.path !== path) texts.path = path;
    if (texts.model !== model) texts.model = model;
    if (texts.ip !== ip) texts.ip = ip;
    if (texts.credential !== credential) texts.credential = credential;
    texts.ended = ended;
    texts.status = status;
    texts.target = attempt.target;
    texts.pool = attempt.pool;
    texts.verdict = attempt.verdict;
    texts.reason = attempt.reason;
    texts.code = attempt.code;
    texts.answered = attempt.status;
    texts.bytesWritten = attempt.bytesWritten;
  }

  #writeTimes(place: number, call: Call, attempt: Attempt): void {
    const times = this.#times;
    const at = place * TIMES;
    times[at] = call.startMs;
    times[at + 1] = this.#clock.now() - call.startMs;
    times[at + 2] = attempt.startMs;
    times[at + 3] = attempt.headMs ?? Number.NaN;
    times[at + 4] = attempt.firstPartMs ?? Number.NaN;
    times[at + 5] = attempt.endMs ?? Number.NaN;
  }

  find(id: string): KeptCall | undefined {
    for (const kept of this.#others.values()) if (kept.id === id) return kept;
    if (id.length !== ID_CHARS) return undefined;
    for (let place = 0; place < RECENT_MAX; place += 1) {
      const texts = this.#texts[place];
      if (texts !== undefined && this.#isAt(place, id)) return this.#told(place, id, texts);
    }
    return undefined;
  }

  #isAt(place: number, id: string): boolean {
    for (let i = 0; i < ID_CHARS; i += 1) if (this.#ids[place * ID_CHARS + i] !== id.charCodeAt(i)) return false;
    return true;
  }

  #told(place: number, id: string, texts: Texts): KeptCall {
    const { target, pool, verdict, reason, code, answered, bytesWritten, ...facts } = texts;
    const at = place * TIMES;
    const [startMs = 0, tookMs = 0, askedMs = 0] = this.#times.subarray(at);
    // Worked out when somebody asks: few do.
    const wallMs = this.#clock.wallMs() - (this.#clock.now() - startMs);
    const attempt: Attempt = {
      target,
      pool,
      startMs: askedMs,
      headMs: this.#timeAt(at + 3),
      firstPartMs: this.#timeAt(at + 4),
      endMs: this.#timeAt(at + 5),
      status: answered,
      code,
      verdict,
      reason,
      cancel: undefined,
      bytesWritten,
    };
    return { id, ...facts, wallMs, startMs, tookMs, attempts: [attempt], notes: [], finding: undefined };
  }

  #timeAt(at: number): number | undefined {
    const ms = this.#times[at] ?? Number.NaN;
    return Number.isNaN(ms) ? undefined : ms;
  }
}

function noTexts(): Texts {
  return {
    method: '',
    path: '',
    model: '',
    ip: '',
    credential: '',
    ended: 'answered',
    status: 0,
    target: '',
    pool: '',
    verdict: 'running',
    reason: '',
    code: undefined,
    answered: undefined,
    bytesWritten: 0,
  };
}
