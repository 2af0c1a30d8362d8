import OpenAI from 'openai';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import { type Serving, serve } from '../serve.ts';
import type { World } from '../world/world.ts';
import { entryOf, FAULT_WORDS, type Fault } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import { causeOf } from './true-cause.ts';
import { startUpstream } from './upstream.ts';

/** Faults that strike before the first part by their parameters, and the other shapes of those that always do. */
const BY_PARAMETERS = [
  'reset-after-bytes(0)',
  'stall-after-events(0)',
  'cut-after-events(0)',
  'cut-after-events(0, fin)',
  'cut-after-events(0, reset)',
  'invalid-json-event(extra)',
  'error-event(overloaded)',
  'error-event(unnamed)',
  ...[400, 401, 402, 403, 404, 408, 413, 422, 429, 502, 503, 504, 529].map((status) => `status(${status})`),
  'status(429, retry-after=1)',
  'status(429, retry-after-date=2)',
  'status(503, retry-after=30)',
  'html-error(502, cloudflare)',
  'html-error(502, cloudflare-edge)',
  'html-error(503)',
  'html-error(200)',
  'edge-error(504)',
  'captive-portal(302)',
  'captive-portal(511)',
  'quota-exhausted(402)',
];

/** A fault with its compact form. */
export type Named = { readonly name: string; readonly fault: Fault };

/** Every fault that strikes before the first part: each word, then its other shapes. */
const EARLY: readonly Named[] = [
  ...FAULT_WORDS.filter((word) => entryOf(word).isBeforeFirstPart),
  ...BY_PARAMETERS,
].map((name) => {
  const parsed = parseFault(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { name, fault: parsed.value };
});

/** A call that is refused for its own sake is the caller's to change: no other target is asked, by rule. */
function isCallersToMend({ fault }: Named): boolean {
  return CATALOGUE[causeOf(fault)].retry.ours === 'never';
}

/** The faults on one of two targets that no caller need see. */
export const SURVIVABLE: readonly Named[] = EARLY.filter((named) => !isCallersToMend(named));

/** Those whose answer belongs to the caller. */
export const CALLERS_TO_MEND: readonly Named[] = EARLY.filter(isCallersToMend);

/** What callers got of some calls while one of two targets failed. */
export type Survival = {
  readonly calls: number;
  /** Whole and right: the same text as from the sound target alone. */
  readonly right: number;
  /** The first few that were not, in the SDK's words. */
  readonly complaints: readonly string[];
  readonly tookMs: number;
  /** Requests that met the fault: few once the target rests, none when it takes no connections. */
  readonly met: number;
};

const CONFIG = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
log: { level: off }
`;

/** So that a silent target costs a second and not the ten that a person would give it; the path is the same. Only where silence is the fault: a busy machine is silent, too. */
const SHORT_CLOCKS = `timeouts: { connect: 500ms, head: 1s, first-part: 1s, between-parts: 1s, between-bytes: 1s }
hedge: { after: 300ms, after-min: 200ms, after-max: 500ms }
`;

const PARALLEL = 16;
const COMPLAINTS_MAX = 3;
const PROMPT = 'Why is the sky blue?';

/**
 * Calls through the official SDK, plain and streamed in turn, with the fault on target A of A and B. The SDK's own retries are off.
 * `path` is where the config is written; `clocks` are lines of it, none for the defaults; short ones where the fault is silence.
 */
export async function survive(
  world: World,
  fault: Fault,
  calls: number,
  path: string,
  clocks = causeOf(fault) === 'answer-timeout' ? SHORT_CLOCKS : '',
): Promise<Survival> {
  const voice = { voice: 'survive' };
  const [a, b] = await Promise.all([
    startUpstream(world, { name: 'a', ...voice }),
    startUpstream(world, { name: 'b', ...voice }),
  ]);
  try {
    await world.files.write(path, `${CONFIG}${clocks}${targets(a.baseUrl, b.baseUrl)}`);
    const serving = await serve(world, { config: path, say: () => undefined });
    try {
      const client = clientOf(serving);
      const expected = await ask(client, false);
      await a.setFault(fault);
      const tallied = await tally(client, expected, calls, world);
      return { ...tallied, met: a.records.filter((record) => record.fault !== undefined).length };
    } finally {
      await serving.stop();
    }
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

function clientOf({ address }: Serving): OpenAI {
  const baseURL = `http://127.0.0.1:${address.port}/v1`;
  return new OpenAI({ baseURL, apiKey: 'sk-survive', maxRetries: 0 });
}

function targets(a: string, b: string): string {
  return `targets:
  a: { dialect: openai, url: "${a}" }
  b: { dialect: openai, url: "${b}" }
routes:
  - pools: [{ targets: [a, b], balance: round-robin }]
`;
}

async function tally(client: OpenAI, expected: string, calls: number, world: World): Promise<Omit<Survival, 'met'>> {
  const fromMs = world.clock.now();
  const complaints: string[] = [];
  let right = 0;
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < calls) {
      begun += 1;
      const isStream = begun % 2 === 0;
      const got = await ask(client, isStream).catch((error: unknown) => `error: ${String(error)}`);
      if (got === expected) right += 1;
      else if (complaints.length < COMPLAINTS_MAX)
        complaints.push(`${isStream ? 'stream' : 'plain'}: ${got.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, caller));
  return { calls, right, complaints, tookMs: world.clock.now() - fromMs };
}

async function ask(client: OpenAI, isStream: boolean): Promise<string> {
  const wish = { model: 'm', messages: [{ role: 'user' as const, content: PROMPT }], max_tokens: 20 };
  if (!isStream) {
    const answer = await client.chat.completions.create(wish);
    return `${answer.choices[0]?.message.content}|${answer.choices[0]?.finish_reason}`;
  }
  let text = '';
  let finish: string | null = null;
  for await (const chunk of await client.chat.completions.create({ ...wish, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  return `${text}|${finish}`;
}
