// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/**
 * The config file, typed. What a setting does, its default and what follows from it is written at the setting, once: messages, the JSON
 * Schema and docs/reference/config.md are made from here. Unknown settings are errors.
 */
import { z } from 'zod';
import { listenWords } from './address.ts';
import * as standard from './defaults.ts';
import { route } from './route-schema.ts';
import {
  choice,
  duration,
  field,
  listening,
  NAME,
  NAME_EXPECTED,
  networks,
  percent,
  secret,
  size,
  text,
  whole,
} from './scalars.ts';
import { LOG_LEVELS } from './settings.ts';
import { pem, target } from './target-schema.ts';
import { timeouts } from './timeouts-schema.ts';

const limits = field(
  z.strictObject({
    'head-bytes': size('Request line and header fields of one request; more is answered 431.', standard.HEAD_BYTES_MAX),
    fields: whole('Header fields of one request; more is answered 431.', standard.FIELDS_MAX, 16, 10_000),
    'body-bytes': size(
      'The body of one request, which is held so that another target can be asked; more is answered 413.',
      standard.BODY_BYTES_MAX,
    ),
    'reply-bytes-held': size(
      'A plain inference answer is held up to here, so that a broken one is retried unseen; longer ones flow.',
      standard.REPLY_BYTES_HELD_MAX,
    ),
    connections: whole('Connections of callers at one time.', standard.CONNECTIONS_MAX, 1, 1_000_000),
    'requests-per-connection': whole(
      'Then the connection is closed, so that balancers in front spread anew.',
      standard.REQUESTS_PER_CONNECTION_MAX,
      1,
      1_000_000_000,
    ),
    'target-connections': whole('Connections to one target.', standard.TARGET_CONNECTIONS_MAX, 1, 1_000_000),
    'target-idle': duration(
      "An unused connection to a target, until the target's own limit is learned.",
      standard.TARGET_IDLE_MS,
      100,
    ),
    'target-age': duration(
      'Then a connection to a target is not used again, so that changes of DNS are followed.',
      standard.TARGET_AGE_MS,
      1_000,
    ),
  }),
  { description: 'How much is held and taken.', expected: 'limits such as { body-bytes: 64MiB }', noun: 'limits' },
);

const retries = field(
  z.strictObject({
    attempts: whole(
      'Attempts of one call in one pool, the first included. 1 is no retry. Unset, every target of the pool is asked once before a call fails, and one target alone so often.',
      standard.ATTEMPTS_MAX,
      1,
      20,
    ),
    'free-attempts': whole(
      'More for failures that prove nothing was sent. Unset, such a failure never keeps another target from being asked.',
      standard.FREE_ATTEMPTS_MAX,
      0,
      20,
    ),
    budget: percent(
      'Retries and hedges together, as a share of calls: what a service in trouble gets on top of its load.',
      standard.BUDGET_RATIO,
    ),
    'budget-per-second': whole(
      'And this many a second besides, for quiet gateways.',
      standard.BUDGET_PER_SECOND,
      0,
      100_000,
    ),
    'budget-window': duration('The window over which calls are counted.', standard.BUDGET_WINDOW_MS, 1_000),
    'backoff-near': duration(
      'First wait before the same targets are asked again, on loopback and private networks; doubled each time, with full jitter.',
      standard.BACKOFF_LAN_MS,
    ),
    'backoff-far': duration('The same for every other network.', standard.BACKOFF_WAN_MS),
    'backoff-throttled': duration('The same after throttling.', standard.BACKOFF_THROTTLED_MS),
    'backoff-max': duration('The longest wait between attempts.', standard.BACKOFF_MAX_MS),
    'retry-after-max': duration(
      'A `Retry-After` up to here is waited out; a longer one sends the call to the next pool.',
      standard.RETRY_AFTER_MAX_MS,
    ),
    resumes: whole('Continuations of a cut stream in one call.', standard.RESUMES_MAX, 0, 10),
  }),
  {
    description: 'How often is tried again.',
    expected: 'settings of retries such as { attempts: 3 }',
    noun: 'retries',
  },
);

const hedge = field(
  z.strictObject({
    mode: choice(
      '`on` starts a second attempt elsewhere beside a silent first one; the first to speak wins. `off` waits.',
      ['on', 'off'],
      'on',
    ).optional(),
    after: duration("When a target's time to first part is not known yet.", standard.HEDGE_AFTER_MS),
    'after-min': duration('Learned times (95th percentile × 2) are never below this …', standard.HEDGE_AFTER_MIN_MS),
    'after-max': duration('… and never above this.', standard.HEDGE_AFTER_MAX_MS),
  }),
  {
    description: 'A second attempt beside a slow one. Paid from the budget of retries.',
    expected: 'settings of hedge such as { after: 5s }',
    noun: 'hedge',
  },
);

const overload = field(
  z.strictObject({
    concurrency: field(z.number().int().min(1).max(1_000_000), {
      description:
        'Calls under way at one target for one model. It is lowered and raised again by what the target refuses.',
      unsaid: 'no limit until the target refuses',
      expected: 'a whole number from 1 to 1000000',
    }).optional(),
    waiting: whole('Calls that may wait for one pool.', standard.WAITERS_MAX, 0, 100_000),
    wait: duration('The longest wait for a free target. Who would wait longer is told at once.', standard.WAIT_MAX_MS),
    'wait-elsewhere': duration('The same while another pool could be asked.', standard.WAIT_ELSEWHERE_MS),
    'priority-max': whole(
      'The highest `goodgate-priority` that callers may give themselves; the larger goes first.',
      standard.PRIORITY_MAX,
      0,
      3,
    ),
  }),
  {
    description: 'What happens when more comes than the targets can take.',
    expected: 'settings of overload such as { waiting: 500 }',
    noun: 'overload',
  },
);

const streams = field(
  z.strictObject({
    resume: choice(
      '`best-effort` finishes a stream that broke as one answer; `exact` only where not a word can differ; `off` never. Callers choose for themselves by `goodgate-resume`.',
      ['off', 'exact', 'best-effort'],
      'best-effort',
    ).optional(),
    'plain-as-streams': field(z.boolean(), {
      description:
        '`true` asks for plain inference answers as streams and puts them together, so that stalls and cuts are seen early and mended.',
      standard: false,
      expected: 'true or false',
    }).optional(),
    'replay-memory': size(
      'Journals of replies, for callers that come back after a lost connection. 0 is no replay.',
      standard.REPLAY_BYTES_MAX,
      true,
    ),
    'replay-keep': duration('How long a finished reply can be read again.', standard.REPLAY_KEEP_MS, 1_000),
    orphan: duration('How long a call goes on without its caller. 0 stops it at once.', standard.ORPHAN_MS),
    'announced-orphan': duration(
      'The same for callers that said they may come back, by an `Idempotency-Key` or `goodgate-replay: on`.',
      standard.ANNOUNCED_ORPHAN_MS,
    ),
  }),
  {
    description: 'How streams outlive what carries them.',
    expected: 'settings of streams such as { resume: exact }',
    noun: 'streams',
  },
);

const trust = field(
  z.strictObject({
    forwarded: networks(
      'Balancers whose `Forwarded` and `X-Forwarded-For` name the caller. Others could claim any address.',
    ),
    'proxy-protocol': networks(
      'Balancers whose connections begin with a PROXY protocol header. From others it is refused.',
    ),
  }),
  {
    description: "Whose word about the caller's address counts. Nobody's by default.",
    expected: 'networks such as { forwarded: [10.0.0.0/8] }',
    noun: 'trust',
  },
);

const log = field(
  z.strictObject({
    level: choice('How much is logged.', LOG_LEVELS, 'warn').optional(),
    format: choice('`text` for people, `json` for collectors: one object a line.', ['text', 'json'], 'text').optional(),
  }),
  {
    description: 'What is written to standard error. Never prompts, answers or keys.',
    expected: 'settings of log such as { level: warn }',
    noun: 'log',
  },
);

const errors = field(
  z.strictObject({
    'edge-safe': field(z.boolean(), {
      description:
        '`true` answers 503 where it would be 502 or 504: an edge in front (such as Cloudflare) puts its own page in place of those two, and with it goes the reason.',
      standard: false,
      expected: 'true or false',
    }).optional(),
  }),
  {
    description: 'How failures are told.',
    expected: 'settings of errors such as { edge-safe: true }',
    noun: 'errors',
  },
);

const tlsServer = field(z.strictObject({ certificate: pem('The certificate chain'), key: pem('Its private key') }), {
  description: 'TLS on the data port. Without it: plain HTTP, for loopback or behind a balancer that speaks TLS.',
  expected: 'a certificate and a key such as { certificate: cert.pem, key: key.pem }',
  noun: 'tls',
});

/** The whole file. */
export const configSchema = field(
  z.strictObject({
    listen: listening(
      'The data port: the API, and public pages under /goodgate/. Port 0 lets the system choose.',
      listenWords(standard.LISTEN),
    ),
    admin: listening('The admin port: console, admin API, metrics.', listenWords(standard.ADMIN)),
    'admin-token': secret(
      'Asked of whoever calls the admin port. Must be set when that is not loopback.',
      'a long random text, best as ${NAME}',
    ).optional(),
    tls: tlsServer.optional(),
    region: text(
      'Where this gateway runs; `multi-region` pools stay there while they can. Without it they prefer the region of their first target.',
      'a region such as eu',
    ).optional(),
    targets: field(z.record(field(z.string().regex(NAME), { expected: NAME_EXPECTED }), target), {
      description:
        'The upstream endpoints, by name. Without it Goodgate looks for keys in the environment and for local servers.',
      expected: 'names and settings of targets such as { openai: { dialect: openai, key: ${OPENAI_API_KEY} } }',
      noun: 'targets',
    }).optional(),
    routes: field(z.array(route).min(1).max(1_000), {
      description:
        'Which targets answer which calls. Without it every call goes to all targets: those of one dialect together, dialects in the order written.',
      unsaid: 'all targets',
      expected: 'a list of routes such as [{ pools: [{ targets: [openai] }] }]',
    }).optional(),
    timeouts: timeouts.optional(),
    limits: limits.optional(),
    retries: retries.optional(),
    hedge: hedge.optional(),
    overload: overload.optional(),
    streams: streams.optional(),
    trust: trust.optional(),
    errors: errors.optional(),
    log: log.optional(),
  }),
  { description: 'The config of Goodgate.', expected: 'settings such as "listen: 127.0.0.1:5020"', noun: 'the config' },
);

/** What was asked for: the file with its values parsed, and nothing filled in. */
export type Asked = z.output<typeof configSchema>;
