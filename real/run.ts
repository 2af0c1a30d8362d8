/**
 * `npm run test:real`: a real language model behind the gateway, nothing played by a mock.
 *
 * Options after `--`: `--direct` asks a server itself, without a gateway, and plays the cases that need none;
 * `--points N` kills a server at N random points of a stream for each SDK (default 10).
 * Exit code: 0 when nothing failed, or when the model cannot be had here (said aloud, every case counted as skipped); 1 on a failure.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeAsker, pythonAsker } from './ask.ts';
import { type Case, cases } from './cases.ts';
import { tryExample } from './example.ts';
import { startGateway } from './gateway.ts';
import { type Installed, install } from './install.ts';
import { startLlama } from './llama.ts';
import { closingLine, type Row, reportPage, rowLine } from './report.ts';
import { listen, questions, restartAll, type Stage } from './stage.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.cache', 'real');
const page = join(root, 'docs', 'reference', 'real-model.md');
const caseMsMax = 8 * 60_000; // 10 kills, each with a restart, took more than 4 minutes on a machine that did much else
const suiteMsMax = 45 * 60_000;

const { values: options } = parseArgs({
  options: { direct: { type: 'boolean', default: false }, points: { type: 'string', default: '10' } },
});

const say = (line: string) => console.log(`real: ${line}`);

try {
  process.exit(await main());
} catch (thrown) {
  say(`it could not begin: ${thrown instanceof Error ? thrown.message : thrown}`);
  console.log(`0 passed, ${cases.length} failed`);
  process.exit(1);
}

async function main(): Promise<number> {
  const began = Date.now();
  setTimeout(() => {
    say(`given up after ${suiteMsMax / 60_000} minutes`);
    process.exit(1);
  }, suiteMsMax).unref();

  const installed = await install(folder, say);
  if ('missing' in installed) {
    say('SKIPPED: no real model to ask on this machine, nothing was tested.');
    say(installed.missing);
    console.log(closingLine(cases.map((each) => rowOf(each, 'skipped', 'no model', 0))));
    return 0;
  }
  const stage = await setStage(installed);
  const rows: Row[] = [];
  for (const each of cases) {
    const row = await play(each, stage);
    rows.push(row);
    console.log(rowLine(row));
  }
  const isFailed = rows.some((row) => row.result === 'failed');
  if (!isFailed && !options.direct && !('CI' in process.env)) {
    // Only a green run replaces the page; in CI the checkout stays as it is.
    const sample = { prompt: questions.longStream.prompt, answer: stage.undisturbed(questions.longStream) };
    const askers = Object.values(stage.askers);
    writeFileSync(page, reportPage(rows, { installed, askers, sample, ms: Date.now() - began }));
    say('written: docs/reference/real-model.md');
  }
  if (isFailed) say('the logs of the servers and of the gateway are in .cache/real/run');
  console.log(closingLine(rows));
  return isFailed ? 1 : 0;
}

async function setStage(installed: Installed): Promise<Stage> {
  const run = join(folder, 'run');
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { recursive: true });
  say('starting two llama.cpp servers with Gemma 3 270M');
  const llamas = await Promise.all([startLlama('one', installed, run), startLlama('two', installed, run)] as const);
  const askers = { Node: nodeAsker(), Python: await pythonAsker(installed.python) };
  say('asking both what an undisturbed answer is');
  const undisturbed = await listen(llamas, askers.Node);
  let baseUrl = llamas[0].url;
  if (!options.direct) {
    say('starting the gateway in front of them');
    baseUrl = await startGateway(llamas, run);
  }
  return {
    baseUrl,
    llamas,
    askers,
    undisturbed,
    pointsPerSdk: Number(options.points),
    tryExample: (sdk) => tryExample(sdk, baseUrl, installed.python, run),
  };
}

async function play(each: Case, stage: Stage): Promise<Row> {
  if (options.direct && each.needs === 'gateway') return rowOf(each, 'skipped', 'needs the gateway', 0);
  const began = Date.now();
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end after ${caseMsMax / 1000} s`)), caseMsMax);
    });
    const { isPassed, got } = await Promise.race([each.run(stage, stage.askers[each.sdk]), late]);
    return rowOf(each, isPassed ? 'passed' : 'failed', got, Date.now() - began);
  } catch (thrown) {
    const got = `it broke: ${thrown instanceof Error ? thrown.message : thrown}`;
    await restartAll(stage.llamas);
    return rowOf(each, 'failed', got, Date.now() - began);
  } finally {
    clearTimeout(timer);
  }
}

function rowOf({ name, sdk, promise }: Case, result: Row['result'], got: string, ms: number): Row {
  return { name, sdk, promise, result, got, ms };
}
