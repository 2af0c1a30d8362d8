import { join } from 'node:path';
import OpenAI, { APIError } from 'openai';
import { VERSION } from 'openai/version';
import { ended, start } from './child.ts';

/** What is asked of a model, always at temperature 0. */
export type Question = {
  readonly prompt: string;
  readonly isStream: boolean;
  /** At most 64: small enough for a shared machine. */
  readonly tokensMax: number;
};

/** What the caller got, as the SDK told it. */
export type Heard = {
  readonly text: string;
  /** Parts with text in them; 0 for a plain answer. */
  readonly parts: number;
  readonly finish: string | undefined;
  /** What the SDK threw; undefined when it ended well. */
  readonly error: HeardError | undefined;
  /** Header fields of the answer, names lower case; empty without an answer. */
  readonly fields: Readonly<Record<string, string>>;
  readonly ms: number;
};

export type HeardError = {
  readonly type: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
};

/** Someone who watches a stream come in: told the number of parts after each, and gone after `leaveAfter` of them. */
export type Listener = { readonly onPart?: (parts: number) => void; readonly leaveAfter?: number };

/** One official SDK. Every method throws nothing that a caller would get: that is in `Heard`. */
export type Asker = {
  readonly name: 'Node' | 'Python';
  /** Version of the SDK, and of the language it runs on. */
  readonly sdk: string;
  readonly runtime: string;
  chat(baseUrl: string, question: Question, listener?: Listener): Promise<Heard>;
  models(baseUrl: string): Promise<readonly string[]>;
  embedding(baseUrl: string, text: string): Promise<readonly number[]>;
};

const model = 'gemma-3-270m';
// A small model left alone repeats itself; words already said cost something here, so that a lost or repeated part shows.
const frequencyPenalty = 1;
const timeoutMs = 60_000;

/** The official Node SDK, in this process. No retries of its own: what the gateway gave is what is judged. */
export function nodeAsker(): Asker {
  const client = (baseURL: string) => new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0, timeout: timeoutMs });
  return {
    name: 'Node',
    sdk: VERSION,
    runtime: process.versions.node,
    chat: (baseUrl, question, listener = {}) => chatByNode(client(baseUrl), question, listener),
    models: async (baseUrl) => (await client(baseUrl).models.list()).data.map((each) => each.id),
    embedding: async (baseUrl, input) =>
      (await client(baseUrl).embeddings.create({ model, input })).data[0]?.embedding ?? [],
  };
}

async function chatByNode(client: OpenAI, question: Question, listener: Listener): Promise<Heard> {
  const began = performance.now();
  let text = '';
  let parts = 0;
  let finish: string | undefined;
  let error: HeardError | undefined;
  let fields: Record<string, string> = {};
  const asked = {
    model,
    messages: [{ role: 'user' as const, content: question.prompt }],
    max_tokens: question.tokensMax,
    temperature: 0,
    frequency_penalty: frequencyPenalty,
  };
  try {
    if (question.isStream) {
      const { data, response } = await client.chat.completions.create({ ...asked, stream: true }).withResponse();
      fields = Object.fromEntries(response.headers);
      for await (const part of data) {
        const choice = part.choices[0];
        if (choice === undefined) continue;
        finish = choice.finish_reason ?? finish;
        if (!choice.delta.content) continue;
        text += choice.delta.content;
        parts++;
        listener.onPart?.(parts);
        if (parts === listener.leaveAfter) break;
      }
    } else {
      const { data, response } = await client.chat.completions.create(asked).withResponse();
      fields = Object.fromEntries(response.headers);
      text = data.choices[0]?.message.content ?? '';
      finish = data.choices[0]?.finish_reason;
    }
  } catch (thrown) {
    error = describe(thrown);
    if (thrown instanceof APIError && thrown.headers !== undefined) fields = Object.fromEntries(thrown.headers);
  }
  return { text, parts, finish, error, fields, ms: Math.round(performance.now() - began) };
}

function describe(thrown: unknown): HeardError {
  if (!(thrown instanceof Error))
    return { type: 'unknown', message: String(thrown), status: undefined, code: undefined };
  const api = thrown instanceof APIError ? thrown : undefined;
  const cause = thrown.cause instanceof Error ? `: ${thrown.cause.message}` : '';
  return {
    type: thrown.constructor.name,
    message: `${thrown.message}${cause}`,
    status: api?.status,
    code: typeof api?.code === 'string' ? api.code : undefined,
  };
}

/** What `ask.py` writes in one line. */
type Told = {
  readonly part?: number;
  readonly heard?: ToldAnswer;
};
type ToldAnswer = {
  readonly sdk?: string;
  readonly python?: string;
  readonly models?: readonly string[];
  readonly embedding?: readonly number[];
  readonly text?: string;
  readonly parts?: number;
  readonly finish?: string | null;
  readonly fields?: Readonly<Record<string, string>>;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly status: number | null;
    readonly code: string | null;
  };
  readonly ms?: number;
};

/** The official Python SDK, in a process of its own (`ask.py`) that answers one question at a time. */
export async function pythonAsker(python: string): Promise<Asker> {
  let onPart: ((parts: number) => void) | undefined;
  let onHeard: ((told: ToldAnswer) => void) | undefined;
  let lastLine = '';
  const child = start(python, [join(import.meta.dirname, 'ask.py')], {
    onLine: (line) => {
      lastLine = line;
      if (!line.startsWith('{')) return;
      const said = JSON.parse(line) as Told;
      if (said.part !== undefined) onPart?.(said.part);
      if (said.heard !== undefined) onHeard?.(said.heard);
    },
  });
  const gone = ended(child).then((end) => {
    throw new Error(`the Python SDK's process ended (${end}): ${lastLine}`);
  });
  gone.catch(() => undefined);
  const next = () =>
    Promise.race([
      gone,
      new Promise<ToldAnswer>((resolve) => {
        onHeard = resolve;
      }),
    ]);
  const ask = (question: Record<string, unknown>) => {
    const answer = next();
    child.stdin?.write(`${JSON.stringify({ model, ...question })}\n`);
    return answer;
  };
  const hello = await next();
  return {
    name: 'Python',
    sdk: hello.sdk ?? 'unknown',
    runtime: hello.python ?? 'unknown',
    chat: async (baseUrl, question, { onPart: onPartHeard, leaveAfter } = {}) => {
      onPart = onPartHeard;
      const told = await ask({ kind: 'chat', baseUrl, frequencyPenalty, leaveAfter, ...question });
      onPart = undefined;
      return heardOf(told);
    },
    models: async (baseUrl) => listOf(await ask({ kind: 'models', baseUrl }), 'models'),
    embedding: async (baseUrl, prompt) => listOf(await ask({ kind: 'embedding', baseUrl, prompt }), 'embedding'),
  };
}

function heardOf({ text = '', parts = 0, finish, error, fields = {}, ms = 0 }: ToldAnswer): Heard {
  return {
    text,
    parts,
    finish: finish ?? undefined,
    error: error && { ...error, status: error.status ?? undefined, code: error.code ?? undefined },
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value])),
    ms,
  };
}

function listOf<Name extends 'models' | 'embedding'>(told: ToldAnswer, name: Name): NonNullable<ToldAnswer[Name]> {
  const list = told[name];
  if (list === undefined) throw new Error(`${told.error?.type}: ${told.error?.message}`);
  return list;
}
