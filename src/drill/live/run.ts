import { amplification } from '../checks/amplification.ts';
import { safety } from '../checks/blame.ts';
import type { Check } from '../checks/check.ts';
import { judge } from '../checks/checks.ts';
import { delivered } from '../checks/delivered.ts';
import { named } from '../checks/sound.ts';
import { truthful, whole } from '../checks/truthful.ts';
import { seededChance } from '../sim/chance.ts';
import type { RunRecord } from '../sim/run.ts';
import { Troubles } from '../sim/troubles.ts';
import { tallyOf, type Verdict } from '../sim/verdict.ts';
import { CallerSite } from '../workloads/caller.ts';
import { startLoad } from '../workloads/load.ts';
import { newSeen, type Seen } from '../workloads/seen.ts';
import type { LiveStage } from './stage.ts';

/** After the healing callers go on for so long, so that the recovery shows. */
const CALM_MS = 8000;
/** Calls under way at the end are waited for, so long at most. */
const LAST_MS = 15_000;
const LOOK_MS = 100;

/** What can be judged from real sockets and real seconds: words and truth, not exact times. */
const CHECKS: readonly Check[] = [delivered, truthful, whole, amplification, safety, named];

/** A verdict, and what it is not about: sentences for whoever reads the report. */
export type LiveVerdict = Verdict & { readonly notes: readonly string[] };

/** Plays a plan in real time and judges it. */
export async function liveRun(stage: LiveStage, replay: string, isOver: () => boolean): Promise<LiveVerdict> {
  const { world, plan } = stage;
  const { clock, timers } = world;
  const seen: Seen[] = [];
  const troubles = new Troubles();
  // A running gateway and its sandboxes remember the drill before this one: its replies by their keys, and its requests.
  const tag = `${world.chance.id().slice(0, 8)}-`;
  let running = 0;
  const fromMs = clock.now();
  const site = new CallerSite(world, stage.gateway, seededChance(`callers ${plan.seed}`));
  const untilMs = fromMs + plan.safetyMs;
  for (const [nth, load] of plan.loads.entries()) {
    startLoad(load, {
      chance: seededChance(`load ${nth} ${plan.seed}`),
      at: (delayMs, run) => void timers.after(delayMs, run),
      nowMs: clock.now,
      site,
      fromMs,
      untilMs: untilMs + CALM_MS,
      patienceMs: plan.deadlineMs + LAST_MS,
      ...(stage.voice === undefined ? {} : { voice: stage.voice }),
      newSeen: (kind, wanted, isStream) => {
        running += 1;
        const one = newSeen(seen.length + 1, clock.now(), kind, wanted, isStream, tag);
        seen.push(one);
        return one;
      },
      ended: () => {
        running -= 1;
      },
    });
  }
  const healAll = beginActs(stage, troubles, isOver);
  const rests = watchRests(stage);
  const sleep = (ms: number): Promise<void> => new Promise((fulfil) => void timers.after(ms, fulfil));
  while (clock.now() < untilMs && !isOver()) await sleep(LOOK_MS);
  healAll();
  const healedMs = clock.now();
  const calmUntilMs = healedMs + CALM_MS;
  while (clock.now() < calmUntilMs + LAST_MS && (clock.now() < calmUntilMs || running > 0) && !isOver())
    await sleep(LOOK_MS);
  const over = seen.filter(({ endMs }) => endMs !== undefined);
  const notes = waitingWords(seen, clock.now());
  site.leave();
  site.hangUp();
  rests.stop();
  const record: RunRecord = {
    plan,
    // Who still waits when the drill ends was not failed by anybody; that is told apart.
    seen: over,
    stations: (await stage.stations()).map((station) => ({
      name: station.name,
      received: station.received.filter(({ drillCall }) => drillCall?.startsWith(`call-${tag}`)),
      knocks: [],
      restsAt: rests.restsAt.get(station.name) ?? [],
    })),
    troubles,
    fromMs,
    healedMs,
    endMs: clock.now(),
    stop: 'done',
    strangers: [],
    seats: await stage.seats(),
    wiresLeft: 0,
    queuedMax: 0,
    journal: { hash: 'of real time', lines: [] },
    events: 0,
  };
  return { record, violations: judge(record, CHECKS), tally: tallyOf(record), replay, notes };
}

function waitingWords(seen: readonly Seen[], nowMs: number): readonly string[] {
  const waiting = seen.filter(({ endMs, wanted }) => endMs === undefined && wanted !== undefined);
  if (waiting.length === 0) return [];
  const longestMs = nowMs - Math.min(...waiting.map(({ startMs }) => startMs));
  const calls = waiting.length === 1 ? '1 call' : `${waiting.length} calls`;
  return [`Not counted: ${calls} still waited when the drill ended, for up to ${(longestMs / 1000).toFixed(0)} s.`];
}

/** When the gateway laid which target to rest, as its admin port tells. */
function watchRests({ world, seats }: LiveStage): {
  readonly restsAt: ReadonlyMap<string, number[]>;
  readonly stop: () => void;
} {
  const restsAt = new Map<string, number[]>();
  const resting = new Set<string>();
  let isWatching = true;
  const look = async (): Promise<void> => {
    for (const { target, fitness } of (await seats()) ?? []) {
      if (fitness === 'serving') resting.delete(target);
      else if (!resting.has(target)) {
        resting.add(target);
        restsAt.set(target, [...(restsAt.get(target) ?? []), world.clock.now()]);
      }
    }
    if (isWatching) world.timers.after(LOOK_MS, () => void look());
  };
  void look();
  return {
    restsAt,
    stop: () => {
      isWatching = false;
    },
  };
}

/** Does what the plan wants done, each at its time; returns what undoes all that is still done. */
function beginActs(stage: LiveStage, troubles: Troubles, isOver: () => boolean): () => void {
  const { clock, timers } = stage.world;
  const undo = new Set<() => void>();
  for (const { atMs, forMs, deed } of stage.plan.acts) {
    timers.after(atMs, () => {
      if (isOver()) return;
      if ('hosts' in deed) troubles.add(deed.hosts, clock.now(), forMs);
      if (deed.word === 'block' || deed.word === 'power' || deed.word === 'freeze') {
        troubles.add(['bunching'], clock.now(), forMs);
      }
      const heal = stage.act(deed);
      if (deed.word === 'restart') {
        const over = troubles.open('restart', clock.now());
        void stage.settled().then(() => over(clock.now()));
      }
      if (heal === undefined) return;
      const once = (): void => {
        if (undo.delete(once)) heal();
      };
      undo.add(once);
      timers.after(forMs, once);
    });
  }
  return () => {
    for (const heal of [...undo]) heal();
  };
}
