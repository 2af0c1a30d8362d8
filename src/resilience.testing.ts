/** A stage for whole routes in virtual time: the pools of the gateway, as it builds them, over targets that are played. */
import { Alarms } from './attempts/alarm.ts';
import { deadline } from './attempts/deadline.ts';
import { fallback } from './attempts/fallback.ts';
import { Ledger } from './attempts/ledger.ts';
import { failureOf, type PlayedTime, playedCall, playedReply } from './attempts/played.test.ts';
import type { Call } from './call/call.ts';
import type { Failure } from './call/failure.ts';
import { ANSWERED, type Outcome, type Reply } from './call/reply.ts';
import type { Target } from './call/target.ts';
import { settle, type Wanted } from './config/resolve.ts';
import type { Balance, Settings } from './config/settings.ts';
import { Court } from './health/blame.ts';
import { Maintenance } from './health/maintenance.ts';
import type { Requester } from './http1/contract.ts';
import { explain } from './pipeline/explain.ts';
import { asked, promised, type Service } from './pipeline/service.ts';
import { PoolOfRoute, type PoolParts } from './pool.ts';
import { TargetAbility } from './stream/abilities.ts';
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
  readonly balance?: Balance;
  /** Nearest first; targets are kept to one region while it is well. */
  readonly regions?: readonly string[];
};

export type Route = {
  readonly service: Service;
  readonly pools: readonly PoolOfRoute[];
};

/** A route as the gateway builds it, with all defaults on but what `config` says otherwise; only what lies below the pick is played. */
export function route(
  time: PlayedTime,
  chance: Chance,
  plans: readonly PoolPlan[],
  config: Omit<Wanted, 'targets' | 'routes'> = {},
): Route {
  const { clock, timers } = time;
  const startMs = clock.now();
  const played = new Map(plans.flatMap((plan) => plan.targets.map((each) => [each.name, each])));
  const settings = settingsOf(plans, config);
  const parts: PoolParts = {
    world: { clock, timers, chance },
    requester: NO_REQUESTER,
    via: '1.1 stage',
    court: new Court(),
    maintenance: new Maintenance(clock),
    softAlarms: new Alarms(timers),
    hardAlarms: new Alarms(timers),
    ledgerOf: (_pool, windowMs) => new Ledger(startMs, windowMs),
    abilityOf: (target) => new TargetAbility(target),
  };
  const [only] = settings.routes;
  if (only === undefined) throw new Error('a route without pools');
  const pools = only.pools.map((pool) => new PoolOfRoute(pool, only, settings, parts));
  for (const pool of pools) {
    pool.meet(pools);
    for (const seat of pool.seats) {
      const each = played.get(seat.target.name);
      if (each !== undefined) seat.ask = asked((call) => play(each, call, time, startMs));
    }
  }
  const route = fallback({
    doors: pools.map((pool) => pool.door(pool.seats)),
    clock,
    chance,
    onGiveUp: (call) => parts.court.judge(call),
  });
  const timed = deadline({ clock, alarms: new Alarms(timers) }, route);
  const service = promised(explain((call) => parts.court.judge(call), timed));
  return { service, pools };
}

/** The config of a stage: targets that are named but never reached. */
function settingsOf(plans: readonly PoolPlan[], config: Omit<Wanted, 'targets' | 'routes'>): Settings {
  const targets = plans.flatMap((plan) =>
    plan.targets.map(({ name, over }) => {
      const region = over?.region;
      // Far away, as services are, unless told otherwise: back-off is measured in round trips.
      const url = over?.origin === undefined ? `https://${name}.example/v1` : `http://${over.origin.host}/v1`;
      const target = { dialect: 'openai' as const, url };
      return [name, region === undefined ? target : { ...target, region }] as const;
    }),
  );
  const pools = plans.map(({ name, targets: members, balance, regions }) => ({
    name,
    targets: members.map((each) => each.name),
    ...(balance === undefined ? {} : { balance }),
    ...(regions === undefined ? {} : { redundancy: 'multi-region' as const }),
  }));
  const wanted = { ...config, targets: Object.fromEntries(targets), routes: [{ pools }] };
  return settle(wanted, {}, undefined);
}

const NO_REQUESTER: Requester = {
  exchange: () => unplayed(),
  upgrade: () => unplayed(),
  warm: () => {},
  close: () => {},
};

function unplayed(): never {
  throw new Error('a stage has no network');
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
