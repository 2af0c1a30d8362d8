/** The whole gateway on a stage: real rooms, simulated network and time, upstreams that can be broken. */
import { rawExchange } from './drill/raw-client.ts';
import type { Host } from './drill/sim/host.ts';
import { Universe } from './drill/sim/universe.ts';
import { startUpstream, type Upstream } from './drill/upstream.ts';
import { serve } from './serve.ts';
import { realWorld } from './world/real.ts';
import type { World } from './world/world.ts';

export const GATEWAY = { ip: '10.0.0.1', port: 5020 };
const ADMIN = { ip: '127.0.0.1', port: 5021 };
const PATIENCE = { firstMs: 300_000, quietMs: 300_000 };
const UNIVERSE_MS_MAX = 3_600_000;

export type Answer = { readonly status: number; readonly head: string; readonly body: string };

export type Staged = {
  readonly upstreams: readonly Upstream[];
  readonly hosts: readonly Host[];
  readonly universe: Universe;
  /** Where callers are. */
  readonly callers: World;
  readonly sleep: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  /** A chat call of some words; `fields` are more lines of its head. */
  readonly chat: (wish: Wish) => Promise<Answer>;
  readonly get: (path: string, fields?: readonly string[]) => Promise<Answer>;
  /** Another config after the targets; it is in force a little later. */
  readonly reload: (config: string) => Promise<void>;
  readonly admin: (method: string, path: string, body?: string) => Promise<Answer>;
};

export type Wish = {
  readonly isStream?: boolean;
  readonly words?: number;
  readonly model?: string;
  readonly fields?: readonly string[];
};

/** Plays on a fresh stage: `targets` upstreams named `a`, `b`, …, of one voice. Fails when the play does. */
export async function staged(
  options: { readonly targets?: number; readonly config?: string; readonly paceWordsPerS?: number },
  play: (stage: Staged) => Promise<void>,
): Promise<void> {
  const universe = new Universe('gateway');
  const real = realWorld();
  let isOver = false;
  const playing = whole(universe, options, play).finally(() => {
    isOver = true;
  });
  playing.catch(() => undefined);
  const stop = await universe.run(real.timers, () => isOver, UNIVERSE_MS_MAX);
  if (stop !== 'done') throw new Error(`the stage stands still: ${stop}`);
  await playing;
  const [stranger] = universe.strangers;
  if (stranger !== undefined) throw stranger;
}

async function whole(
  universe: Universe,
  { targets = 2, config = '', paceWordsPerS = 20 }: Parameters<typeof staged>[0],
  play: (stage: Staged) => Promise<void>,
): Promise<void> {
  const gateway = universe.host('gateway', GATEWAY.ip);
  const upstreams: Upstream[] = [];
  const hosts: Host[] = [];
  const lines: string[] = [];
  for (let nth = 0; nth < targets; nth++) {
    const name = 'abcdefgh'[nth] ?? 'z';
    const ip = `10.1.0.${nth + 1}`;
    const { host, world } = universe.host(name, ip);
    const address = { ip, port: 8080 };
    upstreams.push(await startUpstream(world, { name, voice: 'stage', address, paceWordsPerS, recordsMax: 10_000 }));
    hosts.push(host);
    lines.push(`  ${name}: { dialect: openai, url: "http://${ip}:8080/v1" }`);
  }
  const write = (more: string) =>
    gateway.world.files.write(
      'goodgate.yaml',
      `listen: ${GATEWAY.ip}:${GATEWAY.port}\nlog: { level: off }\ntargets:\n${lines.join('\n')}\n${more}`,
    );
  await write(config);
  const serving = await serve(gateway.world, { config: 'goodgate.yaml', say: () => undefined });
  const { world: callers } = universe.host('callers', '10.9.0.1');
  await play({
    upstreams,
    hosts,
    universe,
    callers,
    sleep: (ms) => new Promise<void>((done) => void callers.timers.after(ms, done)),
    nowMs: () => callers.clock.now(),
    chat: async (wish) => answerOf(await rawExchange(callers, GATEWAY, chatRequest(wish), PATIENCE)),
    get: async (path, fields = []) =>
      answerOf(await rawExchange(callers, GATEWAY, requestText('GET', path, fields, ''), PATIENCE)),
    reload: write,
    // The admin port is on loopback, where only the gateway's own machine is.
    admin: async (method, path, body = '') =>
      answerOf(await rawExchange(gateway.world, ADMIN, requestText(method, path, [], body), PATIENCE)),
  });
  await serving.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
}

export function chatRequest({ isStream = false, words = 20, model = 'm', fields = [] }: Wish): string {
  const messages = [{ role: 'user', content: 'Tell a long story.' }];
  const body = JSON.stringify({ model, stream: isStream, max_tokens: words, messages });
  return requestText('POST', '/v1/chat/completions', ['content-type: application/json', ...fields], body);
}

function requestText(method: string, path: string, fields: readonly string[], body: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: g', 'connection: close', ...fields];
  return `${[...lines, `content-length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
}

function answerOf({ text }: { readonly text: string }): Answer {
  const at = text.indexOf('\r\n\r\n');
  return { status: Number(text.slice(9, 12)), head: text.slice(0, at), body: text.slice(at + 4) };
}

/** The text of a stream as its reader has it, and whether it ended as a whole one. */
export function readStream(body: string): { readonly text: string; readonly isWhole: boolean } {
  const texts = [...body.matchAll(/"content":"((?:\\.|[^"\\])*)"/g)].map(([, text]) => text);
  return { text: texts.join(''), isWhole: body.includes('data: [DONE]') };
}

export function field(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
}
