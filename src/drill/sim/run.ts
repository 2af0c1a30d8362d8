import type { SeatView } from '../../call/control.ts';
import { isRoomy } from '../checks/check.ts';
import type { Received } from '../ledger.ts';
import { seatsAt } from '../seats.ts';
import { type LoadScene, startLoad } from '../workloads/load.ts';
import { type CallerKind, newSeen, type Seen } from '../workloads/seen.ts';
import { Acts } from './acts.ts';
import type { Plan } from './plan.ts';
import { type Ground, type Stage, setStage, universeOf } from './stage.ts';
import { Troubles } from './troubles.ts';
import type { Stop, Universe } from './universe.ts';

/** What one upstream knows of a run. */
export type StationRecord = {
  readonly name: string;
  readonly received: readonly Received[];
  /** When somebody tried to connect, heard or not. */
  readonly knocks: readonly number[];
  /** When the gateway laid it to rest, where somebody watched its admin port. */
  readonly restsAt?: readonly number[];
};

/** A run as the checks see it: the callers' side, the upstreams' side, and what is left when all is over. Milliseconds of virtual time. */
export type RunRecord = {
  readonly plan: Plan;
  readonly seen: readonly Seen[];
  readonly stations: readonly StationRecord[];
  readonly troubles: Troubles;
  /** When callers began, when everything was healed, and when the last was done. */
  readonly fromMs: number;
  readonly healedMs: number;
  readonly endMs: number;
  readonly stop: Stop;
  readonly strangers: readonly unknown[];
  /** Of the gateway, after the last call; undefined when it could not be asked. */
  readonly seats: readonly SeatView[] | undefined;
  /** Ends of connections the gateway still held after it was stopped. */
  readonly wiresLeft: number;
  /** The most unsent bytes on one of its connections. */
  readonly queuedMax: number;
  readonly journal: { readonly hash: string; readonly lines: readonly string[] };
  readonly events: number;
};

/** After the last arrival a call may take its deadline, and this. */
const GRACE_MS = 30_000;
/** Of the usual load, in the liveness phase: whether calls are answered shows on half of them; services that can be busy get all. */
const CALM_SHARE = 0.5;
/** How often the gateway's memory is looked at. */
const LOOK_MS = 250;
/** So long an answer is finished for a caller who said that he may come back, and then it is over. */
const ORPHANS_MS = 75_000;
/** Where every simulated gateway can be asked, as an operator would. */
const ADMIN = { ip: '127.0.0.1', port: 5021 } as const;
/** Idle connections and rests have passed after this. */
const QUIET_MS = 5000;

/** Runs a plan: safety, healing, liveness, end. The turns of the real loop let promises run in between. */
export async function run(ground: Ground, plan: Plan): Promise<RunRecord> {
  const universe = universeOf(plan);
  const play = new Play(universe, plan, ground);
  let isOver = false;
  const playing = play.whole().finally(() => {
    isOver = true;
  });
  // What goes wrong in the play itself is thrown below, once the universe stands still.
  playing.catch(() => undefined);
  const untilMs = plan.safetyMs + plan.livenessMs + plan.deadlineMs + ORPHANS_MS + 6 * GRACE_MS;
  const stop = await universe.run(ground.timers, () => isOver, untilMs);
  if (stop === 'done') await playing;
  return play.record(stop);
}

class Play {
  readonly #universe: Universe;
  readonly #plan: Plan;
  readonly #ground: Ground;
  readonly #troubles = new Troubles();
  readonly #seen: Seen[] = [];
  #stage: Stage | undefined;
  #running = 0;
  #fromMs = 0;
  #healedMs = 0;
  #queuedMax = 0;
  #isWatching = true;
  #seats: readonly SeatView[] | undefined;
  #wiresLeft = 0;

  constructor(universe: Universe, plan: Plan, ground: Ground) {
    this.#ground = ground;
    this.#universe = universe;
    this.#plan = plan;
  }

  async whole(): Promise<void> {
    const { safetyMs, livenessMs, deadlineMs } = this.#plan;
    const say = (line: string): void => this.#universe.journal.note(line);
    const stage = await setStage(this.#universe, this.#plan, this.#ground.serve, say);
    this.#stage = stage;
    this.#fromMs = this.#nowMs;
    const acts = new Acts(stage, this.#plan, this.#troubles, say);
    for (const [nth, load] of this.#plan.loads.entries()) {
      startLoad(load, this.#scene(`load ${nth} ${load.kind}`, stage, safetyMs));
    }
    acts.begin(this.#plan.acts);
    this.#look(stage);
    await this.#sleep(safetyMs);
    await acts.healAll();
    this.#healedMs = this.#nowMs;
    say('healed');
    const share = isRoomy(this.#plan) ? CALM_SHARE : 1;
    for (const [nth, load] of this.#plan.loads.entries()) {
      const calm = { ...load, perS: load.perS * share, curve: 'flat' } as const;
      startLoad(calm, this.#scene(`calm ${nth} ${load.kind}`, stage, livenessMs));
    }
    await this.#sleep(livenessMs);
    await this.#quiet(deadlineMs + GRACE_MS);
    await this.#end(stage);
  }

  async #end(stage: Stage): Promise<void> {
    stage.callers.site.hangUp();
    await this.#sleep(QUIET_MS);
    this.#seats = await this.#emptySeats(stage);
    this.#isWatching = false;
    const stopping = stage.serving.stop();
    await Promise.race([stopping, this.#sleep(GRACE_MS)]);
    await this.#sleep(QUIET_MS);
    this.#wiresLeft = this.#universe.network.open(stage.gateway.host).length;
  }

  /** What is under way for nobody any more goes on for a minute, in case its caller comes back: asked again until all is over. */
  async #emptySeats(stage: Stage): Promise<readonly SeatView[] | undefined> {
    const untilMs = this.#nowMs + ORPHANS_MS;
    for (;;) {
      const seats = await seatsAt(stage.gateway.world, ADMIN);
      const isOver = seats === undefined || seats.every((seat) => seat.inFlight === 0);
      if (isOver || this.#nowMs >= untilMs) return seats;
      await this.#sleep(QUIET_MS);
    }
  }

  /** Until nobody calls any more, or for so long. */
  async #quiet(forMs: number): Promise<void> {
    const untilMs = this.#nowMs + forMs;
    while (this.#running > 0 && this.#nowMs < untilMs) await this.#sleep(LOOK_MS);
  }

  get #nowMs(): number {
    return this.#universe.time.nowMs;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((fulfil) => this.#universe.time.at(ms, fulfil));
  }

  #look(stage: Stage): void {
    this.#queuedMax = Math.max(this.#queuedMax, this.#universe.network.queuedMax(stage.gateway.host));
    if (this.#isWatching) this.#universe.time.at(LOOK_MS, () => this.#look(stage));
  }

  #scene(purpose: string, stage: Stage, forMs: number): LoadScene {
    const { time, journal } = this.#universe;
    return {
      chance: this.#universe.chance(purpose),
      at: (delayMs, run) => time.at(delayMs, run),
      nowMs: () => time.nowMs,
      site: stage.callers.site,
      fromMs: time.nowMs,
      untilMs: time.nowMs + forMs,
      patienceMs: this.#plan.deadlineMs + GRACE_MS / 2,
      newSeen: (kind, wanted, isStream) => this.#begin(kind, wanted, isStream),
      ended: (seen) => {
        this.#running -= 1;
        const { serial, ending, status, code, attempts, target } = seen;
        journal.note(`call ${serial} ${ending} ${status} ${code ?? ''} attempts ${attempts} ${target ?? ''}`);
      },
    };
  }

  #begin(kind: CallerKind, wanted: string | undefined, isStream: boolean): Seen {
    this.#running += 1;
    const seen = newSeen(this.#seen.length + 1, this.#nowMs, kind, wanted, isStream);
    this.#seen.push(seen);
    return seen;
  }

  record(stop: Stop): RunRecord {
    const { journal, strangers, time } = this.#universe;
    return {
      plan: this.#plan,
      seen: this.#seen,
      stations: (this.#stage?.stations ?? []).map(({ plan, upstream, host }) => ({
        name: plan.name,
        received: upstream.records,
        knocks: host.knocks,
      })),
      troubles: this.#troubles,
      fromMs: this.#fromMs,
      healedMs: this.#healedMs,
      endMs: time.nowMs,
      stop,
      strangers,
      seats: this.#seats,
      wiresLeft: this.#wiresLeft,
      queuedMax: this.#queuedMax,
      journal: { hash: journal.hash, lines: journal.lines },
      events: time.events,
    };
  }
}
