import type { Wire } from '../world/world.ts';
import type { BodyOut, OutgoingRequest } from './contract.ts';
import { chunkLine, lastChunk } from './serialise.ts';

/** Who waits for a request to be handed over. */
export type UploadOwner = {
  /** The last byte of the request was given to the wire. */
  handedOver(): void;
  /** The body will never be whole: its source gave up, or held less or more than it announced. */
  uploadBroke(note: string): void;
};

/** Big bodies are written in pieces of this size, so that neither our queue nor the time of one write grows with them. */
const PIECE_BYTES = 65_536;

/** The body of a request on its way out: one that is held, or one that flows. */
export type Upload = {
  start(): void;
  /** The wire has room again. */
  drained(): void;
  /** Nothing more is sent; what still flows in is dropped. */
  stop(): void;
};

/** The framing lines of a request, which only the engine writes. `content-length: 0` where a method would make a server wait (RFC 9110 §8.6). */
export function framingLines(request: OutgoingRequest): string {
  const { body, bodyFlow, method } = request;
  if (body !== undefined) return `content-length: ${body.length}\r\n`;
  if (bodyFlow !== undefined) {
    return bodyFlow.length >= 0 ? `content-length: ${bodyFlow.length}\r\n` : 'transfer-encoding: chunked\r\n';
  }
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'content-length: 0\r\n' : '';
}

/** Sends a held body, piece by piece; at once when it is small. */
export function heldUpload(wire: Wire, body: Uint8Array, owner: UploadOwner): Upload {
  let at = 0;
  let isStopped = false;
  const send = (): void => {
    while (!isStopped && at < body.length) {
      const end = Math.min(at + PIECE_BYTES, body.length);
      const hasRoom = wire.write(body.subarray(at, end));
      at = end;
      if (!hasRoom && at < body.length) return;
    }
    if (!isStopped) {
      isStopped = true;
      owner.handedOver();
    }
  };
  return {
    start: send,
    drained: send,
    stop() {
      isStopped = true;
    },
  };
}

/** Lets a body flow from its source, framed as announced. */
export class FlowingUpload implements BodyOut, Upload {
  onDrain: (() => void) | undefined;
  readonly #wire: Wire;
  readonly #flow: NonNullable<OutgoingRequest['bodyFlow']>;
  readonly #owner: UploadOwner;
  #sent = 0;
  #isOver = false;

  constructor(wire: Wire, flow: NonNullable<OutgoingRequest['bodyFlow']>, owner: UploadOwner) {
    this.#wire = wire;
    this.#flow = flow;
    this.#owner = owner;
  }

  start(): void {
    this.#flow.start(this);
  }

  part(bytes: Uint8Array): boolean {
    // A peer that has answered already wants no more: its source may run dry at its own pace.
    if (this.#isOver || bytes.length === 0) return true;
    this.#sent += bytes.length;
    if (this.#flow.length < 0) {
      this.#wire.write(chunkLine(bytes.length));
      this.#wire.write(bytes);
      return this.#wire.write('\r\n');
    }
    if (this.#sent > this.#flow.length) {
      this.#break(`a body of ${this.#flow.length} bytes had more`);
      return true;
    }
    return this.#wire.write(bytes);
  }

  end(): void {
    if (this.#isOver) return;
    if (this.#flow.length >= 0 && this.#sent < this.#flow.length) {
      this.#break(`a body of ${this.#flow.length} bytes ended after ${this.#sent}`);
      return;
    }
    this.#isOver = true;
    if (this.#flow.length < 0) this.#wire.write(lastChunk());
    this.#owner.handedOver();
  }

  abort(): void {
    if (!this.#isOver) this.#break('the body was given up by its source');
  }

  drained(): void {
    this.onDrain?.();
  }

  stop(): void {
    this.#isOver = true;
  }

  #break(note: string): void {
    this.#isOver = true;
    this.#owner.uploadBroke(note);
  }
}
