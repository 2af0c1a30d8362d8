/**
 * `npm run test:streams`: an answer of 200 events, in every dialect, cut before each of its events in every way, with a rescue that goes on
 * from the partial answer, one that cannot, and one that refuses to; on real sockets through the whole gateway, read by the official SDK
 * (Anthropic Messages by a strict reader). Prints what any caller got instead of the exact answer, once. Exit code 0 when there is none.
 */
import { STREAMING } from '../src/stream/played-voices.testing.ts';
import { playsOf, Sweep } from '../src/stream/sweep.testing.ts';

/** Plays behind one gateway: each has a route of its own. */
const BATCH = 500;

const beganMs = performance.now();
const plays = STREAMING.flatMap(playsOf);
let faults = 0;
for (let from = 0; from < plays.length; from += BATCH) {
  const sweep = await Sweep.open(plays.slice(from, from + BATCH));
  for (const fault of await sweep.play()) {
    faults += 1;
    console.log(`streams: ${fault}`);
  }
  await sweep.close();
  console.log(`streams: ${Math.min(from + BATCH, plays.length)} of ${plays.length} answers`);
}
console.log(
  `${plays.length - faults} passed, ${faults} failed, in ${Math.round((performance.now() - beganMs) / 1000)} s`,
);
process.exit(faults === 0 ? 0 : 1);
