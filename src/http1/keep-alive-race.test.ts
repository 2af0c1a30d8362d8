import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { classify } from '../diagnosis/classify.ts';
import { realWorld } from '../world/real.ts';
import { asking, hearing } from './hearing.testing.ts';
import { IDLE_DEFAULTS } from './idle.ts';
import { type RawPeer, rawServer } from './raw-server.testing.ts';
import { createRequester } from './requester.ts';

const world = realWorld();

const CALLERS = 64;
const CALLS = 40;

/** The defaults, a hundred times as fast: 4 s are 40 ms. */
const FAST = {
  unknownMs: IDLE_DEFAULTS.unknownMs / 100,
  hintMarginMs: IDLE_DEFAULTS.hintMarginMs / 100,
  limitMaxMs: IDLE_DEFAULTS.limitMaxMs / 100,
  closeMarginMs: IDLE_DEFAULTS.closeMarginMs / 100,
  forgetMs: IDLE_DEFAULTS.forgetMs / 100,
};

test('the idle close of a server, swept across our limit, costs no call that may be replayed, and sends none twice that may not', async () => {
  const timers = new Map<RawPeer, NodeJS.Timeout>();
  const seen = new Map<string, number>();
  let sweep = 0;
  const server = await rawServer(world.net, {
    data(peer, piece) {
      clearTimeout(timers.get(peer));
      const id = /x-id: (\S+)/.exec(piece)?.[1] ?? '';
      seen.set(id, (seen.get(id) ?? 0) + 1);
      peer.wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      // From well below our limit of 40 ms to well above, in steps of a tenth of a millisecond, by FIN and by RST.
      sweep = (sweep + 1) % 700;
      const closes = (): void => (sweep % 3 === 0 ? peer.wire.reset() : peer.wire.end());
      timers.set(peer, setTimeout(closes, 10 + sweep / 10));
    },
  });
  const failures: string[] = [];
  let undeclared = 0;
  const caller = async (name: number): Promise<void> => {
    const requester = createRequester(world, { idle: FAST });
    for (let i = 0; i < CALLS; i += 1) {
      const id = `${name}-${i}`;
      const isReplayable = i % 4 !== 0;
      const heard = hearing();
      const body = i % 2 === 0 ? Buffer.from('{}') : undefined;
      const method = body === undefined ? 'GET' : 'POST';
      requester.exchange(server.origin, asking({ method, body, isReplayable, fields: ['x-id', id] }), heard.receiver);
      await heard.done;
      if (heard.evidence !== undefined) {
        const { code } = classify(heard.evidence);
        if (isReplayable || code !== 'stale-connection') failures.push(`${id} ${code}`);
        else undeclared += 1;
      }
      if (!isReplayable) assert.ok((seen.get(id) ?? 0) <= 1, `${id} was sent ${seen.get(id)} times`);
      // Idle for as long as the sweep reaches, now and then at once.
      await wait(((name * 7 + i * 13) % 17) * 5);
    }
    requester.close();
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, name) => caller(name)));
  for (const timer of timers.values()) clearTimeout(timer);
  await server.close();
  assert.deepEqual(failures, []);
  // What may not be sent twice can lose the race only in the moment that FIN and request cross on the wire.
  assert.ok(undeclared <= (CALLERS * CALLS) / 100, `${undeclared} calls lost the race`);
});
