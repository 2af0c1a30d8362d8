/** A stage for whole routes in virtual time: the rooms as gateway.ts composes them, over targets that are played. It holds no tests itself. */
import { Admission } from './attempts/admission.ts';
import { Alarms } from './attempts/alarm.ts';
import { Budget } from './attempts/budget.ts';
import { deadline } from './attempts/deadline.ts';
import { type Door, type Entrance, fallback } from './attempts/fallback.ts';
import { hedge } from './attempts/hedge.ts';
import { Limits } from './attempts/limit.ts';
import { failureOf, type PlayedTime, playedCall, playedReply, playedTarget } from './attempts/played.test.ts';
import { retry } from './attempts/retry.ts';
import { SoftLimit } from './attempts/soft-limit.ts';
import { WaitingRoom } from './attempts/waiting.ts';
import { leastConnections } from './balance/least-connections.ts';
import { load } from './balance/load.ts';
import { picking } from './balance/pick.ts';
import type { Picker } from './balance/picker.ts';
import { regionChoice } from './balance/region.ts';
import type { Call } from './call/call.ts';
import type { Failure } from './call/failure.ts';
import { ANSWERED, type Outcome, type Reply } from './call/reply.ts';
import { type Seat, type SeatHearer, seatOf } from './call/seat.ts';
import type { Target } from './call/target.ts';
import { retryAfterMs } from './diagnosis/answer-fields.ts';
import { Court } from './health/blame.ts';
import { PoolHealth, type PoolHealthOptions, type View } from './health/pool-health.ts';
import { type Service, stack } from './pipeline/service.ts';
import type { Chance } from './world/world.ts';

/** What a played target does with one call. */
export type Deed =
  | { readonly kind: 'answer'; readonly afterMs: number; readonly lastsMs?: number }
  | { readonly kind: 'fail'; readonly afterMs: number; readonly failure: Failure }
  | { readonly kind: 'cut'; readonly afterMs: number; readonly lastsMs: number; readonly failure: Failure }
  | { readonly kind: 'silence' };

export type PlayedTarget = {
  readonly name: string;
  deed: (call: Call, nowMs: number, inFlight: number) => Deed;
  /** Arrivals that reached it, by second since the start. */
  readonly arrivals: number[];
  inFlight: number;
  readonly over?: Partial<Target>;
};

export function target(name: string, deed: PlayedTarget['deed'], over: Partial<Target> = {}): PlayedTarget {
  return { name, deed, arrivals: [], inFlight: 0, over };
}

export type PoolPlan = {
  readonly name: string;
  readonly targets: readonly PlayedTarget[];
  readonly picker?: (seats: readonly Seat[]) => Picker;
  /** Nearest first; targets are kept to one region while it is well. */
  readonly regions?: readonly string[];
};

export type Route = {
  readonly service: Service;
  readonly pools: readonly { health: PoolHealth; seats: readonly Seat[]; budget: Budget; room: WaitingRoom }[];
  readonly risks: () => number;
};

/** A route as the gateway builds it, with all defaults on. */
export function route(
  time: PlayedTime,
  chance: Chance,
  plans: readonly PoolPlan[],
  onChange: PoolHealthOptions['onChange'] = () => {},
): Route {
  const { clock, timers } = time;
  const court = new Court();
  const startMs = clock.now();
  let risks = 0;
  const alarms = new Alarms(timers);
  const softAlarms = new Alarms(timers);
  const built = plans.map((plan) => {
    const seats = plan.targets.map((each, index) => {
      const seat = seatOf(playedTarget(each.name, each.over), plan.name, index);
      seat.ask = (call) => play(each, call, time, startMs);
      return seat;
    });
    const health = new PoolHealth({ pool: plan.name, seats, clock, chance, court, onChange });
    const budget = new Budget({ clock, timers });
    const room = new WaitingRoom({ clock, timers, chance });
    const limits = new Limits();
    const soft = new SoftLimit(clock);
    const admission = new Admission({ clock, chance });
    const hearers: SeatHearer[] = [load, limits, health, soft, admission, room.hearer];
    const picker = plan.picker?.(seats) ?? leastConnections({ clock, chance });
    const entrance = (view: View, isLast: boolean): Entrance => {
      const picks = picking({
        pool: plan.name,
        picker,
        seats: view,
        room: room.door(isLast),
        hasRoom: (seat, call) => limits.hasRoom(seat, call),
        hearers,
        clock,
        ...(plan.regions === undefined ? {} : { narrow: regionChoice({ regions: plan.regions, seats, chance }) }),
      });
      const onDoubleSpendRisk = () => {
        risks += 1;
      };
      const filters = [
        retry({
          clock,
          timers,
          chance,
          budget,
          baseMs: 100,
          othersLeft: picks.left,
          isElsewhereLeft: !isLast,
          retryAfterMs: ({ evidence }) =>
            evidence.answer === undefined ? undefined : retryAfterMs(evidence.answer.fields),
          onDoubleSpendRisk,
        }),
        hedge({
          clock,
          alarms: softAlarms,
          budget,
          softMs: (call) => soft.ms(call),
          othersLeft: picks.left,
          isElsewhereLeft: !isLast,
          onSilent: (attempt) => health.silent(attempt),
          onDoubleSpendRisk,
        }),
        admission.filter,
      ];
      return { service: stack(filters, picks.service), left: picks.left };
    };
    const strict = health.strict(seats);
    const door: Door = {
      name: plan.name,
      fit: entrance(strict, false),
      anyone: entrance(health.lenient(seats), true),
      share: () => strict.share(),
      budget,
    };
    return { door, health, seats, budget, room };
  });
  const doors = built.map(({ door }) => door);
  const service = stack(
    [deadline({ clock, alarms })],
    fallback({ doors, clock, chance, onGiveUp: (call) => court.judge(call) }),
  );
  return { service, pools: built, risks: () => risks };
}

/** One call at one played target, with all that the wire below would do: evidence in the attempt, cancellation, outcomes. */
function play(played: PlayedTarget, call: Call, { clock, timers }: PlayedTime, startMs: number): Promise<Reply> {
  const attempt = call.attempt;
  if (attempt === undefined) throw new Error('asked without an attempt');
  const second = Math.floor((clock.now() - startMs) / 1000);
  const deed = played.deed(call, clock.now(), played.inFlight);
  const isUnsent = deed.kind === 'fail' && deed.failure.evidence.bytesWritten === 0;
  if (!isUnsent) {
    played.arrivals[second] = (played.arrivals[second] ?? 0) + 1;
    attempt.bytesWritten = 100;
  }
  played.inFlight += 1;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const over = () => {
      if (!isOver) played.inFlight -= 1;
      isOver = true;
      attempt.cancel = undefined;
    };
    const reply = playedReply(played.name, { pause() {}, resume() {}, cancel: over });
    let hasHead = false;
    attempt.cancel = () => {
      over();
      if (hasHead) reply.cancel();
      else reject(failureOf('caller-left', { firstEvent: 'our-cancel' }));
    };
    if (deed.kind === 'silence') return;
    timers.after(deed.afterMs, () => {
      if (isOver) return;
      if (deed.kind === 'fail') {
        over();
        reject(deed.failure);
        return;
      }
      hasHead = true;
      attempt.headMs = clock.now();
      attempt.firstPartMs = clock.now();
      resolve(reply);
      const outcome: Outcome = deed.kind === 'answer' ? ANSWERED : { kind: 'failed', failure: deed.failure };
      const end = () => {
        if (isOver) return;
        over();
        reply.end(outcome);
      };
      if ((deed.lastsMs ?? 0) > 0) timers.after(deed.lastsMs ?? 0, end);
      else end();
    });
  });
}

export type Tally = {
  readonly answered: { readonly startMs: number; readonly tookMs: number; readonly call: Call }[];
  readonly failed: { readonly startMs: number; readonly failure: Failure; readonly call: Call }[];
  readonly offered: number[];
};

/** Calls at an even rate, each heard to its end; `make` may shape each. */
export async function offer(
  time: PlayedTime,
  service: Service,
  plan: {
    readonly perSecond: number;
    readonly forMs: number;
    readonly thenMs?: number;
    readonly make?: (n: number) => Partial<Call>;
    readonly tally?: Tally;
  },
): Promise<Tally> {
  const tally: Tally = plan.tally ?? { answered: [], failed: [], offered: [] };
  const beginMs = time.clock.now();
  const count = Math.floor((plan.forMs / 1000) * plan.perSecond);
  for (let n = 0; n < count; n++) {
    const dueMs = beginMs + (n * 1000) / plan.perSecond;
    if (dueMs > time.clock.now()) await time.pass(dueMs - time.clock.now());
    const call = playedCall(time, plan.make?.(n) ?? {});
    const second = Math.floor((time.clock.now() - beginMs) / 1000);
    tally.offered[second] = (tally.offered[second] ?? 0) + 1;
    service(call).then(
      (reply) => {
        const tookMs = time.clock.now() - call.startMs;
        reply.flow({
          part() {},
          end(outcome) {
            if (outcome.kind === 'failed') tally.failed.push({ startMs: call.startMs, failure: outcome.failure, call });
            else tally.answered.push({ startMs: call.startMs, tookMs, call });
          },
        });
      },
      (failure: Failure) => tally.failed.push({ startMs: call.startMs, failure, call }),
    );
  }
  await time.pass(plan.thenMs ?? 60_000);
  return tally;
}

/** The value that a share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function sum(values: readonly (number | undefined)[]): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] ?? 0;
  return total;
}

/** First parts by second since the start. */
export function answersBySecond({ answered }: Tally, startMs: number): number[] {
  const seconds: number[] = [];
  for (const { startMs: beganMs, tookMs } of answered) {
    const second = Math.floor((beganMs + tookMs - startMs) / 1000);
    seconds[second] = (seconds[second] ?? 0) + 1;
  }
  return seconds;
}
