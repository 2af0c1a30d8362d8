import { createServer, type Socket } from 'node:net';

/**
 * Streams Chat Completions events on bare sockets: one for all callers every `gapMs`, each caller its own count. Each event says when it was
 * written (`written-at`, microseconds of the system's monotonic clock), so that a caller sees how late it comes.
 */
const [port, events, gapMs] = process.argv.slice(2).map(Number);
if (port === undefined || events === undefined || gapMs === undefined)
  throw new Error('usage: sse-origin.ts PORT EVENTS GAP_MS');

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function event(delta: object, finish: string | null): string {
  const body = {
    id: 'chatcmpl-0123456789abcdef',
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'bench',
  };
  return chunk(`data: ${JSON.stringify({ ...body, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
}

const LAST = `${event({}, 'stop')}${chunk('data: [DONE]\n\n')}0\r\n\r\n`;

const streams = new Map<Socket, number>();

setInterval(() => {
  const word = event({ content: ` written-at ${process.hrtime.bigint() / 1000n}` }, null);
  for (const [socket, sent] of streams) {
    if (sent < events) {
      socket.write(word);
      streams.set(socket, sent + 1);
    } else {
      socket.write(LAST);
      streams.delete(socket);
    }
  }
}, gapMs);

createServer({ noDelay: true }, (socket) => {
  let asked = '';
  socket.on('data', (bytes: Buffer) => {
    // The bench's callers send one request at a time with an announced length.
    asked += bytes.toString('latin1');
    const headEnd = asked.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(asked)?.[1] ?? 0);
    if (asked.length < headEnd + 4 + length) return;
    asked = asked.slice(headEnd + 4 + length);
    socket.write(HEAD + event({ role: 'assistant', content: '' }, null));
    streams.set(socket, 0);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => streams.delete(socket));
}).listen(port, '127.0.0.1', 4096);
