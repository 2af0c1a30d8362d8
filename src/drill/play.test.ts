import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock, Timers, Wire } from '../world/world.ts';
import { play } from './play.ts';
import type { Script, Step } from './script.ts';

/** Time that passes only when told, in coarse ticks, and a wire that remembers. */
function stage(tickMs = 1): {
  clock: Clock;
  timers: Timers;
  wire: Wire & { room: boolean };
  written: string[];
  pass(ms: number): void;
} {
  let nowMs = 0;
  const due: { atMs: number; run: () => void }[] = [];
  const written: string[] = [];
  const clock = { now: () => nowMs, wallMs: () => nowMs };
  const timer = (run: () => void) => {
    const entry = { atMs: Number.POSITIVE_INFINITY, run };
    due.push(entry);
    return {
      arm: (delayMs: number) => {
        entry.atMs = nowMs + delayMs;
      },
      disarm: () => {
        entry.atMs = Number.POSITIVE_INFINITY;
      },
      get isArmed() {
        return entry.atMs !== Number.POSITIVE_INFINITY;
      },
    };
  };
  const wire = {
    room: true,
    bytesQueued: 0,
    write(bytes: Uint8Array) {
      written.push(`${nowMs} ${Buffer.from(bytes).toString('latin1')}`);
      return this.room;
    },
  };
  return {
    clock,
    timers: { timer, after: () => timer(() => undefined), soon: (run) => run() },
    // The player writes and asks how much is queued; the rest of a wire is not touched.
    wire: wire as unknown as Wire & { room: boolean },
    written,
    pass(ms) {
      const endMs = nowMs + ms;
      while (nowMs < endMs) {
        nowMs += tickMs;
        for (const entry of due) {
          if (entry.atMs > nowMs) continue;
          entry.atMs = Number.POSITIVE_INFINITY;
          entry.run();
        }
      }
    },
  };
}

function script(steps: [number, string][], more: Partial<Script> = {}): Script {
  const body: Step[] = steps.map(([delayMs, text]) => ({ delayMs, bytes: Buffer.from(text) }));
  return { headDelayMs: 0, head: 'H', body, ending: { how: 'keep' }, ...more };
}

test('each step is written when it is due, the first ones at once', () => {
  const { wire, written, pass, ...time } = stage();
  let isDone = false;
  play(
    script([
      [0, 'a'],
      [25, 'b'],
      [25, 'c'],
    ]),
    wire,
    time,
    () => {
      isDone = true;
    },
  );
  assert.deepEqual(written, ['0 H', '0 a']);
  pass(49);
  assert.equal(isDone, false);
  pass(1);
  assert.deepEqual(written, ['0 H', '0 a', '25 b', '50 c']);
  assert.equal(isDone, true);
});

test('coarse timers do not slow the pace: what has become due is written together', () => {
  const { wire, written, pass, ...time } = stage(40);
  const steps = Array.from({ length: 9 }, (_, i): [number, string] => [i === 0 ? 0 : 10, String(i)]);
  play(script(steps), wire, time, () => undefined);
  pass(80);
  assert.deepEqual(written, ['0 H', '0 0', '40 1', '40 2', '40 3', '40 4', '80 5', '80 6', '80 7', '80 8']);
});

test('a slow head keeps everything back, and a full wire everything behind it', () => {
  const { wire, written, pass, ...time } = stage();
  const playing = play(
    script(
      [
        [0, 'a'],
        [0, 'b'],
      ],
      { headDelayMs: 30 },
    ),
    wire,
    time,
    () => undefined,
  );
  pass(29);
  assert.deepEqual(written, []);
  wire.room = false;
  pass(100);
  assert.deepEqual(written, ['30 H']);
  playing.drained();
  assert.deepEqual(written, ['30 H', '129 a']);
});

test('a reset waits until what was written has had time to leave', () => {
  const { wire, pass, ...time } = stage();
  let isDone = false;
  play(script([[0, 'a']], { ending: { how: 'reset' } }), wire, time, () => {
    isDone = true;
  });
  pass(19);
  assert.equal(isDone, false);
  pass(1);
  assert.equal(isDone, true);
});

test('with nothing written a reset comes at once', () => {
  const { wire, ...time } = stage();
  let isDone = false;
  play(script([], { head: '', ending: { how: 'reset' } }), wire, time, () => {
    isDone = true;
  });
  assert.equal(isDone, true);
});

test('once stopped it writes nothing more and is never done', () => {
  const { wire, written, pass, ...time } = stage();
  const playing = play(
    script([
      [0, 'a'],
      [10, 'b'],
    ]),
    wire,
    time,
    () => assert.fail('done'),
  );
  playing.stop();
  pass(100);
  playing.drained();
  assert.deepEqual(written, ['0 H', '0 a']);
});
