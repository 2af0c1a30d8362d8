import { createServer, type Server, type Socket } from 'node:net';
import type { Fields } from '../call/fields.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { ExchangeClocks, Origin, OutgoingRequest, Receiver } from './contract.ts';

/** For wire tests: a TCP server on a free port of loopback that does to each connection what the test says, byte by byte. */
export type RawServer = {
  readonly port: number;
  readonly origin: Origin;
  /** Requests seen: texts of all that was read, one a connection, in the order of accepting. */
  readonly heard: string[];
  /** Connections accepted so far. */
  readonly accepted: () => number;
  close(): Promise<void>;
};

/** A connection as its script sees it. */
export type RawPeer = {
  readonly socket: Socket;
  /** Counted from 0. */
  readonly index: number;
  /** All text that came on this connection. */
  text(): string;
};

/** What the script does: when a connection comes, and at every piece of data. */
export type RawScript = {
  readonly accepted?: (peer: RawPeer) => void;
  readonly data?: (peer: RawPeer, piece: string) => void;
};

/** Starts one; `data` is called with each piece as latin1 text. */
export async function rawServer(script: RawScript): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const index = heard.length;
    heard.push('');
    sockets.add(socket);
    const peer: RawPeer = { socket, index, text: () => heard[index] ?? '' };
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const piece = bytes.toString('latin1');
      heard[index] += piece;
      script.data?.(peer, piece);
    });
    socket.on('end', () => socket.end());
    script.accepted?.(peer);
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  return {
    port,
    origin: { host: '127.0.0.1', port, isSecure: false },
    heard,
    accepted: () => heard.length,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((fulfil) => server.close(() => fulfil()));
    },
  };
}

/** Answers every request (heads without bodies) with this text. */
export function answering(answer: string): RawScript {
  return {
    data(peer, piece) {
      for (const _ of piece.matchAll(/\r\n\r\n/g)) peer.socket.write(answer, 'latin1');
    },
  };
}

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

/** Generous clocks: what these tests wait for never takes a second. */
export const CLOCKS: ExchangeClocks = {
  dnsMs: 5000,
  connectMs: 5000,
  tlsMs: 5000,
  writeMs: 5000,
  headMs: 5000,
  betweenBytesMs: 5000,
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
