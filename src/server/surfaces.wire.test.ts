import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Serving, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';

/** Planted in requests, in answers and in the texts of errors: none may come out of any surface. */
const GATEWAY_KEY = 'canaryGatewayKey';
const CALLER_KEY = 'canary-caller-key';
const COOKIE = 'canaryCookie77';
const PROMPT = 'the canary sings about my private matters every night';
const CANARY = /canary|private matters/i;

const folder = mkdtempSync(join(tmpdir(), 'goodgate-surfaces-'));
let upstream: Server;
let serving: Serving;
let adminPort = 0;
let respond: (socket: Socket, request: string) => void;
/** Answers that a request asks for by their place in the list, so that many can be asked for at a time. */
let answers: readonly string[] = [];
const log: string[] = [];

before(async () => {
  upstream = createServer((socket) => {
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      const end = heard.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
      if (end === -1 || heard.length < end + 4 + length) return;
      const request = heard;
      heard = '';
      const wanted = answers[Number(/x-case: (\d+)/.exec(request)?.[1] ?? -1)];
      if (wanted === undefined) respond(socket, request);
      else socket.end(wanted);
    });
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const address = upstream.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const free = probe.address();
  adminPort = typeof free === 'object' && free !== null ? free.port : 0;
  await new Promise((done) => probe.close(done));
  const config = join(folder, 'goodgate.yaml');
  const real = realWorld();
  // Nearly all calls here fail on purpose, and the admission throttle refuses by chance: never these.
  const world = { ...real, chance: { ...real.chance, float: () => 0.999 } };
  await world.files.write(
    config,
    `listen: 127.0.0.1:0
admin: 127.0.0.1:${adminPort}
retries: { attempts: 1, free-attempts: 0, resumes: 0, budget-per-second: 100000 }
hedge: { mode: off }
log: { level: debug }
targets:
  a: { dialect: openai, url: "http://127.0.0.1:${port}/v1", key: ${GATEWAY_KEY}, headers: { cookie: "sid=${COOKIE}" } }
`,
  );
  serving = await serve(world, { config, say: (line) => log.push(line) });
});

after(async () => {
  await serving.stop();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One request on its own connection; the whole response as it came, latin1. */
function ask(head: string, body = ''): Promise<string> {
  return new Promise((fulfil, reject) => {
    const socket = connect(serving.address.port, '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    socket.on('close', () => fulfil(heard));
    socket.on('error', reject);
    const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
    socket.write(`${head}\r\nhost: ai.example\r\nconnection: close\r\n${length}\r\n${body}`);
  });
}

const SECRET_FIELDS = `authorization: Bearer ${CALLER_KEY}\r\ncookie: sid=${COOKIE}; theme=dark`;

function call(path: string, fields = '', isStream = false): Promise<string> {
  const body = JSON.stringify({
    model: 'm',
    stream: isStream,
    messages: [{ role: 'user', content: PROMPT }],
    prompt: PROMPT,
    max_tokens: 5,
  });
  return ask(`POST ${path} HTTP/1.1\r\ncontent-type: application/json\r\n${SECRET_FIELDS}${fields}`, body);
}

function idOf(response: string): string {
  return /x-request-id: ([0-9a-f]{32})/.exec(response)?.[1] ?? '';
}

async function whyFaces(id: string): Promise<string[]> {
  return Promise.all(
    ['text/html', 'application/json', 'text/plain'].map((type) =>
      ask(`GET /goodgate/why/${id} HTTP/1.1\r\naccept: ${type}`),
    ),
  );
}

const SAID = `Key ${GATEWAY_KEY} (${CALLER_KEY}) with cookie sid=${COOKIE} may not ask "${PROMPT}" ${'\\u001b'}[31m`;
const ERROR = JSON.stringify({
  error: { message: SAID.replace('\\u001b', '\u001b'), type: CALLER_KEY, code: GATEWAY_KEY, param: COOKIE },
});
const PAGE = `<html><head><title>${SAID}</title></head><body><script>alert("${GATEWAY_KEY}")</script>${SAID}</body></html>`;

function plain(status: number, type: string, body: string): string {
  const fields = [
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `set-cookie: sid=${COOKIE}`,
    `proxy-status: ${CALLER_KEY}; error=connection_refused; details="${GATEWAY_KEY}"`,
    `goodgate-code: ${CALLER_KEY}`,
    `goodgate-target: ${GATEWAY_KEY}`,
    `x-request-id: ${COOKIE}`,
    `www-authenticate: Bearer realm="${GATEWAY_KEY}"`,
    `server: ${CALLER_KEY}`,
  ];
  return `HTTP/1.1 ${status} ${CALLER_KEY}\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
}

const EVENT = 'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
const ANTHROPIC_EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\n',
].join('');
const STREAM = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** The same secrets in part, blotted out, and in the dresses in which services quote them. */
const PART = PROMPT.slice(4, 40);
const DISGUISED = [
  `Incorrect key ${GATEWAY_KEY.slice(0, 9)}****${GATEWAY_KEY.slice(-4)}`,
  `bad input: "${PART}"`,
  ...[GATEWAY_KEY, CALLER_KEY, COOKIE, PART].flatMap((one) => [
    `encoded ${Buffer.from(one).toString('base64')}`,
    `encoded ${Buffer.from(one).toString('hex')}`,
    `escaped ${[...one].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')}`,
    `escaped ${encodeURIComponent(one)}`,
  ]),
];
const DISGUISES = new RegExp(
  [GATEWAY_KEY, CALLER_KEY, COOKIE, PART]
    .flatMap((one) => [Buffer.from(one).toString('base64').slice(0, 12), Buffer.from(one).toString('hex').slice(0, 12)])
    .concat('%63%61%6e', 'private%20')
    .map((one) => one.replace(/[+/]/g, '.'))
    .join('|'),
);

test('no key, cookie or prompt comes out of any surface, wherever it was planted', async () => {
  answers = [
    ...[400, 401, 402, 403, 404, 408, 413, 418, 422, 429, 431, 451, 500, 501, 502, 503, 504, 511, 520, 529].flatMap(
      (status) => [plain(status, 'application/json', ERROR), plain(status, 'text/html', PAGE)],
    ),
    plain(200, 'application/json', ERROR),
    plain(200, 'text/html', PAGE),
    plain(302, 'text/html', PAGE),
    `${GATEWAY_KEY} ${PROMPT}\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n${GATEWAY_KEY}\r\n\r\n`,
    `${STREAM}${chunk(`data: ${ERROR}\n\n`)}0\r\n\r\n`,
    ...DISGUISED.flatMap((said) => [
      plain(400, 'application/json', JSON.stringify({ error: { message: said, code: said } })),
      plain(401, 'text/plain', said),
      plain(500, 'application/json', JSON.stringify({ detail: [{ msg: said }] })),
    ]),
  ];
  const shapes = [
    ['/v1/chat/completions', ''],
    ['/v1/messages', ''],
    ['/v1/chat/completions', '\r\naccept: text/html'],
    ['/v1/chat/completions?key=canary', '\r\nte: trailers'],
  ] as const;
  await Promise.all(
    answers.flatMap((bytes, index) =>
      shapes.map(async ([path, fields]) => {
        const response = await call(path, `${fields}\r\nx-case: ${index}`, path.includes('?'));
        const seen = `${index} ${bytes.slice(0, 60)} ${path}`;
        assert.match(response, /^HTTP\/1.1 [45]/, seen);
        assert.doesNotMatch(response, CANARY, seen);
        assert.doesNotMatch(response, DISGUISES, seen);
        for (const face of await whyFaces(idOf(response))) {
          assert.match(face, /^HTTP\/1.1 200/);
          assert.doesNotMatch(face, CANARY, seen);
          assert.doesNotMatch(face, DISGUISES, seen);
        }
      }),
    ),
  );
  for (const path of ['/targets', '/maintenance', '/']) {
    const admin = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    assert.doesNotMatch(await admin.text(), CANARY, path);
  }
  assert.ok(log.some((line) => line.includes('failed(')));
  assert.doesNotMatch(log.join('\n'), CANARY);
});

test('an error that comes in the middle of a stream is told in our words, and ends it', async () => {
  for (const said of [SAID.replace('\\u001b', ''), ...DISGUISED]) {
    const error = JSON.stringify({ error: { message: said, type: 'server_error', code: said } });
    for (const [path, event, wrong] of [
      ['/v1/chat/completions', EVENT, `data: ${error}\n\n`],
      ['/v1/messages', ANTHROPIC_EVENTS, `event: error\ndata: {"type":"error",${error.slice(1)}\n\n`],
    ] as const) {
      respond = (socket) => socket.end(`${STREAM}${chunk(event)}${chunk(wrong)}0\r\n\r\n`);
      const response = await call(path, '\r\nte: trailers', true);
      assert.doesNotMatch(response, CANARY, said);
      assert.doesNotMatch(response, DISGUISES, said);
      assert.match(response, /"goodgate_code"/);
      for (const face of await whyFaces(idOf(response))) {
        assert.doesNotMatch(face, CANARY, said);
        assert.doesNotMatch(face, DISGUISES, said);
      }
    }
  }
});

test('a hostile body of 10 MB, of any bytes, is bounded, escaped and never taken for ours', async () => {
  const hostile = [
    Buffer.alloc(10_000_000, '<script>alert(1)</script>\u001b]0;x\u0007'),
    Buffer.alloc(10_000_000, 0xff),
    Buffer.concat([Buffer.from('{"error":{"message":"'), Buffer.alloc(10_000_000, 0x9b), Buffer.from('"}}')]),
  ];
  for (const body of hostile) {
    respond = (socket) => {
      socket.write(
        `HTTP/1.1 500 x\r\ncontent-type: text/html\r\ngoodgate-code: rate-limited\r\nretry-after: 999\r\ncontent-length: ${body.length}\r\n\r\n`,
      );
      socket.end(body);
    };
    for (const fields of ['', '\r\naccept: text/html']) {
      const response = await call('/v1/chat/completions', fields);
      assert.match(response, /^HTTP\/1.1 502 .*\r\n[\s\S]*goodgate-code: service-error\r\n/);
      assert.ok(response.length < 20_000);
      assert.ok(response.indexOf('\r\n\r\n') < 2_000, 'a small head');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals obey them.
      assert.doesNotMatch(response, /<script>alert|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    }
  }
});

test('a stream that breaks says so in-band, and in a trailer to who reads trailers; without them it ends dirty', async () => {
  respond = (socket) => {
    socket.write(STREAM + chunk(EVENT));
    setTimeout(() => socket.destroy(), 30);
  };
  const dirty = await call('/v1/chat/completions', '', true);
  assert.match(dirty, /data: \{"error":/);
  assert.doesNotMatch(dirty, /\[DONE\]|\r\n0\r\n/);
  const told = await call('/v1/chat/completions', '\r\nte: trailers', true);
  assert.match(told, /\r\ntrailer: proxy-status\r\n/);
  assert.match(
    told,
    /data: \{"error":[\s\S]*\r\n0\r\nproxy-status: goodgate-[0-9a-f]+; error=http_response_incomplete; [^\r]*\r\n\r\n$/,
  );
  assert.doesNotMatch(told, /\[DONE\]/);
});

test('the story of a call is for this machine and for who made it; to others it does not exist', async () => {
  respond = (socket) => socket.end(plain(500, 'application/json', '{"error":{"message":"x"}}'));
  const id = idOf(await call('/v1/chat/completions'));
  const why = (fields: string) => ask(`GET /goodgate/why/${id} HTTP/1.1\r\naccept: application/json\r\n${fields}`);
  assert.match(await why('x-a: b'), /^HTTP\/1.1 200/);
  assert.match(await why('x-forwarded-for: 203.0.113.9'), /^HTTP\/1.1 404/);
  assert.match(await why(`x-forwarded-for: 203.0.113.9\r\nauthorization: Bearer ${CALLER_KEY}`), /^HTTP\/1.1 200/);
  assert.match(await why('x-forwarded-for: 203.0.113.9\r\nauthorization: Bearer other'), /^HTTP\/1.1 404/);
  assert.match(
    await ask(`GET /goodgate/why/${'0'.repeat(32)} HTTP/1.1`),
    /^HTTP\/1.1 404[\s\S]*No call of this number/,
  );
  assert.match(
    await ask('GET /goodgate/why/%3Cscript%3E HTTP/1.1\r\naccept: text/html'),
    /^HTTP\/1.1 404[\s\S]*32 hexadecimal/,
  );
  assert.match(await ask(`POST /goodgate/why/${id} HTTP/1.1`), /^HTTP\/1.1 405/);
});

test('every cause has its page, and a code that is none leads to the nearest', async () => {
  const page = await ask('GET /goodgate/problems/connect-refused HTTP/1.1\r\naccept: text/html,*/*');
  assert.match(
    page,
    /^HTTP\/1.1 200[\s\S]*content-security-policy: default-src 'none'[\s\S]*<h1>The service refused the connection<\/h1>/,
  );
  const json = await ask('GET /goodgate/problems/conect-refused HTTP/1.1\r\naccept: application/json');
  assert.match(json, /^HTTP\/1.1 404[\s\S]*"nearest": "\/goodgate\/problems\/connect-refused"/);
  assert.match(
    await ask('GET /goodgate/problems HTTP/1.1\r\naccept: text/html'),
    /^HTTP\/1.1 200[\s\S]*href="\/goodgate\/problems\/gateway-bug"/,
  );
  assert.match(await ask('GET /goodgate/problems HTTP/1.1'), /\nconnect-refused: The service refused the connection\n/);
});

test('a browser that navigates gets the page in its language', async () => {
  respond = (socket) => socket.destroy();
  const page = await ask('GET /anything HTTP/1.1\r\naccept: text/html\r\naccept-language: fr');
  assert.match(page, /^HTTP\/1.1 502 [\s\S]*content-language: fr\r\n[\s\S]*<html lang="fr">/);
  assert.ok(page.length < 14 * 1024);
});
