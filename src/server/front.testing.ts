import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Serving, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';
import type { World } from '../world/world.ts';

/** A gateway as `goodgate serve` starts it. */
export type Front = {
  /** Where callers connect. */
  readonly address: { readonly port: number };
  /** What the process said so far. */
  readonly log: readonly string[];
  /** Drains and closes; more than once is once. */
  stop(): Promise<void>;
};

/** Starts one on a free port with this config, whose `listen` and `admin` are set here. */
export async function front(config: string, world: World = realWorld()): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'goodgate-front-'));
  const file = join(folder, 'goodgate.yaml');
  const log: string[] = [];
  let serving: Serving;
  try {
    await world.files.write(file, `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlog: { level: debug }\n${config}\n`);
    serving = await serve(world, { config: file, say: (line) => log.push(line) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  let stopped: Promise<void> | undefined;
  return {
    address: { port: serving.address.port },
    log,
    stop() {
      stopped ??= serving.stop();
      return stopped;
    },
  };
}

/** A service that the test plays on bare sockets. */
export type PlayedService = {
  readonly port: number;
  /** Requests that were whole, in the order they came. */
  readonly heard: string[];
  close(): Promise<void>;
};

/** Hands each request that is whole (its length announced) to `respond`, with the socket it came on. */
export async function playedService(respond: (socket: Socket, request: string) => void): Promise<PlayedService> {
  const sockets = new Set<Socket>();
  const heard: string[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    let isAsked = false;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      // What follows an upgrade is the script's to read.
      if (isAsked || end === -1 || text.length < end + 4 + length) return;
      const request = text;
      text = '';
      isAsked = /^upgrade:/im.test(request);
      heard.push(request);
      respond(socket, request);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
