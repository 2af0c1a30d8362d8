import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dnsAnswer, dnsQuery } from './dns-message.ts';
import { readFeed } from './feed.ts';
import { gnomeProxy, macProxy, proxiesInScript, windowsProxy } from './os-proxy.ts';
import { readControl } from './probes/elsewhere.ts';
import { streamFacts } from './probes/stream.ts';
import { bsdRoutes, linuxRoutes, linuxRoutes6, windowsRoutes } from './routes.ts';
import { readStory } from './story.ts';

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'];
const OK = {
  status: { indicator: 'none', description: 'All Systems Operational' },
  components: [{ name: 'API', status: 'operational' }],
  incidents: [],
};

const FEEDS: readonly (readonly [
  says: string,
  status: number,
  fields: readonly string[],
  body: unknown,
  state: string,
])[] = [
  ['all is well', 200, JSON_TYPE, OK, 'quiet'],
  [
    'a green indicator while an incident is watched',
    200,
    JSON_TYPE,
    { ...OK, incidents: [{ name: 'Errors', status: 'monitoring' }] },
    'incident',
  ],
  [
    'an incident without components',
    200,
    JSON_TYPE,
    { ...OK, incidents: [{ name: 'gpt-x errors', status: 'investigating', components: [] }] },
    'incident',
  ],
  [
    'a part that is ill under a green indicator',
    200,
    JSON_TYPE,
    { ...OK, components: [{ name: 'API', status: 'partial_outage' }] },
    'incident',
  ],
  [
    'resolved incidents',
    200,
    JSON_TYPE,
    {
      ...OK,
      incidents: [
        { name: 'x', status: 'resolved' },
        { name: 'y', status: 'postmortem' },
      ],
    },
    'quiet',
  ],
  [
    "incident.io's own form",
    200,
    JSON_TYPE,
    { ongoing_incidents: [{ name: 'Elevated errors', status: 'identified' }] },
    'incident',
  ],
  ['a page that moved and answers HTML', 200, ['content-type', 'text/html'], '<html>', 'unknown'],
  ['a redirect', 301, JSON_TYPE, {}, 'unknown'],
  ['JSON of another kind', 200, JSON_TYPE, { hello: 1 }, 'unknown'],
  ['JSON that ends in the middle', 200, JSON_TYPE, '{"incidents":[', 'unknown'],
];

for (const [says, status, fields, body, state] of FEEDS) {
  test(`a status feed: ${says}`, () => assert.equal(readFeed(status, fields, bytes(body)).state, state));
}

test('words of a feed cannot steer a terminal', () => {
  const feed = readFeed(
    200,
    JSON_TYPE,
    bytes({ ...OK, incidents: [{ name: '\u001b[2Jowned\n\u202e', status: 'investigating' }] }),
  );
  assert.deepEqual(feed.titles, ['[2Jowned']);
});

test('no feed makes the reader throw', () => {
  fc.assert(fc.property(fc.json(), (json) => void readFeed(200, JSON_TYPE, bytes(json))));
});

test('a control check is believed only as documented', () => {
  const good = { isReached: true, status: 401, phase: 'done', addresses: ['192.0.2.1', 7], code: null };
  assert.deepEqual(readControl(200, bytes(good)).addresses, ['192.0.2.1']);
  assert.equal(readControl(200, bytes(good)).isReached, true);
  assert.deepEqual(
    [readControl(200, bytes({ isReached: 'yes' })).state, readControl(429, bytes({ error: 'too many checks' })).reason],
    ['unknown', 'too many checks'],
  );
  assert.equal(readControl(200, bytes({ isReached: false, code: 'no-such-code', phase: 'tls' })).code, undefined);
  fc.assert(fc.property(fc.json(), (json) => void readControl(200, bytes(json))));
});

test('a story gives its cause, and one that was answered is no failure', () => {
  const problem = {
    goodgate_code: 'stream-stall',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
    retry_after_ms: 5_000,
  };
  const { past } = readStory({ at: '2026-11-22T06:00:00Z', problem, evidence: { decided_by: ['silence'] } }, 3).facts;
  assert.deepEqual(
    [past?.code, past?.hop, past?.retryAfterMs, past?.decidedBy],
    ['stream-stall', 'service', 5_000, ['silence']],
  );
  assert.equal(readStory({ ended: 'answered' }, 3).facts.isStoryGood, true);
  assert.deepEqual(readStory({ problem: { goodgate_code: 'made-up' } }, 3).facts, {});
});

test('a DNS answer gives its addresses, and others their code', () => {
  const query = dnsQuery('api.test', 'A');
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7];
  const answer = Uint8Array.from([...query, ...record]);
  answer[7] = 1;
  assert.deepEqual(dnsAnswer(answer, 'A'), { ips: ['192.0.2.7'], errno: undefined });
  assert.equal(dnsAnswer(answer, 'AAAA').errno, 'ENODATA');
  answer[3] = 3;
  assert.equal(dnsAnswer(answer, 'A').errno, 'ENOTFOUND');
  assert.throws(() => dnsQuery(`${'a'.repeat(64)}.test`, 'A'), TypeError);
});

test('no bytes make the DNS reader throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (message) => void dnsAnswer(message, 'AAAA')));
});

test('the routing tables of the systems are read', () => {
  const linux = linuxRoutes(
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n*\t076433C6\t00000000\t0205\t0\t0\t0\tFFFFFFFF',
  );
  assert.deepEqual(
    linux.map(({ network, bits, router, isReject }) => [network, bits, router, isReject]),
    [
      ['0.0.0.0', 0, '192.0.2.1', false],
      ['192.0.2.0', 24, undefined, false],
      ['198.51.100.7', 32, undefined, true],
    ],
  );
  const six = linuxRoutes6(
    `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00 fd00${'0'.repeat(27)}1 00000400 00000001 00000000 00000003     eth0`,
  );
  assert.deepEqual(
    six.map(({ bits, router, interface: name }) => [bits, router, name]),
    [[0, 'fd00:0:0:0:0:0:0:1', 'eth0']],
  );
  const bsd = bsdRoutes(
    'Destination        Gateway            Flags               Netif Expire\ndefault            192.0.2.1          UGScg                 en0\n10.8.0.0/24        link#12            UCS                 utun4',
  );
  assert.deepEqual(
    bsd.map(({ network, bits, router, interface: name }) => [network, bits, router, name]),
    [
      ['0.0.0.0', 0, '192.0.2.1', 'en0'],
      ['10.8.0.0', 24, undefined, 'utun4'],
    ],
  );
  const windows = windowsRoutes(
    'Aktive Routen:\n          0.0.0.0          0.0.0.0        192.0.2.1      192.0.2.55     25',
  );
  assert.deepEqual(
    windows.map(({ bits, router }) => [bits, router]),
    [[0, '192.0.2.1']],
  );
});

test('proxies that the systems are set to use are read', () => {
  const mac = macProxy(
    '<dictionary> {\n  HTTPSEnable : 1\n  HTTPSPort : 3128\n  HTTPSProxy : proxy.test\n  ProxyAutoConfigEnable : 0\n}',
  );
  assert.deepEqual([mac.proxy, mac.pac], ['proxy.test:3128', undefined]);
  const windows = windowsProxy(
    '    ProxyEnable    REG_DWORD    0x1\n    ProxyServer    REG_SZ    http=a.test:80;https=b.test:8080\n    AutoConfigURL    REG_SZ    http://wpad/wpad.dat\n',
  );
  assert.deepEqual([windows.proxy, windows.pac], ['b.test:8080', 'http://wpad/wpad.dat']);
  const gnome = gnomeProxy(
    "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.https host 'p.test'\norg.gnome.system.proxy.https port 3128\n",
  );
  assert.equal(gnome.proxy, 'p.test:3128');
});

test('a proxy script tells the proxies that it knows, without being run', () => {
  const script =
    'function FindProxyForURL(u, h) { if (x) return "PROXY p.test:3128; DIRECT"; return "HTTPS q.test:443"; }';
  assert.deepEqual(proxiesInScript(script), { proxies: ['p.test:3128', 'q.test:443'], isDirect: true, isScript: true });
  assert.equal(proxiesInScript('<html>').isScript, false);
});

test('a stream that comes in one lump after a wait was held back', () => {
  const events = 'data: {}\n\n'.repeat(8);
  assert.equal(streamFacts([2_000, 2_001, 2_002], events, 2_003, true, undefined).state, 'buffered');
  assert.equal(streamFacts([250, 500, 750, 1_000, 1_250], events, 1_300, true, undefined).state, 'smooth');
  assert.equal(streamFacts([250, 500], events, 900, false, undefined).state, 'cut');
  assert.equal(streamFacts([], '', 900, false, undefined).state, 'failed');
  // A fast service sends all at once without anyone in between.
  assert.equal(streamFacts([20, 21], events, 25, true, undefined).state, 'smooth');
});
