import { type Books, STEP_MS } from './books.ts';
import { type Amount, Line } from './line.ts';
import type { ServiceSize, Size } from './size.ts';

/** As in `attempts/limit.ts`: the cut after refusals, once a round trip, and the growth. */
const CUT_FEW = 0.95;
const CUT_MANY = 0.5;
const QUIET_GROWTH = 0.05;
const QUIET_MS = 10_000;
const REGAIN_SHARE = 0.75;
/** Failures in a row that rest a target, for each replica, and how often a rested one is probed. */
const FAILURES_MAX = 5;
const PROBE_EVERY_MS = 7500;
/** As in `health/rest.ts`: spells of rest double, a quarter of them is lost to jitter; the probe that is answered begins the slow start. */
const SPELL_MS = 5000 * 0.75;
const SPELL_MAX_MS = 300_000 * 0.75;
const RAMP_MS = 30_000;
const RAMP_MIN = 0.1;

/** Until a target has refused once nothing is known of its capacity: calls are spread as if it were ten times what it is. */
const UNKNOWN = 10;

/** Amounts below this are none. */
export const EPSILON = 1e-9;

/** All targets of one kind, over all replicas. Fluid: calls are amounts, not things. */
export type Kind = {
  readonly size: ServiceSize;
  readonly capacity: number;
  /** When it is asked again after it was gone, and all are. */
  readonly backMs: number;
  /** Of services that let calls wait. */
  readonly line: Line | undefined;
  /** Calls that somebody waits for. */
  inFlight: number;
  /** Infinite until the first refusal. */
  limit: number;
  /** The load at which refusals last began while most was still taken; 0 while not known. */
  mark: number;
  cutMs: number;
  taken: number;
  refused: number;
  /** Failures still to be made before every replica has found out that it is gone. */
  undetected: number;
};

/** What was done in one step. */
export type Played = {
  answered: number;
  failed: number;
  attempts: number;
  /** Calls that want a target, and those of them that were tried before. */
  left: number;
  again: number;
  drained: number;
};

export function kindOf(size: ServiceSize): Kind {
  const capacity = size.count * size.concurrency;
  return {
    size,
    capacity,
    backMs: backMs(size),
    line: size.overload === 'queue' ? new Line(capacity, size.serviceMs) : undefined,
    inFlight: 0,
    limit: Number.POSITIVE_INFINITY,
    mark: 0,
    cutMs: Number.NEGATIVE_INFINITY,
    taken: 0,
    refused: 0,
    undetected: 0,
  };
}

/** Probed again and again while it is gone, each time after a longer rest: the first probe after its return finds it. */
function backMs({ downFromMs, downForMs }: ServiceSize): number {
  if (downFromMs === undefined) return Number.NEGATIVE_INFINITY;
  let atMs = downFromMs;
  for (let restMs = SPELL_MS; atMs < downFromMs + downForMs; restMs = Math.min(SPELL_MAX_MS, restMs * 2))
    atMs += restMs;
  return atMs;
}

/** The part of its weight that it has: none while it rests, and all of it half a minute after its rest. */
export function weightOf({ size, backMs }: Kind, nowMs: number): number {
  if (size.downFromMs === undefined || nowMs < size.downFromMs) return 1;
  if (nowMs < backMs) return 0;
  return Math.min(1, Math.max(RAMP_MIN, (nowMs - backMs) / RAMP_MS));
}

/** How long one try may take: half of the deadline where five minutes are longer than that, as in the config. */
export function headMs({ deadlineMs }: Size): number {
  return Math.min(300_000, deadlineMs / 2);
}

/** Answers, errors of the service itself, and those who have waited for too long. */
export function finish(kind: Kind, size: Size, books: Books, played: Played, nowMs: number): void {
  const { serviceMs, errors } = kind.size;
  if (isDown(kind, nowMs)) {
    const { first, again } = kind.line?.drop() ?? { first: kind.inFlight, again: 0 };
    kind.inFlight = 0;
    retry(first, size, books, played, nowMs);
    giveUp(again, books, played, nowMs);
    return;
  }
  const done = kind.line?.answers(nowMs) ?? {
    first: Math.min(kind.inFlight, Math.min(kind.inFlight, kind.capacity) * (1 - Math.exp(-STEP_MS / serviceMs))),
    again: 0,
  };
  const all = done.first + done.again;
  const bad = all * errors;
  kind.inFlight -= all;
  played.answered += all - bad;
  played.drained += all;
  kind.taken += all - bad;
  books.judge(done.first, all - bad, bad);
  retry(bad, size, books, played, nowMs);
  grow(kind, size, all - bad, nowMs);
  leave(kind, all, size, books, played, nowMs);
}

/** A try that took too long is given up: to the gateway it says what a refusal says, and the call may be tried once more. */
function leave(kind: Kind, answers: number, size: Size, books: Books, played: Played, nowMs: number): void {
  const gone: Amount = kind.line?.leavers(nowMs, headMs(size)) ?? { first: 0, again: 0 };
  const all = gone.first + gone.again;
  if (all <= EPSILON) return;
  kind.inFlight -= all;
  books.felt('timeouts.head', all, nowMs);
  // What younger calls overtook says how it was, not how it is.
  if (answers <= EPSILON) {
    books.judge(gone.first, 0, all);
    cut(kind, all, size, nowMs, headMs(size));
  }
  retry(gone.first, size, books, played, nowMs);
  giveUp(gone.again, books, played, nowMs);
}

/** Tried again, as far as the budget pays. */
function retry(calls: number, size: Size, books: Books, played: Played, nowMs: number): void {
  if (calls <= EPSILON) return;
  const paid = size.attemptsMax > 1 ? books.pay(calls) : 0;
  if (paid < calls) books.felt(size.attemptsMax > 1 ? 'retries.budget' : 'retries.attempts', calls - paid, nowMs);
  played.failed += calls - paid;
  played.left += paid;
  played.again += paid;
}

/** Two tries that were given up are all that the deadline has room for. */
function giveUp(calls: number, books: Books, played: Played, nowMs: number): void {
  if (calls <= EPSILON) return;
  books.felt('timeouts.deadline', calls, nowMs);
  played.failed += calls;
}

/** Additive growth: fast up to where it held before, then by one for each limit's worth of answers at each replica, faster after quiet. */
function grow(kind: Kind, size: Size, answers: number, nowMs: number): void {
  if (!Number.isFinite(kind.limit) || kind.inFlight * 2 < kind.limit) return;
  const own = kind.limit / size.replicas / kind.size.count;
  const isQuiet = nowMs - kind.cutMs > QUIET_MS;
  const isKnown = kind.limit < kind.mark * REGAIN_SHARE;
  kind.limit += answers * (isKnown ? 1 : isQuiet ? Math.max(QUIET_GROWTH, 1 / own) : 1 / own);
}

/** How many more calls may be under way there. */
export function roomOf(kind: Kind, size: Size, weight: number, nowMs: number): number {
  if (isDown(kind, nowMs)) {
    // Every replica has to find out by itself, and then asks only now and then.
    const probes = (size.replicas * kind.size.count * STEP_MS) / PROBE_EVERY_MS;
    return Math.max(kind.undetected, probes);
  }
  const bound = Number.isFinite(kind.limit) ? kind.limit : kind.capacity * UNKNOWN;
  return Math.max(0, bound * weight - kind.inFlight);
}

/** True while nothing holds a call back from it, however many wait there. */
export function isOpen(kind: Kind, nowMs: number): boolean {
  return kind.line !== undefined && !Number.isFinite(kind.limit) && !isDown(kind, nowMs);
}

/** Calls begin at a kind of target; answers how many it refused or failed at once. `again`: the part of them that was tried before. */
export function begin(kind: Kind, calls: number, again: number, size: Size, played: Played, nowMs: number): number {
  if (calls <= 0) return 0;
  played.attempts += calls;
  if (isDown(kind, nowMs)) {
    kind.undetected = Math.max(0, kind.undetected - calls);
    return calls;
  }
  kind.undetected = size.replicas * kind.size.count * FAILURES_MAX;
  if (kind.line !== undefined) {
    kind.line.come({ first: calls * (1 - again), again: calls * again }, nowMs);
    kind.inFlight += calls;
    return 0;
  }
  const accepted = Math.min(calls, Math.max(0, kind.capacity - kind.inFlight));
  kind.inFlight += accepted;
  const refused = calls - accepted;
  if (refused > EPSILON) cut(kind, refused, size, nowMs, kind.size.serviceMs);
  return refused;
}

/** The adaptive limit after refusals: once a round trip, by the share that was refused; not on and on while nothing at all is taken. */
function cut(kind: Kind, refused: number, size: Size, nowMs: number, roundTripMs: number): void {
  kind.refused += refused;
  const isFirst = !Number.isFinite(kind.limit);
  if (!isFirst && (nowMs - kind.cutMs < roundTripMs || kind.taken <= EPSILON)) return;
  const share = kind.refused / Math.max(EPSILON, kind.refused + kind.taken);
  const factor = isFirst ? CUT_FEW : Math.min(CUT_FEW, Math.max(CUT_MANY, 1 - share));
  const from = isFirst ? kind.inFlight + refused : kind.limit;
  if (isFirst || share < 0.5) kind.mark = from;
  // One always goes, at every target of every replica.
  kind.limit = Math.max(size.replicas * kind.size.count, from * factor);
  kind.cutMs = nowMs;
  kind.taken = 0;
  kind.refused = 0;
}

function isDown({ size }: Kind, nowMs: number): boolean {
  return size.downFromMs !== undefined && nowMs >= size.downFromMs && nowMs < size.downFromMs + size.downForMs;
}
