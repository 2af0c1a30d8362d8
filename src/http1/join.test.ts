import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireHearer } from '../world/world.ts';
import { HALF_CLOSED_IDLE_MS, join, TunnelEnd, type TunnelEnding } from './join.ts';
import { PlayedWire, type PlayedWorld, playedWorld } from './played-world.testing.ts';

/** Longer than the limit of a half-closed one, as the default is. */
const IDLE_MS = 2 * HALF_CLOSED_IDLE_MS;

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

type Joined = {
  readonly world: PlayedWorld;
  readonly caller: PlayedWire;
  readonly target: PlayedWire;
  readonly endings: TunnelEnding[];
};

function joined(before?: (target: PlayedWire) => void): Joined {
  const world = playedWorld();
  const wire = (ip: string): PlayedWire => {
    const played = new PlayedWire({ ip, port: 1 }, DEAF);
    played.isOpen = true;
    return played;
  };
  const [caller, target] = [wire('192.0.2.1'), wire('192.0.2.2')];
  const end = new TunnelEnd(target, Buffer.from('early '));
  assert.ok(target.isPaused, 'nothing more is read until there is somebody to hear it');
  before?.(target);
  const endings: TunnelEnding[] = [];
  join(new TunnelEnd(caller, new Uint8Array(0)), end, { timers: world.timers, idleMs: IDLE_MS }, (ending) =>
    endings.push(ending),
  );
  return { world, caller, target, endings };
}

test('what came before the two are joined is handed on first', () => {
  const { caller, target } = joined((wire) => wire.says('bird '));
  target.says('and then');
  assert.equal(caller.sent, 'early bird and then');
  assert.equal(target.isPaused, false);
});

test('a target that closed or broke before the two are joined is heard of then', () => {
  const ended = joined((target) => target.ends());
  assert.equal(ended.caller.sent, 'early ');
  assert.ok(ended.caller.isHalfClosed);
  const broken = joined((target) => target.breaks('ECONNRESET'));
  assert.ok(broken.caller.isDestroyed);
  assert.deepEqual(
    broken.endings.map((ending) => ending.kind === 'cut' && ending.by),
    ['target'],
  );
});

test('a tunnel in which nothing moves is closed, one in which a byte moves either way is not', async () => {
  const { world, caller, target, endings } = joined();
  await world.pass(IDLE_MS - 1000);
  caller.says('ping');
  await world.pass(IDLE_MS - 1000);
  assert.deepEqual(endings, []);
  await world.pass(IDLE_MS + 2000);
  assert.deepEqual(endings, [{ kind: 'idle' }]);
  assert.ok(caller.isDestroyed && target.isDestroyed);
});

test('with one half closed the other has less time for its silence', async () => {
  const { world, caller, target, endings } = joined();
  caller.ends();
  assert.ok(target.isHalfClosed);
  await world.pass(HALF_CLOSED_IDLE_MS - 1000);
  target.says('still talking');
  await world.pass(HALF_CLOSED_IDLE_MS - 1000);
  assert.deepEqual(endings, []);
  await world.pass(HALF_CLOSED_IDLE_MS + 2000);
  assert.deepEqual(endings, [{ kind: 'idle' }]);
});

test('a side that takes nothing stops the other, and starts it again', () => {
  const { caller, target } = joined();
  caller.isStuck = true;
  target.says('much');
  assert.ok(target.isPaused);
  caller.isStuck = false;
  caller.drains();
  assert.equal(target.isPaused, false);
});

test('closed in order by both it ended whole, whoever closes last', () => {
  const { caller, target, endings } = joined();
  target.ends();
  caller.ends();
  target.isOpen = false;
  target.hearer.close(undefined);
  assert.deepEqual(endings, [{ kind: 'whole' }]);
  assert.equal(caller.isDestroyed, false, 'what is queued for the caller still flows out');
});
