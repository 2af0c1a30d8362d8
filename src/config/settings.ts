import type { ResumeMode } from '../call/said.ts';
import type { Pool, Route, Target } from '../call/target.ts';
import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { ServerLimits } from '../http1/contract.ts';
import type { TlsServerOptions } from '../world/world.ts';

/**
 * What the gateway runs on: every value filled in, every name resolved, every file read. Made by `resolve` from a config
 * or by `discover` without one. Plain data; a reload makes a new one.
 */
export type Settings = {
  /** Where these settings come from: the path of the file, or undefined when there was none. */
  readonly file: string | undefined;
  readonly listen: ListenAddress;
  readonly admin: ListenAddress;
  /** Asked of whoever calls the admin port; always set when it is not loopback. */
  readonly adminToken: string | undefined;
  /** TLS on the data port; undefined is plain HTTP. */
  readonly tls: TlsServerOptions | undefined;
  /** The region this gateway runs in; undefined when it was not said. */
  readonly region: string | undefined;
  /** Every target once, in the order written. */
  readonly targets: readonly TargetSettings[];
  /** In the order written: the first that matches a call takes it. */
  readonly routes: readonly RouteSettings[];
  /** The clocks of an attempt before routes and targets change them; see `clocksFor`. */
  readonly clocks: AttemptClocks;
  /** The whole call, unless its route says otherwise. */
  readonly deadlineMs: number;
  /** Comments to a caller that waits on a stream. */
  readonly heartbeatMs: number;
  /** How long running calls may go on at shutdown. */
  readonly drainMs: number;
  /** What `createServer` of http1/ takes. */
  readonly server: ServerLimits;
  readonly upstream: UpstreamLimits;
  /** A plain inference reply is held up to this many bytes before its first part is given on. */
  readonly replyBytesHeldMax: number;
  readonly retries: RetrySettings;
  /** undefined: no second attempt is started while the first is still silent. */
  readonly hedge: HedgeSettings | undefined;
  readonly overload: OverloadSettings;
  readonly streams: StreamSettings;
  readonly trust: TrustSettings;
  readonly errors: ErrorSettings;
  readonly log: LogSettings;
};

/** `port` 0 lets the system choose. */
export type ListenAddress = { readonly ip: string; readonly port: number };

/** Milliseconds; 0 is off. The http1 ones are named as in `ExchangeClocks`, so an object of this type serves as one. */
export type AttemptClocks = {
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly writeMs: number;
  readonly headMs: number;
  readonly betweenBytesMs: number;
  /** The hard limit on the first part; the last candidate left gets the whole remaining deadline instead. */
  readonly firstPartMs: number;
  /** A stream without output for this long has stalled. */
  readonly betweenPartsMs: number;
  /** How long heartbeats and hidden reasoning prove life. */
  readonly quietMs: number;
};

/** A target with everything the config says of it. Its identity is its name: copies in different pools may differ in `weight`. */
export type TargetSettings = Target & {
  /** One credential for each key, as `Target.credential`, which is the first of them; empty without keys. */
  readonly credentials: readonly (readonly string[])[];
  /** Fields sent with every request, flat, names lower case: `headers` of the config. */
  readonly fields: readonly string[];
  /** Fields sent where the caller sends none of that name: what the dialect cannot do without. */
  readonly fieldsDefault: readonly string[];
  /** This target is always asked for this model, whatever the pool or the caller says. */
  readonly model: string | undefined;
  /** Only what its `timeouts` say. */
  readonly clocks: Partial<AttemptClocks>;
  /** How it goes on from a partial answer; undefined: found out. */
  readonly goesOn: (typeof GOES_ON)[number] | undefined;
  /** Loopback or private address: shorter connect clock and back-off. */
  readonly isNear: boolean;
};

/** How a target may go on from a partial answer. */
export const GOES_ON = ['none', 'prefill', 'flags', 'prefix'] as const;

/** How a pool chooses among its targets. */
export const BALANCES = ['round-robin', 'least-connections', 'ip-hash', 'latency', 'prefix'] as const;

/** One of `BALANCES`. */
export type Balance = (typeof BALANCES)[number];

/** How a pool stands in for those before it, or how its targets stand in for each other. */
export const REDUNDANCIES = ['backup', 'hot-standby', 'multi-region'] as const;

/** One of `REDUNDANCIES`. */
export type Redundancy = (typeof REDUNDANCIES)[number];

export type PoolSettings = Omit<Pool, 'targets'> & {
  readonly targets: readonly TargetSettings[];
  readonly balance: Balance;
  /** undefined only on the first pool of a route: its targets simply serve. */
  readonly redundancy: Redundancy | undefined;
  /** For `multi-region`: the regions of its targets, the local one first; else empty. */
  readonly regions: readonly string[];
  /** Asks its targets by themselves whether they live; undefined: only calls show it. */
  readonly probe: ProbeSettings | undefined;
};

/** One small GET to each target of a pool, again and again. */
export type ProbeSettings = {
  /** As callers write it: `/v1/models`. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Causes that prove nothing against the target, beside those that never do. */
  readonly ignores: readonly CauseCode[];
};

export type RouteSettings = Omit<Route, 'pools'> & {
  /** As in messages and metrics: `gpt-*, chat`, or `*` for every call. */
  readonly name: string;
  /** Globs on the path; empty matches every path. */
  readonly paths: readonly string[];
  readonly pools: readonly PoolSettings[];
  /** Asked once when a conversation is too long for the model. */
  readonly largerContext: PoolSettings | undefined;
  /** The general clocks with this route's `timeouts` over them. */
  readonly clocks: AttemptClocks;
  readonly deadlineMs: number;
};

export type UpstreamLimits = {
  /** Connections to one target. */
  readonly connectionsMax: number;
  /** An unused connection, until the target's own idle limit is learned. */
  readonly idleMs: number;
  readonly ageMs: number;
};

export type RetrySettings = {
  /** Attempts of one call in one pool, the first included, when no target is left that was not asked. */
  readonly attemptsMax: number;
  /** … and while one is left; undefined: each target once. */
  readonly attemptsElsewhereMax: number | undefined;
  /** More for failures that prove nothing was sent, when no target is left that was not asked. */
  readonly freeAttemptsMax: number;
  /** … and while one is left; undefined: each target once. */
  readonly freeElsewhereMax: number | undefined;
  /** Retries and hedges may be this share of calls over `budgetWindowMs` … */
  readonly budgetRatio: number;
  /** … and this many a second besides. */
  readonly budgetPerSecond: number;
  readonly budgetWindowMs: number;
  readonly backoffLanMs: number;
  readonly backoffWanMs: number;
  readonly backoffThrottledMs: number;
  readonly backoffMaxMs: number;
  readonly retryAfterMaxMs: number;
  /** Continuations of a cut stream in one call. */
  readonly resumesMax: number;
};

/** When a second attempt starts beside a silent first one: the learned p95 × 2 within the bounds, `afterMs` while unknown. */
export type HedgeSettings = { readonly afterMs: number; readonly afterMinMs: number; readonly afterMaxMs: number };

/** What happens when more comes than targets can take. */
export type OverloadSettings = {
  /** Attempts under way at one target for one model; undefined: only as the target itself shows. */
  readonly concurrencyMax: number | undefined;
  /** Calls that may wait for one pool, how long, and how long while another pool could be asked. */
  readonly waitersMax: number;
  readonly waitMaxMs: number;
  readonly waitElsewhereMs: number;
  /** The highest `goodgate-priority` that a caller may give itself. */
  readonly priorityMax: number;
};

/** How streams outlive what carries them. */
export type StreamSettings = {
  /** For calls that do not say by `goodgate-resume`. */
  readonly resume: ResumeMode;
  /** True: plain inference calls are asked for as streams and put together. */
  readonly isPlainStreamed: boolean;
  /** Journals of all replies together; 0 is no replay. */
  readonly replayBytesMax: number;
  /** How long a finished reply can be read again. */
  readonly replayKeepMs: number;
  /** How long a call goes on without its caller: one that never said that it may come back, and one that did. */
  readonly orphanMs: number;
  readonly announcedOrphanMs: number;
};

/** Whose word about the caller's address is believed, as networks in CIDR form. */
export type TrustSettings = {
  /** Their `Forwarded` and `X-Forwarded-For` count. */
  readonly forwarded: readonly string[];
  /** Their connections begin with a PROXY protocol header. */
  readonly proxyProtocol: readonly string[];
};

/** How failures are told. */
export type ErrorSettings = {
  /** True: 503 in place of 502 and 504, which an edge in front would replace by its own page. */
  readonly isEdgeSafe: boolean;
};

/** How much is logged, least first. */
export const LOG_LEVELS = ['off', 'error', 'warn', 'info', 'debug'] as const;

export type LogSettings = { readonly level: (typeof LOG_LEVELS)[number]; readonly format: 'text' | 'json' };

/**
 * The clocks of one attempt. A target's own word wins over its route's, because what a target needs (a model that loads for a minute)
 * is a fact about it and not a wish. Made once for each target of a route, not once a call.
 */
export function clocksFor(route: RouteSettings, target: TargetSettings): AttemptClocks {
  return { ...route.clocks, ...target.clocks };
}
