/** What became of one request. `struck` is one that was answered by a fault; `aborted` one whose peer went away before its end. */
export type Fate = 'running' | 'answered' | 'struck' | 'aborted';

/** One request that reached the upstream whole. */
export type Received = {
  /** Counts requests from 1. */
  readonly serial: number;
  /** Counts connections from 1. */
  readonly connection: number;
  readonly method: string;
  readonly path: string;
  readonly model: string | undefined;
  readonly isStream: boolean;
  readonly bodyBytes: number;
  /** The sender's `x-request-id`. */
  readonly requestId: string | undefined;
  /** The sender's `goodgate-attempt`. */
  readonly attempt: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** The caller's own number for its call, `drill-call`: it lays this record beside what the caller saw. */
  readonly drillCall: string | undefined;
  /** The fault it met, in its compact form. */
  readonly fault: string | undefined;
  readonly startMs: number;
  endMs: number | undefined;
  fate: Fate;
  bytesSent: number;
};

export type Counters = {
  connections: number;
  connectionsOpen: number;
  requests: number;
  running: number;
  answered: number;
  struck: number;
  aborted: number;
  /** Requests that were malformed, too large or cut before they were whole. */
  refused: number;
};

/** Remembers this many requests by default: more than any test makes, a few MB. */
export const RECORDS_MAX = 10_000;

/** What an upstream has received: counters for ever, the last requests one by one. */
export class Ledger {
  readonly counters: Counters = noCounters();
  readonly #recordsMax: number;
  #records: Received[] = [];

  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  /** Oldest first. */
  get records(): readonly Received[] {
    return this.#records.slice(-this.#recordsMax);
  }

  open(): number {
    this.counters.connections += 1;
    this.counters.connectionsOpen += 1;
    return this.counters.connections;
  }

  close(): void {
    this.counters.connectionsOpen -= 1;
  }

  begin(request: Omit<Received, 'serial' | 'endMs' | 'fate' | 'bytesSent'>): Received {
    this.counters.requests += 1;
    this.counters.running += 1;
    const serial = this.counters.requests;
    const record: Received = { ...request, serial, endMs: undefined, fate: 'running', bytesSent: 0 };
    this.#records.push(record);
    // Cut in large steps, so that remembering costs nothing per request.
    if (this.#records.length > this.#recordsMax * 2) this.#records = this.#records.slice(-this.#recordsMax);
    return record;
  }

  end(record: Received, fate: Exclude<Fate, 'running'>, nowMs: number): void {
    if (record.fate !== 'running') return;
    record.fate = fate;
    record.endMs = nowMs;
    this.counters.running -= 1;
    this.counters[fate] += 1;
  }

  /** Forgets the past; what is open or running stays counted. */
  forget(): void {
    const { connectionsOpen, running } = this.counters;
    Object.assign(this.counters, noCounters(), { connectionsOpen, running });
    this.#records = [];
  }
}

function noCounters(): Counters {
  return {
    connections: 0,
    connectionsOpen: 0,
    requests: 0,
    running: 0,
    answered: 0,
    struck: 0,
    aborted: 0,
    refused: 0,
  };
}
