import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Answer, Speaker } from '../drill/answers/answer.ts';
import { answerTo, readAsk } from '../drill/answers/route.ts';
import { asFilter } from '../pipeline/asked.testing.ts';
import { assemble } from './assemble.ts';
import { PlayedCaller, PlayedUpstream, playedCall } from './played.testing.ts';
import { STREAMING, type StreamingDialect } from './played-voices.testing.ts';

const PATHS: Readonly<Record<StreamingDialect, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-completions': '/v1/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
};

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'array', items: { type: 'number' } } },
  required: ['city', 'days'],
};

/** A request of the dialect, from wishes that all of them know in their own words. */
function requestOf(dialect: StreamingDialect, wish: Wish): object {
  const { prompt, tokensMax, isTool, isSchema, choices, stop } = wish;
  const messages = [{ role: 'user', content: prompt }];
  const schema = { name: 's', schema: SCHEMA };
  switch (dialect) {
    case 'openai-chat':
      return {
        model: 'm',
        messages,
        max_tokens: tokensMax,
        n: choices,
        stop,
        ...(isTool && { tools: [{ type: 'function', function: { name: 'f', parameters: SCHEMA } }] }),
        ...(isTool && { tool_choice: 'required' }),
        ...(isSchema && { response_format: { type: 'json_schema', json_schema: schema } }),
      };
    case 'openai-completions':
      return { model: 'm', prompt, max_tokens: tokensMax, stop };
    case 'openai-responses':
      return {
        model: 'm',
        input: prompt,
        max_output_tokens: tokensMax,
        ...(isTool && { tools: [{ type: 'function', name: 'f', parameters: SCHEMA }], tool_choice: 'required' }),
        ...(isSchema && { text: { format: { type: 'json_schema', ...schema } } }),
      };
    case 'anthropic-messages':
      return {
        model: 'm',
        messages,
        max_tokens: tokensMax,
        stop_sequences: [stop],
        ...(isTool && { tools: [{ name: 'f', input_schema: SCHEMA }], tool_choice: { type: 'any' } }),
      };
  }
}

type Wish = {
  readonly prompt: string;
  readonly tokensMax: number;
  readonly isTool: boolean;
  readonly isSchema: boolean;
  readonly choices: number;
  readonly stop: string;
};

const wish: fc.Arbitrary<Wish> = fc.record({
  prompt: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  tokensMax: fc.integer({ min: 1, max: 120 }),
  isTool: fc.boolean(),
  isSchema: fc.boolean(),
  choices: fc.integer({ min: 1, max: 3 }),
  stop: fc.constantFrom('never met', 'the'),
});

/** What the drill's upstream says, with the same ids each time. */
function said(dialect: StreamingDialect, request: object): Answer {
  let ids = 0;
  const speaker: Speaker = {
    name: 's',
    voice: 'v',
    models: ['m'],
    prefill: 'continue',
    id() {
      ids += 1;
      return String(ids).padStart(32, '0');
    },
    wallMs: () => 1_700_000_000_000,
  };
  const fields = dialect === 'anthropic-messages' ? ['anthropic-version', '2023-06-01'] : [];
  return answerTo(readAsk('POST', PATHS[dialect], fields, Buffer.from(JSON.stringify(request))), speaker);
}

for (const dialect of STREAMING) {
  test(`${dialect}: a plain answer that was streamed and put together is, byte by byte, the one that the service gives plainly`, async () => {
    await fc.assert(
      fc.asyncProperty(wish, fc.integer({ min: 1, max: 2000 }), async (wished, slice) => {
        const request = requestOf(dialect, wished);
        const plain = said(dialect, request);
        assert.ok(plain.kind === 'plain');
        const call = playedCall(dialect, { isStream: false, body: Buffer.from(JSON.stringify(request)) });
        const promise = asFilter(assemble)(call, async (asked) => {
          const streamed = said(dialect, JSON.parse(Buffer.from(asked.body ?? '').toString()));
          assert.ok(streamed.kind === 'stream');
          const upstream = new PlayedUpstream(streamed.status, streamed.fields);
          const bytes = Buffer.from(streamed.events.map(({ text }) => text).join(''));
          for (let at = 0; at < bytes.length; at += slice) upstream.say(bytes.subarray(at, at + slice));
          upstream.end();
          return upstream.reply;
        });
        const caller = new PlayedCaller(await promise);
        assert.equal(caller.end, 'answered');
        assert.equal(caller.utf8, Buffer.from(plain.body).toString());
      }),
      { numRuns: 60 },
    );
  });
}
