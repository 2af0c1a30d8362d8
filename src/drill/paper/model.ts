import type { ServiceSize, Size } from './size.ts';

/** What holds calls back, in the words of the config or of the world. */
export type Bound =
  | 'capacity of the targets'
  | 'overload.concurrency'
  | 'retries.budget'
  | 'retries.attempts'
  | 'overload.waiting'
  | 'overload.wait'
  | 'timeouts.deadline';

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

/** A tenth of a second: shorter than any wait that matters, and ten minutes are 6,000 steps. */
const STEP_MS = 100;
const WINDOW_S = 10;
/** As in `attempts/limit.ts`: the cut after refusals, once a round trip, and the growth. */
const CUT_FEW = 0.95;
const CUT_MANY = 0.5;
const QUIET_GROWTH = 0.05;
const QUIET_MS = 10_000;
/** Failures in a row that rest a target, for each replica, and how often a rested one is probed. */
const FAILURES_MAX = 5;
const PROBE_EVERY_MS = 7500;

/** All targets of one kind, over all replicas. Fluid: calls are amounts, not things. */
type Kind = {
  readonly size: ServiceSize;
  readonly capacity: number;
  inFlight: number;
  queued: number;
  /** Infinite until the first refusal. */
  limit: number;
  cutMs: number;
  taken: number;
  refused: number;
  /** Failures still to be made before every replica has found out that it is gone. */
  undetected: number;
};

/** Works a size out on paper: the policies of the gateway applied to amounts of calls, step by step. Pure. */
export function forecast(size: Size): Forecast {
  const kinds = size.services.map(kindOf);
  const books = new Books(size);
  const seconds: Second[] = [];
  let waiting = 0;
  let second = noSecond(0);
  const again: number[] = [];
  const steps = Math.ceil(size.lastsMs / STEP_MS);
  for (let step = 0; step < steps; step += 1) {
    const nowMs = step * STEP_MS;
    const offered = trafficAt(size, nowMs) * (STEP_MS / 1000) + (again[step] ?? 0);
    books.offer(offered);
    const played = playStep(size, kinds, books, waiting + offered, nowMs);
    const room = roomFor(size, books, played, nowMs);
    waiting = room.waiting;
    const lost = played.failed + room.refused;
    const back = step + Math.round(size.insistAfterMs / STEP_MS);
    again[back] = (again[back] ?? 0) + lost * size.insist;
    second = {
      atS: second.atS,
      offered: second.offered + offered,
      answered: second.answered + played.answered,
      refused: second.refused + room.refused,
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

function kindOf(size: ServiceSize): Kind {
  const capacity = size.count * size.concurrency;
  return {
    size,
    capacity,
    inFlight: 0,
    queued: 0,
    limit: Number.POSITIVE_INFINITY,
    cutMs: Number.NEGATIVE_INFINITY,
    taken: 0,
    refused: 0,
    undetected: 0,
  };
}

type Played = { answered: number; failed: number; attempts: number; left: number; drained: number };

/** Everything that targets do in one step with what waits for them. */
function playStep(size: Size, kinds: readonly Kind[], books: Books, demand: number, nowMs: number): Played {
  const played: Played = { answered: 0, failed: 0, attempts: 0, left: demand, drained: 0 };
  for (const kind of kinds) finish(kind, size, books, played, nowMs);
  // Least connections: the free places are filled evenly, by how many there are.
  let todo = played.left;
  for (let round = 0; round < ROUNDS && todo > EPSILON; round += 1) {
    const rooms = kinds.map((kind) => roomOf(kind, size, nowMs));
    const free = rooms.reduce((sum, room) => sum + room, 0);
    if (free <= EPSILON) break;
    const share = Math.min(1, todo / free);
    let bounced = 0;
    for (const [nth, kind] of kinds.entries()) bounced += begin(kind, (rooms[nth] ?? 0) * share, size, played, nowMs);
    todo -= Math.min(todo, free * share);
    // What was refused is tried elsewhere, as far as the budget pays.
    const paid = books.pay(bounced, nowMs);
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
  if (played.left > EPSILON) {
    const isLimited = kinds.some((kind) => kind.limit < kind.capacity);
    books.felt(isLimited ? 'overload.concurrency' : 'capacity of the targets', played.left, nowMs);
  }
  return played;
}

/** Tries of one call within a step: the first, and those after refusals, which cost no time. */
const ROUNDS = 3;
const EPSILON = 1e-9;

/** Answers, and errors of the service itself. */
function finish(kind: Kind, size: Size, books: Books, played: Played, nowMs: number): void {
  const { serviceMs, errors } = kind.size;
  if (isDown(kind, nowMs)) {
    played.left += books.pay(kind.inFlight, nowMs);
    kind.inFlight = 0;
    return;
  }
  const working = Math.min(kind.inFlight, kind.capacity);
  const done = Math.min(kind.inFlight, working * (1 - Math.exp(-STEP_MS / serviceMs)));
  kind.inFlight -= done;
  const bad = done * errors;
  played.answered += done - bad;
  played.drained += done;
  kind.taken += done - bad;
  const paid = size.attemptsMax > 1 ? books.pay(bad, nowMs) : 0;
  if (paid < bad) books.felt(size.attemptsMax > 1 ? 'retries.budget' : 'retries.attempts', bad - paid, nowMs);
  played.failed += bad - paid;
  played.left += paid;
  grow(kind, size, done - bad, nowMs);
}

/** Additive growth: one for each limit's worth of answers at each replica, faster after quiet. */
function grow(kind: Kind, size: Size, answers: number, nowMs: number): void {
  if (!Number.isFinite(kind.limit) || kind.inFlight * 2 < kind.limit) return;
  const own = kind.limit / size.replicas / kind.size.count;
  const isQuiet = nowMs - kind.cutMs > QUIET_MS;
  kind.limit += answers * (isQuiet ? Math.max(QUIET_GROWTH, 1 / own) : 1 / own);
}

function roomOf(kind: Kind, size: Size, nowMs: number): number {
  if (isDown(kind, nowMs)) {
    // Every replica has to find out by itself, and then asks only now and then.
    const probes = (size.replicas * kind.size.count * STEP_MS) / PROBE_EVERY_MS;
    return Math.max(kind.undetected, probes);
  }
  const bound = Number.isFinite(kind.limit) ? kind.limit : kind.capacity * UNKNOWN;
  return Math.max(0, bound - kind.inFlight);
}

/** Until a target has refused once nothing is known of its capacity: calls are spread as if it were ten times what it is. */
const UNKNOWN = 10;

/** Calls begin at a kind of target; answers how many it refused or failed at once. */
function begin(kind: Kind, calls: number, size: Size, played: Played, nowMs: number): number {
  if (calls <= 0) return 0;
  played.attempts += calls;
  if (isDown(kind, nowMs)) {
    kind.undetected = Math.max(0, kind.undetected - calls);
    return calls;
  }
  kind.undetected = size.replicas * kind.size.count * FAILURES_MAX;
  const isQueue = kind.size.overload === 'queue';
  const accepted = isQueue ? calls : Math.min(calls, Math.max(0, kind.capacity - kind.inFlight));
  kind.inFlight += accepted;
  const refused = calls - accepted;
  if (refused > EPSILON) cut(kind, refused, size, nowMs);
  return refused;
}

/** The adaptive limit after refusals: once a round trip, by the share that was refused. */
function cut(kind: Kind, refused: number, size: Size, nowMs: number): void {
  kind.refused += refused;
  const isFirst = !Number.isFinite(kind.limit);
  if (!isFirst && nowMs - kind.cutMs < kind.size.serviceMs) return;
  const share = kind.refused / Math.max(EPSILON, kind.refused + kind.taken);
  const factor = isFirst ? CUT_FEW : Math.min(CUT_FEW, Math.max(CUT_MANY, 1 - share));
  const from = isFirst ? kind.inFlight + refused : kind.limit;
  // One always goes, at every target of every replica.
  kind.limit = Math.max(size.replicas * kind.size.count, from * factor);
  kind.cutMs = nowMs;
  kind.taken = 0;
  kind.refused = 0;
}

function isDown({ size }: Kind, nowMs: number): boolean {
  return size.downFromMs !== undefined && nowMs >= size.downFromMs && nowMs < size.downFromMs + size.downForMs;
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

/** The retry budgets of all replicas, the drain rate, and what was felt when. */
class Books {
  readonly #size: Size;
  readonly #offered: number[] = [];
  readonly #paid: number[] = [];
  readonly #drained: number[] = [];
  readonly gaveWay = new Map<Bound, { atS: number; calls: number }>();

  constructor(size: Size) {
    this.#size = size;
  }

  offer(calls: number): void {
    const steps = (WINDOW_S * 1000) / STEP_MS;
    this.#offered.push(calls);
    this.#paid.push(0);
    if (this.#offered.length > steps) this.#offered.shift();
    if (this.#paid.length > steps) this.#paid.shift();
  }

  /** How many further tries are affordable now: 20 % of the calls of ten seconds, and the floor of every replica. */
  pay(tries: number, _nowMs: number): number {
    if (this.#size.attemptsMax < 2) return 0;
    const { budgetShare, budgetPerS, replicas } = this.#size;
    const allowed = sum(this.#offered) * budgetShare + budgetPerS * replicas * WINDOW_S;
    const paid = Math.max(0, Math.min(tries, allowed - sum(this.#paid)));
    this.#paid[this.#paid.length - 1] = (this.#paid.at(-1) ?? 0) + paid;
    return paid;
  }

  /** Calls that left in a millisecond, over the last ten seconds. */
  drain(calls: number): number {
    this.#drained.push(calls);
    if (this.#drained.length > (WINDOW_S * 1000) / STEP_MS) this.#drained.shift();
    return sum(this.#drained) / (this.#drained.length * STEP_MS);
  }

  felt(bound: Bound, calls: number, nowMs: number): void {
    const known = this.gaveWay.get(bound);
    if (known === undefined) this.gaveWay.set(bound, { atS: nowMs / 1000, calls });
    else known.calls += calls;
  }
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

function sum(list: readonly number[]): number {
  let all = 0;
  for (const each of list) all += each;
  return all;
}
