import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { FAULT_WORDS, type FaultWord } from './faults.ts';
import { BRIEF, PATIENT, type Patience, type RawReply, rawExchange } from './raw-client.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const world = realWorld();
let upstream: Upstream;

before(async () => {
  upstream = await startUpstream(world, { name: 'faulty' });
});
after(() => upstream.close());

type Kind = 'plain' | 'stream';

function post(kind: Kind, fault: string, more = '', path = '/v1/chat/completions'): string {
  const messages = [{ role: 'user', content: 'Say hello in 12 words' }];
  const body = JSON.stringify({
    model: 'sandbox-chat',
    max_tokens: 100,
    stream: kind === 'stream',
    messages,
    input: 'hi',
  });
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\ngoodgate-drill: ${fault}\r\n${more}content-length: ${length}\r\n\r\n${body}`;
}

const CLOSE = 'connection: close\r\n';

/** For replies that end the connection. */
function ask(kind: Kind, fault: string, path?: string): Promise<RawReply> {
  return rawExchange(world, upstream.address, post(kind, fault, CLOSE, path), PATIENT);
}

/** For replies after which nothing more comes, on a connection that stays. */
function watch(kind: Kind, fault: string, patience: Patience = BRIEF): Promise<RawReply> {
  return rawExchange(world, upstream.address, post(kind, fault), patience);
}

function headOf(reply: RawReply): string {
  return reply.text.slice(0, reply.text.indexOf('\r\n\r\n') + 2);
}

function bodyOf(reply: RawReply): string {
  return reply.text.slice(reply.text.indexOf('\r\n\r\n') + 4);
}

/** Events that carry text. */
function outputs(reply: RawReply): number {
  return reply.text.match(/"delta":\{"content":/g)?.length ?? 0;
}

const LAST_CHUNK = '0\r\n\r\n';

/** What each fault looks like on the wire, on a stream and on a plain answer. A word without its line here does not compile. */
const SIGHTS: Record<FaultWord, () => Promise<void>> = {
  async refuse() {
    await upstream.setFault({ word: 'refuse', values: { ms: undefined } });
    assert.equal((await ask('plain', 'none')).ending, 'refused');
    await upstream.setFault(undefined);
    assert.match((await ask('plain', 'none')).text, /^HTTP\/1\.1 200/);
  },
  async 'accept-and-hang'() {
    const reply = await watch('plain', 'accept-and-hang', { firstMs: 100, quietMs: 100 });
    assert.deepEqual([reply.text, reply.ending], ['', 'open']);
  },
  async 'reset-before-head'() {
    const reply = await ask('stream', 'reset-before-head');
    assert.deepEqual([reply.text, reply.ending], ['', 'reset']);
  },
  async 'close-before-head'() {
    const reply = await ask('stream', 'close-before-head');
    assert.deepEqual([reply.text, reply.ending], ['', 'fin']);
  },
  async 'reset-after-bytes'() {
    for (const kind of ['plain', 'stream'] as const) {
      const reply = await ask(kind, 'reset-after-bytes(300)');
      assert.deepEqual([bodyOf(reply).length, reply.ending], [300, 'reset']);
    }
    const late = await ask('plain', 'reset-after-bytes(1000000)');
    assert.equal(bodyOf(late).length, Number(/content-length: (\d+)/.exec(headOf(late))?.[1]) - 1);
    assert.equal(bodyOf(await ask('stream', 'reset-after-bytes(0)')), '');
  },
  async 'reset-on-reuse'() {
    const request = post('plain', 'reset-on-reuse');
    const reply = await rawExchange(world, upstream.address, request + request);
    assert.equal(reply.text.match(/HTTP\/1\.1 200/g)?.length, 1);
    assert.equal(reply.ending, 'reset');
  },
  async 'idle-close'() {
    const reply = await watch('plain', 'idle-close(20)', PATIENT);
    assert.match(headOf(reply), /^HTTP\/1\.1 200/);
    assert.doesNotMatch(headOf(reply), /connection:|keep-alive:/);
    assert.equal(reply.ending, 'fin');
  },
  async 'slow-head'() {
    const reply = await ask('stream', 'slow-head(30)');
    assert.ok((reply.firstByteMs ?? 0) >= 30, `first byte after ${reply.firstByteMs} ms`);
    assert.ok(reply.text.endsWith(LAST_CHUNK));
  },
  async 'garbage-status-line'() {
    const reply = await ask('plain', 'garbage-status-line');
    assert.match(reply.text, /^SSH-2\.0-/);
    assert.equal(reply.ending, 'fin');
  },
  async 'bad-head-line'() {
    assert.match(headOf(await ask('plain', 'bad-head-line')), /^HTTP\/1\.1 200 OK\r\nthis line has no colon\r\n/);
  },
  async 'cut-head'() {
    const reply = await ask('plain', 'cut-head(25)');
    assert.deepEqual([reply.text.length, reply.ending], [25, 'fin']);
    assert.doesNotMatch((await ask('plain', 'cut-head(65536)')).text, /\r\n\r\n/);
  },
  async 'oversized-head'() {
    const reply = await ask('plain', 'oversized-head(100000)');
    const head = headOf(reply).length;
    assert.ok(head > 100_000 && head < 102_000, `a head of ${head} bytes`);
    assert.doesNotThrow(() => JSON.parse(bodyOf(reply)));
  },
  async 'silence-after-head'() {
    for (const kind of ['plain', 'stream'] as const) {
      const reply = await watch(kind, 'silence-after-head');
      assert.match(headOf(reply), kind === 'plain' ? /content-length: [1-9]/ : /transfer-encoding: chunked/);
      assert.deepEqual([bodyOf(reply), reply.ending], ['', 'open']);
    }
  },
  async 'slow-drip'() {
    const reply = await ask('plain', 'slow-drip(50, 5)');
    assert.doesNotThrow(() => JSON.parse(bodyOf(reply)));
    assert.equal(reply.ending, 'fin');
  },
  async 'bad-chunk-size'() {
    const reply = await ask('stream', 'bad-chunk-size(2)');
    assert.equal(outputs(reply), 2);
    assert.match(bodyOf(reply), /\r\nzz\r\ndata/);
    assert.match(bodyOf(await ask('stream', 'bad-chunk-size')), /"role":"assistant"[^\n]*\n\n\r\nzz\r\n/);
    const plain = await ask('plain', 'bad-chunk-size');
    assert.match(headOf(plain), /transfer-encoding: chunked/);
    assert.match(bodyOf(plain), /^zz\r\n/);
  },
  async 'wrong-content-length'() {
    for (const kind of ['plain', 'stream'] as const) {
      const long = await ask(kind, 'wrong-content-length(too-long)');
      assert.equal(Number(/content-length: (\d+)/.exec(headOf(long))?.[1]), bodyOf(long).length * 2);
      assert.equal(long.ending, 'fin');
      const short = await watch(kind, 'wrong-content-length(too-short)');
      assert.equal(Number(/content-length: (\d+)/.exec(headOf(short))?.[1]), bodyOf(short).length >> 1);
      assert.equal(short.ending, 'open');
    }
  },
  async 'bad-gzip'() {
    const { gunzipSync } = await import('node:zlib');
    const reply = await ask('plain', 'bad-gzip');
    assert.match(headOf(reply), /content-encoding: gzip/);
    assert.throws(() => gunzipSync(Buffer.from(bodyOf(reply), 'latin1')), /invalid block type/);
    assert.match(headOf(await ask('stream', 'bad-gzip')), /content-type: text\/event-stream[^\n]*[\s\S]*gzip/);
  },
  async 'invalid-json'() {
    const reply = await ask('plain', 'invalid-json');
    assert.match(headOf(reply), /200 OK[\s\S]*application\/json/);
    assert.throws(() => JSON.parse(bodyOf(reply)));
    assert.equal(Number(/content-length: (\d+)/.exec(headOf(reply))?.[1]), bodyOf(reply).length);
  },
  async 'truncated-json'() {
    for (const kind of ['plain', 'stream'] as const) {
      const reply = await watch(kind, 'truncated-json');
      assert.equal(Number(/content-length: (\d+)/.exec(headOf(reply))?.[1]), bodyOf(reply).length);
      assert.doesNotMatch(bodyOf(reply), /finish_reason":"|DONE/);
      assert.equal(reply.ending, 'open');
    }
  },
  async 'stall-after-events'() {
    const reply = await watch('stream', 'stall-after-events(3)');
    assert.deepEqual([outputs(reply), reply.ending], [3, 'open']);
    const none = await watch('stream', 'stall-after-events(0)');
    assert.match(bodyOf(none), /"role":"assistant"/);
    assert.deepEqual([outputs(none), none.ending], [0, 'open']);
    const plain = await watch('plain', 'stall-after-events(3)');
    assert.equal(bodyOf(plain).length, Number(/content-length: (\d+)/.exec(headOf(plain))?.[1]) >> 1);
  },
  async 'cut-after-events'() {
    const clean = await ask('stream', 'cut-after-events(4, clean)');
    assert.equal(outputs(clean), 4);
    assert.ok(clean.text.endsWith(LAST_CHUNK));
    assert.doesNotMatch(clean.text, /DONE|finish_reason":"/);
    for (const end of ['fin', 'reset'] as const) {
      const reply = await ask('stream', `cut-after-events(4, ${end})`);
      assert.deepEqual([outputs(reply), reply.ending, reply.text.endsWith(LAST_CHUNK)], [4, end, false]);
      const plain = await ask('plain', `cut-after-events(4, ${end})`);
      assert.equal(bodyOf(plain).length, Number(/content-length: (\d+)/.exec(headOf(plain))?.[1]) >> 1);
      assert.equal(plain.ending, end);
    }
    const beyond = await ask('stream', 'cut-after-events(1000)');
    assert.equal(outputs(beyond), 12);
    assert.doesNotMatch(beyond.text, /DONE|finish_reason":"/);
    const plain = await ask('plain', 'cut-after-events(1)');
    assert.match(headOf(plain), /transfer-encoding: chunked/);
    assert.ok(plain.text.endsWith(LAST_CHUNK));
  },
  async 'invalid-json-event'() {
    const events = (await ask('stream', 'invalid-json-event(2)')).text.match(/^data: .*$/gm) ?? [];
    assert.equal(events.length, 15);
    assert.throws(() => JSON.parse(events[3]?.slice(6) ?? '{}'));
    assert.deepEqual(events.filter((event) => !isJson(event.slice(6))).length, 2);
    const extra = await ask('stream', 'invalid-json-event(2, extra)');
    assert.equal(outputs(extra), 12);
    assert.match(extra.text, /DONE/);
  },
  async 'error-event'() {
    const reply = await ask('stream', 'error-event(2)');
    assert.equal(outputs(reply), 2);
    assert.match(reply.text, /data: \{"error":\{"message":"The server had an error[^\n]*"type":"server_error"/);
    assert.ok(reply.text.endsWith(LAST_CHUNK));
    assert.doesNotMatch(reply.text, /DONE/);
    const messages = await ask('stream', 'error-event(0, overloaded)', '/v1/messages');
    assert.match(messages.text, /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
    const responses = await ask('stream', 'error-event(1)', '/v1/responses');
    assert.match(responses.text, /event: error\ndata: \{"type":"error","code":"server_error"/);
    assert.match(bodyOf(await ask('plain', 'error-event')), /^\{"error":/);
  },
  async 'missing-done'() {
    const reply = await ask('stream', 'missing-done');
    assert.match(reply.text, /"finish_reason":"stop"/);
    assert.doesNotMatch(reply.text, /DONE/);
    assert.ok(reply.text.endsWith(LAST_CHUNK));
    assert.doesNotMatch((await ask('stream', 'missing-done', '/v1/messages')).text, /message_stop/);
  },
  async 'empty-stream'() {
    const reply = await ask('stream', 'empty-stream');
    assert.match(headOf(reply), /200 OK[\s\S]*text\/event-stream/);
    assert.equal(bodyOf(reply), LAST_CHUNK);
    assert.match(headOf(await ask('plain', 'empty-stream')), /content-length: 0/);
  },
  async status() {
    for (const status of [400, 401, 403, 413, 429, 500, 502, 503, 504, 529]) {
      const reply = await ask('stream', `status(${status})`);
      assert.match(headOf(reply), new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.doesNotMatch(headOf(reply), /retry-after/);
      assert.equal(typeof JSON.parse(bodyOf(reply)).error.message, 'string');
      assert.equal(JSON.parse(bodyOf(await ask('plain', `status(${status})`, '/v1/messages'))).type, 'error');
    }
    assert.match(headOf(await ask('plain', 'status(429, retry-after=2)')), /\r\nretry-after: 2\r\n/);
    assert.match(headOf(await ask('plain', 'status(429, retry-after-ms=1500)')), /\r\nretry-after-ms: 1500\r\n/);
    const dated = /\r\nretry-after: (\w{3}, .* GMT)\r\n/.exec(
      headOf(await ask('plain', 'status(429, retry-after-date=60)')),
    );
    const inMs = Date.parse(dated?.[1] ?? '') - Date.now();
    assert.ok(inMs > 57_000 && inMs <= 60_000, `retry-after in ${inMs} ms`);
  },
  async 'html-error'() {
    const nginx = await ask('plain', 'html-error(502)');
    assert.match(headOf(nginx), /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*server: nginx\r\ncontent-type: text\/html\r\n/);
    assert.match(bodyOf(nginx), /<center><h1>502 Bad Gateway<\/h1><\/center>\r\n<hr><center>nginx<\/center>/);
    assert.match(bodyOf(await ask('plain', 'html-error(413)')), /413 Request Entity Too Large/);
    assert.match(bodyOf(await ask('plain', 'html-error(200)')), /Welcome to nginx!/);
    const branded = await ask('stream', 'html-error(502, cloudflare)');
    assert.match(headOf(branded), /server: cloudflare\r\ncf-ray: [0-9a-f]{16}-FRA\r\n/);
    assert.match(bodyOf(branded), /502: Bad gateway[\s\S]*id="cf-host-status" class="cf-error-source"/);
    const bare = await ask('stream', 'html-error(502, cloudflare-edge)');
    assert.match(bodyOf(bare), /<hr><center>cloudflare<\/center>/);
  },
  async 'edge-error'() {
    assert.equal(JSON.parse(bodyOf(await ask('plain', 'edge-error'))).error.type, 'cf_bad_gateway');
    const problem = await ask('plain', 'edge-error(522)');
    assert.match(headOf(problem), /application\/problem\+json/);
    assert.equal(JSON.parse(bodyOf(problem)).error_name, 'connection_timeout');
  },
  async 'captive-portal'() {
    assert.match(bodyOf(await ask('plain', 'captive-portal')), /sign in to this network/);
    assert.match(headOf(await ask('stream', 'captive-portal(302)')), /^HTTP\/1\.1 302 [\s\S]*\r\nlocation: http:/);
    assert.match(headOf(await ask('plain', 'captive-portal(511)')), /^HTTP\/1\.1 511 Network Authentication Required/);
  },
  async 'quota-exhausted'() {
    assert.match((await ask('plain', 'quota-exhausted')).text, / 429 [\s\S]*"code":"insufficient_quota"/);
    assert.match((await ask('plain', 'quota-exhausted(402)')).text, / 402 /);
    assert.match((await ask('plain', 'quota-exhausted', '/v1/messages')).text, / 400 [\s\S]*credit balance is too low/);
  },
  async 'model-not-found'() {
    assert.match((await ask('plain', 'model-not-found')).text, / 404 [\s\S]*`sandbox-chat`[\s\S]*"model_not_found"/);
    const azure = '/openai/deployments/d/chat/completions?api-version=2024-10-21';
    assert.match((await ask('plain', 'model-not-found', azure)).text, /"code":"DeploymentNotFound"/);
  },
  async 'context-too-long'() {
    assert.match((await ask('stream', 'context-too-long')).text, / 400 [\s\S]*"context_length_exceeded"/);
    assert.match((await ask('stream', 'context-too-long', '/v1/messages')).text, /prompt is too long/);
  },
  async 'content-refused'() {
    assert.match((await ask('plain', 'content-refused')).text, / 400 [\s\S]*"content_policy_violation"/);
  },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

for (const word of FAULT_WORDS) {
  test(`${word} is seen on the wire as it is written`, SIGHTS[word]);
}
