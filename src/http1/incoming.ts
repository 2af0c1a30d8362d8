import type { Fields } from '../call/fields.ts';
import type { PeerAddress } from '../world/world.ts';
import type { BodySink, IncomingRequest } from './contract.ts';
import type { Origination } from './forwarded.ts';

/** What a request needs of the connection it came on. Each call names the request, as one that is over must not steer the next. */
export type RequestPort = {
  bodyWanted(request: Incoming): void;
  bodyPaused(request: Incoming): void;
  bodyResumed(request: Incoming): void;
};

/** One request as its handler sees it. */
export class Incoming implements IncomingRequest {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly fields: Fields;
  readonly bodyLength: number;
  readonly peer: PeerAddress;
  readonly isSecure: boolean;
  /** Who hears the body; undefined until it is read. */
  sink: BodySink | undefined;
  isPaused = false;
  readonly #port: RequestPort;

  constructor(
    port: RequestPort,
    head: { readonly method: string; readonly minorVersion: 0 | 1; readonly fields: Fields },
    target: string,
    bodyLength: number,
    origination: Origination,
  ) {
    this.#port = port;
    this.method = head.method;
    this.target = target;
    this.minorVersion = head.minorVersion;
    this.fields = head.fields;
    this.bodyLength = bodyLength;
    this.peer = origination.peer;
    this.isSecure = origination.isSecure;
  }

  /** @throws Error when called twice. */
  read(sink: BodySink): void {
    if (this.sink !== undefined) throw new Error('a body flows once');
    this.sink = sink;
    this.#port.bodyWanted(this);
  }

  /** What was read from the wire already is still handed on: at most one read of it. */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.#port.bodyPaused(this);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#port.bodyResumed(this);
  }
}
