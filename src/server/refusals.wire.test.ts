import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerIn, RawCaller } from '../http1/raw-caller.testing.ts';
import { type Front, front, type PlayedService, playedService } from './front.testing.ts';

let service: PlayedService;
let gateway: Front;

before(async () => {
  service = await playedService((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  gateway = await front(`limits: { head-bytes: 16KiB, body-bytes: 10KiB }
timeouts: { caller-head: 200ms, caller-body: 200ms }
targets: { a: { dialect: openai, url: "http://127.0.0.1:${service.port}/v1", key: k } }`);
});
after(async () => {
  await gateway.stop();
  await service.close();
});

const CHAT = 'POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\ncontent-type: application/json\r\n';

/** What is refused by the engine itself, with its status. Each is the whole of what a caller says on its connection. */
const REFUSED: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ['a line that is no request', 'hello\r\n\r\n', 400],
  ['TLS on the plain port', '\x16\x03\x01\x00\x05hello', 400],
  ['a field without a colon', `${CHAT}oops\r\n\r\n`, 400],
  ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n', 400],
  ['two lengths', `${CHAT}content-length: 1\r\ncontent-length: 2\r\n\r\nx`, 400],
  ['a bad chunk', `${CHAT}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400],
  ['a head that stops', 'GET /v1/models HTTP/1.1\r\nHost:', 408],
  ['a body that stops', `${CHAT}content-length: 100\r\n\r\n{`, 408],
  ['a body too large, announced', `${CHAT}content-length: 20000\r\n\r\n`, 413],
  ['a body too large, as it comes', `${CHAT}transfer-encoding: chunked\r\n\r\n4e20\r\n${'x'.repeat(20_000)}\r\n`, 413],
  ['a target too long', `GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['a head too large', `${CHAT}cookie: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ['an expectation we do not know', `${CHAT}expect: 200-ok\r\ncontent-length: 0\r\n\r\n`, 417],
  ['a coding we do not know', `${CHAT}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['another version', 'GET /v1/models HTTP/2.0\r\nHost: a\r\n\r\n', 505],
];

for (const [name, bytes, status] of REFUSED) {
  test(`${name} is answered ${status}, told by its cause, and the connection is closed`, async () => {
    const caller = await RawCaller.connect(gateway);
    caller.say(bytes);
    const answer = answerIn(await caller.untilEnded());
    assert.equal(answer.status, status);
    assert.equal(answer.fields.get('connection'), 'close');
    assert.match(answer.fields.get('proxy-status') ?? '', /^goodgate-\w+;.*error=http_request_error/);
    assert.match(answer.fields.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    assert.equal(Number(answer.fields.get('content-length')), Buffer.byteLength(answer.body, 'latin1'));
    const body = JSON.parse(answer.body);
    assert.ok(typeof (body.title ?? body.error?.message) === 'string', answer.body);
    // Who asked on a path of an API reads its errors.
    if (bytes.startsWith(CHAT)) assert.equal(typeof body.error?.message, 'string', answer.body);
    assert.equal(service.heard.length, 0, 'no service heard of it');
    caller.leave();
  });
}

test('a compressed request is told that it has to come plain', async () => {
  const caller = await RawCaller.connect(gateway);
  caller.say(`${CHAT}content-encoding: gzip\r\nconnection: close\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00`);
  const answer = answerIn(await caller.untilEnded());
  assert.equal(answer.status, 400);
  assert.match(answer.body, /send it without content-encoding/);
});
