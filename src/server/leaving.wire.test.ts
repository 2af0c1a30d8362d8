import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { answerIn, RawCaller } from '../http1/raw-caller.testing.ts';
import { type Front, front, type PlayedService, playedService } from './front.testing.ts';

/** The bound that callers are promised: within this their leaving has reached the service, so that it stops working for nobody. */
const CANCELLED_MS = 100;

const COMPLETION = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'still here' }, finish_reason: 'stop' }],
});
const EVENT =
  'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

let service: PlayedService;
let gateway: Front;
/** Fulfilled with the socket of the next request at the service. */
let asked: PromiseWithResolvers<Socket>;

before(async () => {
  service = await playedService((socket) => asked.resolve(socket));
  gateway = await front(`retries: { attempts: 1, free-attempts: 0, resumes: 0 }
hedge: { mode: off }
targets: { a: { dialect: openai, url: "http://127.0.0.1:${service.port}/v1", key: k } }`);
});
after(async () => {
  await gateway.stop();
  await service.close();
});

const QUESTION = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello' }] };

function request(version: '1.0' | '1.1', isStream = false): string {
  const body = JSON.stringify({ ...QUESTION, ...(isStream ? { stream: true } : {}) });
  return `POST /v1/chat/completions HTTP/${version}\r\nHost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Runs `leave` and measures how long the service's socket takes to close, in milliseconds in which this loop ran at all. */
async function msUntilClosed(socket: Socket, leave: () => void): Promise<number> {
  const closed = once(socket, 'close');
  socket.on('end', () => socket.end());
  // Caller, gateway and service share this loop: ticks that a busy machine kept from it are nobody's time.
  let ticks = 0;
  const clock = setInterval(() => ticks++, 1);
  leave();
  await closed;
  clearInterval(clock);
  return ticks;
}

test('an abort of the official SDK on a waiting plain call cancels the service at once', {
  timeout: 10_000,
}, async () => {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${gateway.address.port}/v1`, apiKey: 'k', maxRetries: 0 });
  asked = Promise.withResolvers();
  const abort = new AbortController();
  const answer = client.chat.completions.create(QUESTION, { signal: abort.signal });
  const failed = assert.rejects(answer, OpenAI.APIUserAbortError);
  const socket = await asked.promise;
  const tookMs = await msUntilClosed(socket, () => abort.abort());
  await failed;
  assert.ok(tookMs <= CANCELLED_MS, `it took ${tookMs} ms`);
});

test('an abort of the official SDK in the silence of a stream cancels the service at once', {
  timeout: 10_000,
}, async () => {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${gateway.address.port}/v1`, apiKey: 'k', maxRetries: 0 });
  asked = Promise.withResolvers();
  const answer = client.chat.completions.create({ ...QUESTION, stream: true });
  const socket = await asked.promise;
  socket.write(STREAM_HEAD + chunk(EVENT));
  const stream = await answer;
  const parts = stream[Symbol.asyncIterator]();
  assert.equal((await parts.next()).value?.choices[0]?.delta.content, 'Hi');
  const tookMs = await msUntilClosed(socket, () => stream.controller.abort());
  assert.ok(tookMs <= CANCELLED_MS, `it took ${tookMs} ms`);
});

test('a caller that half-closes after asking, as `nc -N` does, and still reads gets its whole answer', async () => {
  asked = Promise.withResolvers();
  const caller = await RawCaller.connect(gateway);
  caller.say(request('1.1'));
  caller.socket.end();
  const socket = await asked.promise;
  // It is asked twice before the answer comes, and has read it by then.
  await caller.untilHeard('100 Continue', 2);
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${COMPLETION.length}\r\n\r\n${COMPLETION}`,
  );
  const text = await caller.untilEnded();
  const answer = answerIn(text.replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+/, ''));
  assert.equal(answer.status, 200);
  assert.equal(answer.body, COMPLETION);
});

test('a caller that half-closes in the silence of a stream still gets the rest of it', async () => {
  asked = Promise.withResolvers();
  const caller = await RawCaller.connect(gateway);
  caller.say(request('1.1', true));
  const socket = await asked.promise;
  socket.write(STREAM_HEAD + chunk(EVENT));
  await caller.untilHeard('"Hi"');
  caller.socket.end();
  // Leading zeros of the next chunk's size.
  await caller.untilHeard('\r\n00');
  socket.write(`${chunk(`${EVENT.replace('"delta"', '"finish_reason":"stop","delta"')}data: [DONE]\n\n`)}0\r\n\r\n`);
  const body = answerIn(await caller.untilEnded()).body;
  assert.match(body, /\r\n00[0-9a-f]+\r\ndata: \{[^\n]*"stop"/);
  assert.ok(body.endsWith('\r\n0\r\n\r\n'));
});

test('a stream that fails after its caller was asked whether it is there is reset: a zero without its line could pass for an end', async () => {
  asked = Promise.withResolvers();
  const caller = await RawCaller.connect(gateway);
  caller.say(request('1.1', true));
  const socket = await asked.promise;
  socket.write(STREAM_HEAD + chunk(EVENT));
  await caller.untilHeard('"Hi"');
  caller.socket.end();
  await caller.untilHeard('\r\n0');
  socket.resetAndDestroy();
  const text = await caller.untilEnded();
  assert.equal(caller.ending, 'reset');
  assert.ok(!text.endsWith('0\r\n\r\n'));
});

test('an HTTP/1.0 caller cannot be asked: its closed half means that it left', { timeout: 10_000 }, async () => {
  asked = Promise.withResolvers();
  const caller = await RawCaller.connect(gateway);
  caller.say(request('1.0'));
  const socket = await asked.promise;
  const tookMs = await msUntilClosed(socket, () => caller.socket.end());
  assert.ok(tookMs <= CANCELLED_MS, `it took ${tookMs} ms`);
  assert.equal(await caller.untilEnded(), '');
});
