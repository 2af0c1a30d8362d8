import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { differences, FAULTS, type Tongue, type Trial, type Tried, tryAll } from './diagnosis.testing.ts';
import { futileSteps, scoreOf } from './diagnosis-score.testing.ts';

/** `npm run test:diagnosis` plays every fault in every way; here each once plain and once as a stream, the ways in turn. */
const TONGUES: readonly Tongue[] = ['openai', 'anthropic', 'azure-openai'];
const TRIALS: readonly Trial[] = FAULTS.flatMap((fault, index) => [
  { fault, kind: 'plain' as const, tongue: TONGUES[index % 3] ?? 'openai', isTls: index % 4 === 0 },
  { fault, kind: 'stream' as const, tongue: TONGUES[(index + 1) % 3] ?? 'openai', isTls: index % 4 === 2 },
]);

const folder = mkdtempSync(join(tmpdir(), 'goodgate-diagnosis-'));
let tried: readonly Tried[] = [];
before(async () => {
  tried = await tryAll(realWorld(), TRIALS, join(folder, 'goodgate.yaml'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('each fault on the only target reaches the caller with its true code, hop, side, status, type, retry and safety', () => {
  const wrong = tried.flatMap((one) =>
    differences(one).map((said) => `${one.trial.fault} ${one.trial.kind} ${one.trial.tongue}: ${said}`),
  );
  assert.deepEqual(wrong, []);
});

test('the trials are not a walkover: most of them fail, and with many different causes', () => {
  const score = scoreOf(tried);
  assert.ok(score.failed > score.trials * 0.9, `${score.failed} of ${score.trials}`);
  assert.ok(score.confusion.size > 30, `${score.confusion.size} causes`);
  assert.equal(score.gatewayBugs, 0);
});

test('no step is shown that cannot help, where the ladder of folk advice shows one nearly always', () => {
  const score = scoreOf(tried);
  const futile = tried.flatMap((one) => futileSteps(one).map((text) => `${one.trial.fault}: ${text}`));
  assert.deepEqual(futile, []);
  assert.ok(tried.filter(({ steps }) => steps.length > 0).length > score.failed * 0.95);
  assert.ok(score.futileFolk > score.failed * 0.9, `${score.futileFolk} of ${score.failed}`);
});
