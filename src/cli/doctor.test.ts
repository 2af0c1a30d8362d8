import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'goodgate-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function doctor(args: readonly string[], input = ''): Promise<Ran> {
  const main = join(import.meta.dirname, 'main.ts');
  const run = spawn(process.execPath, [main, 'doctor', ...args], { env: { PATH: process.env['PATH'] ?? '' } });
  let [out, err] = ['', ''];
  run.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  run.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  run.stdin.end(input);
  return new Promise((fulfil) => run.on('close', (code) => fulfil({ code, out, err })));
}

const OVERLOADED = 'Error code: 529 - {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';

test('what cannot be started as asked ends with 2 and a sentence', async () => {
  const wrong = join(folder, 'wrong.yaml');
  writeFileSync(wrong, 'anchor: x');
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['http://'], /is no URL/],
    [[join(folder, 'none.har')], /cannot be read \(ENOENT\)/],
    [['--times', '99', 'http://127.0.0.1:9'], /--times takes a number from 1 to 20/],
    [['--only', 'nmaes', 'http://127.0.0.1:9'], /there is no probe "nmaes"/],
    [['--settings', wrong, 'http://127.0.0.1:9'], /there is no setting "anchor"/],
    [['--target-is', 'both', 'http://127.0.0.1:9'], /--target-is takes/],
    [['-'], /nothing was piped in/],
  ];
  const ran = await Promise.all(cases.map(([args]) => doctor(args)));
  for (const [at, { code, err }] of ran.entries()) {
    assert.equal(code, 2);
    assert.match(err, cases[at]?.[1] ?? /./);
    assert.doesNotMatch(err, /\n\s+at /);
  }
});

test('a pasted error is judged without any probe', async () => {
  const { code, out } = await doctor(['--json', '-'], OVERLOADED);
  const report = JSON.parse(out);
  assert.deepEqual(
    [code, report.verdict.code, report.schemaVersion, report.contacted],
    [1, 'service-overloaded', 1, []],
  );
});

test('a call number without a gateway ends in a report that says so', async () => {
  const { code, out } = await doctor(['ab'.repeat(16), '--gateway', 'http://127.0.0.1:1', '--json']);
  const report = JSON.parse(out);
  assert.deepEqual([code, report.verdict.confidence], [3, 'inconclusive']);
  assert.match(report.probes[0].sentence, /No gateway answers at http:\/\/127\.0\.0\.1:1/);
});

test('a call number without its story ends in a report that says so', async () => {
  const { code, out } = await doctor(['ab'.repeat(16), '--no-story', '--json']);
  const report = JSON.parse(out);
  assert.deepEqual([code, report.verdict.code, report.contacted], [3, 'not-enough-known', []]);
  assert.match(report.probes[0].sentence, /left out as asked/);
});

test('a server on this machine is looked at with progress, text, and no colour', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"data":[]}'),
    );
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  const { port } = server.address() as AddressInfo;
  const { code, out, err } = await doctor([`http://127.0.0.1:${port}/v1`]);
  server.close();
  assert.equal(code, 0);
  assert.match(out, /^Everything on the way to 127\.0\.0\.1 works now\. Nothing is wrong on your side\./);
  assert.match(err, /^ok {4}interface/m);
  assert.ok(!`${out}${err}`.includes('\u001b'));
});

test('a watch ends after its rounds with what it saw', async () => {
  const { code, out } = await doctor([
    'http://127.0.0.1:1',
    '--watch',
    '--rounds',
    '2',
    '--every',
    '1',
    '--only',
    'connect',
  ]);
  assert.equal(code, 1);
  assert.match(out, /It began to fail: connect-refused\./);
  assert.match(out, /failed in 2 of 2 rounds/);
});
