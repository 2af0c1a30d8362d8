import type { Evidence, Phase, Timings } from '../diagnosis/evidence.ts';
import type { Connection } from './connection.ts';

/** Where an exchange stands: getting a connection, letting it prove itself, sending and waiting, hearing the body, done. */
export type ExchangeState = 'queue' | 'dial' | 'prove' | 'send' | 'body' | 'over';

/** The facts of one exchange, noted as they happen and told as evidence at any time, also after its end. */
export class ExchangeRecord {
  state: ExchangeState = 'queue';
  readonly startMs: number;
  isReused = false;
  idleMs = 0;
  /** When writing began, when the last byte was given to the wire, when the head had come, when all was over. */
  sendMs = 0;
  handedMs = 0;
  endMs = 0;
  isHandedOver = false;
  readonly #host: string;
  #headMs = 0;
  #connection: Connection | undefined;
  #unreached: Partial<Evidence> | undefined;
  /** Set when the phase says less than whose fault it is: `proxy-connect`, or `queue` for our own. */
  #blamed: Phase | undefined;
  #note: string | undefined;
  #isReplayed = false;
  /** Bytes that went out on a connection that turned out dead. */
  #writtenEarlier = 0;
  /** How it stood when it was over: the connection's own counts may be another exchange's by the time someone asks. */
  #endPhase: Phase = 'queue';
  #endWritten = 0;
  #endRead = 0;
  #isSentAtEnd = false;

  constructor(host: string, startMs: number) {
    this.#host = host;
    this.startMs = startMs;
  }

  reuse(connection: Connection, idleMs: number): void {
    this.#connection = connection;
    this.isReused = true;
    this.idleMs = idleMs;
  }

  dial(): void {
    this.state = 'dial';
    this.#connection = undefined;
    this.isReused = false;
    this.idleMs = 0;
    this.isHandedOver = false;
  }

  fresh(connection: Connection): void {
    this.#connection = connection;
  }

  /** Keeps what dialling knew, so that it is told after the end too. */
  undialled(fault: Partial<Evidence>): void {
    this.#unreached = fault;
  }

  send(nowMs: number): void {
    this.state = 'send';
    this.sendMs = nowMs;
  }

  handOver(nowMs: number): void {
    this.isHandedOver = true;
    this.handedMs = nowMs;
  }

  hear(nowMs: number): void {
    this.state = 'body';
    this.#headMs = nowMs;
  }

  replay(written: number): void {
    this.#isReplayed = true;
    this.#writtenEarlier += written;
  }

  blame(phase: 'proxy-connect' | 'queue'): void {
    this.#blamed = phase;
  }

  annotate(note: string | undefined): void {
    this.#note = note;
  }

  settle(nowMs: number): void {
    this.#endPhase = this.#phase();
    this.#endWritten = this.#written();
    this.#endRead = this.#read();
    this.#isSentAtEnd = this.#isSent();
    this.endMs = nowMs;
    this.state = 'over';
  }

  facts(nowMs: number): Omit<Evidence, 'firstEvent'> {
    const isOver = this.state === 'over';
    const atMs = isOver ? this.endMs : nowMs;
    const connection = this.#connection;
    return {
      phase: this.#phase(),
      host: this.#unreached?.host ?? this.#host,
      address: connection?.address ?? this.#unreached?.address,
      isReused: this.isReused,
      idleMs: this.isReused ? this.idleMs : undefined,
      socketAgeMs: connection === undefined ? undefined : atMs - connection.openedMs,
      bytesWritten: (isOver ? this.#endWritten : this.#written()) + this.#writtenEarlier,
      bytesRead: isOver ? this.#endRead : this.#read(),
      isRequestSent: isOver ? this.#isSentAtEnd : this.#isSent(),
      elapsedMs: atMs - this.startMs,
      timings: this.#timings(),
      note: this.#notes(),
    };
  }

  #phase(): Phase {
    if (this.#blamed !== undefined) return this.#blamed;
    switch (this.state) {
      case 'queue':
        return 'queue';
      case 'dial':
        return this.#unreached?.phase ?? 'connect';
      case 'prove':
        return 'send';
      case 'send':
        if (this.#read() > 0) return 'head';
        return this.#isSent() ? 'wait-head' : 'send';
      case 'body':
        return this.#connection?.reader.isInTrailers === true ? 'trailers' : 'body';
      case 'over':
        return this.#endPhase;
    }
  }

  #written(): number {
    return this.state === 'send' || this.state === 'body' ? (this.#connection?.written ?? 0) : 0;
  }

  #read(): number {
    return this.state === 'send' || this.state === 'body' ? (this.#connection?.read ?? 0) : 0;
  }

  #isSent(): boolean {
    return this.isHandedOver && this.#written() > 0 && this.#connection?.wire.bytesQueued === 0;
  }

  #timings(): Timings {
    return {
      ...(this.isReused ? {} : (this.#connection?.timings ?? this.#unreached?.timings)),
      ...(this.isHandedOver ? { sendMs: this.handedMs - this.sendMs } : {}),
      ...(this.#headMs > 0 ? { headMs: this.#headMs - this.sendMs } : {}),
    };
  }

  #notes(): string | undefined {
    const notes = [this.#isReplayed ? REPLAYED : undefined, this.#connection?.note, this.#note];
    return notes.filter((note) => note !== undefined).join('; ') || undefined;
  }
}

const REPLAYED = 'sent again after a stale connection';
