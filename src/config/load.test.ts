// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asyncProperty, assert as check, constantFrom, integer, string } from 'fast-check';
import { faultLines } from './fault.ts';
import { type Loaded, loadConfig } from './load.ts';

const ENV = { OPENAI_API_KEY: 'sk-S3CR3T-openai', ANTHROPIC_API_KEY: 'sk-S3CR3T-anthropic' };

const load = (text: string): Promise<Loaded> =>
  loadConfig({ files: { read: async () => text }, env: ENV }, 'goodgate.yaml');

async function failing(code: string | undefined): Promise<string[]> {
  const read = async () => {
    throw code === undefined ? new Error('broken') : Object.assign(new Error(code), { code });
  };
  const loaded = await loadConfig({ files: { read }, env: {} }, 'conf/goodgate.yaml');
  return loaded.kind === 'faults' ? faultLines(loaded.faults) : [];
}

test('a file that cannot be read is told in one sentence', async () => {
  assert.deepEqual(await failing('ENOENT'), ['conf/goodgate.yaml: there is no such file; expected a config in YAML']);
  assert.deepEqual(await failing('EACCES'), ['conf/goodgate.yaml: may not be read by this user']);
  assert.deepEqual(await failing('EISDIR'), ['conf/goodgate.yaml: is a folder; expected a file']);
  assert.deepEqual(await failing('EIO'), ['conf/goodgate.yaml: cannot be read (EIO)']);
  assert.deepEqual(await failing(undefined), ['conf/goodgate.yaml: cannot be read']);
});

const CERTIFICATE = readFileSync(join(import.meta.dirname, '..', 'http1', 'fixtures', 'good.pem'), 'utf8');

test('files that a config names are looked for in its own folder', async () => {
  const asked: string[] = [];
  const read = async (path: string) => {
    asked.push(path);
    return path.endsWith('.yaml') ? 'targets: { a: { dialect: openai, tls: { ca: certs/ca.pem } } }' : CERTIFICATE;
  };
  const loaded = await loadConfig({ files: { read }, env: {} }, '/etc/goodgate/goodgate.yaml');
  assert.equal(loaded.kind, 'config');
  assert.deepEqual(asked, ['/etc/goodgate/goodgate.yaml', '/etc/goodgate/certs/ca.pem']);
});

test('a file that is too large, too deep or made of aliases is refused soon', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const letter of 'bcdefghi') {
    const former = String.fromCharCode(letter.charCodeAt(0) - 1);
    bomb.push(`${letter}: &${letter} [${Array(10).fill(`*${former}`).join(', ')}]`);
  }
  for (const text of ['x'.repeat(2_000_000), '['.repeat(50_000), '{a: '.repeat(50_000), bomb.join('\n')]) {
    const loaded = await load(text);
    assert.equal(loaded.kind, 'faults', text.slice(0, 20));
  }
});

test('a BOM and Windows line ends change nothing', async () => {
  const loaded = await load(
    '\ufefflisten: 127.0.0.1:1\r\ntargets:\r\n  a: { dialect: openai }\r\n  b: { dialect: opena }\r\n',
  );
  assert.equal(loaded.kind === 'faults' && loaded.faults[0].line, 4);
});

// The cases are the corpus: whatever is cut out of them, put in or swapped, there is a config or at least one fault, and no secret.
const CASES = join(import.meta.dirname, 'cases');
const CORPUS = readdirSync(CASES).map((name) => readFileSync(join(CASES, name), 'utf8').split('----------\n')[0] ?? '');
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '"',
  "'",
  '\n',
  '  ',
  '*',
  '&a ',
  '${',
  '}',
  '${OPENAI_API_KEY}',
  'null',
  '0',
  '#',
  '|',
  '\t',
];

test('whatever the file contains, loading it ends with a config or with faults, and shows no secret', async () => {
  await check(
    asyncProperty(
      constantFrom(...CORPUS),
      integer({ min: 0, max: 2_000 }),
      integer({ min: 0, max: 60 }),
      constantFrom(...PIECES),
      string({ unit: 'binary', maxLength: 4 }),
      async (text, at, length, piece, odd) => {
        const loaded = await load(text.slice(0, at) + piece + odd + text.slice(at + length));
        if (loaded.kind === 'config') return;
        assert.ok(loaded.faults.length > 0);
        for (const { message, line } of loaded.faults) {
          assert.ok(line >= 0 && message !== '' && message.length < 1_000 && !message.includes('\n'), message);
          assert.doesNotMatch(message, /S3CR3T-(openai|anthropic)/);
        }
      },
    ),
    { numRuns: 1_500 },
  );
});
