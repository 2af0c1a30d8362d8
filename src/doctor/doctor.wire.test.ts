import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer as createTls } from 'node:tls';
import { realDevice } from '../world/device.ts';
import { realWorld } from '../world/real.ts';
import { lookAtTls } from '../world/tls-look.ts';
import type { Outside } from './outside.ts';
import type { Report } from './report.ts';
import { look } from './session.ts';
import { DEFAULT_SETTINGS, type DoctorSettings } from './settings.ts';
import { target } from './verdict/facts.testing.ts';

const world = realWorld();
const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'http1', 'fixtures', `${name}.pem`), 'utf8');

function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  return new Promise((fulfil) => server.listen(0, '127.0.0.1', () => fulfil((server.address() as AddressInfo).port)));
}

type Answer = (socket: Socket, head: string) => void;

const plain = (answer: Answer): Promise<number> => listen(createServer((socket) => speak(socket, answer)));

const secure = (name: string, answer: Answer, chain = ''): Promise<number> =>
  listen(
    createTls({ cert: pem(name) + chain, key: pem(`${name}-key`) }, (socket) => speak(socket, answer)).on(
      'tlsClientError',
      () => undefined,
    ),
  );

function speak(socket: Socket, answer: Answer): void {
  let head = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    head += bytes.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    answer(socket, head);
    head = '';
  });
}

const http = (status: number, body: string, type = 'application/json'): string =>
  `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const MODELS = http(200, '{"object":"list","data":[]}');
const good: Answer = (socket, head) =>
  void socket.write(head.startsWith('GET /v1/models') ? MODELS : http(404, '{"error":{"message":"no"}}'));

type Around = {
  readonly settings?: Partial<DoctorSettings>;
  readonly env?: Record<string, string>;
  readonly ips?: readonly string[];
  readonly control?: object;
  readonly kind?: 'gateway' | 'service';
  readonly keyVariable?: string;
  /** Names of the certificates that the system trusts besides. */
  readonly system?: readonly string[];
};

/** The doctor on this machine, with an internet of one anchor and a name that leads to loopback. */
async function doctor(url: string, around: Around = {}): Promise<Report> {
  const anchor = await plain(good);
  const stub =
    around.control === undefined
      ? undefined
      : await plain((socket) => void socket.write(http(200, JSON.stringify(around.control))));
  const outside: Outside = {
    ...world,
    env: around.env ?? {},
    names: {
      ...world.names,
      lookup: (host) =>
        host === 'api.example' ? Promise.resolve(around.ips ?? ['127.0.0.1']) : world.names.lookup(host),
      servers: () => [],
    },
    device: realDevice,
    lookAtTls,
  };
  const settings: DoctorSettings = {
    ...DEFAULT_SETTINGS,
    anchors: [`127.0.0.1:${anchor}`],
    nowhere: '',
    portals: [],
    resolvers: [],
    doh: [],
    knownName: '',
    pac: '',
    ...(stub === undefined ? {} : { gateway: `http://127.0.0.1:${stub}` }),
    ...around.settings,
  };
  const { report } = await look(outside, {
    asked: url,
    target: { ...target(url, around.kind), keyVariable: around.keyVariable },
    known: undefined,
    settings,
    trust: { public: [pem('ca')], system: (around.system ?? []).map(pem), extra: [] },
    depth: { times: 3, stream: undefined, isSpeedMeasured: false, isFeedRead: true, isControlAsked: true },
    withinMs: 20_000,
    isWanted: () => true,
    onSeen: () => undefined,
    onFirst: () => undefined,
  });
  assert.ok(report.timings.firstVerdictMs <= 5_000, `first after ${report.timings.firstVerdictMs} ms`);
  assert.ok(report.timings.totalMs <= 20_000, `all after ${report.timings.totalMs} ms`);
  assert.deepEqual(
    report.probes.filter(({ state }) => state === 'crash'),
    [],
  );
  return report;
}

const said = ({ verdict }: Report): readonly string[] => [verdict.code, verdict.hop, verdict.confidence];
const REACHED = { isReached: true, status: 200, code: null, phase: 'done', addresses: [], errno: null };
const FAILED = {
  isReached: false,
  status: null,
  code: 'connect-refused',
  phase: 'connect',
  addresses: [],
  errno: 'ECONNREFUSED',
};

test('a service that works is called healthy, over TLS and without', async () => {
  const report = await doctor(`https://api.example:${await secure('good', good)}/v1`);
  assert.deepEqual([report.verdict.code, report.verdict.isHealthy, report.symptoms], ['works-now', true, []]);
  assert.deepEqual((await doctor(`http://api.example:${await plain(good)}/v1`)).verdict.isHealthy, true);
});

test('a port that is shut here and there is the service, here only is the network', async () => {
  const server = createServer();
  const port = await listen(server);
  server.close();
  const url = `http://api.example:${port}/v1`;
  assert.deepEqual(said(await doctor(url, { control: FAILED })), ['connect-refused', 'service', 'confirmed']);
  assert.deepEqual(said(await doctor(url, { control: REACHED })), ['port-blocked', 'network', 'confirmed']);
  assert.deepEqual(said(await doctor(url)), ['connect-refused', 'service', 'likely']);
  assert.deepEqual(said(await doctor(url, { control: FAILED, kind: 'gateway' })), [
    'gateway-unreachable',
    'gateway',
    'confirmed',
  ]);
});

test('a gateway of this machine that does not run: where nothing listens, and how it is started', async () => {
  const server = createServer();
  const port = await listen(server);
  server.close();
  const { verdict } = await doctor(`http://127.0.0.1:${port}`, { kind: 'gateway' });
  assert.equal(verdict.code, 'gateway-unreachable');
  assert.match(verdict.sentence, new RegExp(`listens at 127\\.0\\.0\\.1:${port}\\. Start .*goodgate serve`));
});

test('certificates: expired, unknown to all, unknown here only', async () => {
  const expired = `https://api.example:${await secure('expired', good)}/v1`;
  assert.deepEqual(said(await doctor(expired, { control: FAILED })), ['certificate-expired', 'service', 'confirmed']);
  const self = `https://api.example:${await secure('self', good)}/v1`;
  assert.deepEqual(said(await doctor(self, { control: FAILED })), ['certificate-untrusted', 'service', 'confirmed']);
  assert.deepEqual(said(await doctor(self, { control: REACHED })), ['tls-intercepted', 'you', 'confirmed']);
});

test('a root of this system that no public authority is reads along, and needs no second opinion to be found', async () => {
  const report = await doctor(`https://api.example:${await secure('self', good)}/v1`, { system: ['self'] });
  assert.deepEqual(said(report), ['tls-intercepted', 'you', 'confirmed']);
  assert.equal(report.verdict.steps.person[0]?.command, 'export NODE_USE_SYSTEM_CA=1');
});

test('nothing is asked over a connection whose other end is not known', async () => {
  let asked = 0;
  const port = await secure('self', (socket, head) => {
    asked += 1;
    good(socket, head);
  });
  await doctor(`https://api.example:${port}/v1`, { env: { OPENAI_API_KEY: 'sk-secret' } });
  assert.equal(asked, 0);
});

test('a chain of a thousand certificates is bounded and said', async () => {
  const port = await secure('good', good, pem('other').repeat(1_000));
  const report = await doctor(`https://api.example:${port}/v1`, { control: FAILED });
  assert.deepEqual(said(report), ['certificate-untrusted', 'service', 'confirmed']);
  assert.match(report.verdict.detail ?? '', /EXCESSIVE|LONG/);
});

test('a handshake that dies by its name is filtered', async () => {
  const behind = await secure('good', good);
  const port = await listen(
    createServer((socket) => {
      socket.once('data', (hello) => {
        if (hello.includes('api.example')) {
          socket.resetAndDestroy();
          return;
        }
        const next = dial(behind, '127.0.0.1');
        next.on('error', () => undefined);
        next.write(hello);
        socket.pipe(next).pipe(socket);
      });
    }),
  );
  assert.deepEqual(said(await doctor(`https://api.example:${port}/v1`)), [
    'connection-filtered',
    'network',
    'confirmed',
  ]);
});

test('an error page tells who failed, and a fault that comes and goes is a rate', async () => {
  const nginx = http(
    502,
    '<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></html>',
    'text/html',
  );
  const url = `http://api.example:${await plain((socket) => void socket.write(nginx))}/v1`;
  assert.deepEqual(said(await doctor(url)), ['service-bad-gateway', 'service', 'confirmed']);
  let count = 0;
  const now = await plain((socket, head) => {
    if (head.startsWith('GET /v1/models') && !head.includes('x-doctor-size')) count += 1;
    socket.write(count === 2 ? nginx : MODELS);
    if (count === 2) count += 1;
  });
  const report = await doctor(`http://api.example:${now}/v1`);
  assert.equal(report.verdict.confidence, 'likely');
  assert.match(report.verdict.decidedBy.join(), /of 3 tries failed/);
});

test('a body that comes a byte a second is bounded and said', async () => {
  const port = await plain((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{');
    const more = setInterval(() => socket.write(' '), 1_000);
    socket.on('close', () => clearInterval(more));
  });
  const report = await doctor(`http://api.example:${port}/v1`);
  assert.deepEqual([report.verdict.code, report.verdict.detail], ['body-stall', 'trickle']);
});

test('a body of a gigabyte is left after its first part', async () => {
  let sent = 0;
  const block = Buffer.alloc(65_536, 'x');
  const port = await plain((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1073741824\r\n\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(block)) sent += block.length;
    };
    socket.on('drain', more);
    more();
  });
  const report = await doctor(`http://api.example:${port}/page`);
  assert.equal(report.verdict.isHealthy, true);
  assert.ok(sent < 200 * 1_048_576, `${sent} bytes were taken`);
});

test('large packets that get lost are told from a service that is silent', async () => {
  const port = await plain((socket, head) => {
    if (head.length < 1_400) good(socket, head);
  });
  const report = await doctor(`http://api.example:${port}/v1`, { control: REACHED });
  assert.equal(report.verdict.code, 'mtu-black-hole');
});

test('a sign-in page is found by what it puts in the place of a known page', async () => {
  const port = await plain(
    (socket) => void socket.write('HTTP/1.1 302 Found\r\nlocation: http://login.test/\r\ncontent-length: 0\r\n\r\n'),
  );
  const settings = { portals: [{ url: `http://127.0.0.1:${port}/generate_204`, status: 204, body: undefined }] };
  const report = await doctor(`https://api.example:${port}/v1`, { settings });
  assert.deepEqual(said(report), ['wifi-sign-in', 'network', 'confirmed']);
  assert.equal(report.verdict.steps.person[0]?.command, 'http://login.test/');
});

/** A forward proxy that answers CONNECT as it is told, or opens the tunnel. */
const proxy = (answer: string): Promise<number> =>
  plain((socket, head) => {
    const found = /^CONNECT [^:]+:(\d+)/.exec(head);
    if (answer !== '' || found === null) {
      socket.end(answer === '' ? http(400, '') : answer);
      return;
    }
    const next = dial(Number(found[1]), '127.0.0.1');
    next.on('error', () => socket.destroy());
    socket.removeAllListeners('data');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(next).pipe(socket);
  });

test('a proxy is told by the variable that names it, and by what it answers', async () => {
  const port = await secure('good', good);
  const through = async (answer: string): Promise<Report> =>
    doctor(`https://api.example:${port}/v1`, {
      env: { HTTPS_PROXY: `http://user:hunter22@127.0.0.1:${await proxy(answer)}` },
    });
  const well = await through('');
  assert.equal(well.verdict.isHealthy, true);
  const signIn = await through(
    'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n',
  );
  assert.deepEqual(said(signIn), ['proxy-sign-in', 'network', 'confirmed']);
  assert.deepEqual(said(await through('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')), [
    'proxy-denied',
    'network',
    'confirmed',
  ]);
  const gone = await doctor(`https://api.example:${port}/v1`, { env: { HTTPS_PROXY: 'http://127.0.0.1:1' } });
  assert.deepEqual(said(gone), ['proxy-unreachable', 'network', 'confirmed']);
  assert.match(gone.verdict.sentence, /127\.0\.0\.1:1, set by HTTPS_PROXY/);
  for (const report of [well, signIn, gone]) assert.ok(!JSON.stringify(report).includes('hunter22'));
});

test('the key is shown to its own service only, and its refusal is the account', async () => {
  let seen = '';
  const port = await secure('good', (socket, head) => {
    const isKeyed = head.includes('authorization: Bearer sk-mine');
    if (isKeyed) seen += head;
    socket.write(
      isKeyed
        ? http(401, '{"error":{"code":"invalid_api_key","message":"no"}}')
        : http(401, '{"error":{"message":"no key"}}'),
    );
  });
  const url = `https://api.example:${port}/v1`;
  const env = { OPENAI_API_KEY: 'sk-mine' };
  const other = await doctor(url, { env });
  assert.deepEqual([other.verdict.isHealthy, seen], [true, '']);
  const own = await doctor(url, { env, keyVariable: 'OPENAI_API_KEY' });
  assert.deepEqual(said(own), ['credential-refused', 'service', 'confirmed']);
  assert.deepEqual(
    [own.verdict.side, own.verdict.sentence],
    ['person', 'The service does not accept the key that you use.'],
  );
  assert.match(seen, /GET \/v1\/models/);
  assert.ok(!JSON.stringify(own).includes('sk-mine'));
});

/** A Goodgate whose list of models is empty, with this answer to whatever it passes on, and a silence where there is none. */
const goodgate =
  (passedOn: string | undefined): Answer =>
  (socket, head) => {
    if (head.startsWith('GET /goodgate/health ')) socket.write(http(200, '{"status":"ok"}'));
    else if (head.startsWith('GET /goodgate/ticks ')) socket.write(TICKS);
    else if (head.startsWith('GET /v1/models ')) socket.write(MODELS);
    else if (passedOn !== undefined) socket.write(passedOn);
  };
const TICKS = http(200, 'data: {"tick":1}\n\n'.repeat(8), 'text/event-stream');
const REFUSAL = (message: string): string => http(401, JSON.stringify({ error: { message } }));
const CODED = `HTTP/1.1 502 X\r\ngoodgate-code: edge-failed\r\ncontent-length: 0\r\n\r\n`;

test('whoever answers as a Goodgate does is taken for one, unless it is said to be a service', async () => {
  const port = await plain(goodgate(http(404, '{"error":{"code":"model_not_found"}}')));
  const kinds = async (settings: Partial<DoctorSettings>) => {
    const { target: kind, verdict } = await doctor(`http://127.0.0.1:${port}/v1`, { kind: 'service', settings });
    return [kind.kind, verdict.hops.find(({ hop }) => hop === 'gateway')?.state];
  };
  assert.deepEqual(await kinds({}), ['gateway', 'good']);
  assert.deepEqual(await kinds({ targetIs: 'service' }), ['service', 'unchecked']);
});

test('a gateway that answers by itself does not vouch for its service', async () => {
  const cases: readonly (readonly [passedOn: string | undefined, code: string, hop: string])[] = [
    [http(404, '{"error":{"code":"model_not_found"}}'), 'works-now', 'you'],
    [REFUSAL('Incorrect API key provided'), 'credential-refused', 'service'],
    // Where each caller brings its own key, ours is missing: that is the answer which was due.
    [REFUSAL("You didn't provide an API key."), 'works-now', 'you'],
    [CODED, 'edge-failed', 'service'],
    [undefined, 'answer-timeout', 'service'],
  ];
  for (const [passedOn, code, hop] of cases) {
    const port = await plain(goodgate(passedOn));
    const { verdict } = await doctor(`http://127.0.0.1:${port}/v1`, { kind: 'gateway' });
    assert.deepEqual([verdict.code, verdict.hop], [code, hop], `${passedOn ?? 'silence'}`);
    const isChecked = verdict.hops.some((each) => each.hop === 'service' && each.state === 'good');
    assert.equal(isChecked, passedOn?.includes('model_not_found') === true);
  }
});

test('a service that is silent behind a gateway is no path that loses large packets', async () => {
  const port = await plain((socket, head) => {
    if (head.startsWith('GET /goodgate/health ')) socket.write(http(200, '{"status":"ok"}'));
  });
  const { verdict } = await doctor(`http://api.example:${port}/v1`, { kind: 'gateway' });
  assert.equal(verdict.code, 'answer-timeout');
});
