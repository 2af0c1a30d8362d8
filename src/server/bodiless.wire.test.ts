import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerIn, RawCaller } from '../http1/raw-caller.testing.ts';
import { type Front, front, type PlayedService, playedService } from './front.testing.ts';

/** What the service says to a path, and the length that a caller is told. */
const ANSWERS: readonly (readonly [request: string, answer: string, length: string | undefined])[] = [
  ['HEAD /v1/files/a', '200 OK\r\nContent-Length: 197', '197'],
  ['HEAD /v1/files/b', '200 OK\r\nTransfer-Encoding: chunked', undefined],
  ['HEAD /v1/files/c', '200 OK', undefined],
  ['HEAD /v1/files/d', '404 Not Found\r\nContent-Length: 30', '30'],
  ['GET /v1/files/e', '304 Not Modified\r\nContent-Length: 197\r\nETag: "e"', '197'],
  ['GET /v1/files/f', '304 Not Modified\r\nETag: "f"', undefined],
  ['GET /v1/files/g', '204 No Content', undefined],
];

let service: PlayedService;
let gateway: Front;

before(async () => {
  service = await playedService((socket, request) => {
    const [, answer] = ANSWERS.find(([line]) => request.startsWith(`${line} `)) ?? [];
    socket.write(`HTTP/1.1 ${answer}\r\n\r\n`);
  });
  gateway = await front(`targets: { a: { dialect: openai, url: "http://127.0.0.1:${service.port}/v1", key: k } }`);
});
after(async () => {
  await gateway.stop();
  await service.close();
});

for (const [request, answer, length] of ANSWERS) {
  test(`${request} that is answered ${JSON.stringify(answer)} tells its caller the length ${length}`, async () => {
    const caller = await RawCaller.connect(gateway);
    caller.say(`${request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const heard = answerIn(await caller.untilEnded());
    assert.equal(heard.status, Number(answer.slice(0, 3)));
    assert.equal(heard.fields.get('content-length'), length);
    assert.equal(heard.body, '');
    caller.leave();
  });
}
