/** Targets without a config: keys in the environment, servers on this machine, and when there is neither, the sandbox. */
import { isLoopback } from './address.ts';
import { ADMIN, LISTEN } from './defaults.ts';
import type { Env } from './environment.ts';
import { proxyVariableFault } from './forward-proxy.ts';
import { KNOWN_SERVICES, type KnownService, LOCAL_SERVERS, type LocalServer } from './known-services.ts';
import { settle, type Wanted, type WantedTarget } from './resolve.ts';
import type { AskedRoute } from './route-schema.ts';
import type { Settings } from './settings.ts';
import { originOf, urlFault } from './url.ts';

/** Loopback answers within a millisecond; a server that is loading a model may take longer, and a start must not feel slow. */
export const PROBE_MS = 300;

/** Models of one local server that get a route; a busy Ollama has some dozens. */
const MODELS_MAX = 500;

/** What looking around needs. */
export type DiscoverParts = {
  readonly env: Env;
  /**
   * GETs a URL on loopback and answers the JSON in it. Rejects when nothing listens, for any status but 200, for what is not JSON, for more
   * than 1 MiB, and after `timeoutMs`.
   */
  readonly probe: (url: string, timeoutMs: number) => Promise<unknown>;
  /** Starts the sandbox; asked only when nothing else was found. */
  readonly sandbox: () => Promise<readonly SandboxTarget[]>;
};

export type SandboxTarget = { readonly name: string; readonly url: string };

/** What was found, ready to run, and in words for the banner at the start. */
export type Discovery = {
  readonly settings: Settings;
  /** Plain sentences, without secrets. */
  readonly sentences: readonly string[];
  readonly isSandbox: boolean;
};

type Found = { readonly name: string; readonly target: WantedTarget; readonly models: readonly string[] };
type Notice = (sentence: string) => void;

/** Looks around. `asked` is a config without targets, whose other settings hold; `file` is where that came from. */
export async function discover(parts: DiscoverParts, asked: Wanted = {}, file?: string): Promise<Discovery> {
  const sentences: string[] = [];
  const notice: Notice = (sentence) => sentences.push(sentence);
  const own = [asked.listen ?? LISTEN, asked.admin ?? ADMIN].map((address) => address.port);
  const services = KNOWN_SERVICES.flatMap((service) => serviceOf(service, parts.env, own, notice));
  const probed = await Promise.all(
    LOCAL_SERVERS.filter((server) => !own.includes(server.port)).map((server) => localOf(server, parts.probe)),
  );
  const locals = probed.filter((each) => each !== undefined);
  for (const local of locals) {
    const count = `its ${local.models.length} ${local.models.length === 1 ? 'model goes' : 'models go'} there`;
    notice(`${local.title} answers at ${local.target.url}: ${count}.`);
  }
  const proxyFault = proxyVariableFault(true, parts.env);
  if (proxyFault !== undefined && services.length > 0) notice(`No forward proxy is used: ${proxyFault}.`);
  const found: Found[] = [...services, ...locals];
  if (found.length === 0) return sandboxed(parts, asked, file, sentences);
  const [first] = found;
  const routes = [...localRoutes(locals), ...serviceRoutes(services)];
  if (first !== undefined) {
    routes.push({ pools: [{ targets: [first.name] }] });
    notice(`Every other call goes to ${first.name}.`);
  }
  const targets = Object.fromEntries(found.map(({ name, target }) => [name, target]));
  return { settings: settle({ ...asked, targets, routes }, parts.env, file), sentences, isSandbox: false };
}

async function sandboxed(
  parts: DiscoverParts,
  asked: Wanted,
  file: string | undefined,
  sentences: readonly string[],
): Promise<Discovery> {
  const sandbox = await parts.sandbox();
  const targets = Object.fromEntries(
    sandbox.map(({ name, url }): [string, WantedTarget] => [name, { dialect: 'sandbox', url }]),
  );
  const routes: AskedRoute[] = [{ pools: [{ name: 'sandbox', targets: Object.keys(targets) }] }];
  const keys = KNOWN_SERVICES.slice(0, 3).map((service) => service.key);
  const servers = LOCAL_SERVERS.map((server) => server.title);
  return {
    settings: settle({ ...asked, targets, routes }, parts.env, file),
    sentences: [
      ...sentences,
      `No key is in the environment (${keys.join(', ')} …) and no local server answers (${servers.join(', ')}).`,
      `So ${listed(Object.keys(targets))} answer: built-in services that speak the real wire format and make their text up.`,
    ],
    isSandbox: true,
  };
}

// ---- keys in the environment -------------------------------------------------------------------------------------

function serviceOf(service: KnownService, env: Env, own: readonly number[], notice: Notice): Found[] {
  const key = env[service.key]?.trim();
  if (key === undefined) return [];
  if (key === '') {
    notice(`${service.key} is set but empty, so it counts as absent.`);
    return [];
  }
  if (/[^\x21-\x7e]/.test(key)) {
    notice(`${service.key} contains a space or another character that no key has, so it is not used.`);
    return [];
  }
  const url = urlOf(service, env, own, notice);
  if (url === undefined) return [];
  notice(
    `${service.key} is set: ${listed(service.models.slice(0, 3), service.models.length > 3)} go to ${service.name} (${originOf(url).host}).`,
  );
  return [{ name: service.name, target: { dialect: service.dialect, url, key }, models: service.models }];
}

function urlOf(service: KnownService, env: Env, own: readonly number[], notice: Notice): string | undefined {
  const variable = service.urlVariable ?? '';
  const url = env[variable]?.trim() ?? '';
  if (url === '') {
    if (service.url === undefined)
      notice(`${service.key} is set but ${variable} is not, so ${service.name} is left out.`);
    return service.url;
  }
  const fault = urlFault(url, false);
  if (fault !== undefined) {
    const loss = service.url === undefined ? `${service.name} is left out` : 'it is not used';
    notice(`${variable} ${fault}, so ${loss}.`);
    return service.url;
  }
  const { host, port } = originOf(url);
  if (isLoopback(host) && own.includes(port)) {
    // The variable that leads apps to us is often set in the very shell that starts us.
    notice(`${variable} leads to this gateway itself, so it is not used here.`);
    return service.url;
  }
  return url;
}

/** One route for each list of models; services that share one stand behind each other. */
function serviceRoutes(services: readonly Found[]): AskedRoute[] {
  const byModels = new Map<string, Found[]>();
  for (const found of services) {
    const models = found.models.join();
    byModels.set(models, [...(byModels.get(models) ?? []), found]);
  }
  return [...byModels.values()].map((sharing) => ({
    match: { models: [...(sharing[0]?.models ?? [])] },
    pools: sharing.map(({ name }) => ({ targets: [name] })),
  }));
}

// ---- servers on this machine -------------------------------------------------------------------------------------

type FoundLocal = Found & { readonly title: string };

async function localOf(server: LocalServer, probe: DiscoverParts['probe']): Promise<FoundLocal | undefined> {
  const url = `http://127.0.0.1:${server.port}/v1`;
  let answer: unknown;
  try {
    answer = await probe(`${url}/models`, PROBE_MS);
  } catch {
    // Nothing there, or something else: both are usual on these ports.
    return undefined;
  }
  const models = modelIds(answer);
  return models && { name: server.name, title: server.title, target: { dialect: 'openai', url }, models };
}

/** The ids in `{ data: [{ id }] }`; undefined for anything else. What cannot be the name of a model is left out. */
function modelIds(answer: unknown): string[] | undefined {
  if (typeof answer !== 'object' || answer === null || !('data' in answer) || !Array.isArray(answer.data))
    return undefined;
  const ids = answer.data
    .slice(0, MODELS_MAX)
    .map((model: unknown) => (typeof model === 'object' && model !== null && 'id' in model ? model.id : undefined));
  // Printable and without a star, which would be a glob.
  return [
    ...new Set(ids.filter((id): id is string => typeof id === 'string' && /^[\x21-\x29\x2b-\x7e]{1,200}$/.test(id))),
  ];
}

/** One route for each set of servers that list the same models: a model that two servers have is asked of both. */
function localRoutes(locals: readonly FoundLocal[]): AskedRoute[] {
  const holders = new Map<string, string[]>();
  for (const { name, models } of locals) {
    for (const model of models) holders.set(model, [...(holders.get(model) ?? []), name]);
  }
  const byHolders = new Map<string, { targets: string[]; models: string[] }>();
  for (const [model, targets] of holders) {
    const group = byHolders.get(targets.join()) ?? { targets, models: [] };
    group.models.push(model);
    byHolders.set(targets.join(), group);
  }
  return [...byHolders.values()].map(({ targets, models }) => ({ match: { models }, pools: [{ targets }] }));
}

function listed(words: readonly string[], isMore = false): string {
  if (isMore) return `${words.join(', ')} …`;
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
