/** What tests of the policies play by hand: time, chance, calls, targets and replies. It holds no tests itself. */

import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { Leavers } from '../call/leavers.ts';
import { ANSWERED } from '../call/reply.ts';
import type { Said } from '../call/said.ts';
import { type Seat, seatOf } from '../call/seat.ts';
import { Relay, type Upstream } from '../call/settle.ts';
import { type Attempt, begunAttempt } from '../call/story.ts';
import type { Target } from '../call/target.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { Chance, Clock, Timer, Timers } from '../world/world.ts';

export type PlayedTime = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Lets time pass, timer by timer, with everything that follows from each. */
  pass(ms: number): Promise<void>;
  /** Lets what was promised happen, without time passing. */
  settle(): Promise<void>;
};

type Armed = { readonly atMs: number; readonly order: number; run: (() => void) | undefined };

/** Time that stands still unless told. Starts late enough that nothing falls before 0. */
export function playedTime(startMs = 1_000_000): PlayedTime {
  let nowMs = startMs;
  let order = 0;
  const heap: Armed[] = [];
  const timer = (run: () => void): Timer => {
    let mine: Armed | undefined;
    const disarm = () => {
      if (mine !== undefined) mine.run = undefined;
      mine = undefined;
    };
    return {
      arm(delayMs) {
        disarm();
        mine = {
          atMs: nowMs + Math.max(0, delayMs),
          order: order++,
          run: () => {
            mine = undefined;
            run();
          },
        };
        push(heap, mine);
      },
      disarm,
      get isArmed() {
        return mine !== undefined;
      },
    };
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock: { now: () => nowMs, wallMs: () => 1_700_000_000_000 + nowMs },
    timers: {
      timer,
      after(delayMs, run) {
        const made = timer(run);
        made.arm(delayMs);
        return made;
      },
      soon: (run) => queueMicrotask(run),
    },
    settle,
    async pass(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const first = heap[0];
        if (first === undefined || first.atMs > untilMs) break;
        pop(heap);
        if (first.run === undefined) continue;
        nowMs = Math.max(nowMs, first.atMs);
        first.run();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

function isBefore(one: Armed, other: Armed): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

function push(heap: Armed[], entry: Armed): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as Armed;
    if (isBefore(parent, entry)) break;
    heap[at] = parent;
    heap[up] = entry;
    at = up;
  }
}

function pop(heap: Armed[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let at = 0;
  for (;;) {
    let least = 2 * at + 1;
    if (least >= heap.length) return;
    if (least + 1 < heap.length && isBefore(heap[least + 1] as Armed, heap[least] as Armed)) least += 1;
    if (isBefore(last, heap[least] as Armed)) return;
    heap[at] = heap[least] as Armed;
    heap[least] = last;
    at = least;
  }
}

/** Mulberry32: the same seed, the same luck. */
export function playedChance(seed = 1): Chance {
  let state = seed >>> 0;
  const float = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
  return {
    float,
    below: (below) => Math.floor(float() * below),
    id: () =>
      Math.floor(float() * 2 ** 32)
        .toString(16)
        .padStart(32, '0'),
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)),
  };
}

/** Chance that always says the same. */
export function fixedChance(value: number): Chance {
  return { ...playedChance(), float: () => value, below: (below) => Math.floor(value * below) };
}

let calls = 0;

/** An inference call with a minute to go. */
export function playedCall(time: PlayedTime, over: Partial<Call> = {}): Call {
  const startMs = time.clock.now();
  calls += 1;
  return {
    id: calls.toString(16).padStart(32, '0'),
    dialect: 'openai-chat',
    method: 'POST',
    path: '/v1/chat/completions',
    fields: [],
    body: undefined,
    model: 'gpt-5',
    modelAt: undefined,
    isStream: true,
    isReplayable: true,
    caller: { ip: '192.0.2.1', credential: undefined },
    startMs,
    deadlineMs: startMs + 60_000,
    story: { attempts: [], notes: [] },
    priority: 0,
    idempotencyKey: undefined,
    attempt: undefined,
    isLeft: false,
    leavers: new Leavers(),
    ...over,
  };
}

export function playedTarget(name: string, over: Partial<Target> = {}): Target {
  return {
    name,
    dialect: 'openai',
    origin: { host: `${name}.example.com`, port: 443, isSecure: true },
    basePath: '/v1',
    credential: [],
    isCallerCredentialPassed: false,
    region: undefined,
    weight: 1,
    ...over,
  };
}

export function playedSeats(names: readonly string[], over: (name: string) => Partial<Target> = () => ({})): Seat[] {
  return names.map((name, index) => seatOf(playedTarget(name, over(name)), 'pool', index));
}

/** A failure with the evidence that usually goes with its code. */
export function failureOf(code: CauseCode, evidence: Partial<Evidence> = {}): Failure {
  return new Failure(code, { phase: 'wait-head', firstEvent: 'answer', bytesWritten: 100, ...evidence });
}

/** Nothing was sent. */
export function refused(): Failure {
  return failureOf('connect-refused', {
    phase: 'connect',
    firstEvent: 'errno',
    errno: 'ECONNREFUSED',
    bytesWritten: 0,
  });
}

export function answeredWith(code: CauseCode, status: number, fields: readonly string[] = []): Failure {
  return failureOf(code, { answer: { status, fields, body: new Uint8Array() } });
}

/** A reply whose upstream does nothing; the test ends it. */
export function playedReply(target = 'a', upstream: Upstream = { pause() {}, resume() {}, cancel() {} }): Relay {
  return new Relay({ status: 200, fields: [], length: -1, target }, upstream);
}

/** A reply that is over as soon as it begins. */
export function wholeAnswer(target = 'a'): Relay {
  const reply = playedReply(target);
  reply.end(ANSWERED);
  return reply;
}

/** Opens an attempt in the story as the pick does. */
export function playedAttempt(call: Call, target: string, over: Partial<Attempt> = {}): Attempt {
  const attempt: Attempt = {
    ...begunAttempt(target, 'pool', call.startMs),
    verdict: over.code === undefined ? 'running' : 'failed',
    ...over,
  };
  call.attempt = attempt;
  call.story.attempts.push(attempt);
  return attempt;
}

/** The failure a promise ends with; fails the test when it does not. */
export async function failureIn(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
  throw new Error('expected a failure');
}

/** What a broken stream had told. */
export const SAID: Said = {
  mode: 'exact',
  text: 'a',
  structure: [],
  events: 1,
  outputEvents: 1,
  kinds: 0,
  isReasoningOpen: false,
};
