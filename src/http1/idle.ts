/** How long a connection may lie idle, in milliseconds. */
export type IdleSettings = {
  /** What is assumed of a peer that says nothing: under the 5 s of Node's servers, the shortest limit in wide use. */
  readonly unknownMs: number;
  /** Kept below what the peer promises in `Keep-Alive: timeout=`; half of it when the promise is shorter than twice this. */
  readonly hintMarginMs: number;
  /** No promise is believed beyond this: services and their edges cut idle connections from 30 s on, whatever they promise. */
  readonly limitMaxMs: number;
  /** Kept below an observed idle close; half of it when the close came sooner than twice this. */
  readonly closeMarginMs: number;
  /** An observed close is forgotten bit by bit over this time: a crash or a deploy also closes idle connections, and says nothing of limits. */
  readonly forgetMs: number;
};

/** 4 s and 2 s are undici's limit and margin; 25 s stays under the 30 s of the strictest edges. */
export const IDLE_DEFAULTS: IdleSettings = {
  unknownMs: 4000,
  hintMarginMs: 2000,
  limitMaxMs: 25_000,
  closeMarginMs: 1000,
  forgetMs: 300_000,
};

/** The least that is ever learned, as a part of the base limit: one crash must not end reuse for minutes. */
const FLOOR_PART = 1 / 16;

/**
 * So many in a row that died when they were used again, and none that lived: this peer keeps no connection, whatever it says. For a while, which
 * doubles with each more, all go on fresh ones: every other request would else be sent twice.
 */
const DEAD_ROW = 3;
const FRESH_MS = 1_000;
const FRESH_MS_MAX = 60_000;

/** How long connections to one origin may lie idle, learned from what its peers say and do, and kept below it. */
export class IdleLimit {
  readonly #settings: IdleSettings;
  #baseMs: number;
  #hint = '';
  #closedMs = 0;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  #sawAtMs = Number.NEGATIVE_INFINITY;
  #deadRow = 0;
  #freshUntilMs = Number.NEGATIVE_INFINITY;

  constructor(settings: IdleSettings) {
    this.#settings = settings;
    this.#baseMs = settings.unknownMs;
  }

  /** The limit now, in milliseconds. */
  limitMs(nowMs: number): number {
    const age = (nowMs - this.#closedAtMs) / this.#settings.forgetMs;
    if (age >= 1 || this.#closedMs >= this.#baseMs) return this.#baseMs;
    return this.#closedMs + (this.#baseMs - this.#closedMs) * age;
  }

  /** True when a connection was found closed by its peer of late: what may not be sent twice is safe on a fresh one only. */
  isRacing(nowMs: number): boolean {
    return nowMs - this.#sawAtMs < this.#settings.forgetMs;
  }

  /** True while connections to this peer are not worth keeping. */
  isFutile(nowMs: number): boolean {
    return nowMs < this.#freshUntilMs;
  }

  /** A connection was used again and all went well. */
  sawLife(): void {
    this.#deadRow = 0;
  }

  /** A connection that had been idle for `idleMs` died when it was used again, without a word. */
  sawDead(idleMs: number, nowMs: number): void {
    this.sawClose(idleMs, nowMs);
    this.#deadRow += 1;
    if (this.#deadRow < DEAD_ROW || this.isFutile(nowMs)) return;
    // probe: a peer keeps no connection, and is asked on fresh ones
    this.#freshUntilMs = nowMs + Math.min(FRESH_MS_MAX, FRESH_MS * 2 ** Math.min(this.#deadRow - DEAD_ROW, 16));
  }

  /** Takes the value of a `keep-alive` field: `timeout=5, max=1000`. */
  hear(keepAlive: string): void {
    // The same peer says the same thing with every answer.
    if (keepAlive === this.#hint) return;
    this.#hint = keepAlive;
    const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d{1,6})/i.exec(keepAlive)?.[1];
    if (seconds === undefined) return;
    const hinted = below(Number(seconds) * 1000, this.#settings.hintMarginMs);
    this.#baseMs = Math.min(hinted, this.#settings.limitMaxMs);
  }

  /** A connection that had been idle for `idleMs` was found closed by the peer. */
  sawClose(idleMs: number, nowMs: number): void {
    this.#sawAtMs = nowMs;
    const seen = Math.max(below(idleMs, this.#settings.closeMarginMs), this.#baseMs * FLOOR_PART);
    if (seen >= this.limitMs(nowMs)) return;
    this.#closedMs = seen;
    this.#closedAtMs = nowMs;
  }
}

function below(ms: number, marginMs: number): number {
  return ms < 2 * marginMs ? ms / 2 : ms - marginMs;
}
