import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Dice } from './chance.ts';
import type { Side } from './course.ts';
import { DECIDED, type Decision } from './decided.ts';
import { guided } from './guided.ts';
import { cuts, input } from './inputs.ts';
import { judge, shortened } from './judge.ts';

const USAGE = `npm run fuzz -- [--count N] [--seconds S] [--seed N]
npm run fuzz -- --guided [--minutes M] [--seed N]
npm run fuzz -- --smuggling
Feeds generated connections to Goodgate's HTTP/1.1 parser and to Node's, and reports every difference that fuzz/decided.ts does not
explain. Stops after N inputs (1,000,000) or S seconds (120), whichever is first. The seed is printed; the same seed makes the same inputs.
--guided lets V8's coverage of the parser choose what is tried next, for M minutes (5); it goes on where the last such run ended.
--smuggling sends every class of request smuggling through Goodgate to nginx, HAProxy and Apache, and counts what they get.`;

/** Wrong inputs, one a file, named by side; they are tried first, for ever. */
const FOUND = join(import.meta.dirname, 'found');

/** What guided runs found to lead further; made again when it is lost. */
const CORPUS = join(import.meta.dirname, '..', 'node_modules', '.cache', 'goodgate-fuzz');

/** More wrong cases than this in one run have one reason. */
const CASES_MAX = 10;

/** A parser that needs this long for one small input does something it should not. */
const SLOW_MS = 250;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    guided: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '5' },
    smuggling: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const SEED = Number(values.seed ?? Date.now() % 1e9);

if (values.help) console.log(USAGE);
else if (values.smuggling) process.exitCode = await (await import('./smuggling.ts')).smuggling(console.log);
else if (values.guided) process.exitCode = runGuided(Number(values.minutes), SEED);
else process.exitCode = run(Number(values.count), Number(values.seconds), SEED);

function runGuided(minutes: number, seed: number): number {
  console.log(`seed ${seed}, ${minutes} minutes`);
  const again = replay();
  const { inputs, corpus, parts, wrong } = guided(seed, minutes * 60_000, CORPUS, keep, console.log);
  console.log(
    `${inputs} inputs, ${corpus} in the corpus, ${parts} parts of the parser reached, ${wrong + again} wrong`,
  );
  return wrong + again === 0 ? 0 : 1;
}

function run(count: number, seconds: number, seed: number): number {
  console.log(`seed ${seed}, at most ${count} inputs or ${seconds} s`);
  const tally = { agreed: 0, refused: 0, decided: new Map<Decision, number>(), wrong: replay() };
  const startMs = performance.now();
  let index = 0;
  let saidMs = startMs;
  for (; index < count && tally.wrong < CASES_MAX; index += 1) {
    const beforeMs = performance.now();
    if (beforeMs - startMs > seconds * 1000) break;
    if (beforeMs - saidMs > 10_000) {
      saidMs = beforeMs;
      console.log(`${index} inputs, ${tally.wrong} wrong`);
    }
    one(seed, index, tally);
    // A busy machine is slow once, a parser each time.
    if (performance.now() - beforeMs > SLOW_MS && isSlow(seed, index)) {
      console.log(`WRONG input ${index} of seed ${seed} takes more than ${SLOW_MS} ms`);
      tally.wrong += 1;
    }
  }
  report(index, performance.now() - startMs, tally);
  return tally.wrong === 0 ? 0 : 1;
}

type Tally = { agreed: number; refused: number; decided: Map<Decision, number>; wrong: number };

function isSlow(seed: number, index: number): boolean {
  const beforeMs = performance.now();
  one(seed, index, { agreed: 0, refused: 0, decided: new Map(), wrong: 0 });
  return performance.now() - beforeMs > SLOW_MS;
}

function one(seed: number, index: number, tally: Tally): void {
  const dice = new Dice(seed * 1_000_003 + index);
  const side: Side = dice.once(3) ? 'response' : 'request';
  const text = input(dice, side);
  const verdict = judge(text, side, cuts(dice, text.length));
  if (verdict.kind === 'agreed') {
    tally.agreed += 1;
    if (verdict.ours.ending === 'refused') tally.refused += 1;
  } else if (verdict.kind === 'decided') {
    tally.decided.set(verdict.decision, (tally.decided.get(verdict.decision) ?? 0) + 1);
  } else {
    tally.wrong += 1;
    keep(text, side, verdict.why, `${seed}-${index}`);
  }
}

function everywhere(text: string): number[] {
  return Array.from(text, (_, index) => index + 1);
}

function keep(text: string, side: Side, why: string, name: string): void {
  const short = shortened(text, side, everywhere);
  mkdirSync(FOUND, { recursive: true });
  const file = join(FOUND, `${side}-${name}.txt`);
  writeFileSync(file, short, 'latin1');
  console.log(`WRONG ${file}\n  ${JSON.stringify(short)}\n  ${why}`);
}

/** Tries what was found before; returns how much of it is still wrong. */
function replay(): number {
  let wrong = 0;
  for (const name of existsSync(FOUND) ? readdirSync(FOUND) : []) {
    const text = readFileSync(join(FOUND, name), 'latin1');
    const verdict = judge(text, name.startsWith('response') ? 'response' : 'request', everywhere(text));
    if (verdict.kind !== 'wrong') continue;
    wrong += 1;
    console.log(`WRONG again: ${name}\n  ${verdict.why}`);
  }
  return wrong;
}

function report(count: number, tookMs: number, tally: Tally): void {
  const decided = [...tally.decided.values()].reduce((sum, each) => sum + each, 0);
  console.log(`${count} inputs in ${(tookMs / 1000).toFixed(1)} s (${((tookMs * 1000) / count).toFixed(1)} µs each)`);
  console.log(
    `${tally.agreed} agreed (${tally.refused} of them refused by both), ${decided} differ as decided, ${tally.wrong} wrong`,
  );
  for (const decision of DECIDED) {
    const times = tally.decided.get(decision);
    if (times !== undefined) console.log(`  ${times} × ${decision.kind} ${decision.word} (${decision.rfc})`);
  }
}
