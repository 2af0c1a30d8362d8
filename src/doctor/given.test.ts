import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readGiven, readHar } from './given.ts';

const PLACE = { targetIs: undefined, gateway: undefined } as const;
const GATEWAY = { targetIs: 'gateway', gateway: undefined } as const;

function given(text: string, place: Parameters<typeof readGiven>[1] = PLACE) {
  return readGiven(new TextEncoder().encode(text), place);
}

const TEXTS: readonly (readonly [says: string, text: string, code: string, confidence: string])[] = [
  [
    "Anthropic's overload as its Python SDK prints it",
    "anthropic.OverloadedError: Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}",
    'service-overloaded',
    'confirmed',
  ],
  [
    "OpenAI's own front door",
    'Error code: 502 - {"error":{"code":502,"message":"Bad gateway.","type":"cf_bad_gateway"}}',
    'edge-failed',
    'confirmed',
  ],
  [
    'an account without budget',
    'openai.RateLimitError: Error code: 429 - {"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}',
    'quota-exhausted',
    'confirmed',
  ],
  [
    'nginx, pasted from a terminal',
    '<html>\n<center><h1>502 Bad Gateway</h1></center>\n<hr><center>nginx</center>',
    'service-bad-gateway',
    'confirmed',
  ],
  [
    'a name that curl did not find: where it failed, not why',
    'curl: (6) Could not resolve host: api.openai.com',
    'dns-not-found',
    'inconclusive',
  ],
  [
    "Node's fetch",
    'TypeError: fetch failed { cause: Error: connect ECONNREFUSED 127.0.0.1:5020 }',
    'connect-refused',
    'inconclusive',
  ],
  [
    'an expired certificate',
    'Error: certificate has expired, code: CERT_HAS_EXPIRED',
    'certificate-expired',
    'inconclusive',
  ],
  [
    'a Goodgate by its own code',
    '{"type":"/goodgate/problems/stream-stall","goodgate_code":"stream-stall","status":502}',
    'stream-stall',
    'confirmed',
  ],
  [
    'a Goodgate in the shape of OpenAI',
    '{"error":{"message":"…","goodgate_code":"queue-full"}}',
    'queue-full',
    'confirmed',
  ],
];

for (const [says, text, code, confidence] of TEXTS) {
  test(`a pasted error: ${says}`, () => {
    const { past } = given(text);
    assert.deepEqual([past?.code, past?.confidence], [code, confidence]);
  });
}

test('the URL in a pasted error is where to look', () => {
  assert.equal(
    given('ConnectTimeout: POST https://api.mistral.ai/v1/chat/completions.').url,
    'https://api.mistral.ai/v1/chat/completions',
  );
});

test('a text without a failure says so', () => {
  const { past, sentence } = given('it does not work');
  assert.equal(past, undefined);
  assert.match(sentence, /names no failure/);
});

const CLOUDFLARE = (status: number): string =>
  `<!DOCTYPE html><html><head><title>gate.example | ${status}: Bad gateway</title></head><body><div id="cf-error-details"><h1>Error ${status}</h1></div></body></html>`;

test("a saved page of Cloudflare in front of a gateway tells the gateway's fault", () => {
  assert.equal(given(CLOUDFLARE(521), GATEWAY).past?.code, 'edge-origin-refused');
  assert.equal(given(CLOUDFLARE(522), GATEWAY).past?.code, 'edge-origin-timeout');
});

test('a saved page of a Goodgate names its cause and its call', () => {
  const id = 'ab'.repeat(16);
  const page = `<!doctype html><html><body><a href="/goodgate/why/${id}">story</a><a href="/goodgate/problems/service-overloaded">about</a></body></html>`;
  const { past, callId } = given(page);
  assert.deepEqual([past?.code, callId], ['service-overloaded', id]);
});

const entry = (url: string, status: number, body = '', more = ''): string =>
  JSON.stringify({
    startedDateTime: '2026-11-22T06:00:00.000Z',
    request: { method: 'POST', url },
    response: {
      status,
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      content: { text: body },
      ...(more === '' ? {} : { _error: more }),
    },
  });
const har = (...entries: string[]): string => `{"log":{"version":"1.2","entries":[${entries.join(',')}]}}`;

test('a HAR file tells its last failure', () => {
  const overloaded = '{"error":{"type":"overloaded_error","message":"}\\"{"}}';
  const { past, url } = given(
    har(
      entry('https://a.test/v1/x', 500),
      entry('https://api.test/v1/messages', 529, overloaded),
      entry('https://api.test/v1/models', 200, '{}'),
    ),
  );
  assert.deepEqual([past?.code, past?.status, url], ['service-overloaded', 529, 'https://api.test/v1/messages']);
  assert.equal(past?.atMs, Date.UTC(2026, 10, 22, 6));
});

test('a HAR file tells a failure without an answer by the word of the browser', () => {
  const { past } = given(har(entry('https://api.test/', 0, '', 'net::ERR_NAME_NOT_RESOLVED')));
  assert.deepEqual([past?.code, past?.confidence], ['dns-not-found', 'inconclusive']);
});

test('a recorded failure of a gateway is at the gateway', () => {
  const late = entry('https://gate.test/v1/x', 524, '<html>cf-error-details').replace(
    /"headers":\[/,
    '"headers":[{"name":"server","value":"cloudflare"},{"name":"cf-ray","value":"8f0-VIE"},',
  );
  const { past } = readHar([har(late)], { targetIs: 'gateway', gateway: undefined });
  assert.deepEqual([past?.code, past?.hop, past?.side], ['edge-waited-too-long', 'gateway', 'operator']);
});

test('what the browser showed from memory is an old failure', () => {
  const cached = JSON.parse(har(entry('https://a.test/', 502)));
  const [first] = cached.log.entries;
  first.response._transferSize = 0;
  first.response.headers.push({ name: 'Age', value: '21600' });
  assert.equal(given(JSON.stringify(cached)).past?.code, 'stale-cache');
  first.response._transferSize = 900;
  assert.notEqual(given(JSON.stringify(cached)).past?.code, 'stale-cache');
});

test('a refusal of a request full of cookies is about the cookies', () => {
  const full = JSON.parse(har(entry('https://a.test/', 400)));
  full.log.entries[0].request.headers = [{ name: 'Cookie', value: 'x'.repeat(9_216) }];
  assert.equal(given(JSON.stringify(full)).past?.code, 'cookies-too-large');
});

test('streams that are all cut after the same silence were cut by their idleness', () => {
  const cut = (receive: number): string =>
    entry('https://a.test/v1/x', 200, 'data: {}', 'net::ERR_CONNECTION_RESET').replace(
      /}$/,
      `,"timings":{"receive":${receive}}}`,
    );
  const { past } = given(har(cut(60_500), cut(60_200), cut(63_600)));
  assert.deepEqual([past?.code, past?.detail], ['stream-idle-cut', 'idle-cut@60s']);
  assert.notEqual(given(har(cut(3_000), cut(17_000))).past?.code, 'stream-idle-cut');
});

test('a HAR file without a failure says so', () => {
  assert.match(given(har(entry('https://a.test/', 200))).sentence, /no failed exchange/);
});

test('pieces of a HAR file are read wherever they were cut', () => {
  const text = har(entry('https://a.test/v1/x', 502, 'x'.repeat(2_000)), entry('https://b.test/v1/y', 503));
  for (let at = 0; at < text.length; at += 97) {
    const { past } = readHar([text.slice(0, at), text.slice(at)], PLACE);
    assert.ok(past === undefined || past.status === 502 || past.status === 503);
  }
  assert.equal(readHar([text.slice(0, -200), ''], PLACE).past?.status, 502);
});

test('an entry of a megabyte is passed over, and the next one read', () => {
  const big = entry('https://a.test/', 500, 'x'.repeat(1_000_000));
  assert.equal(given(har(big, entry('https://b.test/', 503))).past?.status, 503);
});

test('no input makes it throw', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((each) => `{"log":{"entries":[{"request":{"url":"${each}"},"response":{${each}`),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        text.map((each) => new TextEncoder().encode(each)),
      ),
      (bytes) => void readGiven(bytes, PLACE),
    ),
  );
});
