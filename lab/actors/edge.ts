/**
 * An edge in front of the gateway that behaves as Cloudflare documents: it terminates TLS, passes requests on over its own TLS, marks its
 * answers with a ray, replaces the body of an origin's 502 and 504 with its branded page, and says 520 to 526 in its own words when it
 * cannot reach the origin. Started by the lab with one argument: its settings as JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import { cloudflarePage, edgeError } from '../../src/drill/error-pages.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly certificate: string;
  readonly key: string;
  readonly origin: { readonly host: string; readonly port: number; readonly name: string; readonly ca: string };
  /** Clocks of the edge. Cloudflare's are 19 s to connect and 120 s to the head. */
  readonly connectMs: number;
  readonly headMs: number;
};

const ray = (): string => `${Math.random().toString(16).slice(2, 18).padEnd(16, '0')}-FRA`;

/** What Cloudflare says about an origin that it could not get an answer from. */
function statusOf(error: NodeJS.ErrnoException, isConnected: boolean): number {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') return 521;
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 523;
  if (code === 'EDGE_CONNECT') return 522;
  if (code === 'EDGE_HEAD') return 524;
  if (/^(CERT_|DEPTH_|SELF_|UNABLE_|ERR_TLS_CERT)/.test(code)) return 526;
  if (!isConnected && (code.startsWith('ERR_SSL') || code === 'EPROTO' || code === 'ECONNRESET')) return 525;
  return 520;
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const id = ray();
  let isConnected = false;
  const { origin } = settings;
  const upstream = requestTls({
    host: origin.host,
    port: origin.port,
    servername: origin.name,
    ca: readFileSync(origin.ca),
    method: incoming.method,
    path: incoming.url,
    headers: { ...incoming.headers, 'cf-ray': id, 'x-forwarded-for': incoming.socket.remoteAddress ?? '' },
    agent: false,
  });
  const fail = (code: string): void => void upstream.destroy(Object.assign(new Error(code), { code }));
  const connectLate = setTimeout(() => fail('EDGE_CONNECT'), settings.connectMs);
  let headLate: NodeJS.Timeout | undefined;
  upstream.on('socket', (socket) => {
    socket.once('connect', () => clearTimeout(connectLate));
    socket.once('secureConnect', () => {
      isConnected = true;
      headLate = setTimeout(() => fail('EDGE_HEAD'), settings.headMs);
    });
  });
  upstream.on('response', (answer) => {
    clearTimeout(headLate);
    if (answer.statusCode === 502 || answer.statusCode === 504) {
      answer.resume();
      return brand(outgoing, answer.statusCode, id, true);
    }
    outgoing.writeHead(answer.statusCode ?? 520, marked(answer.headers, id));
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
    answer.on('aborted', () => outgoing.destroy());
  });
  upstream.on('error', (error) => {
    clearTimeout(connectLate);
    clearTimeout(headLate);
    if (outgoing.headersSent) outgoing.destroy();
    else brand(outgoing, statusOf(error, isConnected), id, /html/.test(incoming.headers.accept ?? ''));
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function marked(headers: OutgoingHttpHeaders, id: string): OutgoingHttpHeaders {
  const { connection: _, 'keep-alive': __, ...rest } = headers;
  return { ...rest, server: 'cloudflare', 'cf-ray': id, 'cf-cache-status': 'DYNAMIC' };
}

/** Its own words: a page for browsers and in place of the origin's errors, problem+json (RFC 9457) for its own codes where no HTML is asked for. */
function brand(outgoing: ServerResponse, status: number, id: string, isPage: boolean): void {
  const number = id.split('-')[0] ?? id;
  const at = new Date().toISOString();
  const said = isPage ? cloudflarePage(status, number, at) : edgeError(status, number, at);
  if (said.kind !== 'plain') throw new Error('an error page is never a stream');
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < said.fields.length; index += 2) {
    fields[said.fields[index] ?? ''] = said.fields[index + 1] ?? '';
  }
  outgoing.writeHead(status, fields).end(said.body);
}

createTlsServer({ cert: readFileSync(settings.certificate), key: readFileSync(settings.key) }, pass).listen(443, '::');
createServer((request, response) =>
  response.writeHead(301, { location: `https://${request.headers.host}${request.url}`, server: 'cloudflare' }).end(),
).listen(80, '::');
