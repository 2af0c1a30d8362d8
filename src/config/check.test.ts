// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Checked, checkConfig } from './check.ts';

const check = (text: string): Promise<Checked> =>
  checkConfig({ files: { read: async () => text }, env: { KEY: 'sk-S3CR3T-key' } }, 'g.yaml');

test('a config that cannot be loaded is exit code 2, with every fault', async () => {
  const { lines, exitCode, json } = await check('lisen: x\nlog: { level: loud }');
  assert.equal(exitCode, 2);
  assert.deepEqual(lines, [
    'g.yaml:1: "lisen" is not a known setting of the config; did you mean "listen"?',
    'g.yaml:2: level is "loud"; expected one of off, error, warn, info, debug',
  ]);
  assert.equal(json.faults.length, 2);
  assert.equal(json.settings, undefined);
});

test('warnings do not fail the check, and the last line sums up', async () => {
  const { lines, exitCode, json } = await check('targets: { a: { dialect: openai, key: "${KEY}" } }');
  assert.equal(exitCode, 0);
  assert.match(lines[0] ?? '', /^g\.yaml:1: warning: .*\(single-point\)$/);
  assert.equal(lines.at(-1), 'g.yaml can be run: 1 target, 1 route, 1 warning.');
  assert.equal(json.warnings[0]?.rule, 'single-point');
  assert.equal(json.settings?.targets[0]?.credential[1], '***');
});

test('what is said holds no secret, in text or JSON', async () => {
  const checked = await check(
    'targets: { a: { dialect: openai, url: "https://x.example/${KEY}/v1", key: "${KEY}", model: "${KEY}" } }',
  );
  assert.equal(checked.exitCode, 0);
  assert.doesNotMatch(JSON.stringify(checked), /S3CR3T/);
});

test('a config without targets can be run', async () => {
  const { lines, exitCode } = await check('listen: 127.0.0.1:1');
  assert.equal(exitCode, 0);
  assert.deepEqual(lines, ['g.yaml can be run: no targets, so Goodgate will look for some, no routes, no warnings.']);
});
