import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dice } from './chance.ts';
import type { Side } from './course.ts';
import { Coverage } from './coverage.ts';
import { cuts, input } from './inputs.ts';
import { judge } from './judge.ts';

/** An input that reached a part of the parser that none before it had. */
type Seed = { readonly text: string; readonly side: Side };

/** Inputs between two questions to V8, each of which costs as much as a thousand inputs. In a batch that found something, halving finds the input. */
const BATCH = 512;
const CORPUS_MAX = 4096;
/** The largest input of the corpus: what is longer only makes every round slower. */
const TEXT_MAX = 4096;

/** Bytes that mean something to a parser of HTTP, and some that should not. */
const BYTES = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '=',
  '"',
  '0',
  'f',
  'F',
  '+',
  '-',
  '_',
  '\x0b',
  '\x80',
  '\xff',
];
const WORDS = [
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 5, 5\r\n',
  'Connection: close\r\n',
  'Expect: 100-continue\r\n',
  'Host: a\r\n',
  'Upgrade: websocket\r\n',
  '0\r\n\r\n',
  '5\r\nabcde\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'GET / ',
  'POST / ',
  'CONNECT a:1 ',
  'OPTIONS * ',
  'http://a/',
];

export type Guided = {
  readonly inputs: number;
  readonly corpus: number;
  readonly parts: number;
  readonly wrong: number;
};

/**
 * Mutates what reached something new, keeps what reaches something newer, and holds every input against Node's parser. `folder` keeps the corpus
 * from run to run; `keep` is told of inputs that are wrong.
 */
export function guided(
  seed: number,
  ms: number,
  folder: string,
  keep: (text: string, side: Side, why: string, name: string) => void,
  say: (line: string) => void,
): Guided {
  const dice = new Dice(seed);
  const corpus = loaded(folder);
  const coverage = new Coverage();
  const startMs = performance.now();
  let inputs = 0;
  let wrong = 0;
  let saidMs = startMs;
  const tryOne = ({ text, side }: Seed): void => {
    const verdict = judge(text, side, cuts(dice, text.length));
    inputs += 1;
    if (verdict.kind !== 'wrong') return;
    wrong += 1;
    keep(text, side, verdict.why, `guided-${seed}-${inputs}`);
  };
  for (const each of corpus) tryOne(each);
  const reached = coverage.take();
  /** The input that reaches one of these parts, if it does so by itself. */
  const finder = (batch: readonly Seed[], parts: ReadonlySet<string>): Seed | undefined => {
    if (batch.length === 1) return batch[0];
    const half = batch.slice(0, batch.length >> 1);
    for (const each of half) tryOne(each);
    const isIn = !coverage.take().isDisjointFrom(parts);
    return finder(isIn ? half : batch.slice(batch.length >> 1), parts);
  };
  while (performance.now() - startMs < ms && wrong < 10) {
    const batch = Array.from({ length: BATCH }, () => next(dice, corpus));
    for (const each of batch) tryOne(each);
    const parts = coverage.take().difference(reached);
    if (parts.size > 0) {
      for (const part of parts) reached.add(part);
      const found = finder(batch, parts);
      if (found !== undefined && found.text.length <= TEXT_MAX) add(corpus, found, folder);
    }
    if (performance.now() - saidMs > 10_000) {
      saidMs = performance.now();
      say(
        `${inputs} inputs, ${corpus.length} in the corpus, ${reached.size} parts of the parser reached, ${wrong} wrong`,
      );
    }
  }
  const result = { inputs, corpus: corpus.length, parts: reached.size, wrong };
  coverage.stop();
  return result;
}

function loaded(folder: string): Seed[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder).map((name) => ({
    text: readFileSync(join(folder, name), 'latin1'),
    side: name.startsWith('response') ? 'response' : 'request',
  }));
}

function add(corpus: Seed[], seed: Seed, folder: string): void {
  if (corpus.length >= CORPUS_MAX) return;
  corpus.push(seed);
  writeFileSync(join(folder, `${seed.side}-${corpus.length}.txt`), seed.text, 'latin1');
}

/** A fresh input now and then; else one of the corpus, changed a few times. Late finds are the likeliest to lead further. */
function next(dice: Dice, corpus: readonly Seed[]): Seed {
  if (corpus.length === 0 || dice.once(8)) {
    const side: Side = dice.once(3) ? 'response' : 'request';
    return { text: input(dice, side), side };
  }
  const from = dice.once(2) ? 0 : Math.max(0, corpus.length - 64);
  const seed = corpus[from + dice.below(corpus.length - from)] ?? { text: '', side: 'request' };
  let { text } = seed;
  const times = 1 << dice.below(4);
  for (let i = 0; i < times; i += 1) text = mutated(dice, text, corpus);
  return { text, side: seed.side };
}

function mutated(dice: Dice, text: string, corpus: readonly Seed[]): string {
  const at = dice.below(text.length + 1);
  const length = 1 + dice.below(dice.once(4) ? 64 : 4);
  switch (dice.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + dice.pick(BYTES) + text.slice(at);
    case 2:
      return text.slice(0, at) + dice.pick(BYTES) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + dice.pick(WORDS) + text.slice(at);
    case 4:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1);
    case 5:
      return text.slice(0, at) + text.slice(at, at + length).repeat(1 + dice.below(8)) + text.slice(at + length);
    case 6: {
      const other = dice.pick(corpus).text;
      return text.slice(0, at) + other.slice(dice.below(other.length + 1));
    }
    default: {
      // The same letters in another case: names and codings are compared without it.
      const piece = text.slice(at, at + length);
      return text.slice(0, at) + (dice.once(2) ? piece.toUpperCase() : piece.toLowerCase()) + text.slice(at + length);
    }
  }
}
