import type { Fields } from '../call/fields.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import { type Head, Relay, type Upstream } from '../call/settle.ts';

/** 4 MiB a reply: the longest streamed answers are half of it. */
export const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;

/** A first piece that holds some five events, as thousands of streams may be open at once; each further one is as large as all before it. */
const PIECE_BYTES_MIN = 1024;
const PIECE_BYTES_MAX = 64 * 1024;

/** Who accounts for the memory. */
export type JournalKeeper = {
  /** May so many bytes more be kept? What is said yes to is owed until `release`. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
};

/**
 * One reply, written down part by part as it comes, and read by any number of followers, each from its own place. Followers that keep up
 * are handed the parts as they pass; others read on when they can. When memory runs out the journal forgets all it holds: those who are
 * level go on, nobody else can join any more.
 */
export class Journal implements Sink {
  readonly head: Head;
  /** undefined while it runs. */
  outcome: Outcome | undefined;
  /** What was written is gone: it can only be listened to, not read. */
  isLost = false;
  /** All bytes so far, kept or not. */
  length = 0;
  /** undefined once it has ended: what is kept for minutes must not keep the whole call with it. */
  #reply: Reply | undefined;
  readonly #keeper: JournalKeeper;
  #pieces: readonly Buffer[] = [];
  /** In the place of the pieces once it has ended: a character for each byte. */
  #packed = '';
  /** Bytes that the pieces hold, and could hold. */
  #written = 0;
  #room = 0;
  /** Where the next part goes. */
  #piece = 0;
  #pieceAt = 0;
  /** Copied when it changes: nearly always there is one, and a set for one weighs as much as the rest of a journal. */
  #followers: readonly Follower[] = [];
  #pausedFollowers = 0;

  constructor(reply: Reply, keeper: JournalKeeper) {
    this.#reply = reply;
    this.#keeper = keeper;
    const { status, fields, length, target } = reply;
    this.head = { status, fields, length, target };
  }

  begin(): void {
    const reply = this.#reply;
    reply?.onOutcome((outcome) => {
      if (outcome.kind === 'abandoned') this.end(outcome);
    });
    reply?.flow(this);
  }

  get followers(): number {
    return this.#followers.length;
  }

  /** A reply that reads from byte `from`, held until somebody asks it to flow. `from` must be kept still. */
  follow(from: number, left: () => void, fields: Fields = this.head.fields): Reply {
    const follower = new Follower(
      this,
      { ...this.head, fields, length: from === 0 ? this.head.length : -1 },
      from,
      left,
    );
    this.#followers = [...this.#followers, follower];
    return follower.relay;
  }

  part(bytes: Uint8Array): void {
    const before = this.length;
    if (!this.isLost) this.#keep(bytes);
    this.length = before + bytes.length;
    const followers = this.#followers;
    for (let i = 0; i < followers.length; i += 1) followers[i]?.hear(bytes, before);
  }

  // All of a part or nothing: whoever reads on must never meet half of one.
  #keep(bytes: Uint8Array): void {
    const wanted = this.length + bytes.length;
    if (wanted > JOURNAL_BYTES_MAX || !this.#makeRoom(wanted)) {
      this.lose();
      return;
    }
    let at = 0;
    while (at < bytes.length) {
      const piece = this.#pieces[this.#piece] as Buffer;
      const count = Math.min(piece.length - this.#pieceAt, bytes.length - at);
      piece.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#pieceAt);
      this.#pieceAt += count;
      at += count;
      if (this.#pieceAt === piece.length) {
        this.#piece += 1;
        this.#pieceAt = 0;
      }
    }
    this.#written = wanted;
  }

  #makeRoom(wanted: number): boolean {
    while (this.#room < wanted) {
      const size = Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, this.#room));
      if (!this.#keeper.reserve(size)) return false;
      this.#pieces = this.#pieces.concat(Buffer.allocUnsafeSlow(size));
      this.#room += size;
    }
    return true;
  }

  /**
   * Nothing more comes. What is kept for minutes becomes one text of V8's heap: it takes no more room than it needs, and can be moved, where
   * thousands of small buffers lie between the free memory of streams that have ended, none of which could go back to the system.
   */
  #pack(): void {
    if (this.isLost) return;
    this.#packed = Buffer.concat(this.#pieces, this.#written).latin1Slice();
    this.#pieces = [];
    this.#keeper.release(this.#room - this.#written);
    this.#room = this.#written;
  }

  /** Gives the memory back. Followers are handed what they have not read yet, now, since it is nowhere else. */
  lose(): void {
    if (this.isLost) return;
    for (const follower of this.#followers) follower.flush();
    this.isLost = true;
    this.#keeper.release(this.#room);
    this.#pieces = [];
    this.#packed = '';
    this.#written = 0;
    this.#room = 0;
  }

  /** Pushes what is kept from byte `from` on. `isWanted` is asked between pieces. */
  read(from: number, isWanted: () => boolean, take: (bytes: Uint8Array) => void): void {
    for (let at = from; at < this.#packed.length; at += PIECE_BYTES_MAX) {
      if (!isWanted()) return;
      take(Buffer.from(this.#packed.slice(at, at + PIECE_BYTES_MAX), 'latin1'));
    }
    let start = 0;
    for (const piece of this.#pieces) {
      const end = Math.min(start + piece.length, this.#written);
      // A piece may have been made for a part that then had no room: nothing was written there, and nothing of it may be read.
      if (end > Math.max(from, start)) {
        if (!isWanted()) return;
        take(piece.subarray(Math.max(0, from - start), end - start));
      }
      start += piece.length;
    }
  }

  end(outcome: Outcome): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    this.#reply = undefined;
    this.#pack();
    for (const follower of this.#followers) follower.ended();
  }

  /** For followers: one stopped or went on reading. The slowest sets the pace, since what is not read must be kept. */
  paused(by: 1 | -1): void {
    this.#pausedFollowers += by;
    if (by === 1 && this.#pausedFollowers === 1) this.#reply?.pause();
    if (by === -1 && this.#pausedFollowers === 0) this.#reply?.resume();
  }

  forget(follower: Follower): void {
    this.#followers = this.#followers.filter((each) => each !== follower);
  }

  /** Nobody wants it any more. */
  cancel(): void {
    this.#reply?.cancel();
    this.lose();
  }
}

/** One reader of a journal. */
class Follower implements Upstream {
  readonly relay: Relay;
  readonly #journal: Journal;
  readonly #left: () => void;
  #at: number;
  #isFlowing = false;
  #isPaused = false;
  #isReading = false;

  constructor(journal: Journal, head: Head, from: number, left: () => void) {
    this.#journal = journal;
    this.#at = from;
    this.#left = left;
    this.relay = new FollowingRelay(head, this);
  }

  /** The caller's side began to listen. */
  flowed(): void {
    this.#isFlowing = true;
    this.#catchUp();
  }

  /** A part passes. Who cannot take it now reads it later, unless it is not kept: then there is no later. */
  hear(bytes: Uint8Array, at: number): void {
    if (this.#isReading || this.#at !== at) return;
    if ((this.#isPaused || !this.#isFlowing) && !this.#journal.isLost) return;
    this.#at = at + bytes.length;
    this.relay.part(bytes);
  }

  ended(): void {
    if (this.#journal.outcome?.kind === 'abandoned') this.relay.cancel();
    else if (this.#isFlowing && !this.#isPaused && !this.#isReading) this.#catchUp();
  }

  /** What is kept will be gone: all of it is handed over, whoever waits. */
  flush(): void {
    this.#journal.read(this.#at, isAlways, (bytes) => {
      this.#at += bytes.length;
      this.relay.part(bytes);
    });
  }

  #catchUp(): void {
    this.#isReading = true;
    const journal = this.#journal;
    // What comes while it reads is written at the end of what it reads.
    while (this.#at < journal.length && !this.#isPaused && !journal.isLost && this.relay.outcome === undefined) {
      journal.read(
        this.#at,
        () => !this.#isPaused && this.relay.outcome === undefined,
        (bytes) => {
          this.#at += bytes.length;
          this.relay.part(bytes);
        },
      );
    }
    this.#isReading = false;
    const { outcome } = journal;
    if (outcome === undefined || this.#isPaused || this.#at < journal.length) return;
    this.#release();
    this.relay.end(outcome);
  }

  #release(): void {
    if (this.#isPaused) this.#journal.paused(-1);
    this.#isPaused = false;
    this.#journal.forget(this);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#journal.paused(1);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#catchUp();
    if (!this.#isPaused) this.#journal.paused(-1);
  }

  cancel(): void {
    this.#release();
    this.#left();
  }
}

const isAlways = () => true;

/** A relay that is fed only when it flows: until then the journal holds what it will read. */
class FollowingRelay extends Relay {
  readonly #follower: Follower;

  constructor(head: Head, follower: Follower) {
    super(head, follower);
    this.#follower = follower;
  }

  override flow(sink: Sink): void {
    super.flow(sink);
    this.#follower.flowed();
  }
}
