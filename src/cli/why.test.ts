import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';

const MAIN = new URL('./main.ts', import.meta.url).pathname;
const KNOWN = '0123456789abcdef0123456789abcdef';
let gateway: Server;
let url = '';

/** Stands in for a gateway: what is tried here is the command. */
before(async () => {
  gateway = createServer((request, response) => {
    const isKnown = request.url === `/goodgate/why/${KNOWN}`;
    const isJson = request.headers.accept === 'application/json';
    response.statusCode = isKnown ? 200 : 404;
    response.end(isJson ? `{"isKnown":${isKnown}}\n` : isKnown ? 'a story\u001b[31m\n' : 'no such call\n');
  });
  await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
  const address = gateway.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
after(() => gateway.close());

function why(
  ...words: string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
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

test('why prints the story of a call it finds, without what would steer a terminal', async () => {
  assert.deepEqual(await why(KNOWN, '--url', url), { code: 0, out: 'a story?[31m\n', err: '' });
  assert.deepEqual(await why(KNOWN, '--url', url, '--json'), { code: 0, out: '{"isKnown":true}\n', err: '' });
});

test('why ends with 1 for a call that is not known, and with 2 when no gateway answers', async () => {
  assert.deepEqual(await why('f'.repeat(32), '--url', url), { code: 1, out: '', err: 'no such call\n' });
  const gone = await why(KNOWN, '--url', 'http://127.0.0.1:1');
  assert.equal(gone.code, 2);
  assert.match(gone.err, /no gateway answers at http:\/\/127\.0\.0\.1:1: ECONNREFUSED/);
  assert.equal((await why(KNOWN, '--url', 'nonsense')).code, 2);
});
