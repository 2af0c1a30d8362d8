import { setTimeout as wait } from 'node:timers/promises';
import type { Asker, Heard, Question } from './ask.ts';
import type { Tried } from './example.ts';
import { judge, type Undisturbed } from './judge.ts';
import type { Llama } from './llama.ts';

/** What every case plays on: two servers, the way to them, two SDKs, and what an undisturbed caller hears. */
export type Stage = {
  /** The gateway's base URL; in a direct run, the first server's. */
  readonly baseUrl: string;
  readonly llamas: readonly [Llama, Llama];
  readonly askers: { readonly Node: Asker; readonly Python: Asker };
  undisturbed(question: Question): Undisturbed;
  readonly pointsPerSdk: number;
  /** Runs the README's example for one SDK. */
  tryExample(sdk: Asker['name']): Promise<Tried>;
};

/** The questions. Each is asked plain and streamed; the undisturbed answers are the same text. */
export const questions = {
  plain: { prompt: 'The sea is', isStream: false, tokensMax: 32 },
  stream: { prompt: 'The sea is', isStream: true, tokensMax: 32 },
  /** About 2 s of text on one core: time enough to die in. */
  longPlain: { prompt: 'Once upon a time there was a lighthouse keeper who', isStream: false, tokensMax: 64 },
  longStream: { prompt: 'Once upon a time there was a lighthouse keeper who', isStream: true, tokensMax: 64 },
  /** About 300 tokens to read before the first word: the server is long at work before its first part. */
  slowStart: { prompt: slowPrompt(), isStream: true, tokensMax: 16 },
} as const satisfies Record<string, Question>;

function slowPrompt(): string {
  const days = Array.from(
    { length: 20 },
    (_, day) => `On day ${day + 1} the keeper lit the lamp, wrote down the wind and the tide, and slept.`,
  );
  return `${days.join(' ')} In the end`;
}

/**
 * Asks every question at both servers, without a gateway, and takes the answers for true. Throws when the two servers differ:
 * then no answer could be held against another.
 */
export async function listen(
  llamas: readonly [Llama, Llama],
  asker: Asker,
): Promise<(question: Question) => Undisturbed> {
  const heard = new Map<string, Undisturbed>();
  const keyOf = (question: Question) => JSON.stringify(question);
  for (const question of Object.values(questions)) {
    const [first, second] = await Promise.all(llamas.map((llama) => asker.chat(llama.url, question)));
    if (first?.error !== undefined || second?.error !== undefined || first === undefined || second === undefined) {
      throw new Error(`a llama.cpp server did not answer: ${first?.error?.message ?? second?.error?.message}`);
    }
    if (first.text !== second.text || first.text === '')
      throw new Error('the two servers answer differently at temperature 0');
    heard.set(keyOf(question), { text: first.text, finish: first.finish, parts: first.parts });
  }
  return (question) => {
    const known = heard.get(keyOf(question));
    if (known === undefined) throw new Error('a question without an undisturbed answer');
    return known;
  };
}

const workMsMax = 20_000;

/** Waits until one of the servers works on a call, and gives it back. */
export async function serverAtWork(llamas: readonly Llama[]): Promise<Llama> {
  const until = Date.now() + workMsMax;
  while (Date.now() < until) {
    const found = llamas.find((llama) => llama.isAtWork());
    if (found !== undefined) return found;
    await wait(5);
  }
  throw new Error(`no server began to work within ${workMsMax / 1000} s`);
}

/** Resolves with the milliseconds until no server works any more. */
export async function idleAfterMs(llamas: readonly Llama[], msMax: number): Promise<number> {
  const began = Date.now();
  while (llamas.some((llama) => llama.isAtWork())) {
    if (Date.now() - began > msMax) return msMax;
    await wait(5);
  }
  return Date.now() - began;
}

/** Asks, and kills the server at work as soon as the caller has heard `parts` parts. */
export async function askAndKillAfter(
  stage: Stage,
  asker: Asker,
  question: Question,
  parts: number,
  baseUrl = stage.baseUrl,
): Promise<{ heard: Heard; killed: Llama | undefined }> {
  let killed: Llama | undefined;
  const onPart = (count: number) => {
    if (count < parts || killed !== undefined) return;
    killed = stage.llamas.find((llama) => llama.isAtWork());
    killed?.kill();
  };
  const heard = await asker.chat(baseUrl, question, { onPart });
  return { heard, killed };
}

/** Asks, waits until a server works on it and `delayMs` more, and kills that server. */
export async function askAndKillAtWork(
  stage: Stage,
  asker: Asker,
  question: Question,
  delayMs: number,
  baseUrl = stage.baseUrl,
): Promise<{ heard: Heard; partsBefore: number; killed: Llama }> {
  let parts = 0;
  const onPart = (count: number) => {
    parts = count;
  };
  const answer = asker.chat(baseUrl, question, { onPart });
  const killed = await serverAtWork(stage.llamas);
  await wait(delayMs);
  const partsBefore = parts;
  await killed.kill();
  return { heard: await answer, partsBefore, killed };
}

/** Starts again whatever was killed. */
export async function restartAll(llamas: readonly Llama[]): Promise<void> {
  await Promise.all(llamas.map((llama) => llama.restart()));
}

/** Asks again and again until the answer is whole. Resolves with the last answer and how long it took. */
export async function askUntilWhole(
  stage: Stage,
  asker: Asker,
  question: Question,
  msMax: number,
): Promise<{ heard: Heard; ms: number }> {
  const began = Date.now();
  for (;;) {
    const heard = await asker.chat(stage.baseUrl, question);
    const ms = Date.now() - began;
    if (judge(heard, stage.undisturbed(question)) === 'whole' || ms > msMax) return { heard, ms };
    await wait(250);
  }
}
