import OpenAI from 'openai';
import { serve } from '../serve.ts';
import type { World } from '../world/world.ts';
import type { Fault } from './faults.ts';
import { startUpstream } from './upstream.ts';

/** What callers got of some calls while one of two targets failed. */
export type Survival = {
  readonly calls: number;
  /** Whole and right: the same text as from the sound target alone. */
  readonly right: number;
  /** The first few that were not, in the SDK's words. */
  readonly complaints: readonly string[];
  readonly tookMs: number;
};

/** Short clocks, so that a silent target costs a second and not the ten that a person would give it; the path is the same. */
const CONFIG = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
timeouts: { connect: 500ms, head: 1s, first-part: 1s, between-parts: 1s, between-bytes: 1s }
hedge: { after: 300ms, after-min: 200ms, after-max: 500ms }
log: { level: off }
`;

const PARALLEL = 16;
const COMPLAINTS_MAX = 3;
const PROMPT = 'Why is the sky blue?';

/** Calls through the official SDK, plain and streamed in turn, with the fault on target A of A and B. The SDK's own retries are off. */
export async function survive(world: World, fault: Fault, calls: number, path: string): Promise<Survival> {
  const voice = { voice: 'survive' };
  const [a, b] = await Promise.all([
    startUpstream(world, { name: 'a', ...voice }),
    startUpstream(world, { name: 'b', ...voice }),
  ]);
  await world.files.write(path, `${CONFIG}${targets(a.baseUrl, b.baseUrl)}`);
  const serving = await serve(world, { config: path, say: () => undefined });
  const client = new OpenAI({
    baseURL: `http://127.0.0.1:${serving.address.port}/v1`,
    apiKey: 'sk-survive',
    maxRetries: 0,
    timeout: 60_000,
  });
  try {
    const expected = await ask(client, false);
    await a.setFault(fault);
    return await tally(client, expected, calls, world);
  } finally {
    await serving.stop();
    await Promise.all([a.close(), b.close()]);
  }
}

function targets(a: string, b: string): string {
  return `targets:
  a: { dialect: openai, url: "${a}" }
  b: { dialect: openai, url: "${b}" }
routes:
  - pools: [{ targets: [a, b], balance: round-robin }]
`;
}

async function tally(client: OpenAI, expected: string, calls: number, world: World): Promise<Survival> {
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
