import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { differences } from './diagnosis.testing.ts';
import { tryRecipes } from './taxonomy.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'goodgate-taxonomy-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('each row of the taxonomy that the fault vocabulary does not play reaches the caller as what it is', async () => {
  const wrong = (await tryRecipes(join(folder, 'plain.yaml'))).flatMap((tried) =>
    differences(tried).map((said) => `${tried.trial.fault}: ${said} (${tried.got.slice(0, 300)})`),
  );
  assert.deepEqual(wrong, []);
});

test('where an edge would replace 502 and 504, each of them leaves as 503 and keeps its RFC 9209 type', async () => {
  for (const { trial, truth, observed, got } of await tryRecipes(join(folder, 'edge.yaml'), true)) {
    const status = truth.status === 502 || truth.status === 504 ? 503 : truth.status;
    assert.equal(observed?.status, status, `${trial.fault}: ${got}`);
    assert.match(got, new RegExp(`^${status} [^{]*goodgate-[0-9a-f]+;[^,]* ?error=${truth.proxyError}`), trial.fault);
    assert.match(got, new RegExp(`"status":${status}`), 'RFC 9457 §3.1.2: the member is the status really sent');
  }
});
