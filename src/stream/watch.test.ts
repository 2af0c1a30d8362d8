import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import type { Call } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import type { Reply } from '../call/reply.ts';
import { asFilter } from '../pipeline/asked.testing.ts';
import { fateOf, PlayedCaller, PlayedTime, PlayedUpstream, playedCall } from './played.testing.ts';
import { watch } from './watch.ts';

const JSON_FIELDS = ['content-type', 'application/json'];
const LIMITS = { betweenPartsMs: 15_000, quietMs: 120_000 };

function watching(upstream: PlayedUpstream, call: Call, time = new PlayedTime()): Promise<Reply> {
  const filter = asFilter((ask) => watch({ clock: time, timers: time, clocks: LIMITS, replyBytesHeldMax: 1000 }, ask));
  return filter(call, () => Promise.resolve(upstream.reply));
}

const plainCall = () => playedCall('openai-chat', { isStream: false });

function codeOf(fate: unknown): string {
  return fate instanceof Failure ? fate.code : `${fate}`;
}

// ---- plain inference replies ----

test('a plain reply is let through when it is whole, in one part and with its length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.json(),
      fc.array(fc.nat(200), { maxLength: 4 }),
      fc.boolean(),
      async (text, cuts, isAnnounced) => {
        const body = Buffer.from(text);
        const upstream = new PlayedUpstream(200, JSON_FIELDS, isAnnounced ? body.length : -1);
        const edges = [...new Set([0, ...cuts.map((cut) => cut % (body.length + 1)), body.length])].sort(
          (a, b) => a - b,
        );
        const early = cuts[0] ?? 0;
        if (early % 2 === 0) upstream.say(body.subarray(0, edges[1]));
        const fate = watching(upstream, plainCall());
        if (early % 2 === 1) {
          assert.equal(await fateOf(fate), 'pending');
          upstream.say(body.subarray(0, edges[1]));
        }
        for (let i = 2; i < edges.length; i++) {
          assert.equal(await fateOf(fate), 'pending');
          upstream.say(body.subarray(edges[i - 1], edges[i]));
        }
        upstream.end();
        const isError = /^\{"error":[^n]/.test(JSON.stringify(JSON.parse(text)));
        const reply = await fateOf(fate);
        if (isError) return;
        assert.ok(typeof reply === 'object' && !(reply instanceof Failure), text);
        const caller = new PlayedCaller(reply);
        assert.deepEqual([caller.utf8, caller.parts, caller.end, reply.length], [text, 1, 'answered', body.length]);
      },
    ),
    { numRuns: 200 },
  );
});

test('every truncation of a plain reply is a failure, however politely it ends', async () => {
  const text = '{"id":"x","choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}';
  for (let at = 0; at < text.length; at++) {
    const upstream = new PlayedUpstream(200, JSON_FIELDS);
    upstream.say(text.slice(0, at));
    upstream.end();
    assert.equal(codeOf(await fateOf(watching(upstream, plainCall()))), 'answer-not-json', text.slice(0, at));
  }
});

test('a page, a portal and an error in a 200 are no answers', async () => {
  const judge = async (type: string, body: string) => {
    const upstream = new PlayedUpstream(200, ['content-type', type]);
    upstream.say(body);
    upstream.end();
    return codeOf(await fateOf(watching(upstream, plainCall())));
  };
  assert.equal(await judge('text/html', '<html><title>Down</title></html>'), 'answer-html');
  assert.equal(
    await judge('application/json', '{"error":{"type":"overloaded_error","message":"x"}}'),
    'service-overloaded',
  );
  assert.equal(await judge('application/json', '{"error":{"code":"rate_limit_exceeded"}}'), 'rate-limited');
  assert.notEqual(await judge('application/json', '{"choices":[{"finish_reason":"error"}]}'), '[object Object]');
  assert.equal(await judge('application/json', '{"error":null,"output":[]}'), '[object Object]');
});

test('a content coding that nobody asked for is undone, and one that does not decode is a failure', async () => {
  const text = '{"a":1}';
  const judge = async (coding: string, body: Uint8Array) => {
    const upstream = new PlayedUpstream(200, [
      ...JSON_FIELDS,
      'content-encoding',
      coding,
      'content-length',
      `${body.length}`,
    ]);
    upstream.say(body);
    upstream.end();
    const fate = await fateOf(watching(upstream, plainCall()));
    if (fate instanceof Failure || fate === 'pending') return codeOf(fate);
    assert.deepEqual(fate.fields, JSON_FIELDS);
    return new PlayedCaller(fate).utf8;
  };
  assert.equal(await judge('gzip', zlib.gzipSync(text)), text);
  assert.equal(await judge('br', zlib.brotliCompressSync(text)), text);
  assert.equal(await judge('zstd', zlib.zstdCompressSync(text)), text);
  assert.equal(await judge('deflate', zlib.deflateSync(text)), text);
  assert.equal(await judge('gzip', zlib.gzipSync(text).subarray(0, 12)), 'bad-encoding');
  assert.equal(await judge('gzip', Buffer.from('\x1f\x8b\x08 no gzip at all', 'latin1')), 'bad-encoding');
  assert.equal(await judge('secret', Buffer.from(text)), 'bad-encoding');
  assert.equal(await judge('gzip', zlib.gzipSync(Buffer.alloc(80 * 1024 * 1024))), 'bad-encoding');
});

test('a plain reply larger than is held flows on as it comes, and a cut in it is told', async () => {
  const upstream = new PlayedUpstream(200, JSON_FIELDS, 3000);
  const fate = watching(upstream, plainCall());
  await fateOf(fate);
  upstream.say('x'.repeat(600));
  assert.equal(await fateOf(fate), 'pending');
  upstream.say('y'.repeat(600));
  const reply = await fate;
  upstream.say('z'.repeat(600));
  const caller = new PlayedCaller(reply);
  upstream.say('!');
  upstream.break();
  assert.equal(caller.text, `${'x'.repeat(600)}${'y'.repeat(600)}${'z'.repeat(600)}!`);
  assert.equal(caller.end, 'body-cut');
});

test('a plain reply that breaks keeps the code and the evidence of the break', async () => {
  const upstream = new PlayedUpstream(200, JSON_FIELDS, 10);
  const fate = watching(upstream, plainCall());
  await fateOf(fate);
  upstream.say('{"a"');
  upstream.break('body-incomplete');
  assert.equal(codeOf(await fateOf(fate)), 'body-incomplete');
});

test('a call that is left while its reply is held rejects at once', async () => {
  for (const call of [plainCall(), playedCall('openai-chat'), playedCall('http')]) {
    const upstream = new PlayedUpstream(200, [
      'content-type',
      call.isStream ? 'text/event-stream' : 'application/json',
    ]);
    if (call.dialect === 'http') upstream.reply.fields.length = 0;
    const fate = watching(upstream, call);
    await fateOf(fate);
    upstream.reply.cancel();
    assert.equal(codeOf(await fateOf(fate)), 'caller-left', call.dialect);
  }
});

// ---- failing statuses ----

test('a failing status is judged by its body, of which 64 KiB are read', async () => {
  const time = new PlayedTime();
  const upstream = new PlayedUpstream(429, JSON_FIELDS);
  const fate = watching(upstream, playedCall('openai-chat'), time);
  await fateOf(fate);
  upstream.say('{"error":{"code":"insufficient_quota","message":"no"}}');
  assert.equal(await fateOf(fate), 'pending');
  upstream.end();
  const failure = await fateOf(fate);
  assert.equal(codeOf(failure), 'quota-exhausted');
  assert.deepEqual(upstream.heard, []);
  assert.equal(time.armed, 0);

  const endless = new PlayedUpstream(500, []);
  const other = watching(endless, plainCall(), time);
  await fateOf(other);
  for (let i = 0; i < 20; i++) endless.say('x'.repeat(8192));
  const second = await fateOf(other);
  assert.ok(second instanceof Failure);
  assert.equal(second.code, 'service-error');
  assert.equal(second.evidence.answer?.body.length, 65_536);
  assert.deepEqual(endless.heard, ['pause', 'cancel'].slice(-endless.heard.length));
  assert.equal(time.armed, 0);
});

test('a failing status whose body never comes is judged after two seconds', async () => {
  const time = new PlayedTime();
  const upstream = new PlayedUpstream(503, []);
  const fate = watching(upstream, plainCall(), time);
  await fateOf(fate);
  time.advance(1_900);
  assert.equal(await fateOf(fate), 'pending');
  time.advance(200);
  assert.equal(codeOf(await fateOf(fate)), 'service-unavailable');
  assert.deepEqual(upstream.heard, ['cancel']);
});

test('a redirect is no answer to an inference call', async () => {
  const upstream = new PlayedUpstream(302, ['location', 'https://elsewhere.example/']);
  upstream.end();
  assert.equal(codeOf(await fateOf(watching(upstream, plainCall()))), 'answer-redirected');
});

// ---- any other path ----

test('other paths pass through untouched at their first bytes, failing statuses included', async () => {
  for (const status of [200, 404, 418, 500, 302]) {
    const upstream = new PlayedUpstream(status, []);
    const fate = watching(upstream, playedCall('http', { method: 'GET' }));
    assert.equal(await fateOf(fate), 'pending');
    upstream.say('\x00not json');
    const caller = new PlayedCaller(await fate);
    upstream.say(' at all');
    upstream.end();
    assert.deepEqual([caller.text, caller.end, caller.reply.status], ['\x00not json at all', 'answered', status]);
  }
});

test('other paths fail where another target may do better, on safe methods only', async () => {
  const fate = async (method: string, status: number) => {
    const upstream = new PlayedUpstream(status, []);
    upstream.say('x');
    upstream.end();
    return codeOf(await fateOf(watching(upstream, playedCall('http', { method }))));
  };
  assert.equal(await fate('GET', 503), 'service-unavailable');
  assert.equal(await fate('POST', 503), '[object Object]');
  assert.equal(await fate('GET', 500), '[object Object]');
});

test('an empty reply and one that breaks before its first byte are told apart', async () => {
  const empty = new PlayedUpstream(204, []);
  const emptied = watching(empty, playedCall('http', { method: 'GET' }));
  await fateOf(emptied);
  empty.end();
  assert.equal(new PlayedCaller(await emptied).end, 'answered');
  const cut = new PlayedUpstream(200, []);
  const broken = watching(cut, playedCall('http', { method: 'GET' }));
  await fateOf(broken);
  cut.break();
  assert.equal(codeOf(await fateOf(broken)), 'body-cut');
});

test('a foreign event stream is let through at its head', async () => {
  const upstream = new PlayedUpstream(200, ['content-type', 'text/event-stream']);
  const fate = await fateOf(watching(upstream, playedCall('http', { method: 'GET' })));
  assert.notEqual(fate, 'pending');
});
