import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { answerIn, RawCaller } from '../http1/raw-caller.testing.ts';
import { type Front, front, type PlayedService, playedService } from './front.testing.ts';

let service: PlayedService;
let gateway: Front;
let respond: (socket: Socket, request: string) => void = () => undefined;

before(async () => {
  service = await playedService((socket, request) => respond(socket, request));
  // The first target is a port that nobody listens on.
  const port = await closedPort();
  gateway = await front(`timeouts: { drain: 100ms }
targets:
  gone: { dialect: openai, url: "http://127.0.0.1:${port}/v1", key: k }
  here: { dialect: openai, url: "http://127.0.0.1:${service.port}/v1", key: service-key }
routes: [{ match: { models: ["*"] }, pools: [{ targets: [gone] }, { targets: [here] }] }]`);
});
after(async () => {
  await gateway.stop();
  await service.close();
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const UPGRADE =
  'GET /v1/realtime?model=m HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** The last line of the gateway's log, once there are this many about tunnels. */
async function logged(piece: string): Promise<string> {
  for (let i = 0; i < 200; i += 1) {
    const line = gateway.log.findLast((each) => each.includes(piece));
    if (line !== undefined) return line;
    await new Promise((fulfil) => setTimeout(fulfil, 5));
  }
  return gateway.log.join('\n');
}

/** The answer to a handshake (RFC 6455 §4.2.2). */
function accepted(request: string): string {
  const key = /sec-websocket-key: (\S+)/i.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return SWITCHED.replace(/\r\n$/, `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
}

/** Sends every frame back unmasked, close frames too, and then closes (RFC 6455 §5). */
function echoFrames(socket: Socket): void {
  let bytes = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const short = (bytes[1] ?? 0) & 127;
      const head = short === 127 ? 14 : short === 126 ? 8 : 6;
      if (bytes.length < head) return;
      const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < head + length) return;
      const mask = bytes.subarray(head - 4, head);
      const payload = bytes.subarray(head, head + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      const opening = Buffer.from(bytes.subarray(0, head - 4));
      opening[1] = short;
      socket.write(Buffer.concat([opening, payload]));
      if (((bytes[0] ?? 0) & 15) === 8) socket.end();
      bytes = bytes.subarray(head + length);
    }
  });
}

test('a WebSocket of the platform talks through the gateway, both ways, small and large, to its close', async () => {
  respond = (socket, request) => {
    socket.write(accepted(request));
    echoFrames(socket);
  };
  const client = new WebSocket(`ws://127.0.0.1:${gateway.address.port}/v1/realtime?model=m`);
  await once(client, 'open');
  for (const text of ['hello', 'x'.repeat(1_000_000), 'bye']) {
    const answer = once(client, 'message');
    client.send(text);
    assert.equal((await answer)[0].data, text);
  }
  const closed = once(client, 'close');
  client.close(4001, 'done');
  const [event] = await closed;
  assert.equal(event.code, 4001);
  assert.equal(event.reason, 'done');
  const request = service.heard.at(-1) ?? '';
  assert.match(request, /^GET \/v1\/realtime\?model=m HTTP\/1\.1\r\n/);
  assert.match(request, /\r\nupgrade: websocket\r\n/);
  assert.match(request, /\r\nauthorization: Bearer service-key\r\n/);
  assert.match(await logged('/v1/realtime answered'), /gone connect-refused → here answered/);
});

async function opened(first = ''): Promise<{ caller: RawCaller; socket: Socket }> {
  const asked = Promise.withResolvers<Socket>();
  respond = (socket) => {
    socket.write(SWITCHED);
    asked.resolve(socket);
  };
  const caller = await RawCaller.connect(gateway);
  caller.say(UPGRADE + first);
  const socket = await asked.promise;
  await caller.untilHeard('\r\n\r\n');
  return { caller, socket };
}

async function heardAt(socket: Socket, text: string): Promise<void> {
  let heard = '';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  while (!heard.includes(text)) await once(socket, 'data');
}

test('the head of the switch is ours and the service’s, and what comes right behind it on either side is not lost', async () => {
  const asked = Promise.withResolvers<Socket>();
  respond = (socket) => {
    socket.write(`${SWITCHED}first words of the service`);
    asked.resolve(socket);
  };
  const caller = await RawCaller.connect(gateway);
  caller.say(`${UPGRADE}first words of the caller`);
  await heardAt(await asked.promise, 'first words of the caller');
  const text = await caller.untilHeard('first words of the service');
  assert.ok(text.startsWith('HTTP/1.1 101 Switching Protocols\r\n'));
  const { fields } = answerIn(text);
  assert.equal(fields.get('upgrade'), 'websocket');
  assert.equal(fields.get('connection'), 'upgrade');
  assert.equal(fields.get('goodgate-target'), 'here');
  assert.equal(fields.has('content-length') || fields.has('transfer-encoding'), false);
  caller.leave();
});

test('a half that is closed leaves the other open', async () => {
  const { caller, socket } = await opened();
  const ended = once(socket, 'end');
  socket.resume();
  caller.say('last question');
  caller.socket.end();
  await ended;
  socket.end('the answer to it');
  const text = await caller.untilEnded();
  assert.ok(text.endsWith('the answer to it'));
  assert.equal(caller.ending, 'fin');
});

test('a service that resets is a reset for the caller, and the failure of the call', async () => {
  const before = gateway.log.length;
  const { caller, socket } = await opened();
  socket.resetAndDestroy();
  await caller.untilEnded();
  assert.equal(caller.ending, 'reset');
  while (gateway.log.length === before) await new Promise((fulfil) => setImmediate(fulfil));
  assert.match(gateway.log.at(-1) ?? '', /\/v1\/realtime failed\(/);
});

test('a caller that resets is a reset for the service, and nobody’s failure', async () => {
  const before = gateway.log.length;
  const { caller, socket } = await opened();
  const closed = once(socket, 'error');
  socket.resume();
  caller.socket.resetAndDestroy();
  const [error] = await closed;
  assert.equal(error.code, 'ECONNRESET');
  while (gateway.log.length === before) await new Promise((fulfil) => setImmediate(fulfil));
  assert.match(gateway.log.at(-1) ?? '', /\/v1\/realtime abandoned/);
});

test('a slow reader holds back the other side, and nothing is lost', { timeout: 20_000 }, async () => {
  const { caller, socket } = await opened();
  caller.socket.pause();
  const piece = Buffer.alloc(65_536, 'x');
  let sent = 0;
  // Far more than kernel and gateway hold: a gateway without back-pressure would take it all.
  while (sent < 64 * 1_048_576 && socket.writableLength < 4 * 1_048_576) {
    socket.write(piece);
    sent += piece.length;
    await new Promise((fulfil) => setImmediate(fulfil));
  }
  assert.ok(socket.writableLength > 0, 'the service is held back');
  let heard = 0;
  caller.socket.removeAllListeners('data');
  caller.socket.on('data', (bytes: Buffer) => {
    heard += bytes.length;
  });
  caller.socket.resume();
  socket.end();
  await once(caller.socket, 'end');
  assert.equal(heard, sent);
  caller.leave();
});

test('a refusal of the service is told as it is, and the connection stays', async () => {
  respond = (socket) =>
    socket.write('HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno');
  const caller = await RawCaller.connect(gateway);
  caller.say(UPGRADE);
  const answer = answerIn(await caller.untilHeard('\r\n\r\nno'));
  assert.equal(answer.status, 403);
  assert.equal(answer.fields.get('connection'), 'keep-alive');
  caller.leave();
});

test('a switch to something else than was asked for is no answer', async () => {
  respond = (socket) => socket.write(SWITCHED.replace('websocket', 'h2c'));
  const caller = await RawCaller.connect(gateway);
  caller.say(UPGRADE.replace('keep-alive', 'close'));
  const answer = answerIn(await caller.untilEnded());
  assert.equal(answer.status, 502);
  caller.leave();
});

test('another protocol than WebSocket is not asked for: the request goes on as a plain one', async () => {
  respond = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain');
  const caller = await RawCaller.connect(gateway);
  caller.say(UPGRADE.replace('WebSocket', 'h2c').replace('/v1/realtime?model=m', '/other'));
  assert.equal(answerIn(await caller.untilHeard('plain')).status, 200);
  assert.doesNotMatch(service.heard.at(-1) ?? '', /upgrade/i);
  caller.leave();
});

test('a drain waits for tunnels as long as for any call, and then ends them', async () => {
  const { caller, socket } = await opened();
  const closed = new Promise((fulfil) => socket.once('close', fulfil));
  socket.resume();
  const fromMs = performance.now();
  await gateway.stop();
  await caller.untilEnded();
  await closed;
  assert.ok(performance.now() - fromMs >= 100, 'the tunnel had the time of the drain');
});
