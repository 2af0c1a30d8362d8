/** One route with its pools, as it is written. */
import { z } from 'zod';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import * as standard from './defaults.ts';
import { choice, duration, field, NAME, NAME_EXPECTED, text } from './scalars.ts';
import { BALANCES, REDUNDANCIES } from './settings.ts';
import { overrides } from './timeouts-schema.ts';

/** Every cause there is. */
const CODES = Object.keys(CATALOGUE) as [CauseCode, ...CauseCode[]];

const targetName = () => field(z.string().regex(NAME), { expected: 'the name of a target' });

const probe = field(
  z.strictObject({
    path: field(z.string().regex(/^\/[\x21-\x7e]{0,255}$/), {
      description: 'What is asked with GET, as callers would write it.',
      standard: standard.PROBE_PATH,
      expected: 'a path such as /v1/models',
    }).optional(),
    interval: duration('How often; after a failure sooner.', standard.PROBE_INTERVAL_MS, 100),
    timeout: duration('An answer that takes longer is a failure.', standard.PROBE_TIMEOUT_MS, 100),
    ignore: field(z.array(field(z.enum(CODES), { expected: 'the code of a cause such as rate-limited' })).max(100), {
      description: 'Causes that prove nothing against the target, beside refusals that real calls would not meet.',
      unsaid: 'none more',
      expected: 'a list of causes such as [credential-refused]',
    }).optional(),
  }),
  {
    description:
      'Asks each target by itself whether it lives. `hot-standby` pools do so without being told; for others it finds out before a call does.',
    expected: 'settings of a probe such as { interval: 10s }',
    noun: 'a probe',
  },
);

/** One pool. */
export const pool = field(
  z.strictObject({
    name: field(z.string().regex(NAME), {
      description: 'As in logs and metrics.',
      unsaid: 'its targets',
      expected: NAME_EXPECTED,
    }).optional(),
    targets: field(z.array(targetName()).min(1).max(1_000), {
      description: 'Names of targets that may serve interchangeably.',
      expected: 'a list of target names such as [openai-us, azure-eu]',
    }),
    model: text(
      "The model to ask for instead of the caller's: needed where this pool does not know the caller's model.",
      'the name of a model',
    ).optional(),
    balance: choice(
      'Which target next: in turn by weight; the one with fewest calls; always the same for one caller; the fastest to speak; the one that saw the same prompt before (prompt caches).',
      BALANCES,
      'least-connections',
    ).optional(),
    redundancy: choice(
      '`backup`: asked only when the pools before it cannot answer. `hot-standby`: the same, but probed and with open connections, so that taking over costs no time. `multi-region`: stays in its own region while 70 % of it is fit, and spills over by capacity.',
      REDUNDANCIES,
    ).optional(),
    probe: probe.optional(),
    weights: field(
      z.record(z.string(), field(z.number().int().min(0).max(1_000), { expected: 'a whole number from 0 to 1000' })),
      {
        description: 'Weights of its targets in this pool, by name, instead of their own.',
        expected: 'target names and weights such as { openai-us: 3, azure-eu: 1 }',
        noun: 'weights',
      },
    ).optional(),
  }),
  {
    description: 'Targets that may serve interchangeably.',
    expected: 'settings of a pool such as { targets: [openai] }',
    noun: 'a pool',
  },
);

const globs = (description: string, expected: string) =>
  field(
    z
      .array(field(z.string().min(1).max(256), { expected }))
      .min(1)
      .max(1_000),
    {
      description,
      unsaid: 'all',
      expected: `a list such as [${expected.split(' ').at(-1)}]`,
    },
  ).optional();

/** One route. */
export const route = field(
  z.strictObject({
    match: field(
      z.strictObject({
        models: globs(
          'Names of models; `*` stands for any characters. A call that names no model matches only a route without `models`.',
          'a model or glob such as gpt-*',
        ),
        paths: globs(
          'Paths, without the query; `*` stands for any characters.',
          'a path or glob such as /v1/embeddings',
        ),
      }),
      {
        description:
          'Which calls take this route: those that match all of it. Without it: every call. The first route that matches is taken.',
        expected: 'what to match such as { models: ["gpt-*"] }',
        noun: 'match',
      },
    ).optional(),
    pools: field(z.array(pool).min(1).max(100), {
      description: 'Asked in this order: the next one when those before cannot answer.',
      expected: 'a list of pools such as [{ targets: [openai] }]',
    }),
    'larger-context': field(pool, {
      description:
        'A pool whose model takes longer conversations: asked once when a service says that a conversation is too long for its own.',
      unsaid: 'none',
      expected: 'a pool such as { targets: [openai], model: gpt-long }',
      noun: 'a pool',
    }).optional(),
    timeouts: overrides('this route'),
    deadline: duration('The whole call, for this route.', undefined),
  }),
  {
    description: 'Which pools, in which order, for which calls.',
    expected: 'settings of a route such as { pools: [{ targets: [openai] }] }',
    noun: 'a route',
  },
);

/** One pool as asked for. */
export type AskedPool = z.output<typeof pool>;
/** One route as asked for. */
export type AskedRoute = z.output<typeof route>;
