/** For tests: targets on real sockets that a test plays byte by byte. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** One request as a played target reads it. */
export type Asked = { readonly method: string; readonly path: string; readonly body: Buffer };

/** What a target does with a request: writes bytes, or does worse. The socket is its own. */
export type Deed = (asked: Asked, socket: Socket) => void;

/** A target on a port of its own. Reads one request after another and hands each to the deed. */
export class PlayedTarget {
  readonly asked: Asked[] = [];
  /** Connections that have ended. */
  closed = 0;
  deed: Deed;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(deed: Deed) {
    this.deed = deed;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async open(deed: Deed): Promise<PlayedTarget> {
    const target = new PlayedTarget(deed);
    await new Promise<void>((done) => target.#server.listen(0, '127.0.0.1', done));
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.closed += 1;
    });
    socket.on('error', () => undefined);
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes]);
      for (;;) {
        const end = held.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = held.subarray(0, end).toString('latin1');
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (held.length < end + 4 + length) return;
        const [method = '', path = ''] = head.split(' ', 2);
        const asked = { method, path, body: Buffer.from(held.subarray(end + 4, end + 4 + length)) };
        held = held.subarray(end + 4 + length);
        this.asked.push(asked);
        this.deed(asked, socket);
      }
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The head of a stream in chunks; `more` are further field lines, each with its line end. */
export function streamHead(more = ''): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n${more}\r\n`;
}

/** One chunk, and the end of them. */
export function chunkOf(text: string | Uint8Array): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
export const LAST_CHUNK = '0\r\n\r\n';

/** Resolves when `isThere` says so; rejects with `what` after 5 s. */
export async function until(what: string, isThere: () => boolean): Promise<void> {
  for (let waited = 0; !isThere(); waited += 2) {
    if (waited > 5_000) throw new Error(`never came: ${what}`);
    await new Promise((done) => setTimeout(done, 2));
  }
}
