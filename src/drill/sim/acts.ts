import { parseFault } from '../parse-fault.ts';
import type { Host, Weather } from './host.ts';
import { type Act, CONFIG_FILE, configOf, type Deed, type Plan } from './plan.ts';
import type { Stage, Station } from './stage.ts';
import type { Troubles } from './troubles.ts';

/** An address nobody has. */
const NOWHERE = '10.255.255.1';

/** The system tells no time to live with its answers, and 30 s are assumed: so long may a wrong one be believed after it was mended. */
const BELIEVED_MS = 30_000;

const DELAYING: ReadonlySet<Deed['word']> = new Set(['block', 'freeze', 'slow-line', 'power']);

/** Does what a plan wants done, each at its time, and undoes it. Everything still done at the end is undone by `healAll`. */
export class Acts {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #troubles: Troubles;
  readonly #say: (line: string) => void;
  readonly #undo = new Set<() => void>();
  /** Restarts that are under way. */
  #restarting: Promise<void> = Promise.resolve();

  constructor(stage: Stage, plan: Plan, troubles: Troubles, say: (line: string) => void) {
    this.#stage = stage;
    this.#plan = plan;
    this.#troubles = troubles;
    this.#say = say;
  }

  /** Acts begin; times count from now. */
  begin(acts: readonly Act[]): void {
    const { time } = this.#stage.universe;
    for (const act of acts) time.at(act.atMs, () => this.#begin(act));
  }

  healAll(): Promise<void> {
    for (const undo of [...this.#undo]) undo();
    return this.#restarting;
  }

  #begin({ deed, forMs }: Act): void {
    const { time, journal } = this.#stage.universe;
    journal.note(`act ${JSON.stringify(deed)} for ${forMs}`);
    this.#forgive(deed, forMs);
    const heal = this.#do(deed);
    if (heal === undefined) return;
    const undo = (): void => {
      if (!this.#undo.delete(undo)) return;
      journal.note(`undo ${deed.word}`);
      heal();
    };
    this.#undo.add(undo);
    time.at(forMs, undo);
  }

  #forgive(deed: Deed, forMs: number): void {
    const nowMs = this.#stage.universe.time.nowMs;
    const believedMs = deed.word === 'names' || deed.word === 'wrong-address' ? BELIEVED_MS : 0;
    if ('hosts' in deed) this.#troubles.add(deed.hosts, nowMs, forMs + believedMs);
    // What waited on the way arrives all at once: not what the gateway sent in that time.
    if (DELAYING.has(deed.word)) this.#troubles.add(['bunching'], nowMs, forMs);
  }

  #stations(names: readonly string[]): readonly Station[] {
    return this.#stage.stations.filter(({ plan }) => names.includes(plan.name));
  }

  #hosts(names: readonly string[]): readonly Host[] {
    return this.#stage.universe.hosts.filter((host) => names.includes(host.name));
  }

  /** Does it, and returns what undoes it. */
  #do(deed: Deed): (() => void) | undefined {
    const { universe } = this.#stage;
    const { network } = universe;
    switch (deed.word) {
      case 'fault':
        return this.#strike(this.#stations(deed.hosts), deed.fault, deed.share);
      case 'block':
        return this.#weather(deed.hosts, {
          ...(deed.way === 'out' ? {} : { isInBlocked: true }),
          ...(deed.way === 'in' ? {} : { isOutBlocked: true }),
        });
      case 'slow-line': {
        const { delayMs, jitterMs, bytesPerMs } = deed;
        return this.#weather(deed.hosts, { delayMs, jitterMs, bytesPerMs });
      }
      case 'reset-all':
        for (const host of this.#hosts(deed.hosts)) network.resetAll(host);
        return undefined;
      case 'forget':
        for (const host of this.#hosts(deed.hosts)) network.forgetAll(host);
        return undefined;
      case 'hang-up':
        return network.hangUpInTurns(this.#stage.gateway.host, this.#hosts(deed.hosts));
      case 'power':
        for (const host of this.#hosts(deed.hosts)) network.cutPower(host);
        return () => {
          for (const host of this.#hosts(deed.hosts)) network.restorePower(host);
        };
      case 'freeze':
        for (const host of this.#hosts(deed.hosts)) host.freeze();
        return () => {
          for (const host of this.#hosts(deed.hosts)) host.thaw();
        };
      case 'certificate':
        return this.#certificate(deed.hosts, deed.mood);
      case 'names':
      case 'wrong-address':
        return this.#names(deed);
      case 'reload':
        return this.#reload(deed.change);
      case 'restart':
        this.#restarting = this.#restarting.then(() => this.#restart());
        return undefined;
      case 'clock':
        this.#stage.gateway.host.wallStepMs += deed.stepMs;
        return undefined;
    }
  }

  #strike(stations: readonly Station[], text: string, share: number): () => void {
    const parsed = parseFault(text);
    if (!parsed.ok) throw new Error(`the fault "${text}": ${parsed.problem}`);
    const from = this.#stage.universe.chance(`strike ${text}`);
    const orders = stations.map(({ upstream }) => {
      void upstream.setFault(parsed.value, { share, from });
      return { upstream, order: upstream.order };
    });
    return () => {
      for (const { upstream, order } of orders) if (upstream.order === order) void upstream.setFault(undefined);
    };
  }

  #weather(hosts: readonly string[], change: Partial<Weather>): () => void {
    const takeBack = this.#hosts(hosts).map((host) => host.turn({ ...change }));
    return () => {
      for (const each of takeBack) each();
      this.#stage.universe.network.settle();
    };
  }

  #certificate(hosts: readonly string[], mood: Host['tls']): () => void {
    const secure = this.#hosts(hosts).filter((host) => host.tls !== undefined);
    for (const host of secure) host.tls = mood;
    return () => {
      for (const host of secure) host.tls = 'good';
    };
  }

  #names(deed: Extract<Deed, { word: 'names' | 'wrong-address' }>): () => void {
    const { names } = this.#stage.universe;
    const named = this.#stations(deed.hosts).flatMap(({ dnsName, plan, host }) =>
      dnsName === undefined ? [] : [{ dnsName, ip: host.ip, ttlS: plan.ttlS ?? 30 }],
    );
    for (const { dnsName, ttlS } of named) {
      if (deed.word === 'names') names.setMood(dnsName, deed.mood);
      else names.set(dnsName, [NOWHERE], ttlS);
    }
    return () => {
      for (const { dnsName, ip, ttlS } of named) {
        if (deed.word === 'names') names.setMood(dnsName, 'good');
        else names.set(dnsName, [ip], ttlS);
      }
    };
  }

  #reload(change: 'same' | 'without-first' | 'broken'): (() => void) | undefined {
    const { gateway, urls } = this.#stage;
    const write = (text: string): void => void gateway.world.files.write(CONFIG_FILE, text);
    const usual = configOf(this.#plan, urls);
    if (change === 'same') write(`${usual}# read again\n`);
    else if (change === 'broken') write(`${usual}targets: [\n`);
    else {
      const [first] = this.#plan.targets;
      const pools = this.#plan.pools
        .map((pool) => ({ ...pool, targets: pool.targets.filter((name) => name !== first?.name) }))
        .filter((pool) => pool.targets.length > 0);
      if (pools.length === 0) return undefined;
      write(configOf({ ...this.#plan, pools }, urls));
      if (first !== undefined) this.#troubles.add([first.name], this.#stage.universe.time.nowMs, 600_000);
    }
    return () => write(usual);
  }

  async #restart(): Promise<void> {
    const stage = this.#stage;
    const { time } = stage.universe;
    // Between the old process and the new one nobody listens; how long the old one may take is its drain time.
    const end = this.#troubles.open('restart', time.nowMs);
    await stage.serving.stop();
    await stage.gateway.world.files.write(CONFIG_FILE, configOf(this.#plan, stage.urls));
    stage.serving = await stage.serve(stage.gateway.world, { config: CONFIG_FILE, say: this.#say });
    end(time.nowMs);
    stage.universe.journal.note('restarted');
  }
}
