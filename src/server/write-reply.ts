import type { Call } from '../call/call.ts';
import type { Failure } from '../call/failure.ts';
import type { Fields } from '../call/fields.ts';
import { leave } from '../call/leave.ts';
import type { Outcome, Reply, Sink } from '../call/reply.ts';
import type { Responder } from '../http1/contract.ts';
import type { ReplyHead } from './reply-fields.ts';

/** How a reply that broke after its head is told: in-band, in the caller's dialect, and by trailers to who reads them. */
export type Break = { readonly text: string; readonly trailers: Fields | undefined };

/** Words a break; undefined where bytes cannot carry it. */
export type BreakWriter = (failure: Failure) => Break | undefined;

const NO_HEAD: ReplyHead = { fields: [], ownLines: '' };

/**
 * Writes a reply to its caller as it comes. A whole body already in hand leaves in one write with its head. A reply that breaks after
 * its head ends dirty (P2): an in-band error where the dialect has one, then the connection closes without a last chunk. Only who asked
 * for trailers gets one: its trailer says that the answer failed, after the in-band error has said so.
 */
export class ReplyWriter implements Sink {
  readonly #call: Call;
  readonly #reply: Reply;
  readonly #response: Responder;
  /** None once the head is out. */
  #head: ReplyHead;
  readonly #broken: BreakWriter;
  readonly #ended: (outcome: Outcome) => void;
  #isHeadOut = false;
  #isWhole = false;

  constructor(
    call: Call,
    reply: Reply,
    response: Responder,
    head: ReplyHead,
    broken: BreakWriter,
    ended: (outcome: Outcome) => void,
  ) {
    this.#call = call;
    this.#reply = reply;
    this.#response = response;
    this.#head = head;
    this.#broken = broken;
    this.#ended = ended;
  }

  /** Starts the flow; the caller's leaving and slow reading now steer the reply. */
  begin(): void {
    const { onDrain, onLeave } = this.#steering();
    this.#response.onDrain = onDrain;
    this.#response.onLeave = onLeave;
    this.#reply.flow(this);
  }

  #steering(): { onDrain: () => void; onLeave: () => void } {
    return {
      onDrain: () => this.#reply.resume(),
      onLeave: () => {
        leave(this.#call);
        this.#reply.cancel();
        this.#ended({ kind: 'abandoned' });
      },
    };
  }

  part(bytes: Uint8Array): void {
    if (!this.#isHeadOut) {
      this.#isHeadOut = true;
      if (bytes.length === this.#reply.length) {
        this.#isWhole = true;
        this.#response.send(this.#reply.status, this.#head.fields, bytes, this.#head.ownLines);
        return;
      }
      this.#sendHead();
      this.#head = NO_HEAD;
    }
    if (!this.#response.part(bytes)) this.#reply.pause();
  }

  #sendHead(): void {
    const { fields, ownLines } = this.#head;
    const { status, length } = this.#reply;
    if (length >= 0) fields.push('content-length', String(length));
    this.#response.head(status, fields, ownLines);
  }

  end(outcome: Outcome): void {
    if (this.#isWhole) {
      this.#ended(outcome);
      return;
    }
    if (outcome.kind === 'answered') this.#endWell(outcome.trailers);
    else this.#endBroken(outcome);
    this.#ended(outcome);
  }

  #endWell(trailers: Fields | undefined): void {
    // Without a part there is no body; the announced length of a HEAD or 304 answer still stands.
    if (!this.#isHeadOut) this.#sendHead();
    this.#response.end(trailers);
  }

  #endBroken(outcome: Outcome): void {
    // probe: an answer breaks after its head
    // A head alone was promised: nothing of the body is out, but the status is decided. Say the head, so that the cut is seen as one.
    if (!this.#isHeadOut) this.#sendHead();
    const told = outcome.kind === 'failed' ? this.#broken(outcome.failure) : undefined;
    if (told !== undefined) this.#response.part(told.text);
    if (told?.trailers === undefined) this.#response.abort();
    else this.#response.end(told.trailers);
  }
}
