import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { asking, hearing } from './hearing.ts';
import { answering, rawServer } from './raw-server.ts';
import { createRequester } from './requester.ts';

const world = realWorld();

test('an answer arrives with its fields and its body', async () => {
  const server = await rawServer(world.net, answering('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello'));
  const requester = createRequester(world);
  const heard = hearing();
  requester.exchange(server.origin, asking({ fields: ['accept', '*/*'] }), heard.receiver);
  await heard.done;
  assert.deepEqual(heard.events, ['head 200', 'end']);
  assert.equal(heard.body, 'hello');
  assert.deepEqual(heard.fields, ['content-length', '5', 'x-a', 'b']);
  assert.equal(server.heard[0], `GET / HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\naccept: */*\r\n\r\n`);
  const again = hearing();
  requester.exchange(server.origin, asking(), again.receiver);
  await again.done;
  assert.equal(server.heard.length, 1);
  requester.close();
  await server.close();
});
