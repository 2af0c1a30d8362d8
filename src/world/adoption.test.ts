/**
 * `net.ts` takes accepted connections over into sockets of its own, by the handle that Node keeps in `_handle` and the count that it keeps by
 * `_server`, and `wire.ts` reads from the handle itself. None of it is promised by Node: these tests say which of the three an upgrade has
 * changed.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { realNet } from './net.ts';
import { readBuffer } from './views.ts';
import type { Listener, Wire, WireHearer } from './world.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

type Echo = { readonly listener: Listener; readonly port: number; readonly isShared: boolean[] };

/** Answers what it hears, and notes of each piece whether it was read into the shared buffer. */
async function echo(): Promise<Echo> {
  const isShared: boolean[] = [];
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire: Wire) => ({
    ...DEAF,
    data(bytes) {
      isShared.push(bytes.buffer === readBuffer.buffer);
      wire.write(bytes);
    },
    end: () => wire.end(),
  }));
  const { address } = listener;
  assert.ok('port' in address);
  return { listener, port: address.port, isShared };
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}

/** Where the platform keeps the method by which `net.ts` knows a handle that it can take over. */
function homeOfUserBuffer(socket: Socket): object {
  let at: unknown = Reflect.get(socket, '_handle');
  while (typeof at === 'object' && at !== null && !Object.hasOwn(at, 'useUserBuffer')) at = Object.getPrototypeOf(at);
  assert.ok(
    typeof at === 'object' && at !== null,
    'Node no longer has useUserBuffer on its handles: acceptShared in net.ts',
  );
  return at;
}

test('an accepted connection reads into the one shared buffer', { timeout: 10_000 }, async () => {
  const { listener, port, isShared } = await echo();
  const peer = connect(port, '127.0.0.1');
  assert.equal(await said(peer, 'hello'), 'hello');
  const why = `Node ${process.version} hands its accepted connections over otherwise than acceptShared in net.ts expects: all still works, but each read costs 64 KiB`;
  assert.deepEqual(isShared, [true], why);
  peer.destroy();
  await listener.close();
});

test('a listener has closed when the last connection that was taken over has, and not before', {
  timeout: 10_000,
}, async () => {
  const { listener, port } = await echo();
  const peer = connect(port, '127.0.0.1');
  assert.equal(await said(peer, 'hello'), 'hello');
  let isClosed = false;
  const closed = listener.close().then(() => {
    isClosed = true;
  });
  assert.equal(await said(peer, 'still there'), 'still there');
  assert.equal(
    isClosed,
    false,
    `Node ${process.version} counts connections otherwise than by _server: acceptShared in net.ts`,
  );
  peer.end();
  await closed;
});

test('where a connection cannot be taken over it is read as Node reads it', { timeout: 10_000 }, async () => {
  const { listener, port, isShared } = await echo();
  const first = connect(port, '127.0.0.1');
  await said(first, 'known');
  const home = homeOfUserBuffer(first);
  const method: unknown = Reflect.get(home, 'useUserBuffer');
  Reflect.deleteProperty(home, 'useUserBuffer');
  try {
    const second = connect(port, '127.0.0.1');
    assert.equal(await said(second, 'unknown'), 'unknown');
    second.end();
    await once(second, 'close');
  } finally {
    Reflect.set(home, 'useUserBuffer', method);
  }
  assert.deepEqual(isShared, [true, false]);
  first.end();
  await listener.close();
});

/** Whether the way to the hearer's `data` leads through the function that Node sets on its handles. */
function isByStreams(): boolean {
  return /\bonStreamRead\b/.test(new Error('where').stack ?? '');
}

test('what is read goes straight to the wire, its end and what fills the buffer by the way of the platform', {
  timeout: 10_000,
}, async () => {
  const ways: string[] = [];
  const heard = { served: 0, back: 0 };
  const hears = (name: keyof typeof heard, bytes: Uint8Array): void => {
    heard[name] += bytes.length;
    if (bytes.length < readBuffer.length) ways.push(`${name} ${isByStreams() ? 'streams' : 'wire'}`);
  };
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => ({
    ...DEAF,
    data(bytes) {
      hears('served', bytes);
      wire.write(bytes);
    },
    end: () => wire.end(),
  }));
  const LENGTH = 4 * readBuffer.length;
  await new Promise<void>((fulfil) => {
    const wire = realNet.connect(listener.address, {
      ...DEAF,
      open: () => wire.write('hello'),
      data(bytes) {
        hears('back', bytes);
        if (heard.back === 5) wire.write('x'.repeat(LENGTH));
        if (heard.back === LENGTH + 5) wire.end();
      },
      end: fulfil,
    });
  });
  await listener.close();
  assert.deepEqual(heard, { served: LENGTH + 5, back: LENGTH + 5 });
  const why = `Node ${process.version} has other handles than handle.ts expects: all still works, but each read and write costs more`;
  assert.deepEqual(new Set(ways), new Set(['served wire', 'back wire']), why);
});
