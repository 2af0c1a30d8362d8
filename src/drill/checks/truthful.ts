import { isAnswered } from '../workloads/seen.ts';
import { type Check, story } from './check.ts';

/** P2: whatever looks like a success to a client is one. */
export const truthful: Check = {
  name: 'P2',
  promise: 'A truncated or failed answer is never presented as a success.',
  *judge({ seen: all }) {
    for (const seen of all) {
      if (seen.wanted === undefined || seen.status !== 200) continue;
      const looksWhole = seen.isStream
        ? seen.isDone || seen.finish !== undefined || (seen.ending === 'clean' && seen.code === undefined)
        : seen.ending === 'clean';
      if (!looksWhole) continue;
      // The last word may still be on its way when a caller leaves; what was heard must be whole all the same.
      if (isAnswered(seen) || (seen.text === seen.wanted && seen.ending !== 'clean')) continue;
      const got = `${seen.text.length} of ${seen.wanted.length} characters`;
      yield { what: `${story(seen)} looks whole (finish ${seen.finish}, done ${seen.isDone}) with ${got}`, seen };
    }
  },
};

/** P3: what came is the beginning of what should come. */
export const whole: Check = {
  name: 'P3',
  promise: 'No part of an answer is lost, repeated or reordered.',
  *judge({ seen: all }) {
    for (const seen of all) {
      if (seen.wanted === undefined || seen.status !== 200 || seen.wanted.startsWith(seen.text)) continue;
      let at = 0;
      while (seen.text[at] === seen.wanted[at]) at += 1;
      const around = JSON.stringify(seen.text.slice(Math.max(0, at - 20), at + 20));
      yield { what: `${story(seen)} differs from character ${at} on: ${around}`, seen };
    }
  },
};
