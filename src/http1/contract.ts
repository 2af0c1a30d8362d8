/**
 * What the rest of the house knows of HTTP/1.1. Everything is pushed: no promise, iterator or web stream per part.
 * Bytes handed to a callee are valid only during that call.
 */
import type { Fields } from '../call/fields.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import type { PeerAddress, TlsClientOptions, Wire } from '../world/world.ts';

// ---- server side ----------------------------------------------------------------------------------------------

/** Called once for each well-formed request; must not throw. Answering later is fine, answering never is a leak. */
export type RequestHandler = (request: IncomingRequest, response: Responder) => void;

export type IncomingRequest = {
  readonly method: string;
  /** Origin-form (`/v1/models?x=1`), asterisk-form, or the authority of CONNECT; absolute-form is already reduced. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly fields: Fields;
  /** 0 without a body, -1 when the length is not announced (chunked). */
  readonly bodyLength: number;
  /** The caller, after PROXY protocol and trusted forwarding fields. */
  readonly peer: PeerAddress;
  readonly isSecure: boolean;
  /** Starts the flow of the body, once; sends `100 Continue` first where it is awaited. Never called: the body is discarded. */
  read(sink: BodySink): void;
  pause(): void;
  resume(): void;
};

export type BodySink = {
  part(bytes: Uint8Array): void;
  end(trailers: Fields | undefined): void;
  /** The request will never be whole: malformed, too slow or cut. The engine has answered or closed by itself. */
  fail(fault: RequestFault): void;
};

/** A request refused by the engine: the word of the strict parser or limit, and the status it gets. */
export type RequestFault = {
  readonly word: string;
  /** 400, 408, 413, 414, 417, 431, 501, 505; 0 when the caller is gone and nothing can be answered. */
  readonly status: number;
};

/**
 * Field lines as they go out, each with its CRLF, unchecked: for what the gateway itself says in every head, where nothing in it comes from
 * outside or what does was checked (`fieldLine`).
 */
export type OwnLines = string;

/** The one way to answer a request. After `end` or `abort` every call is a no-op. */
export type Responder = {
  /** A whole answer in one write; `content-length` is set here. `ownLines`: see `OwnLines`; none unless given, as in the next ones. */
  send(status: number, fields: Fields, body: Uint8Array | string, ownLines?: OwnLines): void;
  /** The head of a longer answer. With `content-length` in the fields the length is held to; else chunked (1.1) or until close (1.0). */
  head(status: number, fields: Fields, ownLines?: OwnLines): void;
  /** False when the caller reads slower than we write: stop until `onDrain`. */
  part(bytes: Uint8Array | string): boolean;
  /** A clean end. Never call it for a broken answer. */
  end(trailers?: Fields): void;
  /** A dirty end that no client can mistake for a whole answer: the connection is closed without its last chunk. */
  abort(): void;
  /** 102, 103 … before the head. */
  informational(status: number, fields: Fields): void;
  /** Answers 101 with these fields and hands the wire over, with what was read past the head. */
  upgrade(fields: Fields, ownLines?: OwnLines): { readonly wire: Wire; readonly early: Uint8Array };
  /** Set by the owner: room to write again. */
  onDrain: (() => void) | undefined;
  /** Set by the owner: the caller went away before the answer was complete. At most once. */
  onLeave: (() => void) | undefined;
  readonly isHeadSent: boolean;
  /** Bytes of this answer given to the kernel. */
  readonly bytesWritten: number;
};

export type ServerLimits = {
  readonly headBytesMax: number;
  readonly fieldsMax: number;
  readonly bodyBytesMax: number;
  readonly connectionsMax: number;
  readonly requestsPerConnectionMax: number;
  readonly headMs: number;
  readonly bodyIdleMs: number;
  readonly writeIdleMs: number;
  readonly keepAliveMs: number;
};

/** Turns a fault into the answer sent before the connection closes; the owner knows the dialect, the engine the framing. */
export type FaultWriter = (
  fault: RequestFault,
  target: string | undefined,
) => { readonly status: number; readonly fields: Fields; readonly body: string };

// ---- client side ----------------------------------------------------------------------------------------------

/** Where requests go: everything that may not be shared between connections is in here, and makes the pool's key. */
export type Origin = {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly tls?: Partial<TlsClientOptions>;
  /** A forward proxy, with credentials already in `authorization`. */
  readonly via?: {
    readonly host: string;
    readonly port: number;
    readonly isSecure: boolean;
    readonly authorization?: string;
  };
  /** A Unix socket instead of host and port. */
  readonly socketPath?: string;
};

export type OutgoingRequest = {
  readonly method: string;
  readonly target: string;
  /** Without `host`, `content-length`, `transfer-encoding`, `connection`: the engine writes those. */
  readonly fields: Fields;
  readonly ownLines?: OwnLines;
  /** The whole body, or undefined for none. Held by the caller until the exchange ends: it may be written again on a fresh socket. */
  readonly body: Uint8Array | undefined;
  /** A body that flows: sent once, so never replayed. `length` -1 is chunked. */
  readonly bodyFlow?: { readonly length: number; start(out: BodyOut): void };
  readonly clocks: ExchangeClocks;
  /** True when sending it twice is safe by its method or declared by its route (RFC 9110 §9.2.2). */
  readonly isReplayable: boolean;
  /** Asked before what was sent already is sent again: false fails the exchange instead. Unset, it may be. */
  readonly mayReplay?: (() => boolean) | undefined;
};

export type BodyOut = {
  /** False: stop until `onDrain`. */
  part(bytes: Uint8Array): boolean;
  end(): void;
  abort(): void;
  onDrain: (() => void) | undefined;
};

/** Milliseconds; 0 is off. */
export type ExchangeClocks = {
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly writeMs: number;
  readonly headMs: number;
  readonly betweenBytesMs: number;
};

/** Hears one exchange. After `head`, exactly one of `end` or `fail` comes, last; `fail` may come without a head. */
export type Receiver = {
  informational(status: number, fields: Fields): void;
  /** `length` is -1 when not announced. */
  head(status: number, fields: Fields, length: number): void;
  part(bytes: Uint8Array): void;
  end(trailers: Fields | undefined): void;
  fail(evidence: Evidence): void;
};

export type Exchange = {
  pause(): void;
  resume(): void;
  /** Stops at once; the receiver hears nothing more. The connection is closed, not reused. */
  cancel(): void;
  /** What is known so far: where it went, on which socket, how long each step took. */
  facts(): Omit<Evidence, 'firstEvent'>;
};

export type Requester = {
  exchange(origin: Origin, request: OutgoingRequest, receiver: Receiver): Exchange;
  /** Opens up to `count` idle connections, for hot standbys. */
  warm(origin: Origin, count: number): void;
  /**
   * An upgrade (`connection: upgrade` is written by the engine): `switched` hands over the wire after 101; any other answer goes to `receiver`.
   */
  upgrade(
    origin: Origin,
    request: OutgoingRequest,
    receiver: Receiver,
    switched: (fields: Fields, wire: Wire, early: Uint8Array) => void,
  ): Exchange;
  /** Idle connections are closed, running exchanges go on. */
  close(): void;
};
