import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Splice, type Tolerance } from './splice.ts';

/** What is let through of a text that comes in pieces; `diverged` when it is another one, `short` when it ends before all was met. */
function splice(said: string, text: string, cuts: readonly number[], tolerance: Tolerance): string | undefined {
  const splicing = new Splice(said, tolerance);
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort((a, b) => a - b);
  let through = '';
  for (let i = 1; i < edges.length; i++) {
    const spliced = splicing.take(text.slice(edges[i - 1], edges[i]));
    if (spliced.kind === 'diverged') {
      assert.equal(through, '', 'something was let through before the difference was found');
      return undefined;
    }
    if (spliced.kind === 'past') through += spliced.rest;
  }
  return splicing.isPast ? through : undefined;
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', ' ', '\n', '.', 'é', '💥'), maxLength: 40 });
const cuts = fc.array(fc.nat(60), { maxLength: 8 });

test('exact: the same text cut anywhere is joined again to itself, however it comes', () => {
  fc.assert(
    fc.property(text, fc.nat(60), cuts, fc.constantFrom('exact', 'loose'), (whole, cut, at, tolerance) => {
      const said = whole.slice(0, cut % (whole.length + 1));
      assert.equal(splice(said, whole, at, tolerance), whole.slice(said.length));
    }),
    { numRuns: 3000 },
  );
});

test('exact: it diverges if and only if what was said is not how the text begins', () => {
  fc.assert(
    fc.property(text, text, cuts, (said, whole, at) => {
      const expected = whole.startsWith(said) ? whole.slice(said.length) : undefined;
      assert.equal(splice(said, whole, at, 'exact'), expected);
    }),
    { numRuns: 3000 },
  );
});

test('what is let through does not depend on how the text comes', () => {
  fc.assert(
    fc.property(text, text, cuts, (said, whole, at) => {
      assert.equal(splice(said, whole, at, 'loose'), splice(said, whole, [], 'loose'));
    }),
    { numRuns: 3000 },
  );
});

test('loose: other white space and other case are tolerated, and the new words come whole', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
  const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\t'), minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(word, space, space, fc.boolean()), { minLength: 1, maxLength: 8 }),
      text,
      cuts,
      (words, more, at) => {
        const said = words.map(([each, one]) => each + one).join('');
        const again = words.map(([each, , other, isUpper]) => (isUpper ? each.toUpperCase() : each) + other).join('');
        const through = splice(said, `${again}.${more}`, at, 'loose');
        // White space at the seam may belong to either side; from the first new word on nothing is missing.
        assert.equal(through?.trimStart(), `.${more}`);
      },
    ),
    { numRuns: 2000 },
  );
});

test('loose: another word, a missing space and an extra one inside a word are differences', () => {
  assert.equal(splice('one two', 'one tow', [], 'loose'), undefined);
  assert.equal(splice('one two', 'onetwo three', [], 'loose'), undefined);
  assert.equal(splice('onetwo', 'one two', [], 'loose'), undefined);
  assert.equal(splice('One Two', 'one two three', [], 'exact'), undefined);
  assert.equal(splice('One  Two', 'one\ntwo three', [], 'loose'), ' three');
  assert.equal(splice('Hello ', 'Hello \n\nworld', [], 'loose'), '\n\nworld');
});

test('a text that ends before all was met is not joined', () => {
  assert.equal(splice('one two', 'one', [1, 2], 'exact'), undefined);
  assert.equal(splice('one two', 'one two', [1, 2], 'exact'), '');
});
