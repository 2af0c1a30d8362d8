import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createPlainServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { realWorld } from '../world/real.ts';
import type { TlsClientOptions } from '../world/world.ts';
import type { ExchangeClocks, Origin } from './contract.ts';
import { asking, CLOCKS, type Heard, hearing } from './hearing.testing.ts';
import { type RawScript, rawServer } from './raw-server.testing.ts';
import { signature } from './recipes.testing.ts';
import { createRequester } from './requester.ts';

const world = realWorld();

function pem(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.pem`), 'utf8');
}

const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const TRUSTED = { ca: [pem('ca')] };

type Secure = {
  readonly origin: Origin;
  readonly sockets: TLSSocket[];
  /** The connections under the TLS ones. */
  readonly raw: Socket[];
};

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

/** A TLS server that answers every piece of data with `answer`. */
async function tlsServer(
  name: string,
  options: TlsOptions = {},
  answer: (socket: TLSSocket) => void = (socket) => socket.write(GOOD),
): Promise<Secure> {
  const sockets: TLSSocket[] = [];
  const raw: Socket[] = [];
  const server = createServer({ cert: pem(name), key: pem(`${name}-key`), ...options }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => answer(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => raw.push(socket));
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  closers.push(() => {
    for (const socket of raw) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: { host: '127.0.0.1', port, isSecure: true, tls: TRUSTED }, sockets, raw };
}

async function attempt(origin: Origin, clocks: Partial<ExchangeClocks> = {}): Promise<Heard> {
  const heard = hearing();
  const requester = createRequester(world);
  requester.exchange(origin, asking({ isReplayable: false, clocks: { ...CLOCKS, ...clocks } }), heard.receiver);
  await heard.done;
  requester.close();
  return heard;
}

async function told(name: string, tls: Partial<TlsClientOptions> = {}, options: TlsOptions = {}): Promise<string> {
  const server = await tlsServer(name, options);
  const heard = await attempt({ ...server.origin, tls: { ...TRUSTED, ...tls } });
  return heard.status === 200 ? `answered ${heard.body}` : signature(heard.evidence);
}

test('a trusted certificate with the right name is accepted, an address as well as a name', async () => {
  assert.equal(await told('good'), 'answered ok');
  assert.equal(await told('good', { serverName: 'api.example' }), 'answered ok');
});

test('E5 an expired certificate, and one that is not valid yet', async () => {
  assert.equal(await told('expired'), 'tls errno CERT_HAS_EXPIRED → certificate-expired');
  assert.equal(await told('early'), 'tls errno CERT_NOT_YET_VALID → certificate-not-yet-valid');
});

test('E6 a certificate that signed itself, and one of an authority nobody trusts', async () => {
  assert.equal(await told('self'), 'tls errno DEPTH_ZERO_SELF_SIGNED_CERT → certificate-untrusted');
  assert.equal(await told('good', { ca: [] }), 'tls errno UNABLE_TO_VERIFY_LEAF_SIGNATURE → certificate-untrusted');
});

test('E7 a certificate for another name', async () => {
  assert.equal(await told('other'), 'tls errno ERR_TLS_CERT_ALTNAME_INVALID → certificate-name');
  assert.equal(
    await told('good', { serverName: 'wrong.example' }),
    'tls errno ERR_TLS_CERT_ALTNAME_INVALID → certificate-name',
  );
});

test('a certificate is not checked where the config says so', async () => {
  assert.equal(await told('self', { isVerified: false }), 'answered ok');
});

test('E3b a service that wants our certificate refuses us late, and takes the right one', async () => {
  const mutual: TlsOptions = { requestCert: true, rejectUnauthorized: true, ca: pem('ca') };
  assert.equal(await told('good', { certificate: pem('client'), key: pem('client-key') }, mutual), 'answered ok');
  assert.match(
    await told('good', {}, mutual),
    /^wait-head tls-alert \S+ alert=certificate_required .* → client-certificate-refused$/,
  );
});

/** What is told of a peer that speaks bytes of its own where a handshake is due. */
async function spoken(script: RawScript, clocks: Partial<ExchangeClocks> = {}): Promise<string> {
  const server = await rawServer(world.net, script);
  closers.push(() => void server.close());
  const heard = await attempt({ ...server.origin, isSecure: true, tls: TRUSTED }, clocks);
  return signature(heard.evidence);
}

test('TLS settings that cannot be used fail the call, not the process', async () => {
  const server = await tlsServer('good');
  const tls = { ...TRUSTED, certificate: pem('client'), key: pem('good-key') };
  const { evidence } = await attempt({ ...server.origin, tls });
  assert.match(signature(evidence), /^tls errno ERR_OSSL_X509_KEY_VALUES_MISMATCH/);
  assert.equal(evidence?.note, 'the TLS settings cannot be used');
  const rubbish = await attempt({ ...server.origin, tls: { ...TRUSTED, certificate: 'no PEM', key: 'neither' } });
  assert.match(signature(rubbish.evidence), /^tls errno \S+/);
});

test('E1 a handshake that is too slow', async () => {
  assert.equal(await spoken({}, { tlsMs: 1_000 }), 'tls our-timer clock=tls → tls-timeout');
});

test('E2 a peer that hangs up in the handshake, with FIN or with RST', async () => {
  assert.equal(await spoken({ data: ({ wire }) => wire.end() }), 'tls fin → tls-closed');
  assert.equal(await spoken({ data: ({ wire }) => wire.reset() }), 'tls reset ECONNRESET read → tls-closed');
});

test('E3 alerts are told by their names', async () => {
  const alert = (code: number): RawScript => ({
    data: ({ wire }) => void wire.write(Uint8Array.of(0x15, 3, 3, 0, 2, 2, code)),
  });
  assert.match(await spoken(alert(40)), /^tls tls-alert \S+ alert=handshake_failure → tls-alert$/);
  assert.match(await spoken(alert(70)), /^tls tls-alert \S+ alert=protocol_version → tls-alert$/);
  assert.match(await spoken(alert(112)), /^tls \S+ \S*UNRECOGNIZED_NAME.* → tls-alert$/);
});

test('E4 a peer that speaks no TLS', async () => {
  const told = await spoken({ data: ({ wire }) => void wire.write('HTTP/1.1 400 Bad Request\r\n\r\n') });
  assert.match(told, /^tls errno ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG) → tls-not-tls$/);
});

test('E9 a connection that breaks in the body is told apart from one that ends', async () => {
  const cut = async (then: (socket: TLSSocket, raw: Socket | undefined) => void): Promise<string> => {
    const server = await tlsServer('good', {}, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', () => then(socket, server.raw[0]));
    });
    return signature((await attempt(server.origin)).evidence);
  };
  assert.equal(await cut((socket) => socket.end()), 'body fin written read sent → body-incomplete');
  assert.match(await cut((_, raw) => raw?.resetAndDestroy()), /^body reset ECONNRESET .* → body-cut$/);
});

test('sessions are resumed, and connections with other TLS settings are not shared', async () => {
  const reused: boolean[] = [];
  const server = await tlsServer('good', {}, (socket) => {
    reused.push(socket.isSessionReused());
    socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok');
  });
  const requester = createRequester(world);
  const ask = async (origin: Origin): Promise<void> => {
    const heard = hearing();
    requester.exchange(origin, asking(), heard.receiver);
    await heard.done;
    assert.equal(heard.body, 'ok');
  };
  await ask(server.origin);
  await ask({ ...server.origin, tls: { ca: [pem('ca')] } });
  await ask({ ...server.origin, tls: { ca: [pem('ca')], serverName: 'localhost' } });
  assert.deepEqual(reused, [false, true, false]);
  requester.close();
});

test('a tunnel through a proxy carries TLS end to end', async () => {
  const service = await tlsServer('good');
  const target = service.origin.port;
  let head = '';
  const proxy = createPlainServer((socket) => {
    socket.once('data', (bytes: Buffer) => {
      head = bytes.toString('latin1');
      const through = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(through).pipe(socket);
      });
      through.on('error', () => socket.destroy());
      socket.on('error', () => through.destroy());
    });
  });
  await new Promise<void>((fulfil) => proxy.listen(0, '127.0.0.1', fulfil));
  closers.push(() => proxy.close());
  const via = { host: '127.0.0.1', port: (proxy.address() as AddressInfo).port, isSecure: false };
  const heard = await attempt({ ...service.origin, via });
  assert.equal(heard.body, 'ok', signature(heard.evidence));
  assert.ok(head.startsWith(`CONNECT 127.0.0.1:${target} HTTP/1.1\r\n`));
});

test('a proxy whose own certificate is not trusted is the failure of the proxy, not of the service', async () => {
  const proxy = await tlsServer('self');
  const heard = await attempt({
    host: 'api.example',
    port: 443,
    isSecure: true,
    via: { host: '127.0.0.1', port: proxy.origin.port, isSecure: true },
  });
  assert.match(signature(heard.evidence), /^proxy-connect errno DEPTH_ZERO_SELF_SIGNED_CERT → proxy-connect-failed$/);
});
