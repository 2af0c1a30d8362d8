import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, constantFrom, property } from 'fast-check';
import { covers, matchesAny, matchesGlob } from './glob.ts';

const text = array(constantFrom('a', 'b', '.', '-'), { maxLength: 8 }).map((letters) => letters.join(''));
const glob = array(constantFrom('a', 'b', '.', '*'), { maxLength: 6 }).map((letters) => letters.join(''));

test('a glob matches what the regular expression it stands for matches', () => {
  check(
    property(glob, text, (pattern, subject) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      return matchesGlob(pattern, subject) === expression.test(subject);
    }),
    { numRuns: 2_000 },
  );
});

test('a glob that covers another matches whatever that matches', () => {
  check(
    property(glob, glob, text, (wide, narrow, subject) => {
      if (covers(wide, narrow) && matchesGlob(narrow, subject)) assert.ok(matchesGlob(wide, subject));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(covers('gpt-*', 'gpt-5*'));
  assert.ok(!covers('gpt-5*', 'gpt-*'));
});

test('no glob at all matches everything', () => {
  assert.ok(matchesAny([], 'x'));
  assert.ok(matchesAny(['a', 'x*'], 'xyz'));
  assert.ok(!matchesAny(['a', 'b'], 'xyz'));
});

test('many stars over a long text end soon', () => {
  assert.ok(!matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(10_000)));
});
