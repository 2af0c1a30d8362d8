import type { Call } from '../call/call.ts';
import type { Reply } from '../call/reply.ts';

/** A call in the waiting room. */
export type Waiter = {
  readonly call: Call;
  readonly caller: string;
  /** Nobody is asked after this pool. */
  readonly isLast: boolean;
  readonly priority: number;
  readonly sinceMs: number;
  /** When its patience ends; the deadline is watched elsewhere. */
  readonly untilMs: number;
  readonly go: () => Promise<Reply> | undefined;
  readonly settle: (reply: Promise<Reply>) => void;
};

type Queue = { readonly caller: string; readonly waiters: Waiter[] };
type Level = { readonly priority: number; readonly queues: Queue[]; size: number };

/** One turn in eight goes to who has waited longest, whatever its priority: 12 % of the room keeps everybody from starving. */
export const AGED_TURN = 8;

/** Below every priority: turns are had when nobody else wants them, and never by age. */
export const BEHIND_ALL = Number.NEGATIVE_INFINITY;
/** Above every priority. */
export const BEFORE_ALL = Number.POSITIVE_INFINITY;

/**
 * Who waits for one model: levels by priority, in each the callers in turn, so that one caller's flood delays nobody else by more than
 * one turn. Plain structure, no clock: who is next is told by what is asked.
 */
export class Line {
  readonly #levels: Level[] = [];
  #size = 0;
  #turns = 0;

  get size(): number {
    return this.#size;
  }

  /** How many callers wait: those of the priority that most have, as nearly all calls have the same. */
  get callers(): number {
    return Math.max(0, ...this.#levels.map(({ queues }) => queues.length));
  }

  add(waiter: Waiter): void {
    let at = this.#levels.findIndex(({ priority }) => priority <= waiter.priority);
    if (at === -1) at = this.#levels.length;
    let level = this.#levels[at];
    if (level === undefined || level.priority !== waiter.priority) {
      level = { priority: waiter.priority, queues: [], size: 0 };
      this.#levels.splice(at, 0, level);
    }
    const queue = level.queues.find(({ caller }) => caller === waiter.caller);
    if (queue === undefined) level.queues.push({ caller: waiter.caller, waiters: [waiter] });
    else queue.waiters.push(waiter);
    level.size += 1;
    this.#size += 1;
  }

  /** Takes one out, wherever it stands. */
  remove(waiter: Waiter): void {
    const level = this.#levels.find(({ priority }) => priority === waiter.priority);
    const queue = level?.queues.find(({ caller }) => caller === waiter.caller);
    const at = queue?.waiters.indexOf(waiter) ?? -1;
    if (level === undefined || queue === undefined || at === -1) return;
    queue.waiters.splice(at, 1);
    level.size -= 1;
    this.#size -= 1;
    if (queue.waiters.length === 0) level.queues.splice(level.queues.indexOf(queue), 1);
    if (level.size === 0) this.#levels.splice(this.#levels.indexOf(level), 1);
  }

  /**
   * Up to `max` whose turn it is, best first, one for each caller; of each caller its newest or its oldest. Those who were begun may all wait
   * for the one target that they have not asked, so somebody who may go anywhere is always among them.
   */
  next(max: number, isNewestFirst: boolean): Waiter[] {
    const found: Waiter[] = [];
    if (this.#turns % AGED_TURN === AGED_TURN - 1) {
      const oldest = this.oldest();
      if (oldest !== undefined) found.push(oldest);
    }
    let room = max - found.length;
    for (const { queues, priority } of this.#levels) {
      for (const { waiters } of queues) {
        if (room === 0) break;
        const waiter = waiters[isNewestFirst ? waiters.length - 1 : 0];
        if (waiter === undefined || waiter === found[0]) continue;
        found.push(waiter);
        room -= 1;
      }
      if (priority === BEFORE_ALL) room = Math.max(room, 1);
    }
    return found;
  }

  /** The turn was taken: its caller goes behind the others of its level. */
  serve(waiter: Waiter): void {
    this.#turns += 1;
    const level = this.#levels.find(({ priority }) => priority === waiter.priority);
    const at = level?.queues.findIndex(({ caller }) => caller === waiter.caller) ?? -1;
    if (level !== undefined && at !== -1) level.queues.push(...level.queues.splice(at, 1));
    this.remove(waiter);
  }

  /** Who has waited longest, of those who are in line at all and not behind everybody. */
  oldest(): Waiter | undefined {
    let oldest: Waiter | undefined;
    for (const { queues, priority } of this.#levels) {
      if (priority === BEHIND_ALL) continue;
      for (const { waiters } of queues) {
        const [first] = waiters;
        if (first !== undefined && (oldest === undefined || first.sinceMs < oldest.sinceMs)) oldest = first;
      }
    }
    return oldest;
  }

  /** Whose patience is over. */
  overdue(nowMs: number): Waiter[] {
    return this.#levels.flatMap(({ queues }) =>
      queues.flatMap(({ waiters }) => waiters.filter((waiter) => waiter.untilMs <= nowMs)),
    );
  }

  /**
   * Who must give way to a newcomer when the room is full: the newest of the most crowded caller of the lowest level, if the newcomer has
   * a higher priority, or fewer of its own waiting than that caller has. Undefined: the newcomer has to go.
   */
  loser(priority: number, caller: string): Waiter | undefined {
    const lowest = this.#levels[this.#levels.length - 1];
    if (lowest === undefined || lowest.priority > priority) return undefined;
    let crowd = lowest.queues[0];
    for (const queue of lowest.queues) if (queue.waiters.length > (crowd?.waiters.length ?? 0)) crowd = queue;
    if (crowd === undefined) return undefined;
    const own = lowest.queues.find((queue) => queue.caller === caller)?.waiters.length ?? 0;
    const mayPush = lowest.priority < priority || crowd.waiters.length > own + 1;
    return mayPush ? crowd.waiters[crowd.waiters.length - 1] : undefined;
  }

  /** How many are served before this one, as things stand. */
  ahead(waiter: Waiter): number {
    let ahead = 0;
    for (const level of this.#levels) {
      if (level.priority > waiter.priority) ahead += level.size;
      if (level.priority !== waiter.priority) continue;
      const own = level.queues.find(({ caller }) => caller === waiter.caller)?.waiters.indexOf(waiter) ?? 0;
      for (const { caller, waiters } of level.queues) {
        ahead += caller === waiter.caller ? own : Math.min(waiters.length, own + 1);
      }
    }
    return ahead;
  }
}
