/**
 * The open internet in one process: portal checks, a page of no importance, a status page, and DNS over HTTPS that asks the resolver beside
 * it. Started by the lab inside the namespace `core` with one argument: its settings as JSON.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';

type Feed = 'green' | 'incident' | 'garbled' | 'absent';
const settings = JSON.parse(process.argv[2] ?? '{}') as {
  readonly certificate: string;
  readonly key: string;
  readonly feed: Feed;
  readonly resolver: string;
};

const DNS_BYTES_MAX = 4096;
const DNS_MS = 3_000;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://internet');
  const host = (request.headers.host ?? String(request.headers[':authority'] ?? '')).split(':')[0];
  if (url.pathname === '/dns-query') dnsOverHttps(request, response, url);
  else if (url.pathname === '/generate_204') response.writeHead(204).end();
  else if (host === 'detectportal.firefox.com') say(response, 'text/plain', 'success\n');
  else if (host === 'status.openai.com') statusPage(response, url);
  else say(response, 'text/html', '<!doctype html><title>Example</title><p>A page.\n');
}

function say(response: ServerResponse, type: string, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

function dnsOverHttps(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const asked =
      request.method === 'POST' ? Buffer.concat(parts) : Buffer.from(url.searchParams.get('dns') ?? '', 'base64url');
    ask(asked.subarray(0, DNS_BYTES_MAX), response);
  });
}

function ask(question: Buffer, response: ServerResponse): void {
  const socket = createSocket('udp4');
  const late = setTimeout(() => {
    socket.close();
    response.writeHead(504).end();
  }, DNS_MS);
  socket.once('message', (message) => {
    clearTimeout(late);
    socket.close();
    response.writeHead(200, { 'content-type': 'application/dns-message' }).end(message);
  });
  socket.on('error', () => undefined);
  socket.send(question, 53, settings.resolver);
}

const PAGE = { id: '01JMDK9XYNY5PFMMTQ2KDTCTVV', name: 'OpenAI', url: 'https://status.openai.com' };
const PARTS = [
  { id: '01', name: 'Chat Completions' },
  { id: '02', name: 'Responses' },
  { id: '03', name: 'Embeddings' },
];

function statusPage(response: ServerResponse, url: URL): void {
  const { feed } = settings;
  if (feed === 'absent' || !url.pathname.startsWith('/api/v2/')) {
    say(response, 'text/plain', 'not found\n', 404);
    return;
  }
  if (feed === 'garbled') {
    say(response, 'text/html', '<!doctype html><title>We have moved</title>');
    return;
  }
  const isDown = feed === 'incident';
  const now = new Date().toISOString();
  const incident = {
    id: '01JX',
    name: 'Elevated error rates on the API',
    status: 'investigating',
    impact: 'major',
    created_at: now,
    updated_at: now,
    started_at: now,
    shortlink: 'https://status.openai.com/incidents/01JX',
    components: PARTS.slice(0, 2).map((part) => ({ ...part, status: 'major_outage' })),
    incident_updates: [{ id: '1', status: 'investigating', body: 'We are looking into it.', created_at: now }],
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      page: { ...PAGE, updated_at: now },
      status: isDown
        ? { indicator: 'major', description: 'Partial System Outage' }
        : { indicator: 'none', description: 'All Systems Operational' },
      components: PARTS.map((part, index) => ({
        ...part,
        status: isDown && index < 2 ? 'major_outage' : 'operational',
        group: false,
      })),
      incidents: isDown ? [incident] : [],
      scheduled_maintenances: [],
    }),
  );
}

const pem = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
createServer(answer).listen(80, '::');
// HTTP/1.1 and HTTP/2 share the compatibility API, and clients of both kinds come here.
createSecureServer({ ...pem, allowHTTP1: true }, (request, response) =>
  answer(request as unknown as IncomingMessage, response as unknown as ServerResponse),
).listen(443, '::');
