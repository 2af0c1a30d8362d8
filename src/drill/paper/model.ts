import { Books, type Bound, STEP_MS, WINDOW_S } from './books.ts';
import { begin, EPSILON, finish, isOpen, type Kind, kindOf, type Played, roomOf, weightOf } from './kind.ts';
import type { Size } from './size.ts';

/** One second of it; calls, all replicas together. */
export type Second = {
  readonly atS: number;
  readonly offered: number;
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  readonly attempts: number;
  readonly waiting: number;
  readonly waitMs: number;
};

export type Forecast = {
  readonly seconds: readonly Second[];
  readonly offered: number;
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  /** Attempts for each offered call: over all, and over the worst ten seconds. */
  readonly amplification: number;
  readonly amplificationMax: number;
  readonly waitMsMax: number;
  readonly waitMsMean: number;
  /** What gave way, in the order in which it did, and how many calls felt it. */
  readonly gaveWay: readonly { readonly bound: Bound; readonly atS: number; readonly calls: number }[];
};

/** Works a size out on paper: the policies of the gateway applied to amounts of calls, step by step. Pure. */
export function forecast(size: Size): Forecast {
  const kinds = size.services.map(kindOf);
  const books = new Books(size);
  const seconds: Second[] = [];
  /** Calls in the waiting rooms, and the part of them that was tried before. */
  let waiting = 0;
  let share = 0;
  let second = noSecond(0);
  const again: number[] = [];
  const steps = Math.ceil(size.lastsMs / STEP_MS);
  for (let step = 0; step < steps; step += 1) {
    const nowMs = step * STEP_MS;
    const offered = trafficAt(size, nowMs) * (STEP_MS / 1000) + (again[step] ?? 0);
    books.offer(offered);
    const played = playStep(size, kinds, books, { waiting, share, offered }, nowMs);
    const room = roomFor(size, books, played, nowMs);
    waiting = room.waiting;
    share = played.left > EPSILON ? played.again / played.left : 0;
    const refused = room.refused + played.held;
    const lost = played.failed + refused;
    const back = step + Math.round(size.insistAfterMs / STEP_MS);
    again[back] = (again[back] ?? 0) + lost * size.insist;
    second = {
      atS: second.atS,
      offered: second.offered + offered,
      answered: second.answered + played.answered,
      refused: second.refused + refused,
      failed: second.failed + played.failed,
      attempts: second.attempts + played.attempts,
      waiting,
      waitMs: Math.max(second.waitMs, room.waitMs),
    };
    if ((step + 1) % (1000 / STEP_MS) === 0) {
      seconds.push(second);
      second = noSecond(second.atS + 1);
    }
  }
  return summed(seconds, books);
}

/** Who wants to be answered in a step. */
type Demand = { readonly waiting: number; readonly share: number; readonly offered: number };

/** Everything that targets do in one step with what waits for them. `held`: calls that were held back before any was asked. */
function playStep(
  size: Size,
  kinds: readonly Kind[],
  books: Books,
  { waiting, share, offered }: Demand,
  nowMs: number,
): Played & { readonly held: number } {
  const played: Played = { answered: 0, failed: 0, attempts: 0, left: offered, again: 0, drained: 0 };
  for (const kind of kinds) finish(kind, size, books, played, nowMs);
  const heldShare = books.heldBack();
  const held = played.left * heldShare;
  if (held > EPSILON) {
    books.felt('too few calls accepted', held, nowMs);
    books.hold(held);
  }
  let todo = played.left - held + waiting;
  const again = todo > EPSILON ? (played.again * (1 - heldShare) + waiting * share) / todo : 0;
  for (let round = 0; round < ROUNDS && todo > EPSILON; round += 1) {
    const rooms = roomsFor(kinds, size, todo, nowMs);
    const free = rooms.reduce((sum, room) => sum + room, 0);
    if (free <= EPSILON) break;
    const part = Math.min(1, todo / free);
    let bounced = 0;
    for (const [nth, kind] of kinds.entries())
      bounced += begin(kind, (rooms[nth] ?? 0) * part, again, size, played, nowMs);
    todo -= Math.min(todo, free * part);
    // What was refused is tried elsewhere, as far as the budget pays.
    const paid = books.pay(bounced);
    if (paid < bounced) books.felt('retries.budget', bounced - paid, nowMs);
    played.failed += bounced - paid;
    todo += paid;
    if (round === ROUNDS - 1 && paid > EPSILON) {
      books.felt('retries.attempts', paid, nowMs);
      played.failed += paid;
      todo -= paid;
    }
  }
  played.left = Math.max(0, todo);
  played.again = played.left * again;
  if (played.left > EPSILON) {
    const isLimited = kinds.some((kind) => kind.limit < kind.capacity);
    books.felt(isLimited ? 'overload.concurrency' : 'capacity of the targets', played.left, nowMs);
  }
  return { ...played, held };
}

/** Tries of one call within a step: the first, and those after refusals, which cost no time. */
const ROUNDS = 3;

/**
 * Least connections. Where nobody is turned away calls go to whoever has the fewest for its weight; else the free places are filled evenly,
 * by how many there are, and what goes beyond goes where nobody is turned away.
 */
function roomsFor(kinds: readonly Kind[], size: Size, todo: number, nowMs: number): readonly number[] {
  const isAnyFit = kinds.some((kind) => weightOf(kind, nowMs) > 0);
  // When all of them rest, all of them are asked.
  const weights = kinds.map((kind) => (isAnyFit ? weightOf(kind, nowMs) : 1));
  const rooms = kinds.map((kind, nth) => roomOf(kind, size, weights[nth] ?? 0, nowMs));
  const scales = kinds.map((kind, nth) => (isOpen(kind, nowMs) ? (weights[nth] ?? 0) * kind.size.count : 0));
  const bounded = rooms.reduce((sum, room, nth) => sum + (scales[nth] === 0 ? room : 0), 0);
  if (bounded <= EPSILON) return levelled(kinds, scales, todo);
  const scale = scales.reduce((all, each) => all + each, 0);
  const over = todo - rooms.reduce((all, each) => all + each, 0);
  if (over <= 0 || scale === 0) return rooms;
  return rooms.map((room, nth) => room + (over * (scales[nth] ?? 0)) / scale);
}

/** What each gets of the calls, so that all that get any have equally many for their scale. */
function levelled(kinds: readonly Kind[], scales: readonly number[], todo: number): readonly number[] {
  const levelOf = (nth: number): number => (kinds[nth]?.inFlight ?? 0) / (scales[nth] ?? 1);
  const order = [...kinds.keys()].filter((nth) => (scales[nth] ?? 0) > 0).sort((a, b) => levelOf(a) - levelOf(b));
  let calls = todo;
  let scale = 0;
  let level = 0;
  for (const [place, nth] of order.entries()) {
    calls += kinds[nth]?.inFlight ?? 0;
    scale += scales[nth] ?? 0;
    level = calls / scale;
    const next = order[place + 1];
    if (next === undefined || level <= levelOf(next)) break;
  }
  return kinds.map(({ inFlight }, nth) => Math.max(0, level * (scales[nth] ?? 0) - inFlight));
}

/** The waiting rooms of all replicas: bounded in number and in time. */
function roomFor(
  size: Size,
  books: Books,
  played: Played,
  nowMs: number,
): { waiting: number; refused: number; waitMs: number } {
  const sizeMax = size.waitersMax * size.replicas;
  const perMs = books.drain(played.drained);
  const patienceMs = Math.min(size.waitMaxMs, size.deadlineMs);
  const byTime = perMs > 0 ? patienceMs * perMs : played.left;
  const waiting = Math.min(played.left, sizeMax, byTime);
  const refused = played.left - waiting;
  if (refused > EPSILON) {
    const bySize = sizeMax < byTime;
    books.felt(
      bySize ? 'overload.waiting' : size.deadlineMs < size.waitMaxMs ? 'timeouts.deadline' : 'overload.wait',
      refused,
      nowMs,
    );
  }
  return { waiting, refused, waitMs: perMs > 0 ? waiting / perMs : 0 };
}

/** Calls a second at that time, all replicas together. */
export function trafficAt({ traffic }: Size, nowMs: number): number {
  const next = traffic.findIndex(({ atMs }) => atMs > nowMs);
  const to = traffic[next];
  const from = next === -1 ? traffic.at(-1) : traffic[next - 1];
  if (from === undefined || to === undefined) return from?.perS ?? 0;
  return from.perS + ((to.perS - from.perS) * (nowMs - from.atMs)) / (to.atMs - from.atMs);
}

function summed(seconds: readonly Second[], books: Books): Forecast {
  const total = (of: (second: Second) => number): number => seconds.reduce((all, each) => all + of(each), 0);
  const offered = total((each) => each.offered);
  let amplificationMax = 0;
  for (let at = WINDOW_S - 1; at < seconds.length; at += 1) {
    const window = seconds.slice(at - WINDOW_S + 1, at + 1);
    const calls = window.reduce((all, each) => all + each.offered, 0);
    if (calls > 0)
      amplificationMax = Math.max(amplificationMax, window.reduce((all, each) => all + each.attempts, 0) / calls);
  }
  const gaveWay = [...books.gaveWay].map(([bound, felt]) => ({ bound, ...felt })).sort((a, b) => a.atS - b.atS);
  const weighted = total((each) => each.waitMs * each.offered);
  return {
    seconds,
    offered,
    answered: total((each) => each.answered),
    refused: total((each) => each.refused),
    failed: total((each) => each.failed),
    amplification: offered === 0 ? 0 : total((each) => each.attempts) / offered,
    amplificationMax,
    waitMsMax: Math.max(0, ...seconds.map(({ waitMs }) => waitMs)),
    waitMsMean: offered === 0 ? 0 : weighted / offered,
    gaveWay,
  };
}

function noSecond(atS: number): Second {
  return { atS, offered: 0, answered: 0, refused: 0, failed: 0, attempts: 0, waiting: 0, waitMs: 0 };
}
