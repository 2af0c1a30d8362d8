import { Failure } from '../call/failure.ts';
import { ANSWERED, type Outcome } from '../call/reply.ts';
import type { Seat } from '../call/seat.ts';
import { type Attempt, begunAttempt } from '../call/story.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Chance, Clock, Timers } from '../world/world.ts';

/** How often a standby is asked whether it lives (nginx plus 5 s, HAProxy 2 s; ours may cost money, and a standby has time). */
export const PROBE_INTERVAL_MS = 30_000;
/** A probe of a small question that takes longer is a failure. */
export const PROBE_TIMEOUT_MS = 10_000;
/** After a failed probe the next one comes sooner, until the verdict is clear (HAProxy's `fastinter`). */
export const PROBE_SOON_MS = 2_000;
/** Each wait varies by this share, so that replicas do not probe in step. */
const PROBE_JITTER = 0.2;

/** What a probe may fail with and prove nothing against the target: refusals that real calls would not meet, and our own troubles. */
export const PROBE_IGNORES: readonly CauseCode[] = [
  'rate-limited',
  'request-rejected',
  'model-not-found',
  'resource-not-found',
  'method-not-allowed',
];

/** The part of health that probes report to. */
export type Probed = {
  /** Brings the seat's fitness up to date: a rest that is over is known only to who asks. */
  isDue(seat: Seat): boolean;
  probing(seat: Seat, attempt: Attempt): void;
  probed(seat: Seat, attempt: Attempt, outcome: Outcome): void;
};

export type ProberOptions = {
  readonly seats: readonly Seat[];
  readonly health: Probed;
  /** Asks one target something small. Resolves when it answered; rejects with `Failure`. `cancel` of the attempt, if set, stops it. */
  readonly ask: (seat: Seat, attempt: Attempt) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly ignores?: readonly CauseCode[];
};

/** Probes targets that get no traffic of their own: hot standbys, and resting ones when their time is over. One probe a target at a time. */
export function prober(options: ProberOptions): { close(): void } {
  const { seats, timers, chance, intervalMs = PROBE_INTERVAL_MS } = options;
  let isClosed = false;
  const running = new Set<Attempt>();
  const waits = seats.map((seat) => {
    const timer = timers.timer(() => {
      probe(seat, options, running).then((isGood) => {
        const delayMs = isGood ? intervalMs : Math.min(intervalMs, PROBE_SOON_MS);
        if (!isClosed) timer.arm(delayMs * (1 - PROBE_JITTER / 2 + chance.float() * PROBE_JITTER));
      });
    });
    // The first round is spread over the whole interval.
    timer.arm(chance.float() * intervalMs);
    return timer;
  });
  return {
    close() {
      isClosed = true;
      for (const timer of waits) timer.disarm();
      for (const attempt of running) attempt.cancel?.();
    },
  };
}

/** One probe, from lease to verdict: false when it failed. Never rejects. Who is out of service, or asked for calm, is left alone. */
async function probe(seat: Seat, options: ProberOptions, running: Set<Attempt>): Promise<boolean> {
  const { health, clock, timers, ask, ignores = PROBE_IGNORES, timeoutMs = PROBE_TIMEOUT_MS } = options;
  health.isDue(seat);
  if (seat.fitness !== 'serving' && seat.fitness !== 'probing') return true;
  const attempt = begunAttempt(seat.target.name, seat.pool, clock.now());
  attempt.reason = 'probe';
  running.add(attempt);
  health.probing(seat, attempt);
  try {
    const outcome = await new Promise<Outcome>((resolve) => {
      const timer = timers.after(timeoutMs, () => {
        attempt.cancel?.();
        resolve({ kind: 'failed', failure: timedOut(timeoutMs) });
      });
      const settle = (outcome: Outcome) => {
        timer.disarm();
        resolve(outcome);
      };
      ask(seat, attempt).then(
        () => settle(ANSWERED),
        (stranger: unknown) => settle(judged(Failure.from(stranger), ignores)),
      );
    });
    attempt.endMs = clock.now();
    health.probed(seat, attempt, outcome);
    return outcome.kind !== 'failed';
  } finally {
    running.delete(attempt);
  }
}

/** What is on the ignore list, or is no word about the target at all, is no answer either: the lease is given back and nothing counted. */
function judged(failure: Failure, ignores: readonly CauseCode[]): Outcome {
  const { blame } = CATALOGUE[failure.code];
  const isNothing = ignores.includes(failure.code) || blame === 'gateway' || blame === 'nobody';
  return isNothing ? { kind: 'abandoned' } : { kind: 'failed', failure };
}

function timedOut(timeoutMs: number): Failure {
  return new Failure('answer-timeout', {
    phase: 'wait-head',
    firstEvent: 'our-timer',
    clock: 'first-output',
    limitMs: timeoutMs,
    note: 'a probe',
  });
}
