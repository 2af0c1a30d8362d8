import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { stopWork } from '../call/leave.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import type { Attempt } from '../call/story.ts';
import type { Ask, Taker } from '../pipeline/service.ts';
import type { Clock } from '../world/world.ts';
import type { Alarm, Alarms, Ringer } from './alarm.ts';

/**
 * Ends a call at its deadline, whatever the rooms below are doing: it does not rely on them to notice. Before the first part the
 * call fails with `answer-timeout` when a target had stayed silent beyond its own clock, else with `deadline-passed`; a reply that still flows is cut and ends as `failed`, never as whole (P2).
 */
export function deadline({ clock, alarms }: { readonly clock: Clock; readonly alarms: Alarms }, ask: Ask): Ask {
  return (call, taker) => {
    const leftMs = call.deadlineMs - clock.now();
    if (leftMs <= 0) {
      taker.failed(passed(call, clock));
      return;
    }
    const guard = new Guard(call, clock, taker);
    guard.alarm = alarms.set(leftMs, guard);
    ask(call, guard);
  };
}

function passed(call: Call, clock: Clock): Failure {
  return new Failure('deadline-passed', {
    phase: call.attempt?.headMs === undefined ? 'wait-head' : 'body',
    firstEvent: 'our-timer',
    clock: 'deadline',
    bytesWritten: call.attempt?.bytesWritten,
    elapsedMs: clock.now() - call.startMs,
  });
}

/** Nobody else was left, so a silent target was given all the time there was: its silence is the cause, and the deadline only where it ended. */
function silence(call: Call, clock: Clock): Failure | undefined {
  const attempt = call.story.attempts.findLast(isOverdue);
  if (attempt === undefined) return undefined;
  return new Failure('answer-timeout', {
    phase: attempt.headMs === undefined ? 'wait-head' : 'body',
    firstEvent: 'our-timer',
    clock: 'first-output',
    host: attempt.target,
    bytesWritten: Math.max(1, attempt.bytesWritten),
    elapsedMs: clock.now() - attempt.startMs,
    limitMs: attempt.overdueMs,
    note: `nobody else was left to ask, so it was waited for until the deadline of the call, ${Math.round(call.deadlineMs - call.startMs)} ms`,
  });
}

function isOverdue({ verdict, overdueMs, firstPartMs }: Attempt): boolean {
  return verdict === 'running' && overdueMs !== undefined && firstPartMs === undefined;
}

/** Watches one call, and stands in for its reply so that a cut can be told to whoever listens. Parts do not pass through it. */
class Guard implements Reply, Taker, Ringer {
  alarm: Alarm | undefined;
  readonly #call: Call;
  readonly #clock: Clock;
  /** undefined once it was told: it must not be kept for as long as the reply flows. */
  #taker: Taker | undefined;
  #inner: Reply | undefined;
  #sink: Sink | undefined;
  #cut: Outcome | undefined;
  #isCancelled = false;

  constructor(call: Call, clock: Clock, taker: Taker) {
    this.#call = call;
    this.#clock = clock;
    this.#taker = taker;
  }

  answered(inner: Reply): void {
    if (this.#cut !== undefined) {
      inner.cancel();
      return;
    }
    if (inner.tunnel !== undefined) {
      // The call is answered; how long the two speak from here on is theirs.
      this.#disarm();
      this.#tell()?.answered(inner);
      return;
    }
    this.#inner = inner;
    inner.onOutcome(() => this.#disarm());
    this.#tell()?.answered(this);
  }

  failed(failure: unknown): void {
    if (this.#cut !== undefined) return;
    this.#disarm();
    this.#tell()?.failed(failure);
  }

  #tell(): Taker | undefined {
    const taker = this.#taker;
    this.#taker = undefined;
    return taker;
  }

  ring(): void {
    this.alarm = undefined;
    const untold = this.#inner === undefined ? silence(this.#call, this.#clock) : undefined;
    const failure = untold ?? passed(this.#call, this.#clock);
    // probe: a call is ended by its deadline
    this.#cut = { kind: 'failed', failure };
    const inner = this.#inner;
    if (inner === undefined) {
      // probe: a call without an answer is ended by its deadline
      for (const attempt of this.#call.story.attempts) if (isOverdue(attempt)) attempt.code = 'answer-timeout';
      // Waits and attempts under way are stopped, not only disowned: each would still occupy a target.
      stopWork(this.#call);
      this.#tell()?.failed(failure);
      return;
    }
    inner.cancel();
    if (!this.#isCancelled) this.#sink?.end(this.#cut);
  }

  #disarm(): void {
    this.alarm?.clear();
    this.alarm = undefined;
  }

  #reply(): Reply {
    if (this.#inner === undefined) throw new Error('a reply was used before it came');
    return this.#inner;
  }

  get status(): number {
    return this.#reply().status;
  }
  get fields(): Reply['fields'] {
    return this.#reply().fields;
  }
  get length(): number {
    return this.#reply().length;
  }
  get target(): string {
    return this.#reply().target;
  }
  flow(sink: Sink): void {
    if (this.#cut !== undefined) {
      sink.end(this.#cut);
      return;
    }
    this.#sink = sink;
    this.#reply().flow(sink);
  }
  pause(): void {
    this.#reply().pause();
  }
  resume(): void {
    this.#reply().resume();
  }
  cancel(): void {
    this.#isCancelled = true;
    this.#disarm();
    this.#reply().cancel();
  }
  onOutcome(observe: (outcome: Outcome) => void): void {
    this.#reply().onOutcome((outcome) => observe(this.#cut ?? outcome));
  }
}
