// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
/** One target, as it is written. */
import { z } from 'zod';
import type { TargetDialect } from '../call/target.ts';
import { choice, field, secret, text, whole } from './scalars.ts';
import { GOES_ON } from './settings.ts';
import { overrides } from './timeouts-schema.ts';

/** What a target may speak; the sandbox is built in and cannot be written. */
export const DIALECTS = ['openai', 'azure-openai', 'anthropic'] as const satisfies readonly TargetDialect[];

/** A PEM text or the file that holds it; `loadConfig` replaces the path by the text. */
export const pem = (what: string) =>
  secret(
    `${what}: the path of a PEM file, from the folder of the config, or the PEM text itself.`,
    'a path or a PEM text',
  );

const tlsClient = field(
  z.strictObject({
    ca: pem('Authorities to trust besides the usual ones').optional(),
    certificate: pem('Our certificate, for services that ask for one').optional(),
    key: pem('The private key of the certificate').optional(),
    verify: field(z.boolean(), {
      description: 'false accepts any certificate. Whoever stands between can then read the key and every prompt.',
      standard: true,
      expected: 'true or false',
    }).optional(),
  }),
  {
    description: 'How the connection is encrypted.',
    expected: 'TLS settings such as { ca: company.pem }',
    noun: 'tls',
  },
);

const key = () => secret('A credential.', 'a key, best as ${NAME} of an environment variable');

/** One target. */
export const target = field(
  z.strictObject({
    dialect: choice('What the service speaks. Most services and all local servers speak `openai`.', DIALECTS),
    url: field(z.string().min(1).max(2_048), {
      description:
        'Where it is. Without a path, `/v1` is meant (Azure: `/openai/v1`); a single `/` after the host means the root. Must be set for azure-openai.',
      unsaid: "the dialect's own",
      expected: 'a URL such as https://api.openai.com/v1',
    }).optional(),
    key: field(key(), {
      description: 'The credential, best as ${NAME} of an environment variable. Without one none is sent.',
      expected: 'a key, best as ${NAME} of an environment variable',
      isText: true,
      isSecret: true,
    }).optional(),
    keys: field(z.array(key()).min(1).max(100), {
      description: 'Several credentials, used in turn: a dead one is skipped, a limited one cools down.',
      expected: 'a list of keys such as [${KEY_1}, ${KEY_2}]',
      isSecret: true,
    }).optional(),
    credential: choice(
      "`own` sends `key`; `caller` passes the caller's own credential on, so that the service bills and limits each caller by itself.",
      ['own', 'caller'],
      'own',
    ).optional(),
    region: text('Where it runs, in your own words. Needed in `multi-region` pools.', 'a region such as eu').optional(),
    weight: whole('Its share beside others of a pool. 0 gets no calls.', 1, 0, 1_000),
    headers: field(z.record(z.string(), secret('The value of the field.', 'text without line breaks')), {
      description: 'Header fields to send with every request. Values are treated as secrets.',
      expected: 'header names and values such as { openai-project: proj_1 }',
      noun: 'headers',
    }).optional(),
    tls: tlsClient.optional(),
    proxy: field(z.string().min(1).max(2_048), {
      description:
        'A forward proxy to go through, or `off`. Without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment count, except for loopback.',
      unsaid: "the environment's",
      expected: 'a URL such as http://proxy.example:3128, or off',
      isSecret: true,
    }).optional(),
    model: text(
      'The model to ask this target for, always; for Azure deployments with names of their own.',
      'the name of a model',
    ).optional(),
    'goes-on': choice(
      'How it goes on from a partial answer, when a stream broke elsewhere: not at all; from a trailing message of the assistant; with the `continue_final_message` of vLLM and SGLang; with `prefix: true`. Without it, what is known of the service counts, and what it says of itself.',
      GOES_ON,
    ).optional(),
    timeouts: overrides('this target'),
  }),
  {
    description: 'One upstream endpoint with its credential.',
    expected: 'settings of a target such as { dialect: openai, key: ${OPENAI_API_KEY} }',
    noun: 'a target',
  },
);

/** One target as asked for. */
export type AskedTarget = z.output<typeof target>;
