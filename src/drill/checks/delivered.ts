import { CATALOGUE, type CauseCode } from '../../diagnosis/catalogue.ts';
import type { Cause } from '../../diagnosis/cause.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunRecord } from '../sim/run.ts';
import { isAnswered, type Seen } from '../workloads/seen.ts';
import { type Check, isRoomy, isWaySound, soundTargets, story } from './check.ts';

/** So many targets in a row may fail a call before it is given up (design §5): only with more broken ones than that is it excused. */
const TRIES_MAX = 3;

/** P1, in both phases: while a target was sound for the whole of a call, and for every call once all is healed. */
export const delivered: Check = {
  name: 'P1',
  promise: 'An answer is delivered if any permitted route can give one before the deadline.',
  *judge(record) {
    const { deadlineMs } = record.plan;
    for (const seen of record.seen) {
      if (seen.wanted === undefined || seen.ending === 'left' || isAnswered(seen)) continue;
      // Who comes back by its key joins the answer that it asked for first, which has met what befell it since.
      const sinceMs = seen.again?.first.startMs ?? seen.startMs;
      const untilMs = seen.endMs ?? seen.startMs + deadlineMs;
      if (!isWaySound(record, sinceMs, untilMs) || !isRoomy(record.plan)) continue;
      if (isHonestBreak(seen) || isRefused(seen) || wasTooHasty(seen)) continue;
      const sound = soundTargets(record, sinceMs, untilMs);
      const unsound = record.plan.targets.length - sound.length;
      if (wasWaitedOut(seen, record.plan, unsound)) continue;
      const isSpent = seen.attempts >= TRIES_MAX && unsound >= TRIES_MAX;
      if (sound.length > 0 && !isSpent)
        yield { what: `${story(seen)} although ${sound.join(', ')} was sound all the time`, seen };
    }
  },
};

/** After the first part only resume can help, and where it may not, a stream is broken honestly; who reads on hears of it, too. */
function isHonestBreak({ isStream, firstPartMs, again, code }: Seen): boolean {
  return isStream && (firstPartMs !== undefined || again?.way === 'events') && code !== undefined;
}

/** A service refused the call for the call's own sake: that is an answer, and nobody else is asked. */
function isRefused(seen: Seen): boolean {
  if (seen.code === undefined || !Object.hasOwn(CATALOGUE, seen.code)) return false;
  const cause: Cause = CATALOGUE[seen.code as CauseCode];
  return cause.blame === 'caller' && cause.retry.ours === 'never';
}

/** It set itself a time that a good service may need, and the time was used. */
function wasTooHasty({ deadlineMs, code, startMs, endMs }: Seen): boolean {
  return deadlineMs !== undefined && code !== undefined && (endMs ?? startMs) - startMs >= deadlineMs;
}

/**
 * As the config wants it: nobody is asked beside a silent target, which has the time of `first-part`, unsaid half of the call's, so that one other can
 * be asked after it. Those who were not sound may have had it all.
 */
function wasWaitedOut({ code, attempts }: Seen, { config, timeouts, deadlineMs }: Plan, unsound: number): boolean {
  if (code !== 'deadline-passed' && code !== 'answer-timeout') return false;
  const said = timeouts['first-part'];
  const firstPartMs = said === undefined ? deadlineMs / 2 : Number.parseFloat(said) * 1000;
  const silent = Math.max(1, Math.min(attempts, unsound));
  return silent * firstPartMs >= deadlineMs && config.includes('hedge: { mode: off }');
}

/** How long after the healing the last traces may be felt: rests run out, slow start is over. */
const RECOVERY_MS = 40_000;

/** The liveness phase: every call is answered, whatever was before. */
export const recovered: Check = {
  name: 'liveness',
  promise: 'Once all is healed, every call is answered.',
  *judge(record: RunRecord) {
    for (const seen of record.seen) {
      if (seen.startMs < record.healedMs + RECOVERY_MS) continue;
      if (seen.wanted === undefined || seen.ending === 'left' || isAnswered(seen) || wasTooHasty(seen)) continue;
      yield {
        what: `${story(seen)}, ${((seen.startMs - record.healedMs) / 1000).toFixed(1)} s after all was healed`,
        seen,
      };
    }
  },
};
