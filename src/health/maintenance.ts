import { Failure } from '../call/failure.ts';
import type { Ask } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';

/** What is under maintenance: the whole gateway, a pool, or a target in every pool it is in. */
export type Scope = 'gateway' | `pool:${string}` | `target:${string}`;

/** `maintenance`: not asked at all. `draining`: no new calls, those under way finish; for what goes away for good. */
export type Word = 'maintenance' | 'draining';

/** A stretch of wall time; without an end it lasts until it is taken back. */
export type Window = {
  readonly scope: Scope;
  readonly word: Word;
  readonly fromMs: number;
  readonly untilMs: number | undefined;
  /** For people: why. */
  readonly note: string;
};

/** Windows kept at a time; a plan longer than this is a mistake. */
export const WINDOWS_MAX = 256;

/** What the operator has taken out of service, now or at a planned time. Nothing overrides it, not even that nobody is left. */
export class Maintenance {
  readonly #clock: Clock;
  #windows: readonly Window[] = [];
  readonly #hearers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** At once or planned; a scope has one window, the new one replaces the old. False when there are too many. */
  set(window: Window): boolean {
    const others = this.#windows.filter((each) => each.scope !== window.scope && !isOver(each, this.#clock.wallMs()));
    if (others.length >= WINDOWS_MAX) return false;
    this.#windows = [...others, window];
    for (const hear of this.#hearers) hear();
    return true;
  }

  /** Back in service at once; a plan is forgotten. */
  clear(scope: Scope): void {
    this.#windows = this.#windows.filter((each) => each.scope !== scope);
    for (const hear of this.#hearers) hear();
  }

  /** Planned and running ones. */
  windows(): readonly Window[] {
    return this.#windows.filter((window) => !isOver(window, this.#clock.wallMs()));
  }

  /** The operator's word on a target in a pool, undefined when it may be asked. */
  word(target: string, pool: string): Word | undefined {
    // Asked for every call: without a plan no names are put together.
    if (this.#windows.length === 0) return undefined;
    return (this.running(`target:${target}`) ?? this.running(`pool:${pool}`))?.word;
  }

  running(scope: Scope): Window | undefined {
    if (this.#windows.length === 0) return undefined;
    const nowMs = this.#clock.wallMs();
    return this.#windows.find((each) => each.scope === scope && each.fromMs <= nowMs && !isOver(each, nowMs));
  }

  /** Milliseconds until a window begins or ends; infinite when none will. */
  nextMs(): number {
    const nowMs = this.#clock.wallMs();
    let next = Number.POSITIVE_INFINITY;
    for (const { fromMs, untilMs } of this.#windows) {
      if (fromMs > nowMs) next = Math.min(next, fromMs - nowMs);
      else if (untilMs !== undefined && untilMs > nowMs) next = Math.min(next, untilMs - nowMs);
    }
    return next;
  }

  /** Told of every change of the plan, until what it answers is called. */
  onChange(hear: () => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }
}

function isOver(window: Window, nowMs: number): boolean {
  return window.untilMs !== undefined && window.untilMs <= nowMs;
}

/**
 * Refuses calls while the whole gateway is in maintenance, and says when to come back.
 * @throws Failure `gateway-maintenance`, or `gateway-draining` for the gateway's own restart.
 */
export function maintenance(plan: Maintenance, clock: Clock, ask: Ask): Ask {
  return (call, taker) => {
    const window = plan.running('gateway');
    if (window === undefined) {
      ask(call, taker);
      return;
    }
    taker.failed(
      new Failure(window.word === 'draining' ? 'gateway-draining' : 'gateway-maintenance', {
        phase: 'queue',
        firstEvent: 'answer',
        note: window.note.slice(0, 200),
        retryAfterMs: window.untilMs === undefined ? undefined : Math.max(0, window.untilMs - clock.wallMs()),
      }),
    );
  };
}
