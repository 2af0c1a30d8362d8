import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { drift, MUTATIONS, mutated } from '../../proof/mutations.data.ts';

const SRC = join(import.meta.dirname, '..');

function textOf(file: string): string | undefined {
  const path = join(SRC, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

for (const mutation of MUTATIONS) {
  // Whoever changes such a line changes the mutation with it, or the proof that the drill sees the mistake is lost unnoticed.
  test(`the text that the mutation ${mutation.name} changes stands once in src/${mutation.file}, and what it makes of it is code`, () => {
    const text = textOf(mutation.file);
    assert.equal(drift(mutation, text), undefined);
    assert.doesNotThrow(() => stripTypeScriptTypes(mutated(mutation, text ?? '')));
  });
}

test('a text that is gone, doubled or not changed is told', () => {
  const mutation = { name: 'm', tells: '', file: 'a.ts', from: 'x', to: 'y' };
  assert.equal(drift(mutation, 'a x b'), undefined);
  assert.match(drift(mutation, 'a b') ?? '', /^m: the text to change stands 0 times in src\/a\.ts, not once: "x"$/);
  assert.match(drift(mutation, 'x x') ?? '', /stands 2 times/);
  assert.match(drift(mutation, undefined) ?? '', /there is no file src\/a\.ts/);
  assert.match(drift({ ...mutation, to: 'x' }, 'x') ?? '', /changes nothing/);
});

test('there are twenty changes or more, each with a name of its own', () => {
  assert.ok(MUTATIONS.length >= 20);
  assert.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length);
});
