import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wheel } from '../world/wheel.ts';
import { PeakWatch } from './give-back.ts';

/** A watch whose time and open calls are set by hand, and how often memory was given back. */
function stage() {
  let nowMs = 0;
  let ring: (() => void) | undefined;
  const timers = new Wheel(
    { now: () => nowMs, wallMs: () => nowMs },
    {
      set(_delayMs, run) {
        ring = run;
      },
      soon: (run) => run(),
    },
  );
  const played = { open: 0, given: 0 };
  const memory = {
    giveBack() {
      played.given += 1;
    },
  };
  const watch = new PeakWatch({ timers, memory }, () => played.open);
  const pass = (ms: number): void => {
    for (const untilMs = nowMs + ms; nowMs < untilMs; ) {
      nowMs += 10;
      const due = ring;
      ring = undefined;
      due?.();
    }
  };
  /** Calls end one by one until so many are open. */
  const endUntil = (left: number): void => {
    while (played.open > left) {
      played.open -= 1;
      watch.ended();
    }
  };
  return { played, watch, pass, endUntil };
}

test('after a peak of streams memory is given back once, when it is quiet', () => {
  const { played, pass, endUntil } = stage();
  played.open = 9000;
  endUntil(2000);
  pass(10_000);
  assert.equal(played.given, 0, 'while many are open still, everybody would wait for the collector');
  endUntil(0);
  pass(4_900);
  assert.equal(played.given, 0, 'the next wave may follow at once');
  pass(200);
  assert.equal(played.given, 1);
  played.open = 3;
  endUntil(0);
  pass(60_000);
  assert.equal(played.given, 1, 'nothing was taken since');
});

test('a wave that comes before it is quiet is part of the same peak', () => {
  const { played, pass, endUntil } = stage();
  played.open = 4000;
  endUntil(10);
  pass(3000);
  played.open = 3000;
  pass(10_000);
  assert.equal(played.given, 0);
  endUntil(10);
  pass(5100);
  assert.equal(played.given, 1);
});

test('what few calls leave behind is not worth a pause, and nothing happens once it is closed', () => {
  const { played, pass, endUntil, watch } = stage();
  played.open = 400;
  endUntil(0);
  pass(60_000);
  assert.equal(played.given, 0);
  played.open = 4000;
  endUntil(0);
  watch.close();
  pass(60_000);
  assert.equal(played.given, 0);
});
