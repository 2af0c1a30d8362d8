import type { Fields } from '../call/fields.ts';
import type { Clock } from '../world/world.ts';
import type { Connection } from './connection.ts';
import type { OutgoingRequest } from './contract.ts';
import type { ExchangeRecord } from './record.ts';
import { FlowingUpload, heldUpload, type Upload, type UploadOwner } from './upload.ts';

/**
 * The sending of a request that takes longer than one write: a body that is big or flows. Keeps the write clock, which counts while bytes
 * wait for the peer to take them, and starts the head clock when the kernel has taken the last.
 */
export class Sending implements UploadOwner {
  readonly #connection: Connection;
  readonly #request: OutgoingRequest;
  readonly #record: ExchangeRecord;
  readonly #clock: Clock;
  readonly #broke: (note: string) => void;
  readonly #upload: Upload;
  /** What the write clock saw when it last looked. */
  #progress = 0;

  constructor(
    connection: Connection,
    request: OutgoingRequest,
    record: ExchangeRecord,
    clock: Clock,
    broke: (note: string) => void,
  ) {
    const { body, bodyFlow } = request;
    this.#connection = connection;
    this.#request = request;
    this.#record = record;
    this.#clock = clock;
    this.#broke = broke;
    this.#upload =
      bodyFlow === undefined
        ? heldUpload(connection.wire, body ?? new Uint8Array(0), this)
        : new FlowingUpload(connection.wire, bodyFlow, this);
  }

  start(nowMs: number): void {
    this.#connection.clock.watch('write', this.#request.clocks.writeMs, nowMs);
    this.#upload.start();
  }

  handedOver(): void {
    const nowMs = this.#clock.now();
    this.#record.handOver(nowMs);
    this.#awaitHead(nowMs, nowMs);
  }

  uploadBroke(note: string): void {
    this.#broke(note);
  }

  /** The wire has room again. */
  drained(): void {
    const nowMs = this.#clock.now();
    if (this.#record.state === 'send') this.#connection.clock.extend(nowMs);
    this.#upload.drained();
    this.#awaitHead(nowMs, nowMs);
  }

  /** The write clock has run out. True when it was set anew: the upload moves, waits for its own source, or is over unnoticed. */
  isMoving(): boolean {
    const { clock, wire, written } = this.#connection;
    const nowMs = this.#clock.now();
    const queued = wire.bytesQueued;
    if (this.#record.isHandedOver && queued === 0) {
      this.#awaitHead(nowMs, this.#record.handedMs);
      return true;
    }
    const progress = written - queued;
    const isMoving = progress > this.#progress || queued === 0;
    this.#progress = progress;
    if (isMoving) clock.watch('write', clock.limitMs, nowMs);
    return isMoving;
  }

  /** Nothing more is sent; what still flows in is dropped. */
  stop(): void {
    this.#upload.stop();
  }

  /** The peer has answered and wants no more. A source that waits for room would wait for ever: it may run dry. */
  refuse(): void {
    this.#upload.stop();
    this.#upload.drained();
  }

  #awaitHead(nowMs: number, fromMs: number): void {
    if (this.#record.state !== 'send' || !this.#record.isHandedOver || this.#connection.wire.bytesQueued > 0) return;
    this.#connection.clock.watch('head', this.#request.clocks.headMs, nowMs, fromMs);
  }
}

const NO_FIELDS: Fields = [];

/** What is left to know of a request that is sent: its clocks. */
export function spent({ clocks }: OutgoingRequest): OutgoingRequest {
  return { method: '', target: '', fields: NO_FIELDS, body: undefined, clocks, isReplayable: false };
}
