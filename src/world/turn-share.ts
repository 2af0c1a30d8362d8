/**
 * What is read in one turn of the loop of wires that always have more, all of them together. The loop accepts one caller a turn, and a write
 * to a peer that reads by the byte costs a hundred times the usual: without a share, some such downloads make each turn so long that
 * new callers are never let in. An idle loop turns thousands of times a second, so nobody else is slowed by it.
 */
export const TURN_BYTES = 131_072;

/** A wire that has more to read than its share. */
export type EagerReader = {
  /** Its next turn has come. */
  readOn(): void;
};

let leftBytes = TURN_BYTES;
let waiting: EagerReader[] = [];
let isTurnQueued = false;

/** A read has brought as much as fits: there is more. False when it is to stop; `readOn` follows then, in the order of those who wait. */
export function mayReadOn(reader: EagerReader, bytes: number): boolean {
  leftBytes -= bytes;
  if (!isTurnQueued) {
    isTurnQueued = true;
    setImmediate(turn, bytes);
  }
  if (leftBytes > 0) return true;
  waiting.push(reader);
  return false;
}

/** `bytes`: what one of them reads at the least. */
function turn(bytes: number): void {
  leftBytes = TURN_BYTES;
  const count = Math.ceil(TURN_BYTES / bytes);
  const next = waiting.slice(0, count);
  waiting = waiting.slice(count);
  isTurnQueued = waiting.length > 0;
  if (isTurnQueued) setImmediate(turn, bytes);
  for (const reader of next) reader.readOn();
}
