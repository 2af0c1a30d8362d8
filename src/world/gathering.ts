import { releaseClock } from './real-clock.ts';

/** Writes up to this size are gathered with others of the same loop turn; larger ones go alone. */
export const GATHER_MAX_BYTES = 16_384;
const ARENA_BYTES = 65_536;

/** Pieces of so many wires at most wait for each other: the first for the work of 15 others, which is under a millisecond. */
const PIECES_MAX = 16;

/** A wire whose small writes are gathered. */
export type GatheredWire = {
  /** Gives its bytes to the platform; true when it took them all, so that the memory may be used again. */
  sendGathered(bytes: Uint8Array): boolean;
};

/**
 * Small writes of one loop turn, copied, in order. They leave together when the turn's input is handled: what is written between the work
 * of one call and the next finds its reader asleep each time, and to wake it costs as much as the write. A reader that is woken by the first
 * of several is still at work when the others come.
 */
class Gathering {
  readonly bytes = Buffer.allocUnsafeSlow(ARENA_BYTES);
  /** Whose each piece is, and where it ends. A wire that was reset has none: what was gathered of it must never leave on another one. */
  readonly owners = new Array<GatheredWire | undefined>(PIECES_MAX).fill(undefined);
  readonly ends = new Int32Array(PIECES_MAX);
  pieces = 0;
  end = 0;

  isLast(wire: GatheredWire): boolean {
    return this.pieces > 0 && this.owners[this.pieces - 1] === wire;
  }

  hasRoom(wire: GatheredWire, length: number): boolean {
    return this.end + length <= ARENA_BYTES && (this.pieces < PIECES_MAX || this.isLast(wire));
  }

  add(wire: GatheredWire, bytes: Uint8Array | string): void {
    if (typeof bytes === 'string') this.bytes.latin1Write(bytes, this.end, bytes.length);
    else this.bytes.set(bytes, this.end);
    if (!this.isLast(wire)) {
      this.owners[this.pieces] = wire;
      this.pieces += 1;
    }
    this.end += bytes.length;
    this.ends[this.pieces - 1] = this.end;
  }

  /** Sends all; true when the platform took all of it. */
  flush(): boolean {
    const { bytes, owners, ends, pieces } = this;
    let isTaken = true;
    let start = 0;
    for (let i = 0; i < pieces; i += 1) {
      const end = ends[i] ?? start;
      const owner = owners[i];
      owners[i] = undefined;
      if (owner !== undefined && !owner.sendGathered(bytes.subarray(start, end))) isTaken = false;
      start = end;
    }
    this.pieces = 0;
    this.end = 0;
    return isTaken;
  }
}

/** Two, in turns: what is written while one leaves must not be written into it. A new one where the platform still holds on to the other. */
let gathering = new Gathering();
let spare: Gathering | undefined = new Gathering();
let isFlushQueued = false;

/** Keeps a copy of bytes, at most `GATHER_MAX_BYTES`, until the turn's input is handled; strings are latin1. */
export function gather(wire: GatheredWire, bytes: Uint8Array | string): void {
  if (!gathering.hasRoom(wire, bytes.length)) flushGathered();
  gathering.add(wire, bytes);
  if (isFlushQueued) return;
  isFlushQueued = true;
  setImmediate(queuedFlush);
}

function queuedFlush(): void {
  isFlushQueued = false;
  flushGathered();
}

/** Runs once when the turn's input is handled; what it writes leaves in the same turn. */
export function soon(run: () => void): void {
  setImmediate(runAndFlush, run);
}

function runAndFlush(run: () => void): void {
  // A flush that is queued from within would come a turn later.
  const wasQueued = isFlushQueued;
  isFlushQueued = true;
  try {
    run();
  } finally {
    releaseClock();
    isFlushQueued = wasQueued;
    flushGathered();
  }
}

/** Sends all that is gathered, of all wires. */
export function flushGathered(): void {
  const full = gathering;
  if (full.pieces === 0) return;
  gathering = spare ?? new Gathering();
  spare = undefined;
  if (full.flush()) spare = full;
}

/** The wire is reset: what was gathered of it is lost with it. */
export function dropGathered(wire: GatheredWire): void {
  for (let i = 0; i < gathering.pieces; i += 1) if (gathering.owners[i] === wire) gathering.owners[i] = undefined;
}
