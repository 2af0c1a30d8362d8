/** Callers that lose their connection and come back, on real sockets through the whole gateway. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { type Front, front } from '../server/front.testing.ts';
import { parsed, stringOf } from './json.ts';
import { voice } from './played-voices.testing.ts';
import { chunkOf, LAST_CHUNK, PlayedTarget, streamHead, until } from './wire.testing.ts';

const WORDS = Array.from({ length: 40 }, (_, i) => `word${i} `);
const EVENTS = voice('openai-chat', WORDS, 'c', 'm', 5);
const responseOf = (id: string): string[] => voice('openai-responses', WORDS, id, 'm', 5);
const KEY = { authorization: 'Bearer sk-one' };

let target: PlayedTarget;
let opened: Front;
/** Lets the target say the second half. */
let goOn: () => void = () => undefined;

before(async () => {
  target = await PlayedTarget.open((asked, socket) => {
    const { user, ...request } = parsed(asked.body) ?? {};
    const events = 'input' in request ? responseOf(stringOf(request, 'input') ?? '') : EVENTS;
    const half = Math.min(events.length, Number(user));
    socket.write(streamHead());
    socket.write(chunkOf(events.slice(0, half).join('')));
    goOn = () => {
      if (half < events.length) socket.write(chunkOf(events.slice(half).join('')));
      socket.write(LAST_CHUNK);
    };
    if (half === events.length) goOn();
  });
  opened = await front(`targets:\n  a: { dialect: openai, url: "${target.url}" }\n`);
});
after(async () => {
  await opened.stop();
  target.close();
});

const url = (path: string): string => `http://127.0.0.1:${opened.address.port}${path}`;

/** Asks for the answer; the target stops before event `half` until it is told to go on. */
function ask(half: number, fields: Record<string, string>, signal: AbortSignal | null = null): Promise<Response> {
  const messages = [{ role: 'user', content: 'hi' }];
  const body = JSON.stringify({ model: 'm', stream: true, user: String(half), messages });
  const headers = { 'content-type': 'application/json', ...KEY, ...fields };
  return fetch(url('/v1/chat/completions'), { method: 'POST', headers, body, signal });
}

function again(id: string, lastEventId: string | undefined, fields: Record<string, string> = KEY): Promise<Response> {
  const last: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  return fetch(url(`/goodgate/calls/${id}/stream`), { headers: { ...fields, ...last } });
}

const idOf = (answer: Response): string => answer.headers.get('x-request-id') ?? '';

/** Reads until `count` events are there, and what was read of them. */
async function readEvents(answer: Response, count: number): Promise<string> {
  let text = '';
  const reader = answer.body?.getReader();
  while (text.split('\n\n').length <= count) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done) break;
    text += Buffer.from(value ?? '').toString();
  }
  return text
    .split('\n\n')
    .slice(0, count)
    .map((event) => `${event}\n\n`)
    .join('');
}

const unnumbered = (text: string): string => text.replaceAll(/^id: \d+\n/gm, '');

test('cut at every event, a caller that comes back with Last-Event-ID reads exactly the rest, and the service was asked once', async () => {
  for (let cut = 0; cut < EVENTS.length; cut++) {
    const before = target.asked.length;
    const leaving = new AbortController();
    // The service has said a little more than the caller has read, and is silent while nobody listens.
    const answer = await ask(
      Math.min(EVENTS.length, Math.max(2, cut + 3)),
      { 'goodgate-replay': 'on' },
      leaving.signal,
    );
    const got = await readEvents(answer, cut);
    leaving.abort();
    const rest = again(idOf(answer), String(cut));
    const more = await rest;
    if (cut + 3 < EVENTS.length) goOn();
    assert.equal(more.status, 200);
    assert.equal(got + unnumbered(await more.text()), EVENTS.join(''), `cut after ${cut}`);
    assert.equal(target.asked.length, before + 1);
  }
});

test('a finished reply is read again, whole or from any event on, as often as its caller likes', async () => {
  const answer = await ask(EVENTS.length, {});
  assert.equal(await answer.text(), EVENTS.join(''));
  for (const from of [0, 1, 20, EVENTS.length - 1, EVENTS.length]) {
    const more = await (await again(idOf(answer), String(from))).text();
    assert.equal(unnumbered(more), EVENTS.slice(from).join(''));
    assert.deepEqual(
      [...more.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
      Array.from({ length: EVENTS.length - from }, (_, i) => from + i + 1),
    );
  }
  assert.equal(unnumbered(await (await again(idOf(answer), undefined)).text()), EVENTS.join(''));
});

test('the same Idempotency-Key joins the running reply, and the finished one; another request under it is refused', async () => {
  const before = target.asked.length;
  const first = await ask(10, { 'idempotency-key': 'k1' });
  const second = await ask(10, { 'idempotency-key': 'k1' });
  goOn();
  assert.equal(await first.text(), EVENTS.join(''));
  assert.equal(await second.text(), EVENTS.join(''));
  assert.equal(await (await ask(10, { 'idempotency-key': 'k1' })).text(), EVENTS.join(''));
  assert.equal(target.asked.length, before + 1);
  const other = await ask(11, { 'idempotency-key': 'k1' });
  assert.equal(other.status, 400);
  assert.match(await other.text(), /Idempotency-Key/);
  assert.equal(target.asked.length, before + 1);
});

test('an id that was never issued, or a call that is not one’s own, gets a plain reason and nothing else', async () => {
  const answer = await ask(EVENTS.length, {});
  await answer.text();
  const id = idOf(answer);
  const words: string[] = [];
  for (const last of ['999', '-1', '1e3', 'abc', '4294967297', '0x1', '9'.repeat(5000)]) {
    const refused = await again(id, last);
    assert.equal(refused.status, 400, last);
    words.push(await refused.text());
  }
  const never = await again('0'.repeat(32), '1');
  const strange = await again(id, '1', { authorization: 'Bearer sk-two' });
  const nobody = await again(id, '1', {});
  for (const refused of [never, strange, nobody]) {
    assert.equal(refused.status, 404);
    words.push(await refused.text());
  }
  for (const word of words) {
    assert.match(word, /Last-Event-ID|again/);
    assert.ok(!word.includes('word1') && !word.includes('sk-one'));
  }
});

test('a response is read on after any of its events by the official SDK, and the service was asked once', async () => {
  const client = new OpenAI({ baseURL: url('/v1'), apiKey: 'sk-one', maxRetries: 0 });
  for (const cut of [0, 1, 6, 20, 48]) {
    const before = target.asked.length;
    const id = `resp_${cut}`;
    const events = responseOf(id);
    const seen: object[] = [];
    // Past the first words, before which nothing is let through.
    const half = Math.max(8, cut + 2);
    const stream = await client.responses.create(
      { model: 'm', input: id, stream: true, user: String(half) },
      { headers: { 'goodgate-replay': 'on' } },
    );
    for await (const event of stream) {
      seen.push(event);
      if (event.sequence_number === cut) break;
    }
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: cut });
    if (half < events.length) goOn();
    for await (const event of rest) seen.push(event);
    assert.deepEqual(
      seen,
      events.map((event) => JSON.parse(event.split('data: ')[1] ?? '')),
    );
    assert.equal(target.asked.length, before + 1);
  }
});

test('who leaves without a word stops the service at once', async () => {
  const leaving = new AbortController();
  const answer = await ask(10, {}, leaving.signal);
  await readEvents(answer, 5);
  const before = target.closed;
  const leftMs = performance.now();
  leaving.abort();
  await until('the end of the connection', () => target.closed > before);
  assert.ok(performance.now() - leftMs < 1_000, `${performance.now() - leftMs} ms`);
});
