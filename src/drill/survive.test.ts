import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CATALOGUE } from '../diagnosis/catalogue.ts';
import { realWorld } from '../world/real.ts';
import { entryOf, FAULT_WORDS } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import { survive } from './survive.testing.ts';

/** `npm run test:faults` makes a thousand; here enough that each fault meets pooled and fresh connections, plain and streamed. */
const CALLS = 48;

const folder = mkdtempSync(join(tmpdir(), 'goodgate-survive-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Faults that strike before the first part by their parameters. */
const EARLY = [
  'stall-after-events(0)',
  'cut-after-events(0)',
  'status(401)',
  'status(413)',
  'status(429)',
  'status(529)',
];

/** A call that its own target refuses for the call's sake is the caller's to change: it goes no further. */
const MENDABLE = FAULT_WORDS.filter((word) => {
  const { isBeforeFirstPart, cause } = entryOf(word);
  return isBeforeFirstPart && CATALOGUE[cause].retry.ours !== 'never';
});

for (const word of [...MENDABLE, ...EARLY]) {
  test(`every call is answered while one of two targets does this to each of its own: ${word}`, async () => {
    const fault = parseFault(word);
    assert.ok(fault.ok);
    const survival = await survive(realWorld(), fault.value, CALLS, join(folder, `${word}.yaml`));
    assert.deepEqual(survival.complaints, []);
    assert.equal(survival.right, CALLS);
  });
}
