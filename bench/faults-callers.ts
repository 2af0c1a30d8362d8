import type { Door } from './faults-proxies.ts';

/** What a caller holds against what came: the text of the sound target alone. */
export type Expected = { readonly text: string; readonly finish: string };

/** `whole` is the right answer; everything else a failure that the caller sees, in a few words. */
export type Got = 'whole' | (string & {});

export const KINDS = ['plain', 'stream'] as const;
export type Kind = (typeof KINDS)[number];

/** A caller with less patience than people have, so that a run ends; far above every clock of the proxies. */
export const PATIENCE_MS = 20_000;

const PROMPT = 'Why is the sky blue?';
/** Some 40 words: longer than every count of events among the faults. */
const TOKENS = 40;

/** One call, judged: never throws. Redirects are not followed, as no SDK sends a prompt where a redirect points. */
export async function call(door: Door, kind: Kind, expected: Expected): Promise<Got> {
  try {
    const { status, type, text } = await post(door, kind);
    if (status !== 200) return `status ${status}`;
    if (kind === 'plain') return judgePlain(text, expected);
    return type.startsWith('text/event-stream') ? judgeStream(text, expected) : 'not a stream';
  } catch (error) {
    return wordFor(error);
  }
}

/** The answer of a sound target; it depends on the model that is asked for. */
export async function ask(door: Door): Promise<Expected> {
  const { text } = await post(door, 'plain');
  const [choice] = JSON.parse(text).choices;
  return { text: choice.message.content, finish: choice.finish_reason };
}

async function post({ port, model }: Door, kind: Kind): Promise<{ status: number; type: string; text: string }> {
  const isStream = kind === 'stream';
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
    body: JSON.stringify({
      model,
      stream: isStream,
      max_tokens: TOKENS,
      messages: [{ role: 'user', content: PROMPT }],
    }),
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

function judgePlain(text: string, expected: Expected): Got {
  let body: { choices?: { message?: { content?: string }; finish_reason?: string }[] };
  try {
    body = JSON.parse(text);
  } catch {
    return 'invalid JSON';
  }
  const [choice] = body.choices ?? [];
  if (choice === undefined) return 'an error within a 200';
  return choice.message?.content === expected.text && choice.finish_reason === expected.finish ? 'whole' : 'wrong text';
}

/** As strict as the SDKs, and stricter in one thing: they bear it when `[DONE]` is missing. */
function judgeStream(text: string, expected: Expected): Got {
  let said = '';
  let finish: string | undefined;
  let isDone = false;
  for (const line of text.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice(5).trim();
    if (data === '[DONE]') {
      isDone = true;
      break;
    }
    let event: { error?: unknown; choices?: { delta?: { content?: string }; finish_reason?: string | null }[] };
    try {
      event = JSON.parse(data);
    } catch {
      return 'invalid JSON event';
    }
    if (event.error !== undefined) return 'error event';
    said += event.choices?.[0]?.delta?.content ?? '';
    finish = event.choices?.[0]?.finish_reason ?? finish;
  }
  if (said === '' && !isDone) return 'empty stream';
  if (finish === undefined) return 'truncated, ended as if well';
  if (said !== expected.text || finish !== expected.finish) return 'wrong text';
  return isDone ? 'whole' : 'no [DONE]';
}

/** What `fetch` says when the connection, its framing or its encoding breaks. */
function wordFor(error: unknown): Got {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing whole in ${PATIENCE_MS / 1000} s`;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') return 'connection cut';
  return code === '' ? `broken: ${cause.message}` : `broken: ${code}`;
}
