import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeatView } from '../../call/control.ts';
import { realWorld } from '../../world/real.ts';
import { startUpstream } from '../upstream.ts';
import { standIns } from './renamed.ts';
import { reach } from './running.ts';

function seat(target: string, host: string, port: number): SeatView {
  const more = {
    region: undefined,
    fitness: 'serving',
    weight: 1,
    effectiveWeight: 1,
    inFlight: 0,
    inFlightMax: undefined,
  } as const;
  return { pool: 'p', target, host, port, ...more };
}

test('of the targets of a running gateway a sandbox, a neighbour and a stranger are told apart', async () => {
  const world = realWorld();
  const upstream = await startUpstream(world, { name: 'mine' });
  const port = 'port' in upstream.address ? upstream.address.port : 0;
  // Somebody listens there, too, and knows of no drill.
  const ear = { open() {}, data() {}, end() {}, drain() {}, close() {} };
  const listener = await world.net.listen({ address: { ip: '127.0.0.1', port: 0 } }, (wire) => ({
    ...ear,
    data: () => {
      wire.write('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      wire.end();
    },
  }));
  const near = 'port' in listener.address ? listener.address.port : 0;
  try {
    const found = await reach(world, [
      seat('mine', '127.0.0.1', port),
      seat('mine', '127.0.0.1', port),
      seat('near', 'localhost', near),
      seat('far', 'api.example.com', 443),
    ]);
    assert.deepEqual(
      found.map(({ name, kind }) => [name, kind]),
      [
        ['mine', 'sandbox'],
        ['near', 'loopback'],
        ['far', 'real'],
      ],
    );
  } finally {
    await listener.close();
    await upstream.close();
  }
});

test('what strikes a part of the targets of a scenario strikes a part of these, wherever there are two', () => {
  const scripted = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
  assert.deepEqual([...standIns(scripted, ['x', 'y']).values()], ['x', 'x', 'y', 'y']);
  assert.deepEqual([...standIns(scripted, ['x', 'y', 'z']).values()], ['x', 'x', 'y', 'z']);
  assert.deepEqual([...standIns(scripted.slice(0, 2), ['x', 'y', 'z']).values()], ['x', 'y']);
  assert.deepEqual([...standIns(scripted, ['x']).values()], ['x', 'x', 'x', 'x']);
});
