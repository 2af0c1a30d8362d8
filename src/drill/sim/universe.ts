import type { Chance, Files, Timers, World } from '../../world/world.ts';
import { seededChance } from './chance.ts';
import { Host, type Weather } from './host.ts';
import { Journal } from './journal.ts';
import { NameServers } from './names.ts';
import { Network } from './network.ts';
import { SimTime } from './time.ts';

/** A Monday noon in spring, so that dates in journals look like dates. */
const WALL_START_MS = Date.UTC(2026, 2, 2, 12);
/** As the real world waits for an editor to finish. */
const SETTLE_MS = 100;
/** Events run in one turn of the real loop; between them promises are let run, as between any two events. */
const BATCH = 64;

/** So many events at one and the same moment are a loop that never ends. */
const EVENTS_AT_ONCE_MAX = 200_000;

/** Why a run of the universe stopped. `livelock`: things happen, and time does not pass. */
export type Stop = 'done' | 'deadlock' | 'livelock' | 'late' | 'broken';

/** The simulated twin of everything outside: one thread, and one seed that decides everything. */
export class Universe {
  readonly time = new SimTime(WALL_START_MS);
  readonly journal = new Journal(() => this.time.nowMs);
  readonly names = new NameServers(this.time);
  readonly network: Network;
  /** Exceptions that came out of an event: nobody caught them. */
  readonly strangers: unknown[] = [];
  readonly #seed: string;
  readonly #hosts = new Map<string, Host>();
  #momentMs = -1;
  #eventsBefore = 0;

  constructor(seed: string) {
    this.#seed = seed;
    this.network = new Network(this.time, this.chance('network'), this.journal);
  }

  /** Chance of its own for each purpose, so that a change in one leaves the others as they were. */
  chance(purpose: string): Chance {
    return seededChance(`${this.#seed}/${purpose}`);
  }

  /** A new machine; its world is what a process on it sees. */
  host(name: string, ip: string, weather: Partial<Weather> = {}): { readonly host: Host; readonly world: World } {
    const host = new Host(this.time, name, ip, weather);
    this.#hosts.set(name, host);
    const { clock } = this.time;
    const world: World = {
      clock: { now: clock.now, wallMs: () => clock.wallMs() + host.wallStepMs },
      timers: turning(this.time.timers, host),
      chance: this.chance(name),
      net: this.network.add(host),
      names: this.names.names(),
      files: this.#files(),
      memory: { giveBack() {} },
      env: {},
    };
    return { host, world };
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  #files(): Files {
    const texts = new Map<string, string>();
    const watchers = new Map<string, Set<() => void>>();
    return {
      read: async (path) => {
        const text = texts.get(path);
        if (text === undefined) throw Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT', syscall: 'open' });
        return text;
      },
      write: async (path, text) => {
        texts.set(path, text);
        for (const changed of watchers.get(path) ?? []) this.time.at(SETTLE_MS, changed);
      },
      watch: (path, changed) => {
        const all = watchers.get(path) ?? new Set();
        watchers.set(path, all.add(changed));
        return { close: () => void all.delete(changed) };
      },
    };
  }

  /**
   * Runs event after event until `isDone`, letting promises run in between: `host` is the real loop, whose turns do that.
   * `deadlock`: somebody still waits and nothing is going to happen.
   */
  run(host: Pick<Timers, 'soon'>, isDone: () => boolean, untilMs: number): Promise<Stop> {
    return new Promise((fulfil) => {
      let stopped: Stop | undefined;
      const step = (): void => {
        if (stopped !== undefined) return;
        stopped = this.#step(isDone, untilMs);
        if (stopped !== undefined) fulfil(stopped);
      };
      const batch = (): void => {
        if (stopped !== undefined) return;
        for (let i = 0; i < BATCH; i += 1) host.soon(step);
        host.soon(batch);
      };
      batch();
    });
  }

  #step(isDone: () => boolean, untilMs: number): Stop | undefined {
    if (isDone()) return 'done';
    if (this.time.nowMs > untilMs) return 'late';
    if (this.time.nowMs > this.#momentMs) {
      this.#momentMs = this.time.nowMs;
      this.#eventsBefore = this.time.events;
    } else if (this.time.events - this.#eventsBefore > EVENTS_AT_ONCE_MAX) return 'livelock';
    try {
      return this.time.step() ? undefined : 'deadlock';
    } catch (stranger) {
      this.strangers.push(stranger);
      this.journal.note(`stranger ${stranger instanceof Error ? stranger.message : String(stranger)}`);
      return this.strangers.length > 20 ? 'broken' : undefined;
    }
  }
}

/** The timers of all, for one process: it is seen when it waits for the end of a turn. */
function turning(timers: Timers, host: Host): Timers {
  return {
    timer: (run) => timers.timer(run),
    after: (delayMs, run) => timers.after(delayMs, run),
    soon: (run) => {
      host.turning();
      timers.soon(run);
    },
  };
}
