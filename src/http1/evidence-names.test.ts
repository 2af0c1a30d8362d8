import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { after, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { asking, CLOCKS, type Heard, hearing } from './hearing.testing.ts';
import { answering, rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester } from './requester.ts';
import { RESOLVER_DEFAULTS } from './resolver.ts';

const world = realWorld();
const sockets: Socket[] = [];
after(() => {
  for (const socket of sockets) socket.close();
});

/** What a name server of the test says to a query: a response code, an IPv4 address for A (and none for AAAA), rubbish, or nothing. */
type Saying = { readonly rcode: number } | { readonly ip: string } | 'rubbish' | 'silence';

/** A name server on loopback, by RFC 1035: the question is copied into the answer. */
async function nameServer(say: (kind: number) => Saying): Promise<{ readonly address: string; asked(): number }> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  let asked = 0;
  socket.on('message', (query, from) => {
    asked += 1;
    const end = query.indexOf(0, 12) + 5;
    const question = query.subarray(12, end);
    const kind = question.readUInt16BE(question.length - 4);
    const said = say(kind);
    if (said === 'silence') return;
    if (said === 'rubbish') {
      socket.send(
        Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 9])]),
        from.port,
        from.address,
      );
      return;
    }
    const hasAddress = 'ip' in said && kind === 1;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | ('rcode' in said ? said.rcode : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(hasAddress ? 1 : 0, 6);
    const record = hasAddress
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...said.ip.split('.').map(Number)])
      : Buffer.alloc(0);
    socket.send(Buffer.concat([head, question, record]), from.port, from.address);
  });
  await new Promise<void>((fulfil) => socket.bind(0, '127.0.0.1', () => fulfil()));
  return { address: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

async function attempt(servers: readonly string[], port = 9, host = 'api.test', queryMs = 300): Promise<Heard> {
  const requester = createRequester(world, { resolver: { ...RESOLVER_DEFAULTS, servers, queryMs } });
  const heard = hearing();
  requester.exchange({ host, port, isSecure: false }, asking({ clocks: { ...CLOCKS, dnsMs: 1500 } }), heard.receiver);
  await heard.done;
  requester.close();
  return heard;
}

test('a name is resolved through the servers that were set, and its TTL and time are noted', async () => {
  const service = await rawServer(world.net, answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const names = await nameServer(() => ({ ip: '127.0.0.1' }));
  const heard = await attempt([names.address], service.port);
  assert.equal(heard.body, 'ok');
  assert.equal(names.asked(), 2);
  await service.close();
});

const ROWS: readonly (readonly [row: string, saying: Saying, expected: RegExp])[] = [
  ['C1 no such name', { rcode: 3 }, /^dns name-error ENOTFOUND queryA → dns-not-found$/],
  ['C2 a server that failed', { rcode: 2 }, /^dns name-error ESERVFAIL queryA → dns-failed$/],
  ['C3 a silent server', 'silence', /^dns name-error ETIMEOUT queryA → dns-timeout$/],
  ['C5 a server that refuses', { rcode: 5 }, /^dns name-error EREFUSED queryA → dns-failed$/],
  ['C5 a server that does not understand', { rcode: 1 }, /^dns name-error EFORMERR queryA → dns-failed$/],
  ['C5 rubbish', 'rubbish', /^dns name-error (EBADRESP|ETIMEOUT) queryA → dns-(failed|timeout)$/],
  ['C6 an empty answer', { rcode: 0 }, /^dns name-error ENODATA queryA → dns-not-found$/],
  ['C6 a forbidden answer', { ip: '0.0.0.0' }, /^dns name-error EFORBIDDEN queryA → dns-failed$/],
];

for (const [row, saying, expected] of ROWS) {
  test(`${row} is told by its evidence`, async () => {
    const names = await nameServer(() => saying);
    const { evidence } = await attempt([names.address]);
    assert.match(signature(evidence), expected);
    assert.equal(evidence?.host, 'api.test:9');
  });
}

test('C1 a name without an address', async () => {
  const names = await nameServer(() => ({ rcode: 0 }));
  const { evidence } = await attempt([names.address]);
  assert.match(signature(evidence), /^dns name-error ENODATA queryA → dns-not-found$/);
});

test('C4 a resolver that nobody runs is not a service that refuses', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((fulfil) => socket.bind(0, '127.0.0.1', () => fulfil()));
  const address = `127.0.0.1:${socket.address().port}`;
  await new Promise<void>((fulfil) => socket.close(() => fulfil()));
  const { evidence } = await attempt([address]);
  assert.match(signature(evidence), /^dns name-error ECONNREFUSED queryA → dns-failed$/);
});

test('C3 our own clock ends a look-up that its servers would drag on', async () => {
  const names = await nameServer(() => 'silence');
  const { evidence } = await attempt([names.address], 9, 'api.test', 20_000);
  assert.equal(signature(evidence), 'dns our-timer clock=dns → dns-timeout');
  assert.equal(evidence?.limitMs, 1500);
});

test('one good resolver among broken ones is enough', async () => {
  const service = await rawServer(world.net, answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const broken = await nameServer(() => ({ rcode: 2 }));
  const silent = await nameServer(() => 'silence');
  const good = await nameServer(() => ({ ip: '127.0.0.1' }));
  const heard = await attempt([broken.address, silent.address, good.address], service.port, 'api.test', 2000);
  assert.equal(heard.body, 'ok', signature(heard.evidence));
  await service.close();
});

test('a name of the hosts file is found by the system', async () => {
  const service = await rawServer(world.net, answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const heard = await attempt([], service.port, 'localhost');
  assert.equal(heard.body, 'ok', signature(heard.evidence));
  await service.close();
});
