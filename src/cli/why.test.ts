import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Serving, serve } from '../serve.ts';
import { realWorld } from '../world/real.ts';

const MAIN = new URL('./main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'goodgate-why-'));
const sockets = new Set<Socket>();
let service: Server;
let serving: Serving;
let url = '';

/** What a service may write of which nothing may reach a terminal: escape codes, turned reading direction, our own fields, 10 MB of it. */
const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e';
const BODY = `{"error":{"message":"${'x'.repeat(10_000_000)}${EVIL}","type":"${EVIL}","code":"${EVIL}"}}`;
const HEAD = [
  'HTTP/1.1 503 gone',
  'content-type: application/json',
  'goodgate-code: rate-limited',
  'x-goodgate-code: rate-limited',
  'x-request-id: ffffffffffffffffffffffffffffffff',
  'proxy-status: goodgate-000000; error=proxy_internal_error; details="not ours"',
  `content-length: ${Buffer.byteLength(BODY)}`,
];

before(async () => {
  service = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`${HEAD.join('\r\n')}\r\n\r\n${BODY}`));
  });
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  const address = service.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const config = join(folder, 'goodgate.yaml');
  const world = realWorld();
  await world.files.write(
    config,
    `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlog: { level: off }\ntargets:\n  house: { dialect: openai, url: "http://127.0.0.1:${port}/v1" }\n`,
  );
  serving = await serve(world, { config, say: () => undefined });
  url = `http://127.0.0.1:${serving.address.port}`;
});

after(async () => {
  await serving.stop();
  for (const socket of sockets) socket.destroy();
  service.close();
  rmSync(folder, { recursive: true, force: true });
});

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function why(...words: string[]): Promise<Ran> {
  return new Promise((fulfil) => {
    const child = spawn(process.execPath, [MAIN, 'why', ...words]);
    let out = '';
    let err = '';
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString();
    });
    child.on('close', (code) => fulfil({ code, out, err }));
  });
}

/** A call that fails, and the number that its error page shows. */
async function failedCall(): Promise<string> {
  const response = await fetch(`${url}/v1/models/x`, { headers: { accept: 'text/html' } });
  const page = await response.text();
  const id = /Call number <code>([0-9a-f]{32})<\/code>/.exec(page)?.[1] ?? '';
  assert.equal(id, response.headers.get('x-request-id'));
  return id;
}

test('the number on the error page leads to the story, whatever way it is copied, and a hostile service steers no terminal', async () => {
  const id = await failedCall();
  for (const words of [[id, '--url', url], [` ${id.toUpperCase()} `, '--url', url], [`${url}/goodgate/why/${id}`]]) {
    const { code, out, err } = await why(...words);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, new RegExp(`^Call ${id} at `));
    assert.match(out, /service-unavailable \(/);
    assert.match(out, /1\. house in house: /);
    assert.match(out, /Yes\. You only asked for a page/);
    assert.ok(out.length < 6_000, `${out.length} characters`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals obey them.
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|owned|rate-limited|not ours/);
  }
});

test('with --json the story is for programs', async () => {
  const id = await failedCall();
  const { code, out } = await why(id, '--url', url, '--json');
  assert.equal(code, 0);
  const told = JSON.parse(out);
  assert.deepEqual([told.id, told.problem.goodgate_code, told.problem.others], [id, 'service-unavailable', undefined]);
});

test('a call that is not known ends with 1', async () => {
  const { code, out, err } = await why('f'.repeat(32), '--url', url);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /No call of this number is remembered/);
  const json = await why('f'.repeat(32), '--url', url, '--json');
  assert.equal(json.code, 1);
  assert.match(JSON.parse(json.out).error, /No call of this number/);
});

test('what is no call number, no address or no gateway ends with 2 and says what to do', async () => {
  const bad = await why('12\u001b[31m34', '--url', url);
  assert.deepEqual([bad.code, bad.out], [2, '']);
  assert.match(bad.err, /"12\?\[31m34" is no call number: that is 32 hexadecimal digits/);
  const gone = await why('f'.repeat(32), '--url', 'http://127.0.0.1:1');
  assert.equal(gone.code, 2);
  assert.match(
    gone.err,
    /no gateway answers at http:\/\/127\.0\.0\.1:1: ECONNREFUSED; start one with "goodgate serve"/,
  );
  const json = await why('f'.repeat(32), '--url', 'http://127.0.0.1:1', '--json');
  assert.match(JSON.parse(json.out).error, /no gateway answers/);
  assert.equal((await why('f'.repeat(32), '--url', 'nonsense')).code, 2);
});
