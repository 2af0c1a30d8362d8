import type { RunRecord } from '../sim/run.ts';
import { isAnswered, type Seen } from '../workloads/seen.ts';
import { type Check, isWaySound, receiptsOf, soundTargets, story } from './check.ts';

/** The gateway has certainly begun the call by then. */
const BEGUN_MS = 1000;

/** P3 over a lost connection: who comes back gets the rest, or the whole again, and the service is asked once. */
export const readAgain: Check = {
  name: 'P3-again',
  promise: 'A caller who lost its connection comes back for its answer, and it is not paid twice.',
  *judge(record) {
    if (record.plan.acts.some(({ deed }) => deed.word === 'restart')) return;
    const receipts = receiptsOf(record);
    for (const seen of record.seen) {
      const { again } = seen;
      if (again === undefined || seen.ending === 'left' || !isGoing(again.first)) continue;
      if (!isAllSound(record, again.first.startMs, seen.endMs ?? seen.startMs)) continue;
      if (!isAnswered(seen))
        yield { what: `${story(seen)}, back by ${again.way} for call ${again.first.serial}`, seen };
      if ((receipts.get(seen.key) ?? []).length > 0) yield { what: `${story(seen)} was asked for anew`, seen };
    }
  },
};

/** It left in the middle of a call that the gateway had begun. */
function isGoing(first: Seen): boolean {
  return first.ending === 'left' && first.sentMs !== undefined && (first.endMs ?? 0) - first.sentMs > BEGUN_MS;
}

function isAllSound(record: RunRecord, fromMs: number, untilMs: number): boolean {
  const isSound = soundTargets(record, fromMs, untilMs).length === record.plan.targets.length;
  return isSound && isWaySound(record, fromMs, untilMs);
}
