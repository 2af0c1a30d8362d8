/** For tests: time that only moves when told to, and upstreams played by hand. */

import type { Call, Dialect } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Fields } from '../call/fields.ts';
import { Leavers } from '../call/leavers.ts';
import { ANSWERED, type Outcome, type Reply } from '../call/reply.ts';
import { Relay } from '../call/settle.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Clock, Timer, Timers } from '../world/world.ts';

/** A clock and its timers, moved by `advance`. */
export class PlayedTime implements Clock, Timers {
  #nowMs = 1_000;
  readonly #armed = new Map<object, { atMs: number; run: () => void }>();
  readonly #soon: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  timer(run: () => void): Timer {
    const armed = this.#armed;
    const key = {};
    const atOf = (delayMs: number) => this.#nowMs + delayMs;
    return {
      arm(delayMs) {
        armed.set(key, { atMs: atOf(delayMs), run });
      },
      disarm() {
        armed.delete(key);
      },
      get isArmed() {
        return armed.has(key);
      },
    };
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = this.timer(run);
    timer.arm(delayMs);
    return timer;
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** How many timers are armed: a test of leaks. */
  get armed(): number {
    return this.#armed.size;
  }

  /** Moves time, ringing what falls due in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (const run of this.#soon.splice(0)) run();
    for (;;) {
      let next: { key: object; atMs: number; run: () => void } | undefined;
      for (const [key, { atMs, run }] of this.#armed) {
        if (atMs <= untilMs && (next === undefined || atMs < next.atMs)) next = { key, atMs, run };
      }
      if (next === undefined) break;
      this.#armed.delete(next.key);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }
}

/** An upstream that a test plays: a raw reply as `ask` gives it, and what it heard. */
export class PlayedUpstream {
  readonly reply: Relay;
  readonly heard: string[] = [];

  constructor(status: number, fields: Fields, length = -1) {
    const heard = this.heard;
    this.reply = new Relay(
      { status, fields, length, target: 'played' },
      { pause: () => heard.push('pause'), resume: () => heard.push('resume'), cancel: () => heard.push('cancel') },
    );
  }

  /** Sends in a buffer that is overwritten afterwards, as the engine's is. */
  say(text: string | Uint8Array): void {
    const bytes = Buffer.from(text);
    this.reply.part(bytes);
    bytes.fill(0x7f);
  }

  end(): void {
    this.reply.end(ANSWERED);
  }

  break(code: CauseCode = 'body-cut'): void {
    this.reply.end({
      kind: 'failed',
      failure: new Failure(code, { phase: 'body', firstEvent: 'reset', errno: 'ECONNRESET' }),
    });
  }
}

/** Reads a reply to its end and remembers all of it. */
export class PlayedCaller {
  text = '';
  parts = 0;
  readonly outcomes: Outcome[] = [];
  readonly reply: Reply;

  constructor(reply: Reply) {
    this.reply = reply;
    reply.flow({
      part: (bytes) => {
        this.text += Buffer.from(bytes).toString('latin1');
        this.parts += 1;
      },
      end: (outcome) => {
        this.outcomes.push(outcome);
      },
    });
  }

  /** `answered`, the code of the failure, or `running`. */
  get end(): string {
    const [outcome] = this.outcomes;
    if (outcome === undefined) return 'running';
    return outcome.kind === 'failed' ? outcome.failure.code : outcome.kind;
  }

  /** The bytes as UTF-8. */
  get utf8(): string {
    return Buffer.from(this.text, 'latin1').toString();
  }
}

/** A call as the server makes it. */
export function playedCall(dialect: Dialect, more: Partial<Call> = {}): Call {
  return {
    id: '0123456789abcdef0123456789abcdef',
    dialect,
    method: 'POST',
    path: '/v1/chat/completions',
    fields: [],
    body: Buffer.from('{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}'),
    model: 'm',
    modelAt: undefined,
    isStream: true,
    isReplayable: true,
    caller: { ip: '127.0.0.1', credential: 'c' },
    startMs: 0,
    deadlineMs: 600_000,
    story: { attempts: [], notes: [] },
    priority: 0,
    idempotencyKey: undefined,
    attempt: undefined,
    isLeft: false,
    leavers: new Leavers(),
    ...more,
  };
}

/** Lets promises settle: nothing on the path waits for more than a few microtasks. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}

/** What a promise came to, without waiting for one that is pending. */
export async function fateOf(promise: Promise<Reply>): Promise<Reply | Failure | 'pending'> {
  let fate: Reply | Failure | 'pending' = 'pending';
  promise.then(
    (reply) => {
      fate = reply;
    },
    (failure: Failure) => {
      fate = failure;
    },
  );
  await settled();
  return fate;
}
