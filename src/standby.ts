import type { Call } from './call/call.ts';
import { gatherBody } from './call/gather.ts';
import { Leavers } from './call/leavers.ts';
import type { Seat } from './call/seat.ts';
import type { Attempt } from './call/story.ts';
import type { ProbeSettings, Settings, TargetSettings } from './config/settings.ts';
import { PROBE_IGNORES, prober } from './health/probe.ts';
import type { PoolOfRoute, PoolParts } from './pool.ts';
import { ask } from './providers/ask.ts';
import { refusal } from './providers/refusal.ts';

/** Connections kept open to each target of a hot standby: its first calls come together. */
const WARM_CONNECTIONS = 2;
/** How often they are looked after: below the 4 s after which an unused connection is given up. */
const WARM_EVERY_MS = 2_000;
/** The answer to a probe is a list of models; what is longer is not read to its end. */
const PROBE_BYTES_MAX = 1024 * 1024;

/** Keeps pools ready that get no calls of their own: probes their targets, and holds connections open to hot standbys. */
export function standby(
  pools: readonly PoolOfRoute[],
  parts: PoolParts & { readonly settings: Settings },
): { close(): void } {
  const { clock, timers, chance } = parts.world;
  const hot = pools.filter((pool) => pool.settings.redundancy === 'hot-standby');
  const probers = pools.flatMap((pool) => {
    const { probe } = pool.settings;
    if (probe === undefined) return [];
    const { seats, health } = pool;
    return prober({
      seats,
      health,
      ask: asking(pool, probe, parts),
      clock,
      timers,
      chance,
      intervalMs: probe.intervalMs,
      timeoutMs: probe.timeoutMs,
      ignores: [...PROBE_IGNORES, ...probe.ignores],
    });
  });
  const timer = timers.timer(() => {
    for (const { seats } of hot) for (const seat of seats) warm(seat, parts);
    timer.arm(WARM_EVERY_MS);
  });
  if (hot.length > 0) timer.arm(0);
  return {
    close() {
      timer.disarm();
      for (const each of probers) each.close();
    },
  };
}

function warm(seat: Seat, { requester }: PoolParts): void {
  // Who rests or is out of service is left alone.
  if (seat.fitness === 'serving' || seat.fitness === 'probing') requester.warm(seat.target.origin, WARM_CONNECTIONS);
}

/** Asks one target the small question: resolves at the end of a good answer. */
function asking(pool: PoolOfRoute, probe: ProbeSettings, parts: PoolParts & { readonly settings: Settings }) {
  const { world, requester, via, settings } = parts;
  const services = pool.settings.targets.map((target: TargetSettings) => {
    const { timeoutMs } = probe;
    const clocks = { ...settings.clocks, ...target.clocks, headMs: timeoutMs, betweenBytesMs: timeoutMs };
    const { fields, fieldsDefault } = target;
    return ask(world.clock, requester, { target, fields, fieldsDefault, via, model: undefined, clocks: () => clocks });
  });
  return async (seat: Seat, attempt: Attempt): Promise<void> => {
    const service = services[seat.index];
    if (service === undefined) return;
    const reply = await service(probeCall(attempt, probe, world));
    const body = await gatherBody(reply, PROBE_BYTES_MAX);
    attempt.firstPartMs = world.clock.now();
    if (reply.status >= 200 && reply.status < 400) return;
    attempt.firstPartMs = undefined;
    throw refusal(reply, body);
  };
}

/** A call of our own: it has no caller, and nobody pays for it. */
function probeCall(attempt: Attempt, { path, timeoutMs }: ProbeSettings, { clock, chance }: PoolParts['world']): Call {
  const startMs = clock.now();
  return {
    id: chance.id(),
    dialect: 'http',
    method: 'GET',
    path,
    fields: ['accept', 'application/json'],
    body: undefined,
    model: undefined,
    modelAt: undefined,
    isStream: false,
    isReplayable: true,
    caller: { ip: '127.0.0.1', credential: undefined },
    startMs,
    deadlineMs: startMs + timeoutMs,
    story: { attempts: [attempt], notes: [] },
    priority: 0,
    idempotencyKey: undefined,
    attempt,
    isLeft: false,
    leavers: new Leavers(),
  };
}
