import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { isIdempotent } from '../call/method.ts';
import { note } from '../call/note.ts';
import type { Reply } from '../call/reply.ts';
import { wasSent } from '../call/story.ts';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import { type Ask, promised, type Taker, tell } from '../pipeline/service.ts';
import type { Chance, Clock } from '../world/world.ts';
import type { Budget } from './budget.ts';
import { isUnsent } from './decide.ts';
import { markMoved, paid, worse } from './retry.ts';

/** Attempts of one call over all pools that a target was sent. Budget, deadline and visited set bound it long before; this one is for certain. */
export const CALL_ATTEMPTS_MAX = 32;

/** One way into a pool: its stack down to the pick, and how many targets it could still ask for this call. */
export type Entrance = { readonly ask: Ask; readonly left: (call: Call) => number };

/** A pool as fallback sees it. */
export type Door = {
  readonly name: string;
  /** Asks fit targets only. */
  readonly fit: Entrance;
  /** Asks whoever is there, rested targets included: health never removes the last route. */
  readonly anyone: Entrance;
  /**
   * The part of its usual load that the pool can take, 0…1: 1 with a target at full strength, 0 with none fit, between them while all
   * of the fit ones are coming back slowly. Keeps a pool that returns from being flooded by what others carried meanwhile.
   */
  readonly share: () => number;
  /** Pays when a call that was tried here is tried in another pool. */
  readonly budget: Budget;
};

export type FallbackOptions = {
  /** In order of preference; at least one. */
  readonly doors: readonly Door[];
  /** The pool with a larger context, asked once when a conversation is too long; named by the config. */
  readonly largerContext?: Door | undefined;
  readonly clock: Clock;
  readonly chance: Chance;
  /** The call is given up: health judges now who was to blame. */
  readonly onGiveUp?: (call: Call) => void;
};

/**
 * Asks pools in order. First only their fit targets; when all of that failed, anyone. What fails for the caller's sake goes no further.
 * @throws Failure the last one that an attempt met; `no-target-fit` when nobody could be asked at all.
 */
export function fallback(options: FallbackOptions): Ask {
  const { doors } = options;
  const [first] = doors;
  if (first === undefined) {
    throw new Failure('gateway-misconfigured', { phase: 'queue', firstEvent: 'answer', note: 'a route without pools' });
  }
  return (call, taker) => {
    // A reply broke that could not be mended where it was, and the call is back for another.
    if (call.story.attempts.length > 0) {
      tell(walk(call, options, 0, undefined), taker);
      return;
    }
    // One pool has nothing to spare its rested targets for: they are asked within the same tries.
    const from = doors.length === 1 ? 0 : entrance(options);
    const way = doors.length === 1 ? first.anyone : (doors[from] as Door).fit;
    way.ask(call, new FirstPool(call, options, from, taker));
  };
}

/** Nearly always the only one: what comes after it may take promises. */
class FirstPool implements Taker {
  readonly #call: Call;
  readonly #options: FallbackOptions;
  /** Its place among the doors. */
  readonly #at: number;
  readonly #taker: Taker;

  constructor(call: Call, options: FallbackOptions, at: number, taker: Taker) {
    this.#call = call;
    this.#options = options;
    this.#at = at;
    this.#taker = taker;
  }

  answered(reply: Reply): void {
    this.#taker.answered(reply);
  }

  failed(stranger: unknown): void {
    const failure = Failure.from(stranger);
    const { doors } = this.#options;
    const further =
      doors.length === 1
        ? giveUp(this.#call, this.#options, doors[0] as Door, failure)
        : walk(this.#call, this.#options, this.#at, failure);
    tell(further, this.#taker);
  }
}

/** The first pool, save for the part of its load that it cannot take yet. */
function entrance({ doors, chance }: FallbackOptions): number {
  for (let i = 0; i < doors.length; i++) {
    const share = (doors[i] as Door).share();
    if (share >= 1 || (share > 0 && chance.float() < share)) return i;
  }
  return 0;
}

/** Everything after the first pool failed; `met` is undefined for a call that comes back. Two rounds: the fit, then anyone. */
async function walk(call: Call, options: FallbackOptions, from: number, met: Failure | undefined): Promise<Reply> {
  const { doors } = options;
  let payer = doors[from] as Door;
  if (met !== undefined && isFinal(call, met, options)) return giveUp(call, options, payer, met);
  let failure = met;
  const asked = new Set<Door>();
  const askedAnyone = new Set<Door>();
  for (let step = met === undefined ? 0 : 1; step < doors.length * 2; step++) {
    const isSecondRound = step >= doors.length;
    // In the second round preference counts again, whichever pool was the entrance.
    const door = doors[isSecondRound ? step - doors.length : (from + step) % doors.length] as Door;
    const way = isSecondRound ? door.anyone : door.fit;
    if (way.left(call) === 0) continue;
    const before = call.story.attempts.length;
    if (before >= CALL_ATTEMPTS_MAX && sentCount(call) >= CALL_ATTEMPTS_MAX) return giveUpAt(call, options, failure);
    if (before > 0) {
      // probe: a call moves to another pool
      moved(call, failure, door);
      // There is hope in a pool that was not asked for this call yet, in whichever round.
      const isMove = isUnasked(call, door);
      if (!isFree(failure) && !(await paid(call, payer.budget, options.clock, { isMove }))) {
        if (isMove || !doors.some((each) => isUnasked(call, each))) return giveUpAt(call, options, failure);
        continue;
      }
    }
    asked.add(door);
    if (isSecondRound) askedAnyone.add(door);
    try {
      return await promised(way.ask)(call);
    } catch (stranger) {
      const latter = Failure.from(stranger);
      failure = failure === undefined ? latter : worse(failure, latter);
      if (call.story.attempts.length > before) payer = door;
      if (isFinal(call, latter, options)) return giveUp(call, options, payer, latter);
    }
  }
  // Nobody could be reached: a pool that answered a moment ago may do so in the next, for which those who ask anyone wait.
  const former = isFree(failure) ? askedAnyone : asked;
  const left = doors.filter((door) => !former.has(door));
  // A stream broke, and those who did not break it could not finish it: one that spoke once may speak again.
  if (call.said === undefined && !isFree(failure)) return giveUpAt(call, options, failure);
  return askAgain(call, options, left, failure);
}

/** These pools in order, their targets asked a second time: the pick leaves out who stayed silent, and who refused us. */
async function askAgain(
  call: Call,
  options: FallbackOptions,
  doors: readonly Door[],
  met: Failure | undefined,
): Promise<Reply> {
  let failure = met;
  for (const door of doors) {
    if (!(await paid(call, door.budget, options.clock, { isUnsent: isFree(failure) }))) break;
    try {
      return await promised(door.anyone.ask)(call);
    } catch (stranger) {
      const latter = Failure.from(stranger);
      failure = failure === undefined ? latter : worse(failure, latter);
      if (isFinal(call, latter, options)) break;
    }
  }
  return giveUpAt(call, options, failure);
}

function giveUpAt(call: Call, { onGiveUp }: FallbackOptions, failure: Failure | undefined): never {
  onGiveUp?.(call);
  throw failure ?? new Failure('no-target-fit', { phase: 'queue', firstEvent: 'answer' });
}

function isUnasked({ story }: Call, { name }: Door): boolean {
  return !story.attempts.some(({ pool }) => pool === name);
}

function sentCount({ story }: Call): number {
  let count = 0;
  for (const attempt of story.attempts) if (wasSent(attempt)) count += 1;
  return count;
}

/** What never left us cost no target anything. */
function isFree(failure: Failure | undefined): boolean {
  return failure !== undefined && isUnsent(failure);
}

/** True when no other pool may or can be asked. */
function isFinal(call: Call, failure: Failure, { clock }: FallbackOptions): boolean {
  if (call.isLeft || CATALOGUE[failure.code].retry.ours === 'never') return true;
  if (call.deadlineMs <= clock.now()) return true;
  return !isUnsent(failure) && !isIdempotent(call.method) && !call.isReplayable;
}

function moved(call: Call, failure: Failure | undefined, door: Door): void {
  markMoved(call.story);
  if (failure !== undefined) note(call.story, `turned to pool ${door.name}: ${failure.code}`);
}

/** The end: thrown as it is. Only a conversation too long for one model may fit another's context, if the config names it. */
async function giveUp(call: Call, options: FallbackOptions, payer: Door, failure: Failure): Promise<Reply> {
  const door = failure.code === 'context-too-long' ? options.largerContext : undefined;
  const isOpen = door !== undefined && door.anyone.left(call) > 0 && (call.isReplayable || isIdempotent(call.method));
  if (isOpen) {
    moved(call, failure, door);
    if (await paid(call, payer.budget, options.clock, { isMove: true })) return promised(door.anyone.ask)(call);
  }
  options.onGiveUp?.(call);
  throw failure;
}
