import { connect, createServer } from 'node:net';

/**
 * The floor of the platform: bytes from one socket to another, one upstream connection for each caller's, no parsing, no decisions. What a
 * proxy written for Node cannot go below without leaving Node's sockets.
 */
const [port, origin] = process.argv.slice(2).map(Number);
if (port === undefined || origin === undefined) throw new Error('usage: floor.ts PORT ORIGIN');

createServer({ noDelay: true }, (caller) => {
  const upstream = connect({ port: origin, host: '127.0.0.1', noDelay: true });
  caller.on('data', (bytes) => upstream.write(bytes));
  upstream.on('data', (bytes) => caller.write(bytes));
  const over = (): void => {
    caller.destroy();
    upstream.destroy();
  };
  for (const socket of [caller, upstream]) socket.on('error', over).on('close', over);
}).listen(port, '127.0.0.1');
