import type { WireHearer } from '../world/world.ts';
import type { RequestHandler } from './contract.ts';
import { PlayedWire, type PlayedWorld, playedWorld } from './played-world.testing.ts';
import { plainFaults } from './raw-caller.testing.ts';
import { type HttpServer, type ServeHttpOptions, serveHttp } from './server.ts';

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };

/** A server whose callers and time are in the test's hand. */
export type PlayedServer = {
  readonly server: HttpServer;
  readonly world: PlayedWorld;
  /** One more caller connects. */
  call(): PlayedWire;
  /** True once the server accepts no more. */
  readonly isListening: () => boolean;
};

/** Serves callers that the test plays. */
export async function playedServer(
  handler: RequestHandler,
  options: Partial<ServeHttpOptions> = {},
): Promise<PlayedServer> {
  const world = playedWorld();
  let accept: ((wire: PlayedWire) => WireHearer) | undefined;
  const address = { ip: '127.0.0.1', port: 5020 };
  const server = await serveHttp(
    {
      ...world,
      net: {
        ...world.net,
        listen(_options, accepting) {
          accept = accepting;
          return Promise.resolve({
            address,
            close() {
              accept = undefined;
              return Promise.resolve();
            },
          });
        },
      },
    },
    { address, ...options },
    handler,
    plainFaults,
  );
  return {
    server,
    world,
    isListening: () => accept !== undefined,
    call() {
      if (accept === undefined) throw new Error('nobody listens');
      const wire = new PlayedWire(address, DEAF);
      wire.isOpen = true;
      wire.hearer = accept(wire);
      wire.hearer.open();
      return wire;
    },
  };
}
