/** A service for `slow.ts`, in a process of its own so that its work is not the gateway's: `/large` is 1 MiB, all else two bytes. */
import { createServer } from 'node:net';

const LARGE = Buffer.alloc(1_048_576, 'x');

createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    const body = bytes.includes(' /large ') ? LARGE : 'ok';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
  });
}).listen(Number(process.argv[2]), '127.0.0.1', 4096);
