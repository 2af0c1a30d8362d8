import { parseListen } from './config/address.ts';
import { discover } from './config/discover.ts';
import { faultLines } from './config/fault.ts';
import { loadConfig } from './config/load.ts';
import { resolve } from './config/resolve.ts';
import type { ListenAddress, Settings } from './config/settings.ts';
import { watchConfig } from './config/watch.ts';
import { type Sandbox, startSandbox } from './drill/sandbox.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Requester, RequestHandler } from './http1/contract.ts';
import { createRequester } from './http1/requester.ts';
import { type HttpServer, type ServeHttpOptions, serveHttp } from './http1/server.ts';
import { probeJson } from './providers/probe.ts';
import { adminHandler } from './server/admin-handler.ts';
import { banner, listenSentence } from './server/banner.ts';
import { callLog } from './server/call-log.ts';
import { dataHandler } from './server/data-handler.ts';
import { faultWriter } from './server/fault-writer.ts';
import { goodgatePages } from './server/pages.ts';
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
  const name = `goodgate-${world.chance.id().slice(0, 6)}`;
  let sandbox: Sandbox | undefined;
  let sandboxed: readonly { readonly name: string; readonly url: string }[] = [];
  const requester = createRequester(world, {});
  const found = await settingsFor(world, options, requester, async () => {
    sandbox = await startSandbox(world);
    sandboxed = sandbox.targets.map((target) => ({ name: target.name, url: target.baseUrl }));
    return sandboxed;
  });
  let settings = found.settings;
  let gateway: Gateway = createGateway(settings, { world, requester, name });
  let isServing = true;
  const listen = listenAddress(options, settings);
  const faults = faultWriter(world.chance, name);
  const open = async (address: ListenAddress, more: Partial<ServeHttpOptions>, handler: RequestHandler) => {
    try {
      return await serveHttp(world, { address, limits: settings.server, ...more }, handler, faults);
    } catch (error) {
      throw new StartFault([listenSentence(error, address)]);
    }
  };
  const { proxyProtocol, forwarded } = settings.trust;
  const handler = dataHandler({
    clock: world.clock,
    chance: world.chance,
    service: () => gateway.service,
    deadlineMs: () => settings.deadlineMs,
    name,
    pages: goodgatePages({ isServing: () => isServing }),
    record: callLog(say, world.clock, () => settings.log.level),
  });
  const administer = adminHandler({
    control: () => gateway.control,
    token: () => settings.adminToken,
    wallMs: () => world.clock.wallMs(),
  });
  const servers: HttpServer[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(servers.map((each) => each.drain(graceMs)));
    requester.close();
    await sandbox?.close();
  };
  try {
    const edge = { tls: settings.tls, proxyProtocolFrom: proxyProtocol, forwardedFrom: forwarded };
    servers.push(await open(listen, edge, handler), await open(settings.admin, {}, administer));
  } catch (error) {
    await close(0);
    throw error;
  }
  const watcher =
    found.file === undefined
      ? undefined
      : watchConfig(
          world,
          found.file,
          (config) => {
            const changed = resolve(config);
            if (changed.targets.length === 0) throw new Error(`${config.file} names no targets any more`);
            settings = changed;
            gateway = createGateway(settings, { world, requester, name });
            say(`goodgate: ${config.file} was read again and is in force`);
          },
          (faults) => {
            for (const line of faultLines(faults)) say(`goodgate: ${line}`);
            say('goodgate: the changed config is refused whole; the former one goes on');
          },
        );
  const [data] = servers;
  const address = data?.address ?? listen;
  for (const line of banner(address, found.sentences, sandboxed)) say(line);
  return {
    address,
    stop() {
      isServing = false;
      watcher?.close();
      return close(settings.drainMs);
    },
  };
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

function listenAddress(options: ServeOptions, settings: Settings): ListenAddress {
  if (options.listen === undefined) return settings.listen;
  const parsed = parseListen(options.listen);
  if (parsed !== undefined) return parsed;
  throw new StartFault([`--listen ${options.listen}: expected an address and a port such as 127.0.0.1:5020`]);
}
