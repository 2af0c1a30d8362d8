import { parseListen } from './config/address.ts';
import { waitingForStart } from './config/at-start.ts';
import { discover } from './config/discover.ts';
import { faultLines } from './config/fault.ts';
import { loadConfig } from './config/load.ts';
import { resolve } from './config/resolve.ts';
import type { ListenAddress, Settings } from './config/settings.ts';
import { watchConfig } from './config/watch.ts';
import { type Sandbox, startSandbox } from './drill/sandbox.ts';
import { createGateway, createMemory, type Gateway, type GatewayParts } from './gateway.ts';
import type { Requester } from './http1/contract.ts';
import { createRequester, REQUESTER_DEFAULTS, type RequesterSettings } from './http1/requester.ts';
import { type HttpServer, serveHttp } from './http1/server.ts';
import { probeJson } from './providers/probe.ts';
import { adminHandler } from './server/admin-handler.ts';
import { banner, listenSentence } from './server/banner.ts';
import { callLog } from './server/call-log.ts';
import { controlChecks } from './server/check.ts';
import { dataHandler } from './server/data-handler.ts';
import { faultWriter } from './server/fault-writer.ts';
import { PeakWatch } from './server/give-back.ts';
import { goodgatePages } from './server/pages.ts';
import { type Place, Seen, serviceOf } from './server/seen.ts';
import { Stories } from './server/stories.ts';
import { strangerLog } from './server/stranger-log.ts';
import type { World } from './world/world.ts';

export type ServeOptions = {
  /** The config file; undefined to look around. */
  readonly config?: string;
  /** `ip:port` that replaces the config's. */
  readonly listen?: string;
  /** Takes the lines for whoever started us. */
  readonly say: (line: string) => void;
};

/** The running process. */
export type Serving = {
  readonly address: ListenAddress;
  /** Stops accepting, lets running calls finish within the drain time, then closes everything. */
  stop(): Promise<void>;
};

/** Cannot start as asked; `lines` say why and what to do, one sentence each. Nothing was started. */
export class StartFault extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The file looked for in the present folder when none is named. */
const CONFIG_FILE = 'goodgate.yaml';

/** world → settings → gateway → server, and back down. @throws StartFault */
export async function serve(world: World, options: ServeOptions): Promise<Serving> {
  const { say } = options;
  // Before anything is started that would have to be stopped again.
  const asked = askedAddress(options);
  // A pseudonym of this process: two gateways in a row are no loop, this one twice is.
  const name = `goodgate-${world.chance.id().slice(0, 6)}`;
  // What looks for local servers knows no settings yet; calls get one that does.
  const scout = createRequester(world, {});
  let sandbox: Sandbox | undefined;
  const found = await settingsFor(world, options, scout, async () => {
    sandbox = await startSandbox(world);
    return sandboxTargets(sandbox);
  }).finally(() => scout.close());
  const requester = createRequester(world, connections(found.settings));
  const memory = createMemory(world, found.settings);
  const force = new InForce(found.settings, { world, requester, name, memory });
  let servers: readonly HttpServer[] = [];
  const peaks = new PeakWatch(world, () => servers[0]?.stats.requestsOpen ?? 0);
  const close = async (): Promise<void> => {
    peaks.close();
    // What nobody reads ends now, what is read may go on to its end.
    memory.replays.close();
    force.gateway.close();
    await Promise.all(servers.map((server) => server.drain(force.settings.drainMs)));
    requester.close();
    await sandbox?.close();
  };
  let isServing = true;
  const listen = asked ?? found.settings.listen;
  try {
    servers = await openServers(world, listen, force, say, { peaks, isServing: () => isServing });
  } catch (error) {
    await close();
    throw error;
  }
  const reload = { force, isListenAsked: asked !== undefined, say };
  const watcher = found.file === undefined ? undefined : watch(world, found.file, reload);
  const address = servers[0]?.address ?? listen;
  const isSecure = found.settings.tls !== undefined;
  for (const line of banner(address, found.sentences, sandbox === undefined ? [] : sandboxTargets(sandbox), isSecure)) {
    say(line);
  }
  return {
    address,
    stop() {
      isServing = false;
      watcher?.close();
      return close();
    },
  };
}

/** The settings and the gateway in force: a reload replaces both, calls under way finish on the old ones. */
class InForce {
  readonly name: string;
  readonly #parts: GatewayParts;
  /** What was seen of targets and callers; a reload goes on with it, and is suspected of what begins after it. */
  readonly seen: Seen;
  settings: Settings;
  gateway: Gateway;

  constructor(settings: Settings, parts: GatewayParts) {
    this.seen = new Seen(parts.world.clock, (target) => placeOf(this.settings, target));
    this.name = parts.name;
    this.#parts = parts;
    this.settings = settings;
    this.gateway = createGateway(settings, parts);
  }

  replace(settings: Settings): void {
    const former = this.gateway;
    this.gateway = createGateway(settings, this.#parts);
    this.settings = settings;
    former.close();
    this.seen.changed();
  }
}

/** Where a target belongs: hosts of one registered name are one service, whatever the region or the resource. */
function placeOf(settings: Settings, name: string): Place | undefined {
  const target = settings.targets.find((each) => each.name === name);
  return target === undefined ? undefined : { service: serviceOf(target.origin.host), region: target.region };
}

/** The data port, then the admin port. @throws StartFault when one cannot be listened on; the other may be open then. */
async function openServers(
  world: World,
  listen: ListenAddress,
  force: InForce,
  say: (line: string) => void,
  { peaks, isServing }: { readonly peaks: PeakWatch; readonly isServing: () => boolean },
): Promise<readonly HttpServer[]> {
  const { settings, name } = force;
  const faults = faultWriter(world, name);
  const stories = new Stories(world.clock);
  const { seen } = force;
  const log = callLog(say, world.clock, () => force.settings.log.level);
  const pages = goodgatePages({ isServing, stories });
  const checks = controlChecks({
    world,
    targets: () => force.settings.targets,
    token: () => force.settings.adminToken,
  });
  const data = dataHandler({
    clock: world.clock,
    timers: world.timers,
    chance: world.chance,
    ask: () => force.gateway.ask,
    hints: (fields, path, model) => force.gateway.hints(fields, path, model),
    follow: (id, lastEventId, caller) => force.gateway.follow(id, lastEventId, caller),
    isEdgeSafe: () => force.settings.errors.isEdgeSafe,
    isCallerCredential: (target) =>
      force.settings.targets.some((each) => each.name === target && each.isCallerCredentialPassed),
    secrets: () => keysOf(force.settings),
    name,
    history: seen,
    pages: (request, response) => checks(request, response) || pages(request, response),
    record: (call, outcome, status, finding) => {
      stories.keep(call, outcome, status, finding);
      seen.record(call, finding);
      log(call, outcome, status, finding);
      peaks.ended();
    },
  });
  const admin = adminHandler({
    control: () => force.gateway.control,
    token: () => force.settings.adminToken,
    wallMs: () => world.clock.wallMs(),
  });
  const { proxyProtocol, forwarded } = settings.trust;
  const edge = { tls: settings.tls, proxyProtocolFrom: proxyProtocol, forwardedFrom: forwarded };
  const both = { limits: settings.server, onStranger: strangerLog(say, world.clock) };
  const opened: HttpServer[] = [];
  try {
    opened.push(await serveHttp(world, { address: listen, ...both, ...edge }, data, faults));
    opened.push(await serveHttp(world, { address: settings.admin, ...both }, admin, faults));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((server) => server.drain(0)));
    const isData = opened.length === 0;
    throw new StartFault([listenSentence(error, isData ? listen : settings.admin, isData ? 'data' : 'admin')]);
  }
}

/** Puts each changed config in force; a bad one is refused whole. */
function watch(
  world: World,
  file: string,
  { force, isListenAsked, say }: { force: InForce; isListenAsked: boolean; say: (line: string) => void },
): { close(): void } {
  const started = force.settings;
  return watchConfig(
    world,
    file,
    (config) => {
      const changed = resolve(config);
      if (changed.targets.length === 0) throw new Error(`${config.file} names no targets any more`);
      // What `--listen` says holds at the next start as well.
      const waiting = waitingForStart(started, isListenAsked ? { ...changed, listen: started.listen } : changed);
      force.replace(changed);
      const but = waiting.length === 0 ? '' : `, but for ${waiting.join(', ')}: a new start puts that in force`;
      say(`goodgate: ${config.file} was read again and is in force${but}`);
    },
    (faults) => {
      for (const line of faultLines(faults)) say(`goodgate: ${line}`);
      say('goodgate: the changed config is refused whole; the former one goes on');
    },
  );
}

/** How connections to targets are kept, as the config says. In force until the process ends: they outlive a reload. */
function connections({ upstream }: Settings): Partial<RequesterSettings> {
  const { idle } = REQUESTER_DEFAULTS;
  const { connectionsMax, ageMs, idleMs } = upstream;
  return { originConnectionsMax: connectionsMax, ageMaxMs: ageMs, idle: { ...idle, unknownMs: idleMs } };
}

function sandboxTargets(sandbox: Sandbox): readonly { readonly name: string; readonly url: string }[] {
  return sandbox.targets.map((target) => ({ name: target.name, url: target.baseUrl }));
}

/** Every key the gateway holds, bare: services quote them without the scheme that they are sent with. */
function keysOf(settings: Settings): readonly string[] {
  return settings.targets
    .flatMap(({ credentials, fields }) => [...credentials, fields])
    .flatMap((pairs) => pairs.filter((_, index) => index % 2 === 1))
    .flatMap((value) => value.split(' '));
}

type FoundSettings = {
  readonly settings: Settings;
  readonly sentences: readonly string[];
  /** The file to watch. */
  readonly file: string | undefined;
};

/** What was asked for: by a file, by the environment, or by nobody. */
async function settingsFor(
  world: World,
  options: ServeOptions,
  requester: Requester,
  sandbox: () => Promise<readonly { readonly name: string; readonly url: string }[]>,
): Promise<FoundSettings> {
  const parts = { env: world.env, probe: probeJson(requester), sandbox };
  const file = options.config ?? (await fileHere(world));
  if (file === undefined) {
    const { settings, sentences } = await discover(parts);
    return { settings, sentences, file: undefined };
  }
  const loaded = await loadConfig(world, file);
  if (loaded.kind === 'faults') throw new StartFault(faultLines(loaded.faults));
  const settings = resolve(loaded.config);
  if (settings.targets.length > 0) return { settings, sentences: [`${file} is in force.`], file };
  // A config may set the port and the clocks and leave the targets to be found.
  const found = await discover(parts, loaded.config.asked, file);
  return { settings: found.settings, sentences: [`${file} names no targets.`, ...found.sentences], file: undefined };
}

/** `goodgate.yaml` in the present folder, when it is there. */
async function fileHere(world: World): Promise<string | undefined> {
  try {
    await world.files.read(CONFIG_FILE);
    return CONFIG_FILE;
  } catch {
    return undefined;
  }
}

/** The address of `--listen`. @throws StartFault when it is none */
function askedAddress({ listen }: ServeOptions): ListenAddress | undefined {
  if (listen === undefined) return undefined;
  const parsed = parseListen(listen);
  if (parsed !== undefined) return parsed;
  throw new StartFault([`--listen ${listen}: expected an address and a port such as 127.0.0.1:5020`]);
}
