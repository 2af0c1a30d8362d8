import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { program } from './program.ts';
import { cliReference } from './reference.ts';

const MAIN = new URL('./main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'goodgate-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the command line in an empty folder to its end. */
function goodgate(...words: string[]): Promise<Ran> {
  return new Promise((fulfil) => {
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: folder });
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

function refused(line: string): Ran {
  return { code: 2, out: '', err: `goodgate: ${line}\n` };
}

test('a command that is misspelt is told with the one that was meant', async () => {
  assert.deepEqual(await goodgate('srve'), refused('"srve" is no command; did you mean "serve"?'));
});

test('an option that is misspelt is told with the one that was meant', async () => {
  const { code, err } = await goodgate('serve', '--confg', 'x');
  assert.equal(code, 2);
  const help = 'Run "goodgate serve --help" for its options.';
  assert.equal(err, `goodgate serve: unknown option '--confg'\n(Did you mean --config?)\n${help}\n`);
});

test('serve refuses a config that is missing', async () => {
  assert.deepEqual(
    await goodgate('serve', '--config', 'goodgate.yml'),
    refused('goodgate.yml: there is no such file; expected a config in YAML'),
  );
});

test('serve refuses a config that names an unknown target, with the line and the nearest', async () => {
  const lines = ['targets:', '  house: { dialect: openai, url: "http://127.0.0.1:9/v1" }', 'routes:'];
  writeFileSync(join(folder, 'wrong.yaml'), [...lines, '  - pools: [{ targets: [huose] }]', ''].join('\n'));
  assert.deepEqual(
    await goodgate('serve', '--config', 'wrong.yaml'),
    refused('wrong.yaml:4: "huose" is not a target; did you mean "house"?'),
  );
});

test('serve refuses an address that is none, before anything is started', async () => {
  assert.deepEqual(
    await goodgate('serve', '--listen', 'nonsense'),
    refused('--listen nonsense: expected an address and a port such as 127.0.0.1:5020'),
  );
});

test('serve refuses a port that is in use, and ends', async () => {
  const holder = createServer();
  await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
  const address = holder.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const data = await goodgate('serve', '--listen', `127.0.0.1:${port}`);
  writeFileSync(join(folder, 'admin.yaml'), `listen: 127.0.0.1:0\nadmin: 127.0.0.1:${port}\n`);
  const admin = await goodgate('serve', '--config', 'admin.yaml');
  holder.close();
  const inUse = `127.0.0.1:${port} is in use by another process; stop that one, or choose another`;
  const other = `127.0.0.1:${port + 1}`;
  assert.deepEqual(data, refused(`${inUse} with --listen ${other}`));
  assert.deepEqual(admin, refused(`${inUse} for the admin port with "admin: ${other}" in the config`));
});

test('the reference names every command, argument and option', () => {
  const text = cliReference(program);
  for (const command of program.commands) {
    assert.match(text, new RegExp(`^## goodgate ${command.name()}$`, 'm'));
    for (const option of command.options) assert.ok(text.includes(`| \`${option.flags}\` |`), option.flags);
  }
});
