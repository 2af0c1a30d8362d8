import type { Asker, Heard, Question } from './ask.ts';
import { describe, judge, type Verdict } from './judge.ts';
import type { Llama } from './llama.ts';
import {
  askAndKillAfter,
  askAndKillAtWork,
  askUntilWhole,
  idleAfterMs,
  questions,
  restartAll,
  type Stage,
} from './stage.ts';

/** One thing shown: a disturbance, the promise that is held against it, and the SDK of the caller. */
export type Case = {
  readonly name: string;
  readonly promise: string;
  readonly sdk: 'Node' | 'Python';
  /** `gateway`: only with the gateway. `control`: asks a server itself, to show that the disturbance is real. `any`: both ways. */
  readonly needs: 'any' | 'gateway' | 'control';
  run(stage: Stage, asker: Asker): Promise<Shown>;
};

/** What the caller got. */
export type Shown = { readonly isPassed: boolean; readonly got: string };

/** What is promised of a stream whose server dies under it: the other server finishes it, to the letter. */
const cutStreamPromise: Verdict = 'whole';

const leaveMsMax = 1_000; // a token takes 30 ms: well above what telling a server takes, far below the rest of the answer
const returnMsMax = 30_000; // above the first rest of a target (5 s) and its probe

/** Every case, in the order played. Each leaves both servers running. */
export const cases: readonly Case[] = (['Node', 'Python'] as const).flatMap((sdk): Case[] => [
  {
    sdk,
    needs: 'any',
    name: 'plain answers, both targets in turn',
    promise: 'whole',
    run: (s, a) => askAll(s, a, [questions.plain, questions.plain]),
  },
  {
    sdk,
    needs: 'any',
    name: 'streamed answers, both targets in turn',
    promise: 'whole',
    run: (s, a) => askAll(s, a, [questions.stream, questions.stream]),
  },
  { sdk, needs: 'any', name: 'list of models', promise: 'the model', run: models },
  { sdk, needs: 'any', name: 'embedding', promise: "the server's own", run: embedding },
  { sdk, needs: 'any', name: "the README's example", promise: 'an answer', run: example },
  { sdk, needs: 'gateway', name: 'one server dead before the call, 4 calls', promise: 'whole', run: deadBefore },
  {
    sdk,
    needs: 'gateway',
    name: 'server killed while it makes a plain answer',
    promise: 'whole',
    run: killedUnderPlain,
  },
  {
    sdk,
    needs: 'gateway',
    name: 'server killed at work, before the first part of a stream',
    promise: 'whole',
    run: killedBeforeFirstPart,
  },
  {
    sdk,
    needs: 'gateway',
    name: 'server killed during a stream, at random points',
    promise: cutStreamPromise,
    run: killedDuringStream,
  },
  { sdk, needs: 'gateway', name: 'caller leaves during a stream', promise: 'the server stops', run: callerLeaves },
  { sdk, needs: 'gateway', name: 'both servers dead', promise: 'an error with status and code', run: bothDead },
  { sdk, needs: 'gateway', name: 'both servers back', promise: `whole within ${returnMsMax / 1000} s`, run: bothBack },
  {
    sdk,
    needs: 'control',
    name: 'no gateway: server killed while it makes a plain answer',
    promise: 'an error',
    run: controlPlain,
  },
  { sdk, needs: 'control', name: 'no gateway: server killed during a stream', promise: 'an error', run: controlStream },
]);

async function askAll(stage: Stage, asker: Asker, asked: readonly Question[]): Promise<Shown> {
  const heard: [Question, Heard][] = [];
  for (const question of asked) heard.push([question, await asker.chat(stage.baseUrl, question)]);
  return {
    isPassed: heard.every(([question, each]) => judge(each, stage.undisturbed(question)) === 'whole'),
    got: tally(heard.map(([question, each]) => describe(each, stage.undisturbed(question)))),
  };
}

async function models(stage: Stage, asker: Asker): Promise<Shown> {
  const ids = await asker.models(stage.baseUrl);
  return { isPassed: ids.includes('gemma-3-270m'), got: ids.join(', ') };
}

async function embedding(stage: Stage, asker: Asker): Promise<Shown> {
  const own = await asker.embedding(stage.llamas[0].url, 'a lighthouse');
  const got = await asker.embedding(stage.baseUrl, 'a lighthouse');
  const isSame = own.length > 0 && own.length === got.length && own.every((value, at) => value === got[at]);
  return {
    isPassed: isSame,
    got: `${got.length} numbers, ${isSame ? "the server's own" : 'NOT the ones that the server gives'}`,
  };
}

async function example(stage: Stage, asker: Asker): Promise<Shown> {
  const { isGood, said } = await stage.tryExample(asker.name);
  return { isPassed: isGood, got: said };
}

async function deadBefore(stage: Stage, asker: Asker): Promise<Shown> {
  await stage.llamas[0].kill();
  const shown = await askAll(stage, asker, [questions.plain, questions.stream, questions.plain, questions.stream]);
  await restartAll(stage.llamas);
  return shown;
}

async function killedUnderPlain(stage: Stage, asker: Asker): Promise<Shown> {
  const { heard, killed } = await askAndKillAtWork(stage, asker, questions.longPlain, 500);
  await restartAll(stage.llamas);
  const undisturbed = stage.undisturbed(questions.longPlain);
  const isPassed = judge(heard, undisturbed) === 'whole' && isByAnother(heard, killed);
  return { isPassed, got: `${killed.name} killed: ${describe(heard, undisturbed)}` };
}

async function killedBeforeFirstPart(stage: Stage, asker: Asker): Promise<Shown> {
  const { heard, partsBefore, killed } = await askAndKillAtWork(stage, asker, questions.slowStart, 300);
  await restartAll(stage.llamas);
  const undisturbed = stage.undisturbed(questions.slowStart);
  const isPassed = judge(heard, undisturbed) === 'whole' && partsBefore === 0 && isByAnother(heard, killed);
  return { isPassed, got: `${killed.name} killed after ${partsBefore} parts: ${describe(heard, undisturbed)}` };
}

/** The answer says who made it, and it was not the dead. */
function isByAnother(heard: Heard, killed: Llama): boolean {
  const target = heard.fields['goodgate-target'];
  return target !== undefined && target !== killed.name;
}

async function killedDuringStream(stage: Stage, asker: Asker): Promise<Shown> {
  const undisturbed = stage.undisturbed(questions.longStream);
  const got: string[] = [];
  let isPassed = true;
  for (const point of pointsWithin(undisturbed.parts, stage.pointsPerSdk, asker.name)) {
    const { heard, killed } = await askAndKillAfter(stage, asker, questions.longStream, point);
    await restartAll(stage.llamas);
    const verdict = judge(heard, undisturbed);
    isPassed &&= killed !== undefined && verdict === cutStreamPromise;
    if (killed === undefined) got.push('NO SERVER AT WORK TO KILL');
    else if (verdict === 'whole') got.push('whole answer, finished by the other server');
    else got.push(`killed at ${point}: ${describe(heard, undisturbed)}`);
  }
  return { isPassed, got: tally(got) };
}

async function callerLeaves(stage: Stage, asker: Asker): Promise<Shown> {
  await asker.chat(stage.baseUrl, questions.longStream, { leaveAfter: 3 });
  const ms = await idleAfterMs(stage.llamas, leaveMsMax);
  return {
    isPassed: ms < leaveMsMax,
    got: ms < leaveMsMax ? `the server stopped after ${ms} ms` : 'the server WROTE ON',
  };
}

async function bothDead(stage: Stage, asker: Asker): Promise<Shown> {
  await Promise.all(stage.llamas.map((llama) => llama.kill()));
  const heard = [await asker.chat(stage.baseUrl, questions.plain), await asker.chat(stage.baseUrl, questions.stream)];
  const isNamed = ({ error }: Heard) => error?.status !== undefined && error.status >= 500 && error.code !== undefined;
  return {
    isPassed: heard.every(isNamed),
    got: tally(heard.map((each) => describe(each, stage.undisturbed(questions.plain)))),
  };
}

async function bothBack(stage: Stage, asker: Asker): Promise<Shown> {
  await restartAll(stage.llamas);
  const { heard, ms } = await askUntilWhole(stage, asker, questions.plain, returnMsMax);
  const undisturbed = stage.undisturbed(questions.plain);
  return {
    isPassed: judge(heard, undisturbed) === 'whole',
    got: `${describe(heard, undisturbed)}, ${ms} ms after they listened`,
  };
}

async function controlPlain(stage: Stage, asker: Asker): Promise<Shown> {
  const { heard } = await askAndKillAtWork(stage, asker, questions.longPlain, 500, stage.llamas[0].url);
  await restartAll(stage.llamas);
  const undisturbed = stage.undisturbed(questions.longPlain);
  return { isPassed: judge(heard, undisturbed) === 'error', got: describe(heard, undisturbed) };
}

async function controlStream(stage: Stage, asker: Asker): Promise<Shown> {
  const { heard } = await askAndKillAfter(stage, asker, questions.longStream, 20, stage.llamas[0].url);
  await restartAll(stage.llamas);
  const undisturbed = stage.undisturbed(questions.longStream);
  return { isPassed: judge(heard, undisturbed) === 'error', got: describe(heard, undisturbed) };
}

/**
 * `count` places in a stream of `parts` parts, chosen by chance that is the same in every run: from after the first part to 8 before
 * the last: a quarter of a second, so that the server is still at work when it is killed.
 */
function pointsWithin(parts: number, count: number, seed: string): number[] {
  let state = [...seed].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) >>> 0;
  return Array.from({ length: count }, () => {
    // Numerical Recipes' linear congruential generator; its upper bits are good enough to choose a place.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((state / 2 ** 32) * Math.max(1, parts - 8));
  });
}

/** The same words once, with their count. */
function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => (count === 1 ? word : `${count} × ${word}`)).join('; ');
}
