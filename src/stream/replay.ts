import type { Call, Caller } from '../call/call.ts';
import { Failure } from '../call/failure.ts';
import { fieldOf } from '../call/fields.ts';
import { leave } from '../call/leave.ts';
import { Leavers } from '../call/leavers.ts';
import { note } from '../call/note.ts';
import type { Reply } from '../call/reply.ts';
import { type Ask, promised, type Service, tell } from '../pipeline/service.ts';
import type { Clock, Timer, Timers } from '../world/world.ts';
import { type EventPlace, numbered, placeAfterLast, placeAfterSequence, responseIdOf, START } from './event-ids.ts';
import { STREAM_DIALECTS } from './events.ts';
import { Journal, type JournalKeeper } from './journal.ts';
import { type Entry, newEntry } from './replay-entry.ts';
import { fingerprintOf, keyOf, ownerOf } from './replay-key.ts';

export type ReplayOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** All journals together; 0 turns replay off. */
  readonly bytesMax?: number;
  /** How long a finished reply can be read again. */
  readonly keepMs?: number;
  /** How long a call goes on without its caller when the caller never said that it may come back; 0 stops it at once. */
  readonly orphanMs?: number;
  /** The same for callers that said so, by an `Idempotency-Key` or `goodgate-replay: on`. */
  readonly announcedOrphanMs?: number;
};

/** 64 MiB: sixteen of the largest replies, or some 2,000 usual ones. */
const BYTES_MAX = 64 * 1024 * 1024;
/** 5 min: a train through a tunnel, a laptop carried to another room. */
const KEEP_MS = 300_000;
/** 60 s without anybody to read it: what a lost connection takes to come back, and no more tokens than that. */
const ANNOUNCED_ORPHAN_MS = 60_000;
/** 2,000 finished replies: as many usual ones as the bytes have room for. */
const ENTRIES_MAX = 2000;
/** 16 calls that joined one reply keep their ids: nobody loses one connection more often in five minutes and still knows the oldest. */
const JOINED_MAX = 16;

/** `goodgate-replay: on` says that the caller may come back, `ids` that it also wants event ids in the stream. */
const REPLAY_FIELD = 'goodgate-replay';

/**
 * Remembers replies for callers that lose their connection: a journal for each stream, joined by the same `Idempotency-Key`, read on from
 * `Last-Event-ID`. Answers one upstream call to any number of readers with the same credential.
 */
export class Replays implements JournalKeeper {
  #options: Required<ReplayOptions>;
  readonly #byId = new Map<string, Entry>();
  /** Those that are finished, in the order in which they were, so that the oldest is forgotten first. */
  readonly #done = new Set<Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #byJoined = new Map<string, Entry>();
  readonly #sweep: Timer;
  #usedBytes = 0;
  #isClosed = false;

  constructor(options: ReplayOptions) {
    this.#options = {
      bytesMax: BYTES_MAX,
      keepMs: KEEP_MS,
      orphanMs: 0,
      announcedOrphanMs: ANNOUNCED_ORPHAN_MS,
      ...options,
    };
    this.#sweep = options.timers.timer(() => this.#forgetOld());
  }

  /** Other bounds from now on, by a reload of the config; what is kept stays. */
  change(bounds: Omit<ReplayOptions, 'clock' | 'timers'>): void {
    this.#options = { ...this.#options, ...bounds };
    while (this.#usedBytes > this.#options.bytesMax) if (!this.#evict()) break;
  }

  /** Bytes that journals hold now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get entries(): number {
    return this.#byId.size;
  }

  /**
   * Outside everything that asks: journals the reply of each streamed call, and of each call with an idempotency key.
   * @throws Failure `caller-malformed` when a key is used again for another request.
   */
  over(ask: Ask): Ask {
    const next = promised(ask);
    return (call, taker) => {
      const read = this.#options.bytesMax === 0 ? undefined : this.#read(call, next);
      if (read === undefined) ask(call, taker);
      else tell(read, taker);
    };
  }

  /** undefined for a call that is not journaled. */
  #read(call: Call, next: Service): Promise<Reply> | undefined {
    const asked = call.dialect === 'http' ? this.#responsesAgain(call) : undefined;
    if (asked !== undefined) return Promise.resolve(asked);
    const key = keyOf(call);
    const isJournaled = key !== undefined || (call.isStream && STREAM_DIALECTS[call.dialect] !== undefined);
    const known = key === undefined ? undefined : this.#byKey.get(key);
    if (known !== undefined) return this.#join(call, known);
    return isJournaled ? this.#begin(call, key, next) : undefined;
  }

  #begin(call: Call, key: string | undefined, next: Service): Promise<Reply> {
    const wish = fieldOf(call.fields, REPLAY_FIELD);
    const isAnnounced = key !== undefined || wish === 'on' || wish === 'ids';
    const isKept = (isAnnounced ? this.#options.announcedOrphanMs : this.#options.orphanMs) > 0;
    const inner = isKept ? { ...call, isLeft: false, leavers: new Leavers() } : call;
    const entry = newEntry(call, key, inner, isAnnounced);
    if (isKept) call.isKept = true;
    this.#byId.set(entry.id, entry);
    if (key !== undefined) this.#byKey.set(key, entry);
    entry.ready = next(inner).then(
      (reply) => this.#journaled(entry, reply),
      (stranger: unknown) => {
        // What failed is not worth repeating: the next one with this key tries again.
        this.#forget(entry);
        throw Failure.from(stranger);
      },
    );
    return this.#reader(call, entry);
  }

  #journaled(entry: Entry, reply: Reply): Journal {
    const journal = new Journal(reply, this);
    entry.journal = journal;
    reply.onOutcome(({ kind }) => {
      // Who repeats a request whose answer broke wants the answer; what was said of it can still be read by the call's id.
      if (kind === 'failed') this.#freeKey(entry);
      if (kind === 'abandoned') this.#forget(entry);
      else this.#finished(entry);
    });
    return journal;
  }

  /** A reply for one reader of the entry, from its beginning. */
  async #reader(call: Call, entry: Entry): Promise<Reply> {
    const stop = () => this.#deserted(entry);
    if (call.isKept === true) call.leavers.add(stop);
    const journal = await entry.ready;
    call.leavers.delete(stop);
    if (!(journal instanceof Journal)) return journal;
    // Another reader, told first, has set a reply flowing that was larger than may be kept.
    if (journal.isLost) throw refused('resource-not-found', 'the reply to this Idempotency-Key is no longer kept');
    if (call.isLeft) {
      this.#start(entry, journal);
      this.#deserted(entry);
      throw new Failure('caller-left', { phase: 'body', firstEvent: 'our-cancel', isRequestSent: true });
    }
    const reply = this.#follow(entry, journal, START);
    this.#start(entry, journal);
    return fieldOf(call.fields, REPLAY_FIELD) === 'ids' ? numbered(reply, 0) : reply;
  }

  // After its first reader is there, so that a reply is never lost for want of memory while somebody wants it; or when that one is gone.
  #start(entry: Entry, journal: Journal): void {
    if (entry.isBegun) return;
    entry.isBegun = true;
    journal.begin();
  }

  #follow(entry: Entry, journal: Journal, { byte }: EventPlace): Reply {
    entry.orphan?.disarm();
    return journal.follow(byte, () => this.#deserted(entry));
  }

  #join(call: Call, entry: Entry): Promise<Reply> {
    if (entry.fingerprint !== fingerprintOf(call)) {
      return Promise.reject(refused('caller-malformed', 'this Idempotency-Key was used for another request'));
    }
    if (entry.journal?.isLost === true) {
      return Promise.reject(refused('resource-not-found', 'the reply to this Idempotency-Key is no longer kept'));
    }
    // probe: a caller joins the reply of its former call
    note(call.story, `joined the reply of call ${entry.id}, which has the same Idempotency-Key`);
    call.isKept = true;
    entry.joined.push(call.id);
    this.#byJoined.set(call.id, entry);
    if (entry.joined.length > JOINED_MAX) this.#byJoined.delete(entry.joined.shift() ?? '');
    return this.#reader(call, entry);
  }

  /**
   * The reply of a call, from after the last event its caller has; with ids, so that it can be lost again.
   * @throws Failure `resource-not-found` when there is none of that id for this caller, or it is no longer kept; `caller-malformed` when
   * so many events never came.
   */
  follow(id: string, lastEventId: string | undefined, caller: Caller): Reply {
    const entry = this.#byId.get(id) ?? this.#byJoined.get(id);
    const journal = entry?.journal;
    // A stranger's call and one that never was look the same from outside.
    if (entry === undefined || journal === undefined || entry.owner !== ownerOf(caller)) {
      throw refused('resource-not-found', 'no reply of that id can be read again');
    }
    if (journal.isLost) throw refused('resource-not-found', 'that reply is too old or too large to be read again');
    const place = placeAfterLast(journal, lastEventId);
    if (place === undefined) throw refused('caller-malformed', 'Last-Event-ID was never issued for this reply');
    // probe: a caller reads on from its last event
    return numbered(this.#follow(entry, journal, place), place.events);
  }

  /** `GET /v1/responses/{id}?stream=true&starting_after=n`, for a response that came through here; undefined when it is the service's to answer. */
  #responsesAgain(call: Call): Reply | undefined {
    if (call.method !== 'GET' || !call.path.startsWith('/v1/responses/') || !call.path.includes('stream=true'))
      return undefined;
    const [path = '', query = ''] = call.path.slice('/v1/responses/'.length).split('?', 2);
    const after = new URLSearchParams(query).get('starting_after');
    const owner = ownerOf(call.caller);
    for (const entry of this.#byId.values()) {
      const { journal } = entry;
      if (entry.owner !== owner || !entry.isResponses || journal === undefined || journal.isLost) continue;
      entry.responseId ??= responseIdOf(journal);
      if (entry.responseId !== path) continue;
      const place = after === null ? START : placeAfterSequence(journal, Number(after));
      return place === undefined ? undefined : this.#follow(entry, journal, place);
    }
    return undefined;
  }

  /** The process ends: nothing is kept any more, and what nobody reads is stopped. Replies that are read go on to their end. */
  close(): void {
    this.#isClosed = true;
    this.#sweep.disarm();
    for (const entry of [...this.#byId.values()]) {
      if ((entry.journal?.followers ?? 0) > 0) continue;
      if (entry.doneMs === undefined) this.#stop(entry);
      else this.#forget(entry);
    }
  }

  // ---- who still reads ------------------------------------------------------------------------------------------

  /** A reader is gone. When it was the last one, the call goes on only as long as somebody may come back for it. */
  #deserted(entry: Entry): void {
    if (entry.doneMs !== undefined || (entry.journal?.followers ?? 0) > 0) return;
    const { announcedOrphanMs, orphanMs, timers } = this.#options;
    const waitMs = entry.isAnnounced ? announcedOrphanMs : orphanMs;
    if (waitMs === 0 || this.#isClosed) {
      this.#stop(entry);
      return;
    }
    // probe: a call goes on without its caller
    entry.orphan ??= timers.timer(() => this.#stop(entry));
    entry.orphan.arm(waitMs);
  }

  #stop(entry: Entry): void {
    if (entry.journal !== undefined && entry.journal.followers > 0) return;
    this.#forget(entry);
    // probe: nobody came back for an answer
    if (entry.inner !== undefined) leave(entry.inner);
    entry.journal?.cancel();
  }

  #finished(entry: Entry): void {
    const { clock, keepMs } = this.#options;
    entry.doneMs = clock.now();
    entry.inner = undefined;
    entry.orphan?.disarm();
    this.#done.add(entry);
    if (this.#isClosed) this.#forget(entry);
    else if (!this.#sweep.isArmed) this.#sweep.arm(keepMs);
    if (this.#done.size > ENTRIES_MAX) this.#evict();
  }

  // ---- what is kept ---------------------------------------------------------------------------------------------

  reserve(bytes: number): boolean {
    const { bytesMax } = this.#options;
    while (this.#usedBytes + bytes > bytesMax) if (!this.#evict()) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }

  /** Forgets the oldest finished reply that nobody reads; false when there is none. */
  #evict(): boolean {
    for (const entry of this.#done) {
      if ((entry.journal?.followers ?? 0) > 0) continue;
      this.#forget(entry);
      return true;
    }
    return false;
  }

  #forget(entry: Entry): void {
    entry.orphan?.disarm();
    if (this.#byId.get(entry.id) === entry) this.#byId.delete(entry.id);
    this.#done.delete(entry);
    this.#freeKey(entry);
    for (const id of entry.joined.splice(0)) this.#byJoined.delete(id);
    entry.journal?.lose();
  }

  #freeKey(entry: Entry): void {
    if (entry.key !== undefined && this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
  }

  #forgetOld(): void {
    const { clock, keepMs } = this.#options;
    const nowMs = clock.now();
    for (const entry of this.#done) {
      const leftMs = (entry.doneMs ?? nowMs) + keepMs - nowMs;
      if (leftMs > 0) {
        this.#sweep.arm(Math.max(keepMs / 10, leftMs));
        return;
      }
      this.#forget(entry);
    }
  }
}

function refused(code: 'resource-not-found' | 'caller-malformed', reason: string): Failure {
  return new Failure(code, { phase: 'queue', firstEvent: 'answer', note: reason });
}
