import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from '../http1/body.ts';
import { CHUNKED, type Framing } from '../http1/framing.ts';
import type { Speaker } from './answers/answer.ts';
import { answerTo, readAsk } from './answers/route.ts';
import { entryOf, FAULT_WORDS, type Fault } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import type { Scene, Script } from './script.ts';
import { perform, strike } from './strike.ts';
import { causeOf, isBeforeFirstPart, isSpared } from './true-cause.ts';

const speaker: Speaker = {
  name: 'still',
  voice: 'sandbox',
  models: ['m'],
  prefill: 'continue',
  id: () => '0123456789abcdef0123456789abcdef',
  wallMs: () => 1_750_000_000_000,
};

const BODIES: Record<string, object> = {
  '/v1/chat/completions': { model: 'm', messages: [{ role: 'user', content: 'in 20 words' }] },
  '/v1/responses': { model: 'm', input: 'in 20 words' },
  '/v1/completions': { model: 'm', prompt: 'in 20 words', max_tokens: 100 },
  '/v1/messages': { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'in 20 words' }] },
};

function sceneOf(path: string, isStream: boolean, more: Partial<Scene> = {}): Scene {
  const body = Buffer.from(JSON.stringify({ ...BODIES[path], stream: isStream }));
  const ask = readAsk('POST', path, ['anthropic-version', '2023-06-01'], body);
  return { ask, speaker, minorVersion: 1, isKept: true, paceMs: 0, nthOnWire: 1, ...more };
}

function bytesOf(script: Script): Buffer {
  return Buffer.concat([Buffer.from(script.head, 'latin1'), ...[...script.body].map((step) => step.bytes)]);
}

/** The content of a body as a strict reader takes it, and whether it came to its proper end. */
function read(script: Script): { content: string; isWhole: boolean } {
  const length = /\r\ncontent-length: (\d+)/.exec(script.head)?.[1];
  const framing: Framing = length === undefined ? CHUNKED : { kind: 'length', length: Number(length) };
  const reader = new BodyReader();
  let content = '';
  reader.begin(framing, {
    part: (bytes) => {
      content += Buffer.from(bytes).toString('utf8');
    },
  });
  for (const { bytes } of script.body) if (!reader.isDone && reader.feed(bytes, 0) < 0) break;
  return { content, isWhole: reader.isDone };
}

const anyPath = fc.constantFrom(...Object.keys(BODIES));
const anyFault = fc.constantFrom(...FAULT_WORDS).chain((word) => {
  const values: Record<string, fc.Arbitrary<number | string | undefined>> = {};
  for (const [name, parameter] of Object.entries(entryOf(word).parameters)) {
    if (parameter.kind === 'choice') values[name] = fc.constantFrom(...parameter.choices);
    else values[name] = fc.integer({ min: parameter.min, max: Math.min(parameter.max, parameter.min + 600) });
  }
  return fc.record(values).map((made) => ({ word, values: { ...made } }) as Fault);
});

test('the same request, fault and chance always make the same bytes', () => {
  fc.assert(
    fc.property(anyFault, anyPath, fc.boolean(), (fault, path, isStream) => {
      const scene = sceneOf(path, isStream);
      const make = (): Script => strike(fault, answerTo(scene.ask, speaker), scene);
      const [one, other] = [make(), make()];
      assert.deepEqual(bytesOf(one), bytesOf(other));
      assert.deepEqual(one.ending, other.ending);
    }),
  );
});

test('a fault that spares the answer leaves its content whole, and no other does so in silence', () => {
  fc.assert(
    fc.property(anyFault, anyPath, fc.boolean(), (fault, path, isStream) => {
      fc.pre(fault.word !== 'refuse');
      const scene = sceneOf(path, isStream);
      const answer = answerTo(scene.ask, speaker);
      const good = read(perform(answer, scene));
      const struck = strike(fault, answer, scene);
      const seen = read(struck);
      const isSame = seen.content === good.content && seen.isWhole;
      if (isSpared(fault, answer.kind)) {
        // The last word may be missing, and the announced end may never come.
        const text = good.content.slice(0, 200);
        assert.ok(seen.content.startsWith(text) || fault.word === 'invalid-json-event', fault.word);
      } else {
        // Same content and a proper end is a success, unless the head already spoilt it.
        const isHeadSpoilt = ['bad-head-line', 'oversized-head', 'garbage-status-line', 'cut-head'].includes(
          fault.word,
        );
        assert.ok(isHeadSpoilt || !isSame, `${fault.word} did nothing`);
      }
    }),
    { numRuns: 400 },
  );
});

test('nothing of the answer itself leaves before a fault that is said to strike before the first part', () => {
  fc.assert(
    fc.property(anyFault, anyPath, (fault, path) => {
      fc.pre(isBeforeFirstPart(fault, 'stream') && !isSpared(fault, 'stream') && fault.word !== 'refuse');
      // These spoil the head alone, or a single event: what follows is for a reader that should have stopped.
      fc.pre(!['oversized-head', 'bad-head-line', 'invalid-json-event'].includes(fault.word));
      const scene = sceneOf(path, true);
      const text = bytesOf(strike(fault, answerTo(scene.ask, speaker), scene)).toString('utf8');
      assert.doesNotMatch(text, /"delta":\{"content":"[^"]|"delta":"[^"]|"text":"[^"]/, fault.word);
    }),
    { numRuns: 300 },
  );
});

test('HTTP/1.0 gets no chunks, and a body until the close', () => {
  const scene = sceneOf('/v1/chat/completions', true, { minorVersion: 0 });
  const script = perform(answerTo(scene.ask, speaker), scene);
  assert.doesNotMatch(script.head, /transfer-encoding/);
  assert.match(script.head, /\r\nconnection: close\r\n/);
  assert.deepEqual(script.ending, { how: 'close' });
  assert.match(bytesOf(script).toString('utf8'), /\r\n\r\ndata: /);
});

test('a stream keeps its pace from word to word and says the first at once', () => {
  const scene = sceneOf('/v1/chat/completions', true, { paceMs: 25 });
  const delays = [...perform(answerTo(scene.ask, speaker), scene).body].map((step) => step.delayMs);
  // Role, first word, 19 more, finish, [DONE], last chunk.
  assert.deepEqual(delays, [0, 0, ...Array.from({ length: 19 }, () => 25), 0, 0, 0]);
});

test('every word of the vocabulary has a cause for both kinds of answer', () => {
  for (const word of FAULT_WORDS) {
    const parsed = parseFault(word);
    assert.ok(parsed.ok);
    assert.equal(typeof causeOf(parsed.value, 'plain'), 'string');
    assert.equal(typeof causeOf(parsed.value, 'stream'), 'string');
  }
});
