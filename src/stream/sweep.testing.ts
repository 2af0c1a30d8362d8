/** For tests: answers of 200 events cut at any place and in every way, on real sockets through the whole gateway, read by the official SDK. */
import type { Socket } from 'node:net';
import OpenAI from 'openai';
import { type Front, front } from '../server/front.testing.ts';
import { type Json, numberOf, parsed, stringOf } from './json.ts';
import { answerTo, PROMPT, type PrefillManner, read, type StreamingDialect, voice } from './played-voices.testing.ts';
import { type Asked, chunkOf, LAST_CHUNK, PlayedTarget, streamHead } from './wire.testing.ts';

const CUT_KINDS = ['clean end', 'reset', 'stall', 'malformed then reset', 'error event'] as const;
const RESCUE_KINDS = ['continues', 'cannot continue', 'refuses a prefill'] as const;

/** One call: an answer cut before its event number `cut`, and who is there to finish it. */
export type Play = {
  readonly dialect: StreamingDialect;
  readonly cut: number;
  readonly how: (typeof CUT_KINDS)[number];
  readonly rescue: (typeof RESCUE_KINDS)[number];
  readonly temperature: 0 | 1;
};

const WORDS = Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? `\n"${i}" ` : `word${i} `));
const TEXT = WORDS.join('');

/** How many events the answer has. */
export function eventsOf(dialect: StreamingDialect): number {
  return voice(dialect, WORDS, 'x', 'm', 1).length;
}

/** Every place × every way × every rescue; the temperature by turns. */
export function playsOf(dialect: StreamingDialect): Play[] {
  return Array.from({ length: eventsOf(dialect) }, (_, cut) => cut).flatMap((cut) =>
    CUT_KINDS.flatMap((how, i) =>
      RESCUE_KINDS.map((rescue): Play => ({ dialect, cut, how, rescue, temperature: (cut + i) % 2 === 0 ? 0 : 1 })),
    ),
  );
}

const PATHS: Readonly<Record<StreamingDialect, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-completions': '/v1/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
};

/** What the caller came away with. */
type Got = {
  readonly text: string;
  readonly finish: string | undefined;
  readonly model: unknown;
  readonly outputTokens: number | undefined;
};

/** One gateway with a route for each play, so that a target that breaks off in one is not rested in the next. */
export class Sweep {
  readonly #front: Front;
  readonly #client: OpenAI;
  readonly #first: PlayedTarget;
  readonly #rescues: readonly PlayedTarget[];
  readonly #plays: readonly Play[];

  private constructor(opened: Front, first: PlayedTarget, rescues: readonly PlayedTarget[], plays: readonly Play[]) {
    this.#front = opened;
    this.#first = first;
    this.#rescues = rescues;
    this.#plays = plays;
    this.#client = new OpenAI({ baseURL: `${this.#origin}/v1`, apiKey: 'sk-sweep', maxRetries: 0, timeout: 60_000 });
  }

  static async open(plays: readonly Play[]): Promise<Sweep> {
    const first = await PlayedTarget.open(playFirst);
    const rescues = await Promise.all(RESCUE_KINDS.map((kind) => PlayedTarget.open(rescueOf(kind))));
    const tongueOf = ({ dialect }: Play, url: string): string =>
      dialect === 'anthropic-messages'
        ? `dialect: anthropic, key: k, url: "${url.slice(0, -'/v1'.length)}"`
        : `dialect: openai, url: "${url}"`;
    const targets = plays.flatMap((play, i) => {
      const rescue = rescues[RESCUE_KINDS.indexOf(play.rescue)];
      return [
        `  first-${i}: { ${tongueOf(play, first.url)} }`,
        `  second-${i}: { ${tongueOf(play, rescue?.url ?? '')}, goes-on: ${play.rescue === 'cannot continue' ? 'none' : 'prefill'} }`,
      ];
    });
    const routes = plays.map((_, i) => {
      const pools = `[{ targets: [first-${i}] }, { targets: [second-${i}] }]`;
      return `  - { match: { models: [play-${i}] }, pools: ${pools} }`;
    });
    const opened = await front(
      [
        // Long enough that a busy machine, which is late, is not taken for a silent one.
        'timeouts: { first-part: 6s, between-parts: 3s }',
        'hedge: { mode: off }',
        'retries: { budget-per-second: 100000 }',
        'targets:',
        ...targets,
        'routes:',
        ...routes,
      ].join('\n'),
    );
    return new Sweep(opened, first, rescues, plays);
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.#front.address.port}`;
  }

  async close(): Promise<void> {
    await this.#front.stop();
    for (const target of [this.#first, ...this.#rescues]) target.close();
  }

  /** Plays all of them, several at once; the words of those whose caller did not get the exact answer. */
  async play(): Promise<string[]> {
    const faults: string[] = [];
    const stalls = [...this.#plays.entries()].filter(([, { how }]) => how === 'stall');
    const others = [...this.#plays.entries()].filter(([, { how }]) => how !== 'stall');
    const player = async (left: [number, Play][]): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [i, play] = next;
        const fault = await this.#ask(play, `play-${i}`).then(
          (got) => faultOf(got, play),
          (error: unknown) => String(error),
        );
        if (fault !== undefined) faults.push(`${wordsOf(play)}: ${fault}`);
      }
    };
    await Promise.all([
      ...Array.from({ length: STALLS_PARALLEL }, () => player(stalls)),
      ...Array.from({ length: PARALLEL }, () => player(others)),
    ]);
    const begun = new Set(this.#first.asked.map(({ body }) => stringOf(parsed(body) ?? {}, 'model')));
    for (const [i, play] of this.#plays.entries())
      if (!begun.has(`play-${i}`)) faults.push(`${wordsOf(play)}: the first target was never asked`);
    return faults;
  }

  #ask({ dialect, cut, how, temperature }: Play, model: string): Promise<Got> {
    const user = JSON.stringify([cut, CUT_KINDS.indexOf(how)]);
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const more = { model, user, temperature, stream: true as const };
    switch (dialect) {
      case 'openai-chat':
        return chat(this.#client, { ...more, messages, stream_options: { include_usage: true } });
      case 'openai-completions':
        return completion(this.#client, { ...more, prompt: PROMPT, stream_options: { include_usage: true } });
      case 'openai-responses':
        return response(this.#client, { ...more, input: 'hi' });
      case 'anthropic-messages':
        return message(`${this.#origin}${PATHS[dialect]}`, { ...more, messages, max_tokens: 1000 });
    }
  }
}

/** Few: every target of ours takes one new connection in a turn of the process, and a turn is long when many are read at once. */
const PARALLEL = 4;
/** Stalls last until a clock ends them: many at once cost no more than one. */
const STALLS_PARALLEL = 20;

function wordsOf({ dialect, how, cut, rescue, temperature }: Play): string {
  return `${dialect}, ${how} at ${cut}, a rescue that ${rescue}, temperature ${temperature}`;
}

function faultOf({ text, finish, model, outputTokens }: Got, { dialect, cut }: Play): string | undefined {
  if (text !== TEXT) return `the text differs, ${text.length} letters in place of ${TEXT.length}`;
  if (!['stop', 'end_turn', 'completed'].includes(finish ?? '')) return `finish reason ${finish}`;
  // The service that made the end of the answer is the one that is named; Messages names its model at the beginning only.
  const isMade = cut >= eventsOf(dialect) - 1;
  if (dialect !== 'anthropic-messages' && !isMade && cut < WORDS.length && model !== 'model-b') return `model ${model}`;
  if (outputTokens !== undefined && outputTokens !== WORDS.length) return `${outputTokens} tokens`;
  return undefined;
}

// ---- the callers ----

async function chat(client: OpenAI, body: OpenAI.ChatCompletionCreateParamsStreaming): Promise<Got> {
  let [text, finish, model, outputTokens] = ['', '', '', undefined as number | undefined];
  for await (const part of await client.chat.completions.create(body)) {
    text += part.choices[0]?.delta.content ?? '';
    finish = part.choices[0]?.finish_reason ?? finish;
    model = part.model;
    outputTokens = part.usage?.completion_tokens ?? outputTokens;
  }
  return { text, finish, model, outputTokens };
}

async function completion(client: OpenAI, body: OpenAI.CompletionCreateParamsStreaming): Promise<Got> {
  let [text, finish, model, outputTokens] = ['', '', '', undefined as number | undefined];
  for await (const part of await client.completions.create(body)) {
    text += part.choices[0]?.text ?? '';
    finish = part.choices[0]?.finish_reason ?? finish;
    model = part.model;
    outputTokens = part.usage?.completion_tokens ?? outputTokens;
  }
  return { text, finish, model, outputTokens };
}

async function response(client: OpenAI, body: OpenAI.Responses.ResponseCreateParamsStreaming): Promise<Got> {
  const stream = client.responses.stream(body);
  let text = '';
  stream.on('response.output_text.delta', ({ delta }) => {
    text += delta;
  });
  const { output_text, status, model, usage } = await stream.finalResponse();
  if (text !== output_text) throw new Error('the deltas are not the text');
  return { text, finish: status ?? undefined, model, outputTokens: usage?.output_tokens };
}

async function message(url: string, body: object): Promise<Got> {
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': 'k' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const { text, finish, model, usage, isEnded } = read('anthropic-messages', await answer.text());
  if (!isEnded) throw new Error('the stream has no end');
  return { text, finish, model, outputTokens: numberOf(usage, 'output_tokens') };
}

// ---- the targets ----

function dialectOf({ path }: Asked): StreamingDialect {
  const found = Object.entries(PATHS).find(([, each]) => path === each);
  return (found?.[0] ?? 'openai-chat') as StreamingDialect;
}

function playFirst(asked: Asked, socket: Socket): void {
  const request = parsed(asked.body) ?? {};
  const [cut = 0, how = 0] = JSON.parse(stringOf(request, 'user') ?? '[]') as number[];
  const dialect = dialectOf(asked);
  const events = voice(dialect, WORDS, 'first', 'model-a', 10);
  socket.write(streamHead());
  socket.write(chunkOf(events.slice(0, cut).join('')));
  const next = events[cut] ?? '';
  switch (CUT_KINDS[how]) {
    case 'clean end':
      socket.write(LAST_CHUNK);
      return;
    case 'reset':
      // What was written is let go first: a reset right behind it would overtake it.
      socket.write(chunkOf(next.slice(0, next.length >> 1)), () => setTimeout(() => socket.resetAndDestroy(), 2));
      return;
    case 'malformed then reset':
      socket.write(chunkOf('data: {"choices":[{"delta\n\n'), () => setTimeout(() => socket.resetAndDestroy(), 2));
      return;
    case 'error event':
      socket.write(
        chunkOf('event: error\ndata: {"type":"error","error":{"type":"server_error","message":"boom"}}\n\n'),
      );
      socket.write(LAST_CHUNK);
      return;
    default:
      // A stall says no more, and keeps the connection.
      return;
  }
}

function rescueOf(kind: Play['rescue']): PlayedTarget['deed'] {
  const manner: PrefillManner = kind === 'refuses a prefill' ? 'refuse' : 'continue';
  return (asked, socket) => {
    const events = answerTo(dialectOf(asked), asked.body, WORDS, manner, 'second', 'model-b');
    if (events === undefined) {
      const error: Json = { type: 'invalid_request_error', message: 'This model does not support prefill.' };
      const body = JSON.stringify({ type: 'error', error });
      socket.write(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      return;
    }
    socket.write(streamHead());
    for (const event of events) socket.write(chunkOf(event));
    socket.write(LAST_CHUNK);
  };
}
