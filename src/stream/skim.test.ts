import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Skim } from './skim.ts';

const PATHS = ['id', 'choices.delta.content', 'choices.finish_reason', 'usage', 'choices', 'error'] as const;
const skim = new Skim(PATHS);

function isWhole(text: string): boolean {
  const bytes = Buffer.from(`xx${text}yy`);
  return skim.read(bytes, 2, bytes.length - 2);
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What was found, by path, read back as JSON. */
function found(text: string): Record<string, unknown> {
  const bytes = Buffer.from(text);
  assert.ok(skim.read(bytes, 0, bytes.length), text);
  const values: Record<string, unknown> = {};
  PATHS.forEach((path, slot) => {
    const from = skim.from[slot] ?? -1;
    if (from >= 0) values[path] = JSON.parse(bytes.toString('utf8', from, skim.to[slot]));
  });
  return values;
}

test('it accepts every text that JSON.stringify makes, with and without white space', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t', '\r\n'), (text, space) => {
      assert.ok(isWhole(JSON.stringify(JSON.parse(text), undefined, space)));
    }),
  );
});

test('it agrees with JSON.parse on texts that were damaged in one place', () => {
  const damage = fc.tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom(
      '',
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      'nul',
      '\n',
      ' ',
      '\\u12',
      '\u0001',
    ),
    fc.nat(2),
  );
  fc.assert(
    fc.property(damage, ([text, where, piece, cut]) => {
      const at = where % (text.length + 1);
      const damaged = text.slice(0, at) + piece + text.slice(at + cut);
      assert.equal(isWhole(damaged), isParsed(damaged), damaged);
    }),
    { numRuns: 3000 },
  );
});

test('it agrees with JSON.parse on short texts made of the bytes that matter', () => {
  const piece = fc.constantFrom(
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '1',
    '-',
    '+',
    '.',
    'e',
    'E',
    'true',
    'null',
    'false',
    ' ',
    '\n',
    '\\u00e9',
    'a',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join('');
      assert.equal(isWhole(text), isParsed(text), text);
    }),
    { numRuns: 5000 },
  );
});

test('every cut of a text is refused', () => {
  const text =
    '{"id":"x","n":-12.5e+3,"choices":[{"delta":{"content":"a\\"b\\u00e9"},"finish_reason":null}],"t":[true,false,{}]}';
  for (let at = 0; at < text.length; at++) assert.equal(isWhole(text.slice(0, at)), false, text.slice(0, at));
});

test('it finds the paths and nothing that only looks like them', () => {
  assert.deepEqual(
    found(
      '{ "id" : "a" , "choices":[{"delta":{"content":"say \\"finish_reason\\":\\"stop\\" now","other":{"content":"no"}},"finish_reason":null}],"usage":{"n":[1,{"id":"deep"}]}}',
    ),
    {
      id: 'a',
      choices: [
        {
          delta: { content: 'say "finish_reason":"stop" now', other: { content: 'no' } },
          finish_reason: null,
        },
      ],
      'choices.delta.content': 'say "finish_reason":"stop" now',
      'choices.finish_reason': null,
      usage: { n: [1, { id: 'deep' }] },
    },
  );
  assert.equal(skim.isRepeated, false);
});

test('several choices are reported as such', () => {
  found('{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}');
  assert.equal(skim.isRepeated, true);
});

test('a key written with escapes is reported where it could be one of ours', () => {
  found('{"\\u0069d":"a"}');
  assert.equal(skim.hasEscapedKey, true);
  found('{"x":{"\\u0069d":"a"}}');
  assert.equal(skim.hasEscapedKey, false);
});

test('nesting beyond the bound is refused without a deep stack', () => {
  assert.ok(isWhole('['.repeat(128) + ']'.repeat(128)));
  assert.equal(isWhole('['.repeat(129) + ']'.repeat(129)), false);
  assert.equal(isWhole('['.repeat(1_000_000)), false);
});
