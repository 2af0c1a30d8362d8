// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is how the config itself is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { fillReferences, hideReferences, type ReferenceFault, shownAsWritten } from './environment.ts';

const ENV = { A: 'one', EMPTY: '', ODD: '${B} $& $1 } \ue000\ue001\ue002' };

function filled(text: string): { value: string; faults: ReferenceFault[]; values: string[] } {
  const faults: ReferenceFault[] = [];
  const values: string[] = [];
  const hidden = hideReferences(text);
  const value = fillReferences(
    hidden.text,
    hidden.marks,
    ENV,
    (each) => values.push(each),
    (fault) => faults.push(fault),
  );
  return { value, faults, values };
}

test('references are filled in wherever they stand', () => {
  assert.equal(filled('${A}').value, 'one');
  assert.equal(filled('x${A}${A}y').value, 'xoneoney');
  assert.deepEqual(filled('${A}').values, ['one']);
});

test('$${ is a plain ${, with and without its end', () => {
  assert.equal(filled('$${A} ${A}').value, '${A} one');
  assert.equal(filled('a $${ b').value, 'a ${ b');
});

test('a value is taken as it is, whatever it contains', () => {
  assert.equal(filled('<${ODD}>').value, `<${ENV.ODD}>`);
});

test('a reference without a value is told, with the reason', () => {
  assert.deepEqual(filled('${NOPE}').faults, [{ name: 'NOPE', why: 'not-set' }]);
  assert.deepEqual(filled('${EMPTY}').faults, [{ name: 'EMPTY', why: 'empty' }]);
  assert.deepEqual(filled('${a-b}').faults, [{ name: 'a-b', why: 'no-name' }]);
  assert.deepEqual(filled('${toString}').faults, [{ name: 'toString', why: 'not-set' }]);
});

test('hiding changes neither length nor lines, and can be shown as written', () => {
  check(
    property(string({ unit: 'binary', maxLength: 60 }), string({ maxLength: 8 }), (before, name) => {
      const text = `${before}\${${name}}\n$\${X} $\${${before}`;
      const hidden = hideReferences(text);
      assert.equal(hidden.text.length, text.length);
      assert.equal(hidden.text.split('\n').length, text.split('\n').length);
      assert.equal(shownAsWritten(hidden.text, hidden.marks), text);
    }),
  );
});

test('text that uses the marks itself gets other marks', () => {
  assert.equal(filled('\ue000\ue001\ue002${A}').value, '\ue000\ue001\ue002one');
});
