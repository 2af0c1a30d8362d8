import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestHandler, Responder } from './contract.ts';
import { playedServer } from './played-callers.testing.ts';
import { answerIn, RawCaller, serving, statusesIn } from './raw-caller.testing.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

const who: RequestHandler = (request, response) => {
  response.send(200, [], `${request.peer.ip} ${request.peer.port} ${request.isSecure}`);
};

test('one connection over the limit is answered 503 and closed, the others are served', async () => {
  const { call, server } = await playedServer(who, { limits: { connectionsMax: 2 } });
  const [first, second, third] = [call(), call(), call()];
  assert.deepEqual(statusesIn(third.sent), [503]);
  assert.equal(third.isHalfClosed, true);
  first.says(GET);
  second.says(GET);
  assert.deepEqual(statusesIn(first.sent + second.sent), [200, 200]);
  third.says(GET);
  assert.deepEqual(statusesIn(third.sent), [503]);
  third.breaks('');
  second.breaks('');
  const fourth = call();
  fourth.says(GET);
  assert.deepEqual(statusesIn(fourth.sent), [200]);
  assert.equal(server.stats.faults.get('connections'), 1);
});

test('over the limit, whoever only holds a place gives way to the newcomer, the oldest first', async () => {
  const { call, server, world } = await playedServer(() => undefined, { limits: { connectionsMax: 3 } });
  const [busy, slowHead, idle] = [call(), call(), call()];
  busy.says(GET);
  slowHead.says('GET / HT');
  await world.pass(200);
  const fourth = call();
  assert.equal(slowHead.isDestroyed, true);
  slowHead.breaks('');
  fourth.says(GET);
  const fifth = call();
  assert.equal(idle.isDestroyed, true);
  idle.breaks('');
  fifth.says(GET);
  await world.pass(200);
  assert.deepEqual(statusesIn(call().sent), [503], 'nobody is idle any more');
  assert.equal(busy.isDestroyed || fourth.isDestroyed || fifth.isDestroyed, false);
  assert.equal(server.stats.requestsOpen, 3);
});

test('a body that crawls and an answer that is not read hold no place either', async () => {
  const { call, world } = await playedServer(
    (request, response) => {
      if (request.method === 'POST') request.read({ part() {}, end() {}, fail() {} });
      else {
        response.head(200, []);
        response.part('x');
      }
    },
    { limits: { connectionsMax: 2 } },
  );
  const [crawling, deaf] = [call(), call()];
  crawling.says('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx');
  deaf.isStuck = true;
  deaf.says(GET);
  await world.pass(500);
  assert.deepEqual(statusesIn(call().sent), [503], 'a moment is given to both');
  await world.pass(600);
  call();
  call();
  assert.equal(crawling.isDestroyed && deaf.isDestroyed, true);
});

test('when nobody only holds a place a file that is being fetched gives way, and never a stream of events', async () => {
  const { call, world } = await playedServer(
    (request, response) => {
      response.head(200, []);
      const isFile = request.target === '/';
      for (let i = 0; i < (isFile ? 3 : 300); i += 1) response.part(Buffer.alloc(isFile ? 65_536 : 1000, 'x'));
    },
    { limits: { connectionsMax: 2 } },
  );
  const [events, file] = [call(), call()];
  events.says('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
  file.says(GET);
  await world.pass(500);
  assert.deepEqual(statusesIn(call().sent), [503], 'a moment is given to it');
  await world.pass(600);
  const next = call();
  assert.deepEqual([file.isDestroyed, events.isDestroyed], [true, false]);
  file.breaks('');
  next.says('GET /events HTTP/1.1\r\nHost: a\r\n\r\n');
  await world.pass(5000);
  assert.deepEqual(statusesIn(call().sent), [503]);
});

test('a flood over the limit is reset without an answer', async () => {
  const { call, server } = await playedServer(who, { limits: { connectionsMax: 1 } });
  for (let i = 0; i < 257; i += 1) call();
  const last = call();
  assert.equal(last.sent, '');
  assert.equal(last.isDestroyed, true);
  assert.equal(server.stats.connections, 257);
});

const PROXY_HEADER = `\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x07\xcb\x00\x71\x08\x30\x39\x00\x50`;

test('behind a balancer the PROXY header says who calls; the first request may come with it', async () => {
  const { call } = await playedServer(who, { proxyProtocolFrom: ['192.0.2.0/24'] });
  const together = call();
  together.says(PROXY_HEADER + GET);
  assert.equal(answerIn(together.sent).body, '203.0.113.7 12345 false');
  const apart = call();
  for (const byte of PROXY_HEADER + GET) apart.says(byte);
  assert.equal(answerIn(apart.sent).body, '203.0.113.7 12345 false');
  apart.says(GET);
  assert.deepEqual(statusesIn(apart.sent), [200, 200]);
});

test('from a balancer nothing but the header is taken, from others it is no request', async () => {
  const { call, world, server } = await playedServer(who, {
    proxyProtocolFrom: ['192.0.2.0/24'],
    limits: { headMs: 1000 },
  });
  const without = call();
  without.says(GET);
  assert.deepEqual([without.sent, without.isDestroyed], ['', true]);
  const slow = call();
  slow.says(PROXY_HEADER.slice(0, 5));
  await world.pass(1100);
  assert.deepEqual([slow.sent, slow.isDestroyed], ['', true]);
  assert.equal(server.stats.faults.get('proxy-protocol'), 2);

  const open = await playedServer(who);
  const wire = open.call();
  wire.says(PROXY_HEADER + GET);
  assert.deepEqual(statusesIn(wire.sent), [400]);
});

test('the time for the PROXY header ends with it', async () => {
  const { call, world } = await playedServer(who, { proxyProtocolFrom: ['192.0.2.0/24'], limits: { headMs: 1000 } });
  const wire = call();
  wire.says(PROXY_HEADER + GET);
  await world.pass(5000);
  assert.equal(wire.isDestroyed, false);
});

test('PROXY and TLS on one listener are refused, as is a network that is none', async () => {
  const tls = { certificate: '', key: '' };
  await assert.rejects(playedServer(who, { proxyProtocolFrom: ['10.0.0.0/8'], tls }), TypeError);
  await assert.rejects(playedServer(who, { forwardedFrom: ['somewhere'] }), TypeError);
});

test('forwarding fields are believed from trusted networks only, request by request', async () => {
  const forwarded = `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n`;
  const trusting = (await playedServer(who, { forwardedFrom: ['192.0.2.1'] })).call();
  trusting.says(forwarded + GET);
  assert.match(trusting.sent, /203\.0\.113\.9 0 true[\s\S]*192\.0\.2\.1 80 false$/);
  const wary = (await playedServer(who, { forwardedFrom: ['10.0.0.0/8'] })).call();
  wary.says(forwarded);
  assert.equal(answerIn(wary.sent).body, '192.0.2.1 80 false');
});

test('a drain closes the idle at once, lets the busy answer with close, and ends when all are gone', async () => {
  const responses: Responder[] = [];
  const { call, server, world, isListening } = await playedServer(
    (_request, response) => void responses.push(response),
  );
  const idle = call();
  idle.says(GET);
  responses.pop()?.send(200, [], 'before');
  const busy = call();
  busy.says(GET + GET);
  const streaming = call();
  streaming.says(GET);
  responses[1]?.head(200, []);
  let isDrained = false;
  const drained = server.drain(10_000).then(() => {
    isDrained = true;
  });
  await world.pass(10);
  assert.equal(isListening(), false);
  assert.equal(idle.isHalfClosed, true);
  assert.equal(busy.isHalfClosed || streaming.isHalfClosed, false);
  responses[0]?.send(200, [], 'done');
  responses[1]?.part('more');
  responses[1]?.end();
  assert.equal(answerIn(busy.sent).fields.get('connection'), 'close');
  assert.deepEqual(statusesIn(busy.sent), [200], 'what is pipelined behind is not begun');
  assert.equal(streaming.isHalfClosed, true);
  await world.pass(100);
  assert.equal(isDrained, false);
  for (const wire of [idle, busy, streaming]) wire.breaks('');
  await world.pass(100);
  assert.equal(isDrained, true);
  await drained;
});

test('during a drain a connection that has just been opened may still ask its first request', async () => {
  const { call, server, world } = await playedServer(who);
  const fresh = call();
  const half = call();
  half.says(GET.slice(0, 9));
  const silent = call();
  const drained = server.drain(10_000);
  fresh.says(GET);
  half.says(GET.slice(9));
  for (const wire of [fresh, half]) {
    assert.deepEqual(statusesIn(wire.sent), [200]);
    assert.equal(answerIn(wire.sent).fields.get('connection'), 'close');
  }
  await world.pass(900);
  assert.equal(silent.isHalfClosed, false);
  await world.pass(200);
  assert.equal(silent.isHalfClosed, true);
  for (const wire of [fresh, half, silent]) wire.breaks('');
  await world.pass(10);
  await drained;
});

test('who comes while a drain lets in the last may ask once, and has a second to begin', async () => {
  const { call, server, world } = await playedServer(who);
  const drained = server.drain(10_000);
  const [asking, silent] = [call(), call()];
  asking.says(GET);
  assert.equal(answerIn(asking.sent).fields.get('connection'), 'close');
  await world.pass(1100);
  assert.equal(silent.isHalfClosed, true);
  for (const wire of [asking, silent]) wire.breaks('');
  await world.pass(10);
  await drained;
});

test('what is left after the grace is cut off, and its owner told', async () => {
  const events: string[] = [];
  const { call, server, world } = await playedServer((_request, response) => {
    response.onLeave = () => events.push('left');
  });
  const wire = call();
  wire.says(GET);
  const drained = server.drain(500);
  await world.pass(600);
  assert.equal(wire.isDestroyed, true);
  wire.breaks('');
  await world.pass(10);
  await drained;
  assert.deepEqual(events, ['left']);
});

test('a wire that never says that it has closed holds up a drain for no more than a second', async () => {
  const { call, server, world } = await playedServer(() => {});
  call().says(GET);
  let isDrained = false;
  void server.drain(500).then(() => {
    isDrained = true;
  });
  await world.pass(1600);
  assert.equal(isDrained, true);
});

test('while real connections drain, no request that was accepted is cut', { timeout: 10_000 }, async () => {
  const server = await serving((_request, response) => void setImmediate(() => response.send(200, [], 'done')));
  const callers = await Promise.all(Array.from({ length: 20 }, () => RawCaller.connect(server)));
  for (const caller of callers) caller.say(GET);
  await Promise.all(callers.slice(0, 10).map((caller) => caller.untilHeard('done')));
  const drained = server.drain(2000);
  const texts = await Promise.all(callers.map((caller) => caller.untilEnded()));
  for (const caller of callers) caller.leave();
  await drained;
  for (const text of texts) assert.equal(answerIn(text).body, 'done');
  await assert.rejects(RawCaller.connect(server));
});
