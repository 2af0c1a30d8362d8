import { createServer, isIP, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { createServer as createTlsServer, getCACertificates, connect as tlsConnect } from 'node:tls';
import { readBuffer } from './views.ts';
import { faultOf, onRead, SocketWire } from './wire.ts';
import type { Address, Listener, ListenOptions, Net, TlsClientOptions, Wire, WireHearer } from './world.ts';

/** As Node's own and nginx's default. */
const BACKLOG = 511;

/** OpenSSL's word for a request line where a handshake should begin. */
const PLAIN_HTTP = 'ERR_SSL_HTTP_REQUEST';

/** The network of the real world. */
export const realNet: Net = { listen, connect, startTls };

function listen(options: ListenOptions, accept: (wire: Wire) => WireHearer): Promise<Listener> {
  const { tls, onTlsFault, onPlain } = options;
  const open = (socket: Socket): void => {
    socket.setNoDelay(true);
    const wire = new SocketWire(socket, DEAF);
    wire.hearer = accept(wire);
    socket.on('data', (bytes: Buffer) => wire.heard(bytes));
    // It comes paused where it could have been taken over.
    socket.resume();
    wire.hearer.open();
  };
  let server: Server;
  if (tls === undefined) {
    server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      if (!acceptShared(socket, accept)) open(socket);
    });
  } else {
    const secure = createTlsServer(
      {
        allowHalfOpen: true,
        cert: tls.certificate,
        key: tls.key,
        ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
      },
      open,
    );
    secure.on('tlsClientError', (error, socket) => {
      const fault = faultOf(error);
      onTlsFault?.(fault, { ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
      // The connection under it is whole; `_parent` is Node's own, and where it is not there the caller is told nothing, as before.
      const under: unknown = Reflect.get(socket, '_parent');
      if (fault.code === PLAIN_HTTP && onPlain !== undefined && under instanceof Socket) {
        const wire = new SocketWire(under, DEAF);
        wire.hearer = onPlain(wire);
      } else socket.destroy();
    });
    server = secure;
  }
  return new Promise((fulfil, reject) => {
    server.once('error', reject);
    const { address } = options;
    const where = 'path' in address ? { path: address.path } : { host: address.ip, port: address.port };
    server.listen({ ...where, backlog: options.backlog ?? BACKLOG }, () => {
      server.off('error', reject);
      // Accept errors (EMFILE) are passing: the listener lives on, the kernel's queue holds the callers.
      server.on('error', () => undefined);
      fulfil({ address: addressOf(server, address), close: () => closed(server) });
    });
  });
}

/**
 * Takes an accepted connection over into a socket that reads into the shared buffer, as those we open do by themselves. Else each read
 * costs 64 KiB asked for and given back, a buffer object for the collector, and a way through Node's streams. False where the platform has
 * no such handle: the socket is as it was. `_handle` and `_server` are Node's own and may change: `adoption.test.ts` tells when they do.
 */
function acceptShared(accepted: Socket, accept: (wire: Wire) => WireHearer): boolean {
  const handle: unknown = Reflect.get(accepted, '_handle');
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return false;
  Reflect.set(accepted, '_handle', null);
  const { socket, wire } = sharedReader(DEAF, { handle });
  // The server counts its connections by the sockets that know it, and has closed when the last of them has.
  Reflect.set(socket, '_server', Reflect.get(accepted, '_server'));
  Reflect.set(accepted, '_server', null);
  wire.opened();
  wire.hearer = accept(wire);
  wire.hearer.open();
  socket.resume();
  return true;
}

/** A socket that reads into the shared buffer, and its wire. */
function sharedReader(
  hearer: WireHearer,
  more: { readonly handle?: object } = {},
): { socket: Socket; wire: SocketWire } {
  const options = { ...more, allowHalfOpen: true, onread: { buffer: readBuffer, callback: onRead } };
  // `handle` is what Node's own servers pass here; its types leave it out.
  const socket = new Socket(options as SocketConstructorOpts);
  return { socket, wire: new SocketWire(socket, hearer) };
}

function addressOf(server: Server, asked: Address): Address {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? asked : { ip: bound.address, port: bound.port };
}

function closed(server: Server): Promise<void> {
  return new Promise((fulfil) => {
    server.close(() => fulfil());
  });
}

function connect(address: Address, hearer: WireHearer): Wire {
  const { socket, wire } = sharedReader(hearer);
  socket.once('connect', () => {
    wire.opened();
    wire.hearer.open();
  });
  socket.setNoDelay(true);
  if ('path' in address) socket.connect({ path: address.path });
  else socket.connect({ host: address.ip, port: address.port });
  // Without a reader in flowing mode Node would never notice the end of the stream.
  socket.resume();
  return wire;
}

function startTls(wire: Wire, options: TlsClientOptions, hearer: WireHearer): Wire {
  if (!(wire instanceof SocketWire)) throw new TypeError('TLS starts on a wire of this world only');
  const { onSession } = options;
  const socket = tlsConnect({
    socket: wire.surrender(),
    host: options.serverName,
    ...(isIP(options.serverName) === 0 ? { servername: options.serverName } : {}),
    ALPNProtocols: [...options.alpn],
    rejectUnauthorized: options.isVerified,
    ...(options.ca === undefined
      ? {}
      : // Named ones replace the defaults, among which are those of NODE_EXTRA_CA_CERTS.
        { ca: [...getCACertificates('default'), ...options.ca] }),
    ...(options.certificate === undefined ? {} : { cert: options.certificate }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.session === undefined ? {} : { session: Buffer.from(options.session) }),
  });
  const secure = new SocketWire(socket, hearer);
  socket.on('secureConnect', () => secure.hearer.open());
  socket.on('data', (bytes: Buffer) => secure.heard(bytes));
  if (onSession !== undefined) socket.on('session', onSession);
  return secure;
}

const DEAF: WireHearer = { open() {}, data() {}, end() {}, drain() {}, close() {} };
