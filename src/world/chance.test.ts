import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realChance } from './chance.ts';

test('ids are 32 hex digits, and no two are alike', () => {
  const chance = realChance();
  const ids = Array.from({ length: 3000 }, () => chance.id());
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(ids).size, ids.length);
});
