import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateLine } from './date.ts';

test('the date is made once a second and follows the clock also backwards', () => {
  let wallMs = 784_111_777_000;
  const line = dateLine({ now: () => 0, wallMs: () => wallMs });
  assert.equal(line(), 'date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
  wallMs += 999;
  assert.equal(line(), 'date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
  wallMs += 1;
  assert.equal(line(), 'date: Sun, 06 Nov 1994 08:49:38 GMT\r\n');
  wallMs -= 5000;
  assert.equal(line(), 'date: Sun, 06 Nov 1994 08:49:33 GMT\r\n');
});
