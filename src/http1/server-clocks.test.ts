import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncomingRequest, RequestHandler, Responder, ServerLimits } from './contract.ts';
import { playedServer } from './played-callers.testing.ts';
import { answerIn, statusesIn } from './raw-caller.testing.ts';

const LIMITS: Partial<ServerLimits> = {
  headMs: 1000,
  bodyIdleMs: 2000,
  writeIdleMs: 3000,
  keepAliveMs: 5000,
};

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';

const ok: RequestHandler = (_request, response) => response.send(200, [], 'ok');

/** Reads the body and remembers what happened. */
function reading(events: string[]): RequestHandler {
  return (request, response) => {
    events.push('asked');
    response.onLeave = () => events.push('left');
    request.read({
      part() {},
      end: () => response.send(200, [], 'whole'),
      fail: ({ word, status }) => events.push(`${word} ${status}`),
    });
  };
}

test('a head that trickles in gets 408 when its time is over, however often a byte comes', async () => {
  const { call, world, server } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  for (let i = 0; i < 9; i += 1) {
    wire.says('GET / HTTP/1.1'[i] ?? 'x');
    await world.pass(100);
  }
  assert.equal(wire.sent, '');
  await world.pass(150);
  assert.deepEqual(statusesIn(wire.sent), [408]);
  assert.equal(answerIn(wire.sent).body, 'head-slow');
  assert.equal(answerIn(wire.sent).fields.get('connection'), 'close');
  assert.equal(wire.isHalfClosed, true);
  assert.equal(server.stats.faults.get('head-slow'), 1);
});

test('the first head has its time from the connection on, not from its first byte', async () => {
  const { call, world } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  await world.pass(600);
  wire.says('GET');
  await world.pass(450);
  assert.deepEqual(statusesIn(wire.sent), [408]);
});

test('a refusal of the next head is not taken for an answer to the request before', async () => {
  const { call, world } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  wire.says('HEAD /before HTTP/1.1\r\nHost: a\r\n\r\n');
  const before = wire.sent.length;
  wire.says('GET /next');
  await world.pass(1050);
  const refusal = answerIn(wire.sent.slice(before));
  assert.deepEqual([refusal.status, refusal.body, refusal.fields.get('x-target')], [408, 'head-slow', '-']);
});

test('a connection on which nothing was ever said is closed without a word', async () => {
  const { call, world } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  await world.pass(1050);
  assert.equal(wire.sent, '');
  assert.equal(wire.isHalfClosed, true);
});

test('an unused connection is closed after its limit, which starts anew with each answer', async () => {
  const { call, world } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  for (let i = 0; i < 3; i += 1) {
    wire.says(GET);
    await world.pass(4500);
    assert.equal(wire.isHalfClosed, false);
  }
  await world.pass(600);
  assert.equal(wire.isHalfClosed, true);
  assert.deepEqual(statusesIn(wire.sent), [200, 200, 200]);
});

test('the head of a later request has its own time, from its first byte', async () => {
  const { call, world } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  wire.says(GET);
  await world.pass(4000);
  wire.says('GET ');
  await world.pass(950);
  assert.deepEqual(statusesIn(wire.sent), [200]);
  await world.pass(100);
  assert.deepEqual(statusesIn(wire.sent), [200, 408]);
});

test('an answer may take as long as it takes', async () => {
  let response: Responder | undefined;
  const { call, world } = await playedServer(
    (_request, answer) => {
      response = answer;
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.says(GET);
  await world.pass(60_000);
  assert.equal(wire.isHalfClosed, false);
  response?.send(200, [], 'late');
  assert.equal(answerIn(wire.sent).body, 'late');
});

test('a body that stops or crawls gets 408, and its reader is told', async () => {
  for (const pace of ['stop', 'crawl'] as const) {
    const events: string[] = [];
    const { call, world } = await playedServer(reading(events), { limits: LIMITS });
    const wire = call();
    wire.says(`${POST}abc`);
    for (let i = 0; i < 19; i += 1) {
      await world.pass(100);
      if (pace === 'crawl') wire.says('x'.repeat(40));
    }
    assert.equal(wire.sent, '');
    await world.pass(150);
    assert.deepEqual(statusesIn(wire.sent), [408]);
    assert.deepEqual(events, ['asked', 'body-slow 408']);
  }
});

test('a body that flows may take as long as it is long', async () => {
  const events: string[] = [];
  const { call, world } = await playedServer(reading(events), { limits: LIMITS });
  const wire = call();
  wire.says(POST);
  for (let i = 0; i < 100; i += 1) {
    await world.pass(100);
    wire.says('x'.repeat(1000));
  }
  assert.equal(answerIn(wire.sent).body, 'whole');
  assert.deepEqual(events, ['asked']);
});

test('a body that waits for us runs no clock', async () => {
  let request: IncomingRequest | undefined;
  const { call, world } = await playedServer(
    (asked) => {
      request = asked;
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.says(`${POST}abc`);
  await world.pass(60_000);
  assert.equal(wire.sent, '');
  request?.read({ part: () => request?.pause(), end() {}, fail() {} });
  assert.equal(wire.isPaused, true);
  await world.pass(60_000);
  assert.equal(wire.sent, '');
  request?.resume();
  assert.equal(wire.isPaused, false);
  await world.pass(2100);
  assert.deepEqual(statusesIn(wire.sent), [408]);
});

test('a slow body after the head of the answer cannot be told: the answer is cut', async () => {
  const events: string[] = [];
  const { call, world } = await playedServer(
    (request, response) => {
      response.head(200, []);
      response.part('begun');
      request.read({ part() {}, end() {}, fail: ({ word }) => events.push(word) });
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.says(POST);
  await world.pass(2100);
  assert.equal(answerIn(wire.sent).body, '5\r\nbegun\r\n');
  assert.equal(wire.isHalfClosed, true);
  assert.deepEqual(events, ['body-slow']);
});

test('a caller that does not read its answer is reset, and its owner told that it left', async () => {
  const events: string[] = [];
  let response: Responder | undefined;
  const { call, world, server } = await playedServer(
    (_request, answer) => {
      response = answer;
      answer.onLeave = () => events.push('left');
      answer.onDrain = () => events.push('drain');
      answer.head(200, []);
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.says(GET);
  wire.isStuck = true;
  assert.equal(response?.part('x'.repeat(100)), false);
  await world.pass(2900);
  wire.drains();
  assert.deepEqual(events, ['drain']);
  assert.equal(response?.part('y'), true);
  await world.pass(10_000);
  assert.equal(wire.isDestroyed, false, 'nothing is queued, so nothing is slow');
  wire.isStuck = true;
  response?.part('z');
  await world.pass(3100);
  assert.equal(wire.isDestroyed, true);
  wire.breaks('ECONNRESET');
  assert.deepEqual(events, ['drain', 'left']);
  assert.equal(server.stats.faults.get('write-slow'), 1);
  assert.equal(server.stats.connections, 0);
});

test('a caller that reads a byte now and then is as good as one that does not', async () => {
  const { call, world } = await playedServer(
    (_request, response) => {
      response.head(200, []);
      response.part('x'.repeat(1000));
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.isStuck = true;
  wire.says(GET);
  for (let i = 0; i < 31; i += 1) {
    await world.pass(100);
    wire.bytesWritten += 10;
  }
  assert.equal(wire.isDestroyed, true);
});

test('an owner that writes on does not give a caller that does not read more time', async () => {
  const { call, world } = await playedServer(
    (_request, response) => {
      response.head(200, []);
      const write = () => {
        response.part('x');
        world.timers.after(500, write);
      };
      write();
    },
    { limits: LIMITS },
  );
  const wire = call();
  wire.isStuck = true;
  // What was given to the platform counts as read by it, so a stuck wire must not count it here.
  Object.defineProperty(wire, 'bytesWritten', { get: () => 0, set() {} });
  wire.says(GET);
  await world.pass(3100);
  assert.equal(wire.isDestroyed, true);
});

test('pipelined requests are not read while their answers are not', async () => {
  let asked = 0;
  const { call } = await playedServer((_request, response) => {
    asked += 1;
    response.send(200, [], 'ok');
  });
  const wire = call();
  wire.isStuck = true;
  wire.says(GET.repeat(5));
  assert.equal(asked, 1);
  wire.drains();
  assert.equal(asked, 5);
});

test('what is pipelined is kept to a bound, then the wire is not read', async () => {
  let response: Responder | undefined;
  const { call } = await playedServer((_request, answer) => {
    response = answer;
  });
  const wire = call();
  wire.says(GET);
  for (let i = 0; i < 16; i += 1) wire.says('x'.repeat(1000));
  assert.equal(wire.isPaused, false);
  wire.says('x'.repeat(1000));
  assert.equal(wire.isPaused, true);
  response?.send(200, [], '');
  assert.equal(wire.isPaused, false, 'it is garbage, so the connection is closing and reads what still comes');
});

test('after our close, what still comes is dropped; a caller that never closes is closed', async () => {
  const { call, world, server } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  wire.says('GARBAGE\r\n\r\n');
  assert.deepEqual(statusesIn(wire.sent), [400]);
  wire.says(GET);
  assert.deepEqual(statusesIn(wire.sent), [400]);
  await world.pass(1900);
  assert.equal(wire.isDestroyed, false);
  await world.pass(200);
  assert.equal(wire.isDestroyed, true);
  wire.breaks('');
  assert.equal(server.stats.connections, 0);
});

test('after our close a slow reader has its time for what is queued', async () => {
  const { call, world } = await playedServer((_request, response) => response.send(200, [], 'x'.repeat(9000)), {
    limits: LIMITS,
  });
  const wire = call();
  wire.isStuck = true;
  wire.says('GET / HTTP/1.0\r\n\r\n');
  assert.equal(wire.isHalfClosed, true);
  for (let i = 0; i < 4; i += 1) {
    wire.bytesWritten += 1000;
    await world.pass(4000);
    assert.equal(wire.isDestroyed, false, 'it moved, then stood still for less than its limit');
  }
  await world.pass(2100);
  assert.equal(wire.isDestroyed, true);
});

test('a caller that floods after our close is cut', async () => {
  const { call } = await playedServer(ok);
  const wire = call();
  wire.says('GARBAGE\r\n\r\n');
  for (let i = 0; i < 17; i += 1) wire.says('x'.repeat(65_536));
  assert.equal(wire.isDestroyed, true);
});

test('an unwanted body that trickles costs the connection after a moment', async () => {
  const { call, world, server } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  wire.says('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
  assert.deepEqual(statusesIn(wire.sent), [200]);
  for (let i = 0; i < 9; i += 1) {
    await world.pass(240);
    wire.says('x');
  }
  assert.equal(wire.isHalfClosed, true);
  assert.equal(server.stats.requestsOpen, 0);
});

test('an unwanted body of more than is worth it costs the connection at once', async () => {
  const { call } = await playedServer(ok, { limits: LIMITS });
  const wire = call();
  wire.says('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  wire.says(`10000\r\n${'x'.repeat(65_536)}\r\n`);
  assert.equal(wire.isHalfClosed, false);
  wire.says('1\r\nx\r\n');
  assert.equal(wire.isHalfClosed, true);
});

test('a clock of 0 is off', async () => {
  const off = { headMs: 0, bodyIdleMs: 0, writeIdleMs: 0, keepAliveMs: 0 };
  const { call, world } = await playedServer(reading([]), { limits: off });
  const fresh = call();
  const head = call();
  head.says('GET ');
  const body = call();
  body.says(POST);
  const idle = call();
  idle.says(GET);
  await world.pass(100_000);
  for (const wire of [fresh, head, body, idle]) assert.equal(wire.isHalfClosed || wire.isDestroyed, false);
  assert.equal(answerIn(idle.sent).fields.get('keep-alive'), undefined);
});
