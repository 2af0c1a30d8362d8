import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { STREAMING } from './played-voices.testing.ts';
import { eventsOf, playsOf, Sweep } from './sweep.testing.ts';

/** The places where something begins or ends, and every 50th between them; all of them in `npm run test:streams`. */
function isTried(cut: number, events: number): boolean {
  return cut < 6 || cut >= events - 5 || cut % 50 === 0;
}

// Side by side: most of their time they wait for clocks.
suite('on real sockets, cut in every way, whoever finishes it, the caller gets the exact answer once', {
  concurrency: true,
}, () => {
  for (const dialect of STREAMING) {
    test(dialect, async () => {
      const events = eventsOf(dialect);
      // Of the three rescues one at each place: each meets every way of breaking off.
      const plays = playsOf(dialect).filter(({ cut }, i) => isTried(cut, events) && i % 3 === cut % 3);
      const sweep = await Sweep.open(plays);
      try {
        assert.deepEqual(await sweep.play(), []);
      } finally {
        await sweep.close();
      }
    });
  }
});
