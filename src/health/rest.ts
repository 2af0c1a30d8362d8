import type { Chance } from '../world/world.ts';
import { Rate } from './rate.ts';

/** When a target rests, and how it comes back. Milliseconds unless said otherwise. */
export type RestLimits = {
  /** Hard failures in a row: Finagle's and Envoy's 5, few enough for a dead target, too many for chance. */
  readonly failuresMax: number;
  /** Success below this share of at least `samplesMin` calls in 30 s. Finagle 80 %; 20 so that four failures decide nothing. */
  readonly successMin: number;
  readonly samplesMin: number;
  /** First and longest spell of rest for failures: Finagle's 5 s and 300 s, doubling, half of it jitter. */
  readonly spellMs: number;
  readonly spellMaxMs: number;
  /**
   * Refusals for load (429, 503, 529) or by credential in a row, none answered between, and for load none for `calmMs` either. Fewer than
   * failures: they are the target's own word.
   */
  readonly refusalsMax: number;
  /** So many refusals for load in a row rest a target at once: at five times too much, 20 in a row have a chance of 1 %. */
  readonly refusalsAwayMax: number;
  /** First and longest calm after refusals for load that name no time. */
  readonly calmMs: number;
  readonly calmMaxMs: number;
  /** A `Retry-After` from here on rests the target at the first refusal: a window that is spent, not a bucket that refills. */
  readonly retryAfterMinMs: number;
  /** Longest `Retry-After` believed. */
  readonly retryAfterMaxMs: number;
  /** First rest of a credential that is refused; it takes a person to mend it, the probe only finds out. */
  readonly refusedMs: number;
  /** A probe that says nothing for this long is lost, and the next call may probe. */
  readonly leaseMs: number;
  /** One that still talks so long after its first word has proven enough: longer than the 15 s of silence that end a stalled stream. */
  readonly provenMs: number;
  /** A probe waits this long for a call that may be tried again elsewhere; then the next call is it. */
  readonly overdueMs: number;
  /** Slow start: weight grows from `rampMin` to whole over this time (Envoy: max(10 %, t / 30 s)). */
  readonly rampMs: number;
  readonly rampMin: number;
};

export const REST_LIMITS: RestLimits = {
  failuresMax: 5,
  successMin: 0.8,
  samplesMin: 20,
  spellMs: 5_000,
  spellMaxMs: 300_000,
  refusalsMax: 3,
  refusalsAwayMax: 20,
  calmMs: 1_000,
  calmMaxMs: 60_000,
  retryAfterMinMs: 5_000,
  retryAfterMaxMs: 3_600_000,
  refusedMs: 60_000,
  leaseMs: 15_000,
  provenMs: 30_000,
  overdueMs: 30_000,
  rampMs: 30_000,
  rampMin: 0.1,
};

/** An attempt, as far as a breaker goes: compared, and asked when it began. */
export type Begun = { readonly startMs: number };

/** Why a target rests. `operator`: told to. */
export type RestCause = 'failures' | 'refusals' | 'credential' | 'operator';

/**
 * The breaker of one target: serving → resting → probing → serving, slowly. Pure but for the chance it is given: every method takes the
 * time. Health never asks it whether the pool could do without the target; `fit.ts` weighs that.
 */
export class Rest {
  readonly #limits: RestLimits;
  readonly #chance: Chance;
  readonly #rate = new Rate();
  #state: 'serving' | 'resting' | 'probing' = 'serving';
  #cause: RestCause = 'failures';
  #failures = 0;
  #refusals = 0;
  /** Rests in a row, none served between: for failures, forgotten slowly, and for refusals, forgotten at once. */
  #spells = 0;
  #calms = 0;
  #restedMs = Number.NEGATIVE_INFINITY;
  #untilMs = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
  /** When the latest attempt that was answered, and that failed, had begun. */
  #answeredMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;
  #servingMs = Number.NEGATIVE_INFINITY;
  #probe: Begun | undefined;
  #leaseUntilMs = 0;
  #hasProbeSpoken = false;

  constructor(chance: Chance, limits: RestLimits = REST_LIMITS) {
    this.#chance = chance;
    this.#limits = limits;
  }

  /** The state now: a rest that is over has become probing, a probe that still talks when its lease ends has proven enough. */
  state(nowMs: number): 'serving' | 'resting' | 'probing' {
    if (this.#state === 'resting' && nowMs >= this.#untilMs) this.#state = 'probing';
    if (this.#state === 'probing' && this.#probe !== undefined && nowMs >= this.#leaseUntilMs) {
      // probe: the lease of a probe ends
      this.#probe = undefined;
      if (this.#hasProbeSpoken) this.#serve(nowMs);
    }
    return this.#state;
  }

  /** When the target was last heard: a first part or the end of an answer. */
  get heardMs(): number {
    return this.#heardMs;
  }

  get cause(): RestCause {
    return this.#cause;
  }

  /** When the state changes by itself: end of the rest or of the lease; infinite when only an attempt can change it. */
  nextMs(): number {
    if (this.#state === 'resting') return this.#untilMs;
    return this.#state === 'probing' && this.#probe !== undefined ? this.#leaseUntilMs : Number.POSITIVE_INFINITY;
  }

  /** True when the one probe may be sent. */
  isDue(nowMs: number): boolean {
    return this.state(nowMs) === 'probing' && this.#probe === undefined;
  }

  /** True when the probe has been due for so long that any call must do, even one that could not be tried again. */
  isOverdue(nowMs: number): boolean {
    return this.isDue(nowMs) && nowMs - this.#untilMs > this.#limits.overdueMs;
  }

  /** Share of its weight: below 1 only in slow start, which follows a rest and never the start of the process. */
  ramp(nowMs: number): number {
    const { rampMs, rampMin } = this.#limits;
    const share = (nowMs - this.#servingMs) / rampMs;
    return share >= 1 ? 1 : Math.max(rampMin, share);
  }

  /** An attempt begins; while probing the first one takes the lease. */
  start(nowMs: number, attempt: Begun): void {
    if (this.#state === 'serving' || !this.isDue(nowMs)) return;
    this.#probe = attempt;
    this.#leaseUntilMs = nowMs + this.#limits.leaseMs;
    this.#hasProbeSpoken = false;
  }

  /** The first part came: proves life, to the holder of the lease above all. */
  spoke(nowMs: number, attempt: Begun): void {
    this.#heardMs = nowMs;
    if (attempt !== this.#probe || this.#hasProbeSpoken) return;
    this.#hasProbeSpoken = true;
    this.#leaseUntilMs = nowMs + this.#limits.provenMs;
  }

  /** A whole answer. One that was begun after the rest, probe or not, ends it. True when the target came back by it. */
  answered(nowMs: number, { startMs }: Begun): boolean {
    this.#rate.add(nowMs, true);
    this.#heardMs = nowMs;
    this.#answeredMs = Math.max(this.#answeredMs, startMs);
    // The end of a long answer that was begun before the last failure proves nothing against it.
    if (startMs >= this.#failedMs) {
      this.#failures = 0;
      this.#refusals = 0;
    }
    if (this.#state === 'serving' || startMs < this.#restedMs || this.#cause === 'operator') return false;
    this.#serve(nowMs);
    return true;
  }

  /** The calls of the last 30 s, for comparing targets with each other. */
  record(nowMs: number): { readonly total: number; readonly share: number } {
    return { total: this.#rate.total(nowMs), share: this.#rate.share(nowMs) };
  }

  /** The attempt told nothing: the caller left, or it was our own doing. A probe's lease is free again. */
  abandoned(attempt: Begun): void {
    if (attempt === this.#probe) this.#probe = undefined;
  }

  /** A failure of the target itself, perhaps judged long after. True when it rests because of it. */
  failed(nowMs: number, attempt: Begun): boolean {
    if (!this.#isOld(attempt)) this.#rate.add(nowMs, false);
    return this.struck(nowMs, attempt);
  }

  /** One strike that is no finished attempt: silence beyond the soft limit. Counts in the row, not in the rate. */
  struck(nowMs: number, attempt: Begun): boolean {
    if (this.state(nowMs) !== 'serving') return this.#failAgain(nowMs, attempt);
    if (this.#isOld(attempt)) return false;
    this.#failedMs = Math.max(this.#failedMs, attempt.startMs);
    this.#failures += 1;
    const { failuresMax, samplesMin, successMin } = this.#limits;
    const isOften = this.#rate.total(nowMs) >= samplesMin && this.#rate.share(nowMs) < successMin;
    if (this.#failures < failuresMax && !isOften) return false;
    this.#rest(nowMs, this.#spell(nowMs), 'failures');
    return true;
  }

  /** Its success stands out below that of its peers. */
  standOut(nowMs: number): void {
    this.#rest(nowMs, this.#spell(nowMs), 'failures');
  }

  /** Refused for load or quota: neutral to the breaker, but a target that answers nobody is left alone for a while. */
  refused(nowMs: number, attempt: Begun, retryAfterMs: number | undefined): boolean {
    const { refusalsMax, refusalsAwayMax, retryAfterMinMs, retryAfterMaxMs, calmMs, calmMaxMs } = this.#limits;
    const askedMs = Math.min(retryAfterMs ?? 0, retryAfterMaxMs);
    if (this.state(nowMs) === 'resting') {
      // Begun before the rest: it is no new refusal, but its longer wish holds.
      if (askedMs > 0) this.#untilMs = Math.max(this.#untilMs, nowMs + askedMs);
      return false;
    }
    this.#refusals += 1;
    // Who still answers somebody is busy, not away: the adaptive limit deals with it.
    const isQuiet = this.#refusals >= refusalsMax && nowMs - this.#heardMs >= calmMs;
    const isAway = isQuiet || this.#refusals >= refusalsAwayMax;
    if (askedMs < retryAfterMinMs && !isAway && attempt !== this.#probe) return false;
    const backoffMs = Math.min(calmMaxMs, calmMs * 2 ** Math.min(this.#calms, 16));
    this.#calms += 1;
    // What was asked for, and a little over it so that not everybody comes back at that instant.
    const restMs = askedMs > 0 ? askedMs * (1 + this.#chance.float() / 10) : this.#jitter(backoffMs);
    // probe: a target rests because it said so
    this.#rest(nowMs, restMs, 'refusals');
    return true;
  }

  /** Our credential was refused. */
  unauthorised(nowMs: number, attempt: Begun): boolean {
    if (this.state(nowMs) === 'resting') return false;
    this.#refusals += 1;
    if (this.#refusals < this.#limits.refusalsMax && attempt !== this.#probe) return false;
    // probe: a refused key rests its target
    this.#rest(nowMs, this.#jitter(this.#limits.refusedMs * 2), 'credential');
    return true;
  }

  /** Told to rest, whatever it did. */
  rest(nowMs: number, restMs: number): void {
    this.#rest(nowMs, restMs, 'operator');
  }

  /**
   * Served again at once, but one more failure rests it: the operator's word, or the benefit of the doubt when a pool that lay down
   * as a whole gets up.
   */
  wake(nowMs: number): void {
    // probe: a pool that lay down as a whole gets up together
    this.#serve(nowMs);
    this.#failures = this.#limits.failuresMax - 1;
  }

  #serve(nowMs: number): void {
    this.#state = 'serving';
    this.#probe = undefined;
    this.#servingMs = nowMs;
    this.#failures = 0;
    this.#refusals = 0;
    this.#calms = 0;
    // What happened before the rest must not bring the next one about.
    this.#rate.clear();
  }

  #failAgain(nowMs: number, attempt: Begun): boolean {
    // Others than the probe were begun before the rest, or in need: they say nothing new.
    if (this.#state !== 'probing' || attempt !== this.#probe) return false;
    this.#rest(nowMs, this.#spell(nowMs), 'failures');
    return true;
  }

  /** Begun before the target came back, or before one that it has answered since: evidence about a time that is over. */
  #isOld({ startMs }: Begun): boolean {
    return startMs < this.#servingMs || startMs < this.#answeredMs;
  }

  #rest(nowMs: number, restMs: number, cause: RestCause): void {
    const untilMs = nowMs + restMs;
    // The later end wins: a second, shorter word must not undo the first.
    this.#untilMs = this.#state === 'resting' ? Math.max(this.#untilMs, untilMs) : untilMs;
    if (this.#state === 'serving') this.#restedMs = nowMs;
    this.#state = 'resting';
    this.#cause = cause;
    this.#probe = undefined;
  }

  /** Equal jitter: half is certain, half is chance; doubles with each spell in a row, and a spell is forgotten for every whole slow start served. */
  #spell(nowMs: number): number {
    const { spellMs, spellMaxMs, rampMs } = this.#limits;
    if (this.#state === 'serving') {
      const served = (nowMs - this.#servingMs) / rampMs;
      this.#spells = Math.max(0, this.#spells - Math.floor(Math.min(served, this.#spells)));
    }
    this.#spells += 1;
    const halfMs = spellMs * 2 ** Math.min(this.#spells - 1, 16);
    return Math.min(spellMaxMs, halfMs + this.#chance.float() * halfMs);
  }

  #jitter(ms: number): number {
    return ms / 2 + (this.#chance.float() * ms) / 2;
  }
}
