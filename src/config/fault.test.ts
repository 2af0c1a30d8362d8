import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { type ConfigFault, FAULTS_MAX, faultLine, faultLines, nearest, quoted } from './fault.ts';

const WORDS = ['balance', 'targets', 'model', 'key', 'keys', 'hot-standby'];

test('the nearest word is found over slips of the finger, case and underscores', () => {
  assert.equal(nearest('ballance', WORDS), 'balance');
  assert.equal(nearest('TARGET', WORDS), 'targets');
  assert.equal(nearest('hot_standby', WORDS), 'hot-standby');
  assert.equal(nearest('standby', WORDS), 'hot-standby');
  assert.equal(nearest('kye', WORDS), 'key');
});

test('a word that resembles none gets no guess', () => {
  assert.equal(nearest('colour', WORDS), undefined);
  assert.equal(nearest('xy', WORDS), undefined);
  assert.equal(nearest('', WORDS), undefined);
});

test('what is quoted is one bounded line of visible characters', () => {
  check(
    property(string({ unit: 'binary', maxLength: 300 }), (text) => /^"[^\p{Cc}\u202e]{0,61}"$/u.test(quoted(text))),
  );
});

test('what looks like a key is not quoted', () => {
  assert.equal(quoted('sk-proj-abcdefghij0123456789'), '"***"');
  assert.equal(quoted('use sk-proj-abcdefghij0123456789 here'), '"use *** here"');
  assert.equal(quoted('https://x.openai.azure.com'), '"https://x.openai.azure.com"');
});

test('a fault is one line that an editor can jump to', () => {
  assert.equal(faultLine({ file: 'g.yaml', line: 7, column: 3, message: 'is wrong' }), 'g.yaml:7: is wrong');
  assert.equal(faultLine({ file: 'g.yaml', line: 0, column: 0, message: 'is empty' }), 'g.yaml: is empty');
});

test('faults are told in the order of the file, each once, and only so many', () => {
  const faults = Array.from(
    { length: 50 },
    (_, index): ConfigFault => ({ file: 'g', line: 50 - index, column: 1, message: 'x' }),
  );
  const lines = faultLines([...faults, ...faults]);
  assert.equal(lines.length, FAULTS_MAX + 1);
  assert.equal(lines[0], 'g:1: x');
  assert.equal(lines.at(-1), '… and 30 more');
});
