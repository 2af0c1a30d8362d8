import { classify } from '../../diagnosis/classify.ts';
import { ask } from '../ask.ts';
import { knock } from '../connect-once.ts';
import type { StreamFacts } from '../facts.ts';
import { judgeTold } from '../judge-answer.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';
import { questionFor } from './exchange.ts';

/** Where a Goodgate sends an event every quarter of a second, for two seconds. */
export const TICKS_PATH = '/goodgate/ticks';
/** Parts that all come within this, after a wait that is longer, were held back on the way. */
const LUMP_MS = 100;

/** Whether an answer that comes in pieces arrives in pieces. */
export const streamProbe: Probe = {
  id: 'stream',
  needs: ['exchange'],
  async look(scene) {
    const { depth, facts, outside, target } = scene;
    const isGoodgate = facts.exchange?.isGoodgate === true;
    if (depth.stream === undefined && !isGoodgate) return skipped('Streaming was not asked for (--stream).');
    const model = depth.stream ?? '';
    if (model === '' && !isGoodgate) return skipped('A service needs a model to stream: --stream <model>.');
    const question = questionFor(scene);
    const isGood = facts.exchange?.tries.some(({ finding }) => finding === undefined) === true;
    if (question === undefined || !isGood) return skipped('There is nothing to stream over.');
    const arrivals: number[] = [];
    const seen = (bytes: Uint8Array, atMs: number): void => {
      if (bytes.length > 0 && arrivals.length < 4_096) arrivals.push(atMs);
    };
    const told = await ask(outside, { ...question, ...asking(scene, model), onPart: seen });
    // The ticks are a help that a gateway may do without: only how they arrive tells of the way.
    if (model === '' && told.kind === 'answer' && told.status !== 200)
      return skipped(`The gateway sends no ticks to test with (status ${told.status}).`);
    const text = told.kind === 'answer' ? new TextDecoder().decode(told.body) : '';
    const finding =
      told.kind === 'failure'
        ? classify(told.evidence)
        : told.status === 200
          ? undefined
          : judgeTold(told, { target, hasKey: true, isGoodgate });
    const stream = streamFacts(arrivals, text, told.tookMs, told.kind === 'answer' && told.cut === undefined, finding);
    return {
      state: stream.state === 'smooth' ? 'pass' : 'fail',
      sentence: sentenceOf(stream),
      adds: { stream },
    };
  },
};

function asking(
  { target, outside }: Scene,
  model: string,
): { url: string; method?: 'POST'; fields?: readonly string[]; body?: string } {
  if (model === '') return { url: new URL(TICKS_PATH, target.url).href };
  const key = target.keyVariable === undefined ? undefined : outside.env[target.keyVariable];
  const body = {
    model,
    stream: true,
    max_tokens: 48,
    messages: [{ role: 'user', content: 'Count from one to twenty in words.' }],
  };
  return {
    url: new URL(target.path.replace(/\/models$/, '/chat/completions'), target.url).href,
    method: 'POST',
    fields: [
      'content-type',
      'application/json',
      'accept',
      'text/event-stream',
      ...(key === undefined ? [] : ['authorization', `Bearer ${key}`]),
    ],
    body: JSON.stringify(body),
  };
}

/** What the times at which parts arrived say. */
export function streamFacts(
  arrivals: readonly number[],
  text: string,
  tookMs: number,
  isWhole: boolean,
  finding: StreamFacts['finding'],
): StreamFacts {
  const firstMs = arrivals[0];
  const gaps = arrivals.slice(1).map((at, i) => at - (arrivals[i] ?? at));
  const events = text.split('\n\n').filter((each) => each.startsWith('data:') || each.startsWith('event:')).length;
  const spanMs = (arrivals.at(-1) ?? 0) - (firstMs ?? 0);
  const isLump = events >= 5 && spanMs < LUMP_MS && (firstMs ?? 0) > 5 * LUMP_MS;
  const state = finding !== undefined || !isWhole ? (events > 0 ? 'cut' : 'failed') : isLump ? 'buffered' : 'smooth';
  return { parts: arrivals.length, firstMs, gapMs: Math.max(0, ...gaps), tookMs, state, finding };
}

function sentenceOf({ state, parts, gapMs }: StreamFacts): string {
  if (state === 'smooth') return `A stream arrives in ${parts} pieces, the longest silence ${Math.round(gapMs)} ms.`;
  if (state === 'buffered')
    return 'A stream that was sent in pieces arrived all at once: something on the way holds it back.';
  if (state === 'cut') return 'A stream began and broke.';
  return 'No stream came.';
}

const KNOCKS = 10;

/** Latency, jitter and loss by connections alone. */
export const speedProbe: Probe = {
  id: 'speed',
  needs: ['exchange'],
  async look({ depth, facts, outside, target, timeMs }) {
    const open = facts.connect?.tries.find(({ errno }) => errno === undefined);
    if (!depth.isSpeedMeasured) return skipped('Speed was not asked for (--speed).');
    if (open === undefined) return skipped('There is no connection to measure.');
    const times: number[] = [];
    let lost = 0;
    // One after the other: ten at once would measure each other.
    for (let i = 0; i < KNOCKS; i += 1) {
      const { errno, tookMs } = await knock(outside, { ip: open.ip, port: target.port }, timeMs / KNOCKS);
      // A lost SYN is sent again after a second: the connection opens, and the loss shows as that second.
      if (errno !== undefined || tookMs >= 950) lost += 1;
      else times.push(tookMs);
    }
    const sorted = times.toSorted((a, b) => a - b);
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const steps = times.slice(1).map((each, i) => Math.abs(each - (times[i] ?? each)));
    const jitterMs = steps.length === 0 ? 0 : steps.reduce((sum, each) => sum + each, 0) / steps.length;
    const speed = { count: KNOCKS, lost, medianMs, jitterMs, slowMs: sorted.at(-1) ?? 0 };
    return {
      state: lost > 1 ? 'warn' : 'pass',
      sentence: `Connections take ${medianMs.toFixed(1)} ms (jitter ${jitterMs.toFixed(1)} ms); ${lost} of ${KNOCKS} were lost.`,
      adds: { speed },
    };
  },
};
