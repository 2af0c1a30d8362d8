/** What services should never send, on real sockets through the whole gateway: bounded, and the caller safe. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import OpenAI from 'openai';
import { type Front, front } from '../server/front.testing.ts';
import { read, voice } from './played-voices.testing.ts';
import { chunkOf, type Deed, LAST_CHUNK, PlayedTarget, streamHead, until } from './wire.testing.ts';

const WORDS = Array.from({ length: 20 }, (_, i) => `word${i} `);
const TEXT = WORDS.join('');
const EVENTS = voice('openai-chat', WORDS, 'c', 'model-a', 5);
const HALF = EVENTS.slice(0, 12).join('');
const REST = EVENTS.slice(12).join('');

const say = (socket: Socket, ...texts: readonly (string | Uint8Array)[]): void => {
  for (const text of texts) socket.write(chunkOf(text));
};
const sound: Deed = (_, socket) => {
  socket.write(streamHead());
  say(socket, ...voice('openai-chat', WORDS, 'other', 'model-b', 5));
  socket.write(LAST_CHUNK);
};

let bad: PlayedTarget;
let good: PlayedTarget;
let opened: Front;
let client: OpenAI;
let calls = 0;

before(async () => {
  bad = await PlayedTarget.open(sound);
  good = await PlayedTarget.open(sound);
  // A route for each case: a target that misbehaves in one is not rested in the next.
  const names = Array.from({ length: 40 }, (_, i) => i);
  opened = await front(
    [
      'timeouts: { first-part: 2s, between-parts: 2s }',
      'hedge: { mode: off }',
      'targets:',
      ...names.map((i) => `  bad-${i}: { dialect: openai, url: "${bad.url}" }`),
      `  good: { dialect: openai, url: "${good.url}" }`,
      'routes:',
      ...names.map((i) => `  - { match: { models: [m${i}] }, pools: [{ targets: [bad-${i}] }, { targets: [good] }] }`),
    ].join('\n'),
  );
  const baseURL = `http://127.0.0.1:${opened.address.port}/v1`;
  client = new OpenAI({ baseURL, apiKey: 'sk-bad', maxRetries: 0, timeout: 30_000 });
});
after(async () => {
  await opened.stop();
  bad.close();
  good.close();
});

type Got = { readonly text: string; readonly finish: string; readonly model: string };

/** Asks the official SDK, with the target doing this. */
async function ask(deed: Deed): Promise<Got> {
  bad.deed = deed;
  const model = `m${calls++}`;
  const got = { text: '', finish: '', model: '' };
  const messages = [{ role: 'user' as const, content: 'hi' }];
  for await (const part of await client.chat.completions.create({ model, messages, stream: true, temperature: 0 })) {
    got.text += part.choices[0]?.delta.content ?? '';
    got.finish = part.choices[0]?.finish_reason ?? got.finish;
    got.model = part.model;
  }
  return got;
}

/** Asks without the SDK, whose reading of large streams takes longer than all the rest. */
function askRaw(deed: Deed): Promise<Response> {
  bad.deed = deed;
  const messages = [{ role: 'user', content: 'hi' }];
  return fetch(`${client.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: `m${calls++}`, messages, stream: true }),
  });
}

const WHOLE = { text: TEXT, finish: 'stop', model: 'model-a' };
const RESCUED = { ...WHOLE, model: 'model-b' };

test('events with nothing in them never reach an SDK, which would break over them', async () => {
  const empty = ['data:\n\n', 'data: \n\n', 'event: ping\n\n', 'event: ping\ndata:\n\n', 'id: 7\n\n', 'retry: 5\n\n'];
  const got = await ask((_, socket) => {
    socket.write(streamHead());
    say(socket, ...empty);
    for (const event of EVENTS) say(socket, event, ...empty);
    socket.write(LAST_CHUNK);
  });
  assert.deepEqual(got, WHOLE);
});

test('a million empty comments, before the first output and in the middle, are read over', async () => {
  const comments = ':\n\n'.repeat(1_000_000);
  const answer = await askRaw((_, socket) => {
    socket.write(streamHead());
    say(socket, comments, HALF, comments, REST);
    socket.write(LAST_CHUNK);
  });
  const { text, finish, isEnded } = read('openai-chat', await answer.text());
  assert.deepEqual([text, finish, isEnded], [TEXT, 'stop', true]);
});

/** One event of 100 MB, as fast as it is taken; stops when the connection does. */
function endless(socket: Socket, piece: string, bytesMax: number): void {
  const bytes = chunkOf(piece);
  let left = bytesMax;
  const go = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= bytes.length;
      if (!socket.write(bytes)) {
        socket.once('drain', go);
        return;
      }
    }
  };
  go();
}

test('one event of 100 MB is cut off at a megabyte: another target answers, or goes on', async () => {
  for (const before of ['', HALF]) {
    let sent = 0;
    const got = await ask((_, socket) => {
      socket.write(streamHead());
      if (before !== '') say(socket, before);
      say(socket, 'data: {"choices":[{"index":0,"delta":{"content":"');
      endless(socket, 'x'.repeat(64 * 1024), 100e6);
      socket.on('close', () => {
        sent = socket.bytesWritten;
      });
    });
    assert.deepEqual(got, RESCUED);
    await until('the end of the connection', () => sent > 0);
    // What the sockets hold on both sides comes on top.
    assert.ok(sent < 16e6, `${sent} bytes were taken`);
  }
});

test('endless events: who reads gets them, in bounded memory, and the service is stopped when its reader leaves', async () => {
  const word = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"${'x'.repeat(2000)}"}}]}\n\n`;
  let closedMs = 0;
  const answer = await askRaw((_, socket) => {
    socket.write(streamHead());
    endless(socket, word.repeat(16), Number.POSITIVE_INFINITY);
    socket.on('close', () => {
      closedMs = performance.now();
    });
  });
  let bytesRead = 0;
  let rss = 0;
  for await (const bytes of answer.body ?? []) {
    bytesRead += bytes.length;
    if (rss === 0 && bytesRead > 8e6) rss = process.memoryUsage().rss;
    if (bytesRead > 24e6) break;
  }
  const leftMs = performance.now();
  await until('the end of the connection', () => closedMs > 0);
  assert.ok(closedMs - leftMs < 1_000, `${closedMs - leftMs} ms`);
  // 16 MB more have passed; what is kept of them is bounded.
  assert.ok(process.memoryUsage().rss - rss < 60e6, `${process.memoryUsage().rss - rss} bytes more`);
});

test('gzip where events were due: announced or not, from the start or in the middle', async () => {
  const packed = gzipSync(EVENTS.join(''));
  const from = (head: string, ...parts: readonly (string | Uint8Array)[]) =>
    ask((_, socket) => {
      socket.write(head);
      say(socket, ...parts);
      socket.write(LAST_CHUNK);
    });
  assert.deepEqual(await from(streamHead('content-encoding: gzip\r\n'), packed), RESCUED);
  assert.deepEqual(await from(streamHead(), packed), RESCUED);
  assert.deepEqual(await from(streamHead(), HALF, packed), RESCUED);
  assert.deepEqual(await from(streamHead(), HALF, 'data: ', packed, '\n\n'), RESCUED);
});

test('what comes after the end is no part of the answer, nor of the next one', async () => {
  const late = 'data: {"id":"late","choices":[{"index":0,"delta":{"content":"LATE"}}]}\n\n';
  for (const more of [
    late,
    `${late}data: [DONE]\n\n`,
    'data: [DONE]\n\ndata: [DONE]\n\n',
    'data: {"error":{"message":"x"}}\n\n',
  ]) {
    const got = await ask((_, socket) => {
      socket.write(streamHead());
      say(socket, EVENTS.join(''), more);
      socket.write(LAST_CHUNK);
    });
    assert.deepEqual(got, WHOLE);
    const joined = await ask((_, socket) => {
      socket.write(streamHead());
      say(socket, EVENTS.join('') + more);
      socket.write(LAST_CHUNK);
    });
    assert.deepEqual(joined, WHOLE);
  }
});

test('a finish reason unknown to us ends the answer like any other, and is passed on', async () => {
  const got = await ask((_, socket) => {
    socket.write(streamHead());
    say(
      socket,
      EVENTS.join('').replace('"finish_reason":"stop"', '"finish_reason":"tired"').replace('data: [DONE]\n\n', ''),
    );
    // No last chunk, no `[DONE]`: the reason is the end.
  });
  assert.deepEqual(got, { ...WHOLE, finish: 'tired' });
});
