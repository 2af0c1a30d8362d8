/**
 * Every default of the config, once, with its reason. Milliseconds, bytes and counts. The schema prints them, `resolve` fills them in,
 * and docs/reference/config.md lists them.
 */

// ---- addresses -------------------------------------------------------------------------------------------------

/** Loopback: a gateway that holds keys is opened to a network by a decision, never by default. */
export const LISTEN = { ip: '127.0.0.1', port: 5020 } as const;

/** Beside the data port, so that the two are remembered together. */
export const ADMIN = { ip: '127.0.0.1', port: 5021 } as const;

// ---- clocks of an attempt ----------------------------------------------------------------------------------------

/** Above the 1.8 s at which stale names are served (RFC 8767), below the 5 s at which a resolver library gives up on one server. */
export const DNS_MS = 3_000;

/** One lost SYN is sent again after 1 s, a second time after 3 s: 3 s survives one loss with room to spare. For all addresses of a name together. */
export const CONNECT_MS = 3_000;

/** On loopback and private networks the answer to a SYN takes microseconds; 1 s is already an outage (Linkerd's connect timeout). */
export const CONNECT_LAN_MS = 1_000;

/** Two round trips and a signature; its own clock, so that a slow handshake is never taken for a dead host. */
export const TLS_MS = 3_000;

/** A service that takes no byte for this long has a full window and reads no more. */
export const WRITE_MS = 15_000;

/** The hard limit on the first part: half of `DEADLINE_MS`, so that one silent target leaves time for another (AWS: half of the maximum when nothing is learned). */
export const FIRST_PART_MS = 300_000;

/** As `FIRST_PART_MS`: for a plain inference call the head comes with the finished answer. */
export const HEAD_MS = 300_000;

/** A stream without output for this long has stalled: four times the longest usual pause between two events of a model that is writing. */
export const BETWEEN_PARTS_MS = 15_000;

/** How long heartbeats and hidden reasoning count as life: the upper end of what is usual for streams of language models (60 to 120 s). */
export const QUIET_MS = 120_000;

/** For bodies that are no inference stream: the body idle limit of HTTP proxies. */
export const BETWEEN_BYTES_MS = 30_000;

/** A whole call. The OpenAI and Anthropic SDKs give up after 10 minutes: a later answer has no reader. */
export const DEADLINE_MS = 600_000;

// ---- clocks towards the caller -----------------------------------------------------------------------------------

/** A comment line to a waiting stream, well under the 30 to 60 s at which balancers and browsers drop a silent connection. */
export const HEARTBEAT_MS = 15_000;

/** A head fits in one or two packets; slower ones are an attack (slowloris) or a dead network. HAProxy's usual `timeout http-request`. */
export const CALLER_HEAD_MS = 10_000;

/** Between two pieces of the caller's body: a phone that changes cells recovers within it. */
export const CALLER_BODY_MS = 30_000;

/** A caller that reads nothing for this long is gone (nginx `send_timeout`). */
export const CALLER_WRITE_MS = 60_000;

/** Five seconds above the 60 s idle limit of the usual balancer in front of us, so that it closes first and never races a close of ours. */
export const CALLER_IDLE_MS = 65_000;

/** Running calls get this long at shutdown: under the 30 s after which Kubernetes kills. */
export const DRAIN_MS = 25_000;

// ---- limits ------------------------------------------------------------------------------------------------------

/** Request line and header fields together. Above what cookies and long tokens reach, as Envoy's 60 KiB. */
export const HEAD_BYTES_MAX = 65_536;

/** Header fields in one head; ten times what a browser sends, Envoy's default is 100. */
export const FIELDS_MAX = 128;

/** The body is held whole so that another target can be asked; 32 MiB is the largest request that Anthropic takes, and holds several images. */
export const BODY_BYTES_MAX = 33_554_432;

/** A plain inference reply is held up to here, so that a truncated one is retried unseen (design §4). */
export const REPLY_BYTES_HELD_MAX = 8_388_608;

/** Caller connections. With as many upstream ones this stays within the usual file limit of 20,480. */
export const CONNECTIONS_MAX = 10_000;

/** Requests on one caller connection, so that balancers in front spread again after a while. */
export const REQUESTS_PER_CONNECTION_MAX = 1_000;

/** Connections to one target: as many as callers may have, because adaptive concurrency limits long before. */
export const TARGET_CONNECTIONS_MAX = 10_000;

/** An unused upstream connection, until the target's own limit is known: below the 5 s of Node and uvicorn servers, so that they never close first. */
export const TARGET_IDLE_MS = 4_000;

/** Age at which an upstream connection is not used again, so that changes of DNS and balancers are followed. */
export const TARGET_AGE_MS = 300_000;

// ---- retries -----------------------------------------------------------------------------------------------------

/** The SRE book's three, where only targets are left that were asked already: with a budget shared by all calls, a fourth buys less than it costs. */
export const ATTEMPTS_MAX = 3;

/** More attempts for failures that prove nothing was sent: they cost the service nothing (gRPC's transparent retry). */
export const FREE_ATTEMPTS_MAX = 2;

/** Retries and hedges together, as a share of calls: a service in trouble sees at most 1.2 times its load (Finagle). */
export const BUDGET_RATIO = 0.2;

/** And this many a second besides, so that the first calls of a quiet gateway may be retried too (Finagle). */
export const BUDGET_PER_SECOND = 10;

/** The window over which calls are counted for the budget (Finagle). */
export const BUDGET_WINDOW_MS = 10_000;

/** First wait before the same network is asked again when it is near (Envoy's 25 ms). */
export const BACKOFF_LAN_MS = 25;

/** First wait for a far one: a round trip around the world. */
export const BACKOFF_WAN_MS = 100;

/** First wait after throttling: a quota refills in seconds, not in milliseconds (AWS). */
export const BACKOFF_THROTTLED_MS = 1_000;

/** The longest wait between attempts: a person notices a second. */
export const BACKOFF_MAX_MS = 1_000;

/** A `Retry-After` up to here is waited out, a longer one sends the call to the next pool. */
export const RETRY_AFTER_MAX_MS = 3_000;

/** Continuations of a cut stream in one call; a second cut is a pattern. */
export const RESUMES_MAX = 1;

// ---- hedging -----------------------------------------------------------------------------------------------------

/** When a target's time to first part is not known yet: people wait about 10 s before they give up. */
export const HEDGE_AFTER_MS = 8_000;

/** A learned limit (p95 × 2) is never below: faster services would be asked twice for ordinary jitter. */
export const HEDGE_AFTER_MIN_MS = 2_000;

/** And never above. */
export const HEDGE_AFTER_MAX_MS = 10_000;

// ---- overload ----------------------------------------------------------------------------------------------------

/** Calls that wait for one pool: at 16 KiB a call 16 MB, and at 100 calls/s ten seconds. */
export const WAITERS_MAX = 1_000;

/** What a person waits for a first sign of life. */
export const WAIT_MAX_MS = 10_000;

/** The wait while another pool could be asked: long enough for a free place, too short to be noticed. */
export const WAIT_ELSEWHERE_MS = 250;

/** Nobody may rise above the others unless the operator lets them: else everybody does. */
export const PRIORITY_MAX = 0;

// ---- streams -----------------------------------------------------------------------------------------------------

/** 64 MiB of journals: sixteen of the largest replies, or some 2,000 usual ones. */
export const REPLAY_BYTES_MAX = 67_108_864;

/** How long a finished reply can be read again: a train through a tunnel, a laptop carried to another room. */
export const REPLAY_KEEP_MS = 300_000;

/** A caller who left without a word pays for nothing more. */
export const ORPHAN_MS = 0;

/** One that said it may come back: what a lost connection takes to return, and no more tokens than that. */
export const ANNOUNCED_ORPHAN_MS = 60_000;

// ---- probes ------------------------------------------------------------------------------------------------------

/** The list of models: small, free of charge, and it checks the credential too. */
export const PROBE_PATH = '/v1/models';

/** A standby has time, and some services count every request (nginx plus 5 s, HAProxy 2 s). */
export const PROBE_INTERVAL_MS = 30_000;

/** A small question that takes longer is a failure. */
export const PROBE_TIMEOUT_MS = 10_000;
