import type { Clock, Timer, Timers, Wire } from '../world/world.ts';
import type { Script, Step } from './script.ts';

/** A script on its way onto a wire. */
export type Playing = {
  /** The wire has room again. */
  drained(): void;
  /** Nothing more is written and `done` is not called. */
  stop(): void;
};

/**
 * Bytes written just before a reset would be lost with it, here or in the peer's kernel: it waits this long behind them, which is ample on
 * a loopback and short to a person.
 */
const RESET_PAUSE_MS = 20;

/**
 * Plays a script in its own time: each step is due so long after the one before it was, not after it was written, so that the pace is
 * kept although timers are coarse. `done` is called when all is given to the wire, or to the kernel before a reset.
 */
export function play(script: Script, wire: Wire, world: { clock: Clock; timers: Timers }, done: () => void): Playing {
  const player = new Player(script, wire, world, done);
  player.start();
  return player;
}

class Player implements Playing {
  readonly #script: Script;
  readonly #steps: Iterator<Step>;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #done: () => void;
  #next: Step | undefined;
  #dueMs = 0;
  #isBlocked = false;
  #hasPaused = false;
  #isOver = false;

  constructor(script: Script, wire: Wire, world: { clock: Clock; timers: Timers }, done: () => void) {
    this.#script = script;
    this.#steps = script.body[Symbol.iterator]();
    this.#wire = wire;
    this.#clock = world.clock;
    this.#timer = world.timers.timer(() => this.#run());
    this.#done = done;
  }

  start(): void {
    const { head, headDelayMs } = this.#script;
    this.#dueMs = this.#clock.now() + headDelayMs;
    this.#next = head === '' ? this.#take() : { delayMs: 0, bytes: Buffer.from(head, 'latin1') };
    this.#run();
  }

  drained(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#run();
  }

  stop(): void {
    this.#isOver = true;
    this.#timer.disarm();
  }

  #take(): Step | undefined {
    const { done, value } = this.#steps.next();
    if (done === true) return undefined;
    this.#dueMs += value.delayMs;
    return value;
  }

  #run(): void {
    while (!this.#isOver && !this.#isBlocked && this.#next !== undefined) {
      const waitMs = this.#dueMs - this.#clock.now();
      if (waitMs > 0) {
        this.#timer.arm(waitMs);
        return;
      }
      this.#isBlocked = !this.#wire.write(this.#next.bytes);
      this.#next = this.#take();
    }
    if (!this.#isOver && !this.#isBlocked) this.#finish();
  }

  #finish(): void {
    const { ending, head } = this.#script;
    // What is still queued may also be the end of an answer before this one.
    const isAnythingToLose = head !== '' || this.#wire.bytesQueued > 0;
    if (ending.how === 'reset' && isAnythingToLose && !this.#hasPaused) {
      this.#hasPaused = true;
      this.#timer.arm(RESET_PAUSE_MS);
      return;
    }
    this.stop();
    this.#done();
  }
}
