import { type Check, isWaySound, soundTargets, story } from './check.ts';

/** Every failure is named, and no name is our own bug. */
export const named: Check = {
  name: 'named',
  promise: 'Every failure has a code, and none is gateway-bug.',
  *judge(record) {
    for (const stranger of record.strangers) {
      const text = stranger instanceof Error ? (stranger.stack ?? stranger.message) : String(stranger);
      yield { what: `an exception that nobody caught: ${text}`, seen: undefined };
    }
    for (const seen of record.seen) {
      if (seen.malformed !== undefined) yield { what: `${story(seen)}: ${seen.malformed}`, seen };
      if (seen.code === 'gateway-bug') yield { what: `${story(seen)}: ${seen.said ?? ''}`, seen };
      const isFailure = seen.ending === 'clean' && seen.status >= 400;
      if (isFailure && seen.code === undefined) yield { what: `${story(seen)}: without a code`, seen };
    }
  },
};

/** `timeouts.drain` where a plan does not say. */
const DRAIN_S = 25;
/** A request that was still on its way had not been accepted. */
const ON_ITS_WAY_MS = 2000;

/** P8: calls accepted before a restart or a new config are lost by neither. */
export const continuity: Check = {
  name: 'P8',
  promise: 'A restart or a new config loses no call accepted before it.',
  *judge(record) {
    const changes = record.plan.acts.filter(({ deed }) => deed.word === 'restart' || deed.word === 'reload');
    const drainMs = Number.parseFloat(record.plan.timeouts['drain'] ?? `${DRAIN_S}s`) * 1000;
    for (const { atMs, deed } of changes) {
      const whenMs = record.fromMs + atMs;
      for (const seen of record.seen) {
        const { sentMs, endMs, ending } = seen;
        if (sentMs === undefined || endMs === undefined || sentMs > whenMs - ON_ITS_WAY_MS || endMs <= whenMs) continue;
        if (ending !== 'unheard' && ending !== 'cut') continue;
        if (seen.code !== undefined || endMs > whenMs + drainMs) continue;
        const { troubles } = record;
        const isSound = ['gateway', 'callers'].every((host) => troubles.isSound(host, sentMs, endMs));
        if (!isSound || soundTargets(record, sentMs, endMs).length < record.plan.targets.length) continue;
        yield { what: `${story(seen)}, over the ${deed.word} at ${(whenMs / 1000).toFixed(1)} s`, seen };
      }
    }
    // A new config takes effect between two calls: nobody may feel it.
    if (changes.some(({ deed }) => deed.word === 'restart')) return;
    for (const seen of record.seen) {
      const endMs = seen.endMs ?? Number.POSITIVE_INFINITY;
      const isLost = seen.ending === 'unheard' || seen.ending === 'unreachable';
      if (isLost && seen.wanted !== undefined && isWaySound(record, seen.startMs, endMs)) {
        yield { what: `${story(seen)}: the gateway was up and did not answer`, seen };
      }
    }
  },
};
