import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What a recipe is played with: servers that are closed at the end, and the name server that the gateway asks. */
export type Stage = {
  /** The port of a server that plays this on each connection; `tls` makes it one that encrypts. */
  port(play: (socket: Socket) => void, tls?: TlsOptions): Promise<number>;
  closedPort(): Promise<number>;
  fullPort(): Promise<number>;
};

export function openStage(): { readonly stage: Stage; close(): void } {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const children: ChildProcess[] = [];
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined);
  };
  const listen = (server: Server): Promise<number> =>
    new Promise((listening) => {
      servers.push(server);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        listening(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  const stage: Stage = {
    port(play, tls) {
      const accept = (socket: Socket): void => play(keep(socket));
      const server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
      return listen(server.on('tlsClientError', () => undefined).on('connection', keep));
    },
    async closedPort() {
      const server = createServer();
      const port = await listen(server);
      await new Promise((closed) => server.close(closed));
      return port;
    },
    async fullPort() {
      const child = spawn(process.execPath, ['-e', STOPPED], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const port = await new Promise<number>((told) => child.stdout.once('data', (text: Buffer) => told(Number(text))));
      child.kill('SIGSTOP');
      // The kernel answers for a process that is stopped until its queue of one is full.
      for (let n = 0; n < 4; n += 1) keep(connect(port, '127.0.0.1'));
      return port;
    },
  };
  return {
    stage,
    close() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

/** A server that will be stopped with a queue of one. */
const STOPPED = `const server = require('node:net').createServer(() => {});
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
