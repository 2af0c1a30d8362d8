import type { Call } from '../call/call.ts';
import { callerOf } from '../call/caller.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import { isCrash } from '../diagnosis/classify-population.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { History, HistoryAnswer, HistoryQuestion } from '../diagnosis/history.ts';
import type { GroupState, PopulationFacts } from '../diagnosis/population.ts';
import { blastRadius, type GroupCount } from '../diagnosis/radius.ts';
import type { Clock } from '../world/world.ts';
import { countOf, isFailing, Outcomes } from './outcomes.ts';
import { Stretches } from './stretches.ts';

/** Where a target belongs, as far as the config says. */
export type Place = {
  /** Targets of one service fail together without saying anything of our own way out. */
  readonly service: string;
  readonly region: string | undefined;
};

/** Targets remembered: more than any config has. */
const TARGETS_MAX = 256;
/** Callers remembered for each target: a sample of so many tells "everyone" from "only you". 256 × 64 × 100 bytes is under 2 MiB. */
const CALLERS_MAX = 64;
const MODELS_MAX = 64;
const MODEL_CHARS_MAX = 100;
/** Three outcomes before a group's state means anything: with fewer, one slip is an outage. */
const STATE_MIN = 3;
const ILL_SHARE = 0.5;
const WELL_SHARE = 0.1;
/** Another caller's good answer proves that a service works only while it is fresh. */
const FRESH_MS = 10_000;
/** A change of ours is suspected of what begins within five minutes of it. */
const SUSPECT_MS = 5 * 60_000;

/** What one target did lately. */
type SeenTarget = {
  readonly all: Outcomes;
  readonly callers: Map<string, Outcomes>;
};

/**
 * What this process has seen lately, in bounded memory: who failed where, since when, and how long such stretches lasted. It is the
 * history of a gateway without a store, and begins anew with each start.
 */
export class Seen implements History {
  readonly #clock: Clock;
  readonly #placeOf: (target: string) => Place | undefined;
  readonly #targets = new Map<string, SeenTarget>();
  readonly #models = new Map<string, Outcomes>();
  readonly #stretches = new Stretches();
  #changedMs: number | undefined;

  constructor(clock: Clock, placeOf: (target: string) => Place | undefined) {
    this.#clock = clock;
    this.#placeOf = placeOf;
  }

  /** Our own config was changed just now. */
  changed(): void {
    this.#changedMs = this.#clock.now();
  }

  /** Takes in a call that is over. Called for every call, so it allocates nothing for a caller and a target it knows. */
  record(call: Call, finding: Finding | undefined): void {
    const nowMs = this.#clock.now();
    const caller = callerOf(call);
    const { attempts } = call.story;
    let isFailed = false;
    for (let index = 0; index < attempts.length; index += 1) {
      const attempt = attempts[index];
      if (attempt === undefined) continue;
      const isLast = index === attempts.length - 1;
      const code = isLast && finding !== undefined ? finding.code : attempt.code;
      // What was stopped by us or by the caller says nothing of the target.
      if (code === undefined && attempt.verdict !== 'answered') continue;
      const failing = code !== undefined && isFailing(code);
      // A refusal of the caller's own mistake is an answer like any other; a message that breaks the service is none.
      if (code !== undefined && !failing && (attempt.status === undefined || attempt.status >= 500)) continue;
      isFailed ||= failing;
      this.#note(attempt.target, caller, code, failing, nowMs);
    }
    if (attempts.length === 0 && finding !== undefined && isFailing(finding.code)) {
      this.#stretches.failed('', finding.code, nowMs);
    }
    if (call.model !== undefined) this.#noteModel(call.model, isFailed, nowMs);
  }

  know({ code, caller, model, tried }: HistoryQuestion): HistoryAnswer {
    const nowMs = this.#clock.now();
    const target = tried.at(-1)?.target;
    const began = this.#stretches.beganMs(target ?? '', code, nowMs);
    const callers = target === undefined ? [] : countsOf(this.#targets.get(target)?.callers, nowMs);
    const facts: PopulationFacts = {
      target,
      otherTargets: this.#others(tried, true, nowMs),
      otherServices: this.#others(tried, false, nowMs),
      otherCallers: target === undefined ? undefined : this.#otherCallers(target, caller, callers, nowMs),
      sameCallElsewhere: sameCallElsewhere(tried),
      sinceMs: began === undefined ? undefined : nowMs - began,
      ownChange: this.#suspectedChange(began ?? nowMs),
    };
    const targets = [...this.#targets].map(([name, { all }]) => countOf(name, all, nowMs));
    const counts = {
      caller: callers,
      target: targets,
      region: this.#regions(targets),
      model: countsOf(this.#models, nowMs),
    };
    const radius = blastRadius(counts, caller);
    // Only what the call itself asked for: what others ask for is not its caller's to know.
    const own = [target, model, this.#placeOf(target ?? '')?.region];
    const isOwn = radius.confinedTo !== undefined && own.includes(radius.confinedTo.name);
    return { facts, radius: isOwn ? radius : { ...radius, confinedTo: undefined }, past: this.#stretches.past };
  }

  #note(target: string, caller: string, code: CauseCode | undefined, failing: boolean, nowMs: number): void {
    let seen = this.#targets.get(target);
    if (seen === undefined) {
      if (this.#targets.size >= TARGETS_MAX) return;
      seen = { all: new Outcomes(), callers: new Map() };
      this.#targets.set(target, seen);
    }
    seen.all.add(failing, nowMs);
    outcomesFor(seen.callers, caller, CALLERS_MAX, nowMs)?.add(failing, nowMs);
    if (failing && code !== undefined) this.#stretches.failed(target, code, nowMs);
    else this.#stretches.answered(target, nowMs);
  }

  #noteModel(model: string, failing: boolean, nowMs: number): void {
    // Callers write it: a long one is no name of a model.
    if (model.length <= MODEL_CHARS_MAX) outcomesFor(this.#models, model, MODELS_MAX, nowMs)?.add(failing, nowMs);
  }

  /** How the targets fare that this call did not ask: those of the same service, or those of all others. One that works is enough to say so. */
  #others(tried: HistoryQuestion['tried'], isSame: boolean, nowMs: number): GroupState | undefined {
    const target = tried.at(-1)?.target;
    const service = target === undefined ? undefined : this.#placeOf(target)?.service;
    if (service === undefined) return undefined;
    let state: GroupState | undefined;
    for (const [name, { all }] of this.#targets) {
      if (tried.some((one) => one.target === name) || (this.#placeOf(name)?.service === service) !== isSame) continue;
      const its = stateOf(all.failing(nowMs), all.total(nowMs));
      if (its === 'working') return 'working';
      state ??= its;
    }
    return state;
  }

  #otherCallers(target: string, caller: string, callers: readonly GroupCount[], nowMs: number): GroupState | undefined {
    const others = callers.filter(({ name }) => name !== caller);
    const sum = (field: 'failing' | 'total') => others.reduce((all, one) => all + one[field], 0);
    const state = stateOf(sum('failing'), sum('total'));
    if (state !== 'working') return state;
    const answers = this.#targets.get(target)?.callers ?? [];
    const isFresh = [...answers].some(([name, one]) => name !== caller && nowMs - one.answeredMs <= FRESH_MS);
    return isFresh ? 'working' : undefined;
  }

  #regions(targets: readonly GroupCount[]): GroupCount[] {
    const regions = new Map<string, { failing: number; total: number }>();
    for (const { name, failing, total } of targets) {
      const region = this.#placeOf(name)?.region;
      if (region === undefined) continue;
      const sum = regions.get(region) ?? { failing: 0, total: 0 };
      regions.set(region, { failing: sum.failing + failing, total: sum.total + total });
    }
    return [...regions].map(([name, sum]) => ({ name, ...sum }));
  }

  #suspectedChange(beganMs: number): PopulationFacts['ownChange'] {
    const agoMs = this.#changedMs === undefined ? -1 : beganMs - this.#changedMs;
    return agoMs < 0 || agoMs > SUSPECT_MS ? undefined : { what: 'config', agoMs };
  }
}

/**
 * The service behind a host: the last two labels of its name, so that the regions and resources of one provider are one; an address as it
 * is, whatever the port.
 */
export function serviceOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? host : host.split('.').slice(-2).join('.');
}

/** The outcomes kept under this name; a new one takes the place of one not heard of for a while, or finds none. */
function outcomesFor(kept: Map<string, Outcomes>, name: string, max: number, nowMs: number): Outcomes | undefined {
  const known = kept.get(name);
  if (known !== undefined) return known;
  if (kept.size >= max) {
    for (const [old, outcomes] of kept) if (outcomes.total(nowMs) === 0) kept.delete(old);
    if (kept.size >= max) return undefined;
  }
  const made = new Outcomes();
  // A copy: a slice would keep the whole head alive that it was cut from.
  kept.set(Buffer.from(name).toString(), made);
  return made;
}

function countsOf(kept: ReadonlyMap<string, Outcomes> | undefined, nowMs: number): GroupCount[] {
  const counts = [...(kept ?? [])].map(([name, outcomes]) => countOf(name, outcomes, nowMs));
  return counts.filter(({ total }) => total > 0);
}

function stateOf(failing: number, total: number): GroupState | undefined {
  if (total < STATE_MIN) return undefined;
  if (failing / total >= ILL_SHARE) return 'failing';
  return failing / total <= WELL_SHARE ? 'working' : undefined;
}

/**
 * The same call at several targets: two of them broke on it, and no other call failed there with it. A target that was never reached, or was
 * only busy, did not break on anything.
 */
function sameCallElsewhere(tried: HistoryQuestion['tried']): GroupState | undefined {
  const broken = tried.filter(({ code, isShared }) => code !== undefined && isCrash(code) && isShared !== true);
  return broken.some(({ target }) => target !== broken[0]?.target) ? 'failing' : undefined;
}
