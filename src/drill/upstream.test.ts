import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import type { Chance } from '../world/world.ts';
import { readAsk } from './answers/route.ts';
import { isControl } from './control.ts';
import type { Fault } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import { PATIENT, type RawReply, rawExchange } from './raw-client.ts';
import { startSandbox } from './sandbox.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';

const world = realWorld();
const started: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((each) => each.close()));
});

async function start(options: Partial<UpstreamOptions> = {}): Promise<Upstream> {
  const upstream = await startUpstream(world, { name: 'up', ...options });
  started.push(upstream);
  return upstream;
}

function the(text: string): Fault {
  const parsed = parseFault(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'in 5 words' }] };

function request(
  body: object | string = CHAT,
  fields = 'connection: close\r\n',
  line = 'POST /v1/chat/completions HTTP/1.1',
): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `${line}\r\nhost: x\r\n${fields}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

function send(upstream: Upstream, text: string, patience = PATIENT): Promise<RawReply> {
  return rawExchange(world, upstream.address, text, patience);
}

function statuses(reply: RawReply): string[] {
  return [...reply.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1] ?? '');
}

/** Waits for what another connection brings about, turn by turn; five seconds are far more than it takes. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!isSo() && performance.now() < endMs) await new Promise((fulfil) => setImmediate(fulfil));
  assert.ok(isSo());
}

test('it counts each request and tells what became of it', async () => {
  const upstream = await start();
  await send(upstream, request(CHAT, 'connection: close\r\nx-request-id: r1\r\ngoodgate-attempt: 2\r\n'));
  await send(upstream, request(CHAT, 'connection: close\r\ngoodgate-drill: reset-before-head\r\n'));
  assert.equal(upstream.counters.requests, 2);
  const [good, struck] = upstream.records;
  assert.deepEqual(
    [good?.path, good?.model, good?.isStream, good?.requestId, good?.attempt, good?.fault, good?.fate],
    ['/v1/chat/completions', 'm', false, 'r1', '2', undefined, 'answered'],
  );
  assert.equal(good?.bodyBytes, JSON.stringify(CHAT).length);
  assert.ok((good?.bytesSent ?? 0) > 300);
  assert.deepEqual([struck?.fault, struck?.fate, struck?.bytesSent], ['reset-before-head', 'struck', 0]);
  upstream.forget();
  assert.deepEqual([upstream.counters.requests, upstream.records], [0, []]);
});

test('a sender that goes away in the middle of its answer is recorded as having aborted', async () => {
  const upstream = await start({ paceWordsPerS: 20 });
  await send(upstream, request({ ...CHAT, stream: true }), { firstMs: 5000, quietMs: 10 });
  await until(() => upstream.counters.aborted === 1);
  const [record] = upstream.records;
  assert.equal(record?.fate, 'aborted');
  assert.ok((record?.endMs ?? 0) > (record?.startMs ?? 0));
});

test('a share of the requests is struck, as chance has it', async () => {
  const upstream = await start();
  const throws = [0.1, 0.6, 0.49, 0.5];
  const from: Chance = {
    float: () => throws.shift() ?? 1,
    below: () => 0,
    id: () => '',
    bytes: () => new Uint8Array(),
  };
  await upstream.setFault(the('status(503)'), { share: 0.5, from });
  const seen: string[] = [];
  for (let i = 0; i < 4; i += 1) seen.push(...statuses(await send(upstream, request())));
  assert.deepEqual(seen, ['503', '200', '503', '200']);
  await upstream.setFault(undefined);
  assert.deepEqual(statuses(await send(upstream, request())), ['200']);
});

test('one request may ask to be struck, or to be spared', async () => {
  const upstream = await start();
  await upstream.setFault(the('status(500)'));
  const drill = (fault: string): Promise<RawReply> =>
    send(upstream, request(CHAT, `connection: close\r\ngoodgate-drill: ${fault}\r\n`));
  assert.deepEqual(statuses(await drill('status(429)')), ['429']);
  assert.deepEqual(statuses(await drill('none')), ['200']);
  const wrong = await drill('statos(429)');
  assert.deepEqual(statuses(wrong), ['400']);
  assert.match(wrong.text, /the nearest is status/);
  assert.match((await drill('refuse')).text, /refuse stops the whole upstream/);
});

test('connections are kept, also when requests come in one go', async () => {
  const upstream = await start();
  const kept = request(CHAT, '');
  const reply = await send(upstream, kept + kept + request());
  assert.deepEqual(statuses(reply), ['200', '200', '200']);
  assert.equal(reply.ending, 'fin');
  assert.deepEqual(
    upstream.records.map((record) => record.connection),
    [1, 1, 1],
  );
  const slow = await start({ paceWordsPerS: 200 });
  const streams = await send(slow, request({ ...CHAT, stream: true }, '') + request());
  assert.deepEqual(statuses(streams), ['200', '200']);
  assert.equal(streams.text.match(/\[DONE\]/g)?.length, 1);
});

test('chunked bodies, Expect, HEAD and HTTP/1.0 are understood', async () => {
  const upstream = await start();
  const body = JSON.stringify(CHAT);
  const chunked = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`;
  assert.deepEqual(statuses(await send(upstream, chunked)), ['200']);
  const expecting = await send(upstream, request(CHAT, 'expect: 100-continue\r\nconnection: close\r\n'));
  assert.deepEqual(statuses(expecting), ['100', '200']);
  const head = await send(upstream, request('', 'connection: close\r\n', 'HEAD /v1/models HTTP/1.1'));
  assert.match(head.text, /content-length: [1-9]\d*\r\n[\s\S]*\r\n\r\n$/);
  const old = await send(upstream, request({ ...CHAT, stream: true }, '', 'POST /v1/chat/completions HTTP/1.0'));
  assert.match(old.text, /data: \[DONE\]\n\n$/);
  assert.equal(old.ending, 'fin');
});

test('what is no request is refused and closed, and others do not notice', async () => {
  const upstream = await start();
  for (const nonsense of ['\x16\x03\x01\x02\x00\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/1.1\r\nbad name: x\r\n\r\n']) {
    const reply = await send(upstream, nonsense);
    assert.deepEqual(statuses(reply), ['400']);
    assert.equal(reply.ending, 'fin');
  }
  assert.equal(upstream.counters.refused, 3);
  assert.deepEqual(statuses(await send(upstream, request('', 'connection: close\r\n', 'GET /v1/models HTTP/1.1'))), [
    '200',
  ]);
});

test('with keys of its own it lets in nobody else', async () => {
  const upstream = await start({ keys: ['k1', 'k2'] });
  const ask = (field: string): Promise<RawReply> => send(upstream, request(CHAT, `${field}connection: close\r\n`));
  assert.deepEqual(statuses(await ask('')), ['401']);
  assert.deepEqual(statuses(await ask('authorization: Bearer wrong\r\n')), ['401']);
  assert.deepEqual(statuses(await ask('authorization: Bearer k2\r\n')), ['200']);
  assert.deepEqual(statuses(await ask('x-api-key: k1\r\n')), ['200']);
});

test('a refusal drops what is connected, and the same port listens again when it is over', async () => {
  const upstream = await start({ paceWordsPerS: 5 });
  const { address } = upstream;
  const stream = send(upstream, request({ ...CHAT, stream: true }));
  await until(() => upstream.counters.running === 1);
  await upstream.setFault(the('refuse'));
  assert.equal((await stream).ending, 'reset');
  assert.equal((await send(upstream, request())).ending, 'refused');
  await upstream.setFault(the('refuse(30)'));
  assert.equal((await send(upstream, request())).ending, 'refused');
  await until(() => upstream.order === undefined);
  await upstream.setFault(undefined);
  assert.deepEqual(upstream.address, address);
  assert.deepEqual(statuses(await send(upstream, request())), ['200']);
});

function drill(upstream: Upstream, method: string, path: string, body = '', more = ''): Promise<RawReply> {
  return send(upstream, request(body, more, `${method} ${path} HTTP/1.1`));
}

test('a running sandbox is broken and healed over HTTP', async () => {
  const sandbox = await startSandbox(world);
  started.push(sandbox);
  const [a, b] = sandbox.upstreams;
  assert.ok(a !== undefined && b !== undefined);
  assert.deepEqual(sandbox.targets, [
    { name: 'sandbox-a', baseUrl: a.baseUrl },
    { name: 'sandbox-b', baseUrl: b.baseUrl },
  ]);
  assert.match(
    (await drill(a, 'PUT', '/drill/fault', 'status(503, retry-after=2) share=1')).text,
    / 200 [\s\S]*sandbox-a fails: status\(503, retry-after=2\)\n$/,
  );
  assert.deepEqual(statuses(await send(a, request())), ['503']);
  const state = await drill(a, 'GET', '/drill');
  assert.match(state.text, /"fault":"status\(503, retry-after=2\)","share":1,"counters":\{[^}]*"requests":1/);
  assert.deepEqual(statuses(await drill(a, 'DELETE', '/drill/fault')), ['200']);
  assert.deepEqual(statuses(await send(a, request())), ['200']);
  const wrong = await drill(a, 'PUT', '/drill/fault', 'stall-after-event(5)');
  assert.match(wrong.text, / 400 [\s\S]*the nearest is stall-after-events\.\n$/);
  assert.deepEqual(statuses(await drill(a, 'POST', '/drill/fault', 'x')), ['405']);
});

test('a sandbox target that refuses connections is healed through the other one', async () => {
  const sandbox = await startSandbox(world);
  started.push(sandbox);
  const [a, b] = sandbox.upstreams;
  assert.ok(a !== undefined && b !== undefined);
  assert.match((await drill(a, 'PUT', '/drill/fault', 'refuse')).text, /sandbox-a fails: refuse\n$/);
  assert.equal((await send(a, request())).ending, 'refused');
  assert.match((await drill(b, 'GET', '/drill/sandbox-a')).text, /"fault":"refuse"/);
  assert.deepEqual(statuses(await drill(b, 'DELETE', '/drill/sandbox-a/fault')), ['200']);
  assert.deepEqual(statuses(await send(a, request())), ['200']);
  assert.match((await drill(b, 'GET', '/drill/sandbox-c')).text, / 404 [\s\S]*sandbox-a, sandbox-b/);
});

test("another site's page, another machine, or a proxy for either cannot control it", async () => {
  const upstream = await start();
  for (const field of ['origin: https://evil.example', 'via: 1.1 goodgate', 'x-forwarded-for: 192.0.2.1']) {
    const reply = await drill(upstream, 'PUT', '/drill/fault', 'status(500)', `${field}\r\nconnection: close\r\n`);
    assert.deepEqual(statuses(reply), ['404']);
  }
  assert.equal(upstream.order, undefined);
  const ask = readAsk('PUT', '/drill/fault', [], new Uint8Array());
  const from = (ip: string): boolean => isControl(ask, { ip, port: 1 });
  assert.deepEqual(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map(from), [true, true, true]);
  assert.deepEqual(['192.0.2.1', '10.127.0.1', '::ffff:10.0.0.1', ''].map(from), [false, false, false, false]);
});

test('a plain answer comes at once even at a slow pace', async () => {
  const upstream = await start({ paceWordsPerS: 1 });
  const reply = await send(upstream, request());
  assert.deepEqual([statuses(reply), reply.ending], [['200'], 'fin']);
});
