import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { realWorld } from '../world/real.ts';
import { CALLERS_TO_MEND, SURVIVABLE, survive } from './survive.testing.ts';

/** `npm run test:faults` makes a thousand; here enough that each fault meets pooled and fresh connections, plain and streamed. */
const CALLS = 48;

const folder = mkdtempSync(join(tmpdir(), 'goodgate-survive-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const { name, fault } of SURVIVABLE) {
  test(`every call is answered while one of two targets does this to each of its own: ${name}`, async () => {
    const survival = await survive(realWorld(), fault, CALLS, join(folder, `${name}.yaml`));
    assert.deepEqual(survival.complaints, []);
    assert.equal(survival.right, CALLS);
  });
}

test('only what a caller has to change itself is left out', () => {
  assert.deepEqual(
    CALLERS_TO_MEND.map(({ name }) => name),
    ['context-too-long', 'content-refused', 'status(400)', 'status(404)', 'status(422)'],
  );
});
