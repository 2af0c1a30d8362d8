import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from './gathering.ts';
import { realNet } from './net.ts';
import type { Wire, WireHearer } from './world.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

test('bytes of a wire that is reset before they left never leave on another wire', async () => {
  const accepted: Wire[] = [];
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => {
    accepted.push(wire);
    if (accepted.length === 2) {
      // Both in one loop turn: the first wire's bytes are still gathered when it dies.
      accepted[0]?.write('secret of the first');
      accepted[0]?.reset();
      accepted[1]?.write('for the second');
      accepted[1]?.end();
    }
    return DEAF;
  });
  const heard = await new Promise<string>((fulfil) => {
    let text = '';
    const first = realNet.connect(listener.address, {
      ...DEAF,
      open() {
        const second = realNet.connect(listener.address, {
          ...DEAF,
          data: (bytes) => {
            text += Buffer.from(bytes).toString('latin1');
          },
          end: () => {
            second.destroy();
            first.destroy();
            fulfil(text);
          },
        });
      },
    });
  });
  await listener.close();
  assert.equal(heard, 'for the second');
});

test('what many wires write in turns within one turn of the loop arrives whole and in order on each', async () => {
  const WIRES = 40;
  const ROUNDS = 30;
  const accepted: Wire[] = [];
  // More wires and more bytes than are gathered at once, a piece too large to be gathered among them.
  const piece = (wire: number, round: number): string => `${wire}.${round};`.repeat(round === 7 ? 6_000 : 9);
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => {
    accepted.push(wire);
    if (accepted.length === WIRES) {
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [at, each] of accepted.entries()) each.write(piece(at, round));
      }
      for (const each of accepted) each.end();
    }
    return DEAF;
  });
  const heard = await Promise.all(
    Array.from(
      { length: WIRES },
      () =>
        new Promise<string>((fulfil) => {
          let text = '';
          const wire = realNet.connect(listener.address, {
            ...DEAF,
            data(bytes) {
              text += Buffer.from(bytes).toString('latin1');
            },
            end() {
              wire.destroy();
              fulfil(text);
            },
          });
        }),
    ),
  );
  for (const wire of accepted) wire.destroy();
  await listener.close();
  const sent = accepted.map((_, at) => Array.from({ length: ROUNDS }, (_each, round) => piece(at, round)).join(''));
  assert.deepEqual(heard.toSorted(), sent.toSorted());
});

test('a wire that is reset in the turn in which it was ended is closed all the same', { timeout: 5000 }, async () => {
  const closed = Promise.withResolvers<void>();
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => ({
    ...DEAF,
    open() {
      wire.write('last words');
      wire.end();
      wire.reset();
    },
    close: () => closed.resolve(),
  }));
  const peer = realNet.connect(listener.address, DEAF);
  await closed.promise;
  peer.destroy();
  await listener.close();
});

test('what is written by what was put off to the end of a turn leaves in that turn', async () => {
  const accepted: Wire[] = [];
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (each) => {
    accepted.push(each);
    return DEAF;
  });
  const wire = await new Promise<Wire>((fulfil) => {
    const opened: Wire = realNet.connect(listener.address, { ...DEAF, open: () => fulfil(opened) });
  });
  const queued = await new Promise<number[]>((fulfil) => {
    const seen: number[] = [];
    soon(() => {
      wire.write('put off');
      seen.push(wire.bytesQueued);
    });
    setImmediate(() => fulfil([...seen, wire.bytesQueued]));
  });
  wire.destroy();
  for (const each of accepted) each.destroy();
  await listener.close();
  assert.deepEqual(queued, [7, 0]);
});
