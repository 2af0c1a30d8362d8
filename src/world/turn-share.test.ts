import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realNet } from './net.ts';
import { mayReadOn, TURN_BYTES } from './turn-share.ts';
import type { Wire, WireHearer } from './world.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
const READ_BYTES = 65_536;

const turn = (): Promise<void> => new Promise((fulfil) => void setImmediate(fulfil));

test('readers that always have more are let on in turns, none twice before each once', async () => {
  const READERS = 9;
  const ROUNDS = 4;
  const order: number[] = [];
  const left = new Array<number>(READERS).fill(ROUNDS);
  const readers = left.map((_, name) => ({ readOn: () => read(name) }));
  function read(name: number): void {
    const reader = readers[name];
    while (reader !== undefined && (left[name] ?? 0) > 0) {
      order.push(name);
      left[name] = (left[name] ?? 0) - 1;
      if (!mayReadOn(reader, READ_BYTES)) return;
    }
  }
  for (const name of readers.keys()) read(name);
  const atOnce = order.length;
  assert.ok(atOnce <= TURN_BYTES / READ_BYTES + READERS, `${atOnce} reads in the first turn`);
  for (let i = 0; i < READERS * ROUNDS && order.length < READERS * ROUNDS; i += 1) {
    const before = order.length;
    await turn();
    assert.ok(order.length - before <= (2 * TURN_BYTES) / READ_BYTES, 'one turn reads no more than its share');
  }
  assert.equal(order.length, READERS * ROUNDS);
  const done = new Array<number>(READERS).fill(0);
  for (const name of order.slice(atOnce)) {
    done[name] = (done[name] ?? 0) + 1;
    assert.ok(Math.max(...done) - Math.min(...done) <= TURN_BYTES / READ_BYTES, order.join(' '));
  }
});

test('a download of many turns arrives whole, and a wire that its owner paused meanwhile stays silent until it is resumed', async () => {
  const bytes = 16 * READ_BYTES * 3;
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => ({
    ...DEAF,
    open() {
      wire.write(Buffer.alloc(bytes, 'x'));
      wire.end();
    },
  }));
  let heard = 0;
  let isPaused = false;
  const ended = Promise.withResolvers<void>();
  const wire: Wire = realNet.connect(listener.address, {
    ...DEAF,
    data(part) {
      assert.equal(isPaused, false, 'bytes came on a paused wire');
      heard += part.length;
      if (heard < bytes / 2 || heard - part.length >= bytes / 2) return;
      isPaused = true;
      wire.pause();
      void turn()
        .then(turn)
        .then(turn)
        .then(() => {
          isPaused = false;
          wire.resume();
        });
    },
    end: () => ended.resolve(),
  });
  await ended.promise;
  wire.destroy();
  await listener.close();
  assert.equal(heard, bytes);
});
