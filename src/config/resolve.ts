/** A config with every value filled in, as the gateway runs on it. Total: what could go wrong was found when it was loaded. */
import type { TargetDialect } from '../call/target.ts';
import { isNear } from './address.ts';
import type { Config } from './config.ts';
import * as standard from './defaults.ts';
import type { Env } from './environment.ts';
import { forwardProxyOf } from './forward-proxy.ts';
import type { AskedPool, AskedRoute } from './route-schema.ts';
import type { Asked } from './schema.ts';
import type {
  AttemptClocks,
  HedgeSettings,
  PoolSettings,
  RouteSettings,
  Settings,
  TargetSettings,
} from './settings.ts';
import type { AskedTarget } from './target-schema.ts';
import type { AskedClocks } from './timeouts-schema.ts';
import { basePathOf, DIALECT_URLS, originOf } from './url.ts';

/** A target as `discover` may want it too: the sandbox has a dialect that no file can name. */
export type WantedTarget = Omit<AskedTarget, 'dialect'> & { readonly dialect: TargetDialect };

/** What is to be filled in, wherever it came from. */
export type Wanted = Omit<Asked, 'targets'> & { readonly targets?: Readonly<Record<string, WantedTarget>> | undefined };

/** The version of Anthropic's API that every message is written in; the API refuses requests that name none. */
const ANTHROPIC_VERSION = '2023-06-01';

/** The settings of a config. */
export function resolve(config: Config): Settings {
  return settle(config.asked, config.env, config.file);
}

/** Fills in everything that is not said. `file` is undefined where there is none. */
export function settle(asked: Wanted, env: Env, file: string | undefined): Settings {
  const deadlineMs = asked.timeouts?.deadline ?? standard.DEADLINE_MS;
  const named = Object.entries(asked.targets ?? {});
  const isConnectSaid = [asked, ...(asked.routes ?? [])].some((each) => each.timeouts?.connect !== undefined);
  const targets = named.map(([name, target]) => targetOf(name, target, env, isConnectSaid));
  const byName = new Map(targets.map((target) => [target.name, target]));
  const routes = (asked.routes ?? [defaultRoute(named)]).filter((route) => route.pools.length > 0);
  const names = new PoolNames();
  return {
    file,
    listen: asked.listen ?? standard.LISTEN,
    admin: asked.admin ?? standard.ADMIN,
    adminToken: asked['admin-token'],
    tls: asked.tls,
    region: asked.region,
    targets,
    routes: routes.map((route) => routeOf(route, asked, byName, names)),
    clocks: clocksOf([asked.timeouts], deadlineMs),
    deadlineMs,
    heartbeatMs: asked.timeouts?.heartbeat ?? standard.HEARTBEAT_MS,
    drainMs: asked.timeouts?.drain ?? standard.DRAIN_MS,
    ...limitsOf(asked),
    ...retriesOf(asked),
    overload: overloadOf(asked),
    streams: streamsOf(asked),
    trust: { forwarded: asked.trust?.forwarded ?? [], proxyProtocol: asked.trust?.['proxy-protocol'] ?? [] },
    errors: { isEdgeSafe: asked.errors?.['edge-safe'] ?? false },
    log: { level: asked.log?.level ?? 'warn', format: asked.log?.format ?? 'text' },
  };
}

// ---- targets -----------------------------------------------------------------------------------------------------

function targetOf(name: string, asked: WantedTarget, env: Env, isConnectSaid: boolean): TargetSettings {
  const url =
    asked.url ?? (asked.dialect === 'sandbox' ? undefined : DIALECT_URLS[asked.dialect]) ?? DIALECT_URLS.openai;
  const origin = originOf(url);
  const via = forwardProxyOf(origin, asked.proxy, env);
  const credentials = (asked.keys ?? (asked.key === undefined ? [] : [asked.key])).map((key) =>
    credentialOf(asked.dialect, key),
  );
  const isClose = isNear(origin.host) && via === undefined;
  // The shorter clock for near targets gives way to any that somebody wrote.
  const near = isClose && !isConnectSaid ? { connectMs: standard.CONNECT_LAN_MS } : {};
  return {
    name,
    dialect: asked.dialect,
    origin: { ...origin, ...tlsOf(asked), ...(via === undefined ? {} : { via }) },
    basePath: basePathOf(asked.dialect, url),
    credential: credentials[0] ?? [],
    credentials,
    isCallerCredentialPassed: asked.credential === 'caller',
    region: asked.region,
    weight: asked.weight ?? 1,
    fields: Object.entries(asked.headers ?? {}).flatMap(([field, value]) => [field.toLowerCase(), value]),
    fieldsDefault: asked.dialect === 'anthropic' ? ['anthropic-version', ANTHROPIC_VERSION] : [],
    model: asked.model,
    clocks: { ...near, ...saidClocks(asked.timeouts) },
    goesOn: asked['goes-on'],
    isNear: isClose,
  };
}

/** Where each dialect expects its key. */
function credentialOf(dialect: TargetDialect, key: string): readonly string[] {
  switch (dialect) {
    case 'openai':
    case 'sandbox':
      return ['authorization', `Bearer ${key}`];
    case 'azure-openai':
      return ['api-key', key];
    case 'anthropic':
      return ['x-api-key', key];
  }
}

function tlsOf({ tls }: WantedTarget): Pick<TargetSettings['origin'], 'tls'> {
  if (tls === undefined) return {};
  const { ca, certificate, key, verify } = tls;
  return {
    tls: {
      isVerified: verify ?? true,
      ...(ca === undefined ? {} : { ca: [ca] }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

// ---- routes ------------------------------------------------------------------------------------------------------

/** Without routes every call goes to all targets: those of one dialect may serve interchangeably, other dialects stand behind them. */
function defaultRoute(targets: readonly (readonly [string, WantedTarget])[]): AskedRoute {
  const byDialect = new Map<TargetDialect, string[]>();
  for (const [name, { dialect }] of targets) byDialect.set(dialect, [...(byDialect.get(dialect) ?? []), name]);
  return { pools: [...byDialect.values()].map((names) => ({ targets: names })) };
}

function routeOf(
  asked: AskedRoute,
  whole: Wanted,
  byName: ReadonlyMap<string, TargetSettings>,
  names: PoolNames,
): RouteSettings {
  const models = asked.match?.models ?? [];
  const paths = asked.match?.paths ?? [];
  const deadlineMs = asked.deadline ?? whole.timeouts?.deadline ?? standard.DEADLINE_MS;
  const larger = asked['larger-context'];
  return {
    name: [...models, ...paths].join(', ') || '*',
    models,
    paths,
    pools: asked.pools.map((pool, index) => poolOf(pool, index, whole.region, byName, names)),
    largerContext: larger && poolOf(larger, asked.pools.length, whole.region, byName, names),
    clocks: clocksOf([whole.timeouts, asked.timeouts], deadlineMs),
    deadlineMs,
  };
}

function poolOf(
  asked: AskedPool,
  index: number,
  here: string | undefined,
  byName: ReadonlyMap<string, TargetSettings>,
  names: PoolNames,
): PoolSettings {
  const targets = asked.targets
    .map((name) => byName.get(name))
    .filter((target) => target !== undefined)
    .map((target) => {
      const weight = asked.weights?.[target.name];
      return weight === undefined ? target : { ...target, weight };
    });
  const redundancy = asked.redundancy ?? (index === 0 ? undefined : 'backup');
  const regions = redundancy === 'multi-region' ? [...new Set(targets.map((target) => target.region ?? ''))] : [];
  return {
    name: asked.name ?? names.next(asked.targets.join('+'), asked),
    targets,
    model: asked.model,
    balance: asked.balance ?? 'least-connections',
    redundancy,
    regions:
      here !== undefined && regions.includes(here) ? [here, ...regions.filter((each) => each !== here)] : regions,
    probe: probeOf(asked.probe, redundancy),
  };
}

/** A hot standby must be known to live before it is needed; elsewhere calls show it, unless the operator wants to know earlier. */
function probeOf(asked: AskedPool['probe'], redundancy: PoolSettings['redundancy']): PoolSettings['probe'] {
  if (asked === undefined && redundancy !== 'hot-standby') return undefined;
  return {
    path: asked?.path ?? standard.PROBE_PATH,
    intervalMs: asked?.interval ?? standard.PROBE_INTERVAL_MS,
    timeoutMs: asked?.timeout ?? standard.PROBE_TIMEOUT_MS,
    ignores: asked?.ignore ?? [],
  };
}

/** Names for pools without one: their targets, with a number where the same targets make another pool. */
class PoolNames {
  readonly #given = new Map<string, string>();

  next(wish: string, pool: AskedPool): string {
    const what = JSON.stringify(pool);
    // 1,000 pools at most (schema), so this ends.
    for (let number = 1; ; number++) {
      const name = number === 1 ? wish : `${wish}#${number}`;
      const holder = this.#given.get(name);
      if (holder !== undefined && holder !== what) continue;
      this.#given.set(name, what);
      return name;
    }
  }
}

// ---- clocks ------------------------------------------------------------------------------------------------------

/** The clocks of an attempt from what is said, the later over the earlier. Unsaid limits on the first part leave half of the deadline to another target. */
function clocksOf(said: readonly (AskedClocks | undefined)[], deadlineMs: number): AttemptClocks {
  const half = deadlineMs === 0 ? Number.POSITIVE_INFINITY : Math.ceil(deadlineMs / 2);
  const clocks: AttemptClocks = {
    dnsMs: standard.DNS_MS,
    connectMs: standard.CONNECT_MS,
    tlsMs: standard.TLS_MS,
    writeMs: standard.WRITE_MS,
    headMs: Math.min(standard.HEAD_MS, half),
    betweenBytesMs: standard.BETWEEN_BYTES_MS,
    firstPartMs: Math.min(standard.FIRST_PART_MS, half),
    betweenPartsMs: standard.BETWEEN_PARTS_MS,
    quietMs: standard.QUIET_MS,
  };
  return Object.assign(clocks, ...said.map(saidClocks));
}

function saidClocks(asked: AskedClocks | undefined): Partial<AttemptClocks> {
  const pairs = {
    dnsMs: asked?.dns,
    connectMs: asked?.connect,
    tlsMs: asked?.tls,
    writeMs: asked?.write,
    headMs: asked?.head,
    betweenBytesMs: asked?.['between-bytes'],
    firstPartMs: asked?.['first-part'],
    betweenPartsMs: asked?.['between-parts'],
    quietMs: asked?.quiet,
  } satisfies Record<keyof AttemptClocks, number | undefined>;
  return Object.fromEntries(Object.entries(pairs).filter(([, ms]) => ms !== undefined));
}

// ---- limits and retries ------------------------------------------------------------------------------------------

function limitsOf({ limits, timeouts }: Wanted): Pick<Settings, 'server' | 'upstream' | 'replyBytesHeldMax'> {
  return {
    server: {
      headBytesMax: limits?.['head-bytes'] ?? standard.HEAD_BYTES_MAX,
      fieldsMax: limits?.fields ?? standard.FIELDS_MAX,
      bodyBytesMax: limits?.['body-bytes'] ?? standard.BODY_BYTES_MAX,
      connectionsMax: limits?.connections ?? standard.CONNECTIONS_MAX,
      requestsPerConnectionMax: limits?.['requests-per-connection'] ?? standard.REQUESTS_PER_CONNECTION_MAX,
      headMs: timeouts?.['caller-head'] ?? standard.CALLER_HEAD_MS,
      bodyIdleMs: timeouts?.['caller-body'] ?? standard.CALLER_BODY_MS,
      writeIdleMs: timeouts?.['caller-write'] ?? standard.CALLER_WRITE_MS,
      keepAliveMs: timeouts?.['caller-idle'] ?? standard.CALLER_IDLE_MS,
    },
    upstream: {
      connectionsMax: limits?.['target-connections'] ?? standard.TARGET_CONNECTIONS_MAX,
      idleMs: limits?.['target-idle'] ?? standard.TARGET_IDLE_MS,
      ageMs: limits?.['target-age'] ?? standard.TARGET_AGE_MS,
    },
    replyBytesHeldMax: limits?.['reply-bytes-held'] ?? standard.REPLY_BYTES_HELD_MAX,
  };
}

function retriesOf({ retries, hedge }: Wanted): Pick<Settings, 'retries' | 'hedge'> {
  const settings = {
    attemptsMax: retries?.attempts ?? standard.ATTEMPTS_MAX,
    attemptsElsewhereMax: retries?.attempts,
    freeAttemptsMax: retries?.['free-attempts'] ?? standard.FREE_ATTEMPTS_MAX,
    freeElsewhereMax: retries?.['free-attempts'],
    budgetRatio: retries?.budget ?? standard.BUDGET_RATIO,
    budgetPerSecond: retries?.['budget-per-second'] ?? standard.BUDGET_PER_SECOND,
    budgetWindowMs: retries?.['budget-window'] ?? standard.BUDGET_WINDOW_MS,
    backoffLanMs: retries?.['backoff-near'] ?? standard.BACKOFF_LAN_MS,
    backoffWanMs: retries?.['backoff-far'] ?? standard.BACKOFF_WAN_MS,
    backoffThrottledMs: retries?.['backoff-throttled'] ?? standard.BACKOFF_THROTTLED_MS,
    backoffMaxMs: retries?.['backoff-max'] ?? standard.BACKOFF_MAX_MS,
    retryAfterMaxMs: retries?.['retry-after-max'] ?? standard.RETRY_AFTER_MAX_MS,
    resumesMax: retries?.resumes ?? standard.RESUMES_MAX,
  };
  const after: HedgeSettings = {
    afterMs: hedge?.after ?? standard.HEDGE_AFTER_MS,
    afterMinMs: hedge?.['after-min'] ?? standard.HEDGE_AFTER_MIN_MS,
    afterMaxMs: hedge?.['after-max'] ?? standard.HEDGE_AFTER_MAX_MS,
  };
  // Nothing pays for a hedge where the budget is nothing.
  const isPaid = settings.budgetRatio > 0 || settings.budgetPerSecond > 0;
  return { retries: settings, hedge: hedge?.mode === 'off' || !isPaid ? undefined : after };
}

function overloadOf({ overload }: Wanted): Settings['overload'] {
  return {
    concurrencyMax: overload?.concurrency,
    waitersMax: overload?.waiting ?? standard.WAITERS_MAX,
    waitMaxMs: overload?.wait ?? standard.WAIT_MAX_MS,
    waitElsewhereMs: overload?.['wait-elsewhere'] ?? standard.WAIT_ELSEWHERE_MS,
    priorityMax: overload?.['priority-max'] ?? standard.PRIORITY_MAX,
  };
}

function streamsOf({ streams }: Wanted): Settings['streams'] {
  return {
    resume: streams?.resume ?? 'best-effort',
    isPlainStreamed: streams?.['plain-as-streams'] ?? false,
    replayBytesMax: streams?.['replay-memory'] ?? standard.REPLAY_BYTES_MAX,
    replayKeepMs: streams?.['replay-keep'] ?? standard.REPLAY_KEEP_MS,
    orphanMs: streams?.orphan ?? standard.ORPHAN_MS,
    announcedOrphanMs: streams?.['announced-orphan'] ?? standard.ANNOUNCED_ORPHAN_MS,
  };
}
