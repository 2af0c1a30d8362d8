import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES } from './addresses.ts';
import type { Given } from './scenario.ts';

type Kind = Extract<Given, { kind: 'har' }>['har'];

const HOUR_MS = 3_600_000;
const FIXTURES = join(import.meta.dirname, '..', 'src', 'diagnosis', 'fixtures');

/** A recording of the browser's network panel (HAR 1.2), as its "save all as HAR" writes it. */
export function harOf(kind: Kind): string {
  return JSON.stringify({
    log: { version: '1.2', creator: { name: 'WebInspector', version: '537.36' }, pages: [], entries: ENTRIES[kind]() },
  });
}

const URL = `https://${NAMES.edge}/v1/chat/completions`;

const ENTRIES: Readonly<Record<Kind, () => object[]>> = {
  'stale-cache': () => [
    {
      ...entry({
        fixture: 'cloudflare-502-of-origin.http',
        tookMs: 2,
        url: `https://${NAMES.edge}/`,
        method: 'GET',
        agoMs: 6 * HOUR_MS,
        age: 21_600,
      }),
      _fromCache: 'disk',
    },
  ],
  cookies: () => [
    entry({
      fixture: 'nginx-1.22.1-400-cookie.http',
      tookMs: 38,
      url: `https://${NAMES.edge}/`,
      method: 'GET',
      cookieBytes: 9_216,
    }),
  ],
  'gateway-late-120': () => [entry({ fixture: 'cloudflare-524.http', tookMs: 120_012, url: URL, method: 'POST' })],
  'stream-idle-60': () => [61_204, 60_871, 64_310].map((tookMs) => streamCut(tookMs)),
};

type Wish = {
  readonly fixture: string;
  readonly tookMs: number;
  readonly url: string;
  readonly method: string;
  /** How old the answer's own date is. */
  readonly agoMs?: number;
  readonly age?: number;
  readonly cookieBytes?: number;
};

function entry(wish: Wish): object {
  const recorded = readFileSync(join(FIXTURES, wish.fixture), 'latin1');
  const cut = recorded.search(/\r?\n\r?\n/);
  const [first = '', ...lines] = recorded.slice(0, cut).split(/\r?\n/);
  const status = Number(first.split(' ')[1]);
  const text = recorded.slice(cut).trimStart();
  const date = new Date(Date.now() - (wish.agoMs ?? 0)).toUTCString();
  const headers = lines
    .filter((line) => !/^date:/i.test(line))
    .map((line) => ({
      name: line.slice(0, line.indexOf(':')).trim(),
      value: line.slice(line.indexOf(':') + 1).trim(),
    }));
  const cookie =
    wish.cookieBytes === undefined ? [] : [{ name: 'cookie', value: `session=${'x'.repeat(wish.cookieBytes)}` }];
  const isCached = wish.age !== undefined;
  return {
    startedDateTime: new Date().toISOString(),
    time: wish.tookMs,
    request: {
      ...request(wish.method, wish.url),
      headers: [{ name: 'accept', value: 'text/html' }, ...cookie],
      headersSize: 400 + (wish.cookieBytes ?? 0),
    },
    response: {
      status,
      statusText: first.split(' ').slice(2).join(' '),
      httpVersion: 'http/2.0',
      headers: [
        ...headers,
        { name: 'date', value: date },
        ...(isCached ? [{ name: 'age', value: String(wish.age) }] : []),
      ],
      cookies: [],
      content: { size: text.length, mimeType: 'text/html', text },
      redirectURL: '',
      headersSize: -1,
      bodySize: isCached ? 0 : text.length,
      _transferSize: isCached ? 0 : text.length + 300,
    },
    cache: {},
    timings: isCached ? timings(0, 1, 1) : timings(30, wish.tookMs - 40, 10),
  };
}

/** A stream that said something and fell silent; 60 s later the browser lost it. */
function streamCut(tookMs: number): object {
  const text = 'data: {"choices":[{"delta":{"content":"Bridges"}}]}\n\n';
  return {
    startedDateTime: new Date().toISOString(),
    time: tookMs,
    request: request('POST', URL),
    response: {
      status: 200,
      statusText: '',
      httpVersion: 'http/1.1',
      headers: [
        { name: 'content-type', value: 'text/event-stream' },
        { name: 'x-request-id', value: '0123456789abcdef0123456789abcdef' },
      ],
      cookies: [],
      content: { size: text.length, mimeType: 'text/event-stream', text },
      redirectURL: '',
      headersSize: -1,
      bodySize: text.length,
      _error: 'net::ERR_CONNECTION_RESET',
      _transferSize: text.length + 200,
    },
    cache: {},
    timings: timings(30, 600, tookMs - 630),
  };
}

function request(method: string, url: string): object {
  return {
    method,
    url,
    httpVersion: 'http/2.0',
    headers: [],
    cookies: [],
    queryString: [],
    headersSize: 400,
    bodySize: 0,
  };
}

function timings(connect: number, wait: number, receive: number): object {
  return { blocked: 0, dns: 0, connect, ssl: 0, send: 0, wait, receive };
}
