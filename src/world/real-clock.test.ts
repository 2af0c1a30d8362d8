import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from './gathering.ts';
import { realNet } from './net.ts';
import { realClock, releaseClock } from './real-clock.ts';
import type { Wire, WireHearer } from './world.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

/** Burns time until the machine's own clock has moved; what the held one says before and after. */
function overAWhile(): { before: number; after: number } {
  const before = realClock.now();
  const began = process.hrtime.bigint();
  while (process.hrtime.bigint() - began < 100_000n);
  return { before, after: realClock.now() };
}

test('the time moves, stands still while it is held, and moves again', () => {
  const free = overAWhile();
  assert.ok(free.after > free.before);
  realClock.hold?.();
  const held = overAWhile();
  assert.equal(held.after, held.before);
  assert.ok(held.before >= free.after);
  realClock.hold?.();
  assert.ok(realClock.now() > held.after, 'held anew it is looked at anew');
  releaseClock();
  const released = overAWhile();
  assert.ok(released.after > released.before);
});

test('what runs soon may hold the clock; it goes on after it', async () => {
  const seen = await new Promise<{ before: number; after: number }>((fulfil) => {
    soon(() => {
      realClock.hold?.();
      fulfil(overAWhile());
    });
  });
  assert.equal(seen.after, seen.before);
  const after = overAWhile();
  assert.ok(after.after > after.before);
});

test('the clock stands still for who hears a wire, and for nobody else', async () => {
  const seen = Promise.withResolvers<{ before: number; after: number }>();
  const accepted: Wire[] = [];
  const listener = await realNet.listen({ address: { ip: '127.0.0.1', port: 0 } }, (each) => {
    accepted.push(each);
    return { ...DEAF, data: () => seen.resolve(overAWhile()) };
  });
  const wire = realNet.connect(listener.address, { ...DEAF, open: () => wire.write('hello') });
  const { before, after } = await seen.promise;
  assert.equal(after, before);
  const free = overAWhile();
  assert.ok(free.after > free.before);
  for (const each of [wire, ...accepted]) each.destroy();
  await listener.close();
});
