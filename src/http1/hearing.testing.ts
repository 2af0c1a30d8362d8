import type { Fields } from '../call/fields.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { ExchangeClocks, OutgoingRequest, Receiver } from './contract.ts';

/** What an exchange said, and how it ended. */
export type Heard = {
  readonly receiver: Receiver;
  /** One entry for each event but parts: `head 200`, `end`, `fail wait-head` … */
  readonly events: string[];
  /** Resolves at the end, whole or not. */
  readonly done: Promise<void>;
  status: number;
  fields: Fields;
  length: number;
  body: string;
  trailers: Fields | undefined;
  evidence: Evidence | undefined;
};

/** A receiver that remembers. */
export function hearing(onHead?: () => void, onPart?: (text: string) => void): Heard {
  const events: string[] = [];
  let finish: () => void = () => {};
  const done = new Promise<void>((fulfil) => {
    finish = fulfil;
  });
  const heard: Heard = {
    events,
    done,
    status: 0,
    fields: [],
    length: 0,
    body: '',
    trailers: undefined,
    evidence: undefined,
    receiver: {
      informational(status) {
        events.push(`informational ${status}`);
      },
      head(status, fields, length) {
        heard.status = status;
        heard.fields = fields;
        heard.length = length;
        events.push(`head ${status}`);
        onHead?.();
      },
      part(bytes) {
        const text = Buffer.from(bytes).toString('latin1');
        heard.body += text;
        onPart?.(text);
      },
      end(trailers) {
        heard.trailers = trailers;
        events.push('end');
        finish();
      },
      fail(evidence) {
        heard.evidence = evidence;
        events.push(`fail ${evidence.phase}`);
        finish();
      },
    },
  };
  return heard;
}

/** Generous clocks: what these tests wait for takes milliseconds. */
export const CLOCKS: ExchangeClocks = {
  dnsMs: 2000,
  connectMs: 2000,
  tlsMs: 2000,
  writeMs: 2000,
  headMs: 2000,
  betweenBytesMs: 2000,
};

/** A GET that may be replayed, but for what the test changes. */
export function asking(change: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    method: 'GET',
    target: '/',
    fields: [],
    body: undefined,
    clocks: CLOCKS,
    isReplayable: true,
    ...change,
  };
}
