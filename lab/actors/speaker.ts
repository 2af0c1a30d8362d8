/**
 * Says the same recorded answer to whatever is asked: the look-alike of a CDN, balancer, portal or filter whose real body is in a fixture.
 * Started by the lab with one argument: its settings as JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly port: number;
  readonly certificate?: string;
  readonly key?: string;
  /** A recorded answer, head and body. */
  readonly answer: string;
  /** How long it waits before it answers. */
  readonly afterMs?: number;
};

const HEAD_MAX = 65_536;
const recorded = readFileSync(settings.answer, 'latin1').replace(/^date:.*$/im, `Date: ${new Date().toUTCString()}`);
const cut = recorded.search(/\r?\n\r?\n/);
const head = recorded.slice(0, cut).split(/\r?\n/);
const body = recorded.slice(cut).replace(/^\r?\n\r?\n/, '');
const framed = head.filter((line) => !/^(content-length|connection|transfer-encoding|content-encoding):/i.test(line));
const bytes = Buffer.from(
  `${[...framed, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
  'latin1',
);

function speak(socket: Socket): void {
  let asked = '';
  let isSaid = false;
  socket.on('error', () => undefined);
  socket.on('data', (part) => {
    if (isSaid) return;
    asked += part.toString('latin1');
    if (asked.length > HEAD_MAX) return void socket.destroy();
    if (!asked.includes('\r\n\r\n')) return;
    isSaid = true;
    setTimeout(() => socket.end(bytes), settings.afterMs ?? 0);
  });
}

if (settings.certificate === undefined || settings.key === undefined) {
  createServer(speak).listen(settings.port, '::');
} else {
  createTlsServer(
    { cert: readFileSync(settings.certificate), key: readFileSync(settings.key), ALPNProtocols: ['http/1.1'] },
    speak,
  )
    .on('tlsClientError', () => undefined)
    .listen(settings.port, '::');
}
