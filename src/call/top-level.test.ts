import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTopLevel, withModel } from './top-level.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('model and stream are read as JSON.parse would read them, from any valid object', () => {
  const key = fc.oneof(fc.constantFrom('model', 'stream', 'messages'), fc.string());
  const value = fc.oneof(fc.string(), fc.boolean(), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), fc.constantFrom(undefined, 1, '\t'), (entries, indent) => {
      const text = JSON.stringify(Object.fromEntries(entries), undefined, indent);
      const parsed = JSON.parse(text);
      const read = readTopLevel(bytesOf(text));
      assert.ok(read);
      assert.equal(read.model, typeof parsed.model === 'string' ? parsed.model : undefined);
      assert.equal(read.isStream, parsed.stream === true);
    }),
  );
});

test('keys and models written with escapes are understood', () => {
  const read = readTopLevel(
    bytesOf('{"mod\\u0065l":"gpt\\u002d4","\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d": true}'),
  );
  assert.equal(read?.model, 'gpt-4');
  assert.equal(read?.isStream, true);
});

test('of two equal keys the last one counts, and a nested one never', () => {
  const read = readTopLevel(
    bytesOf('{"model":"a","x":{"model":"b","stream":true},"model":"c","y":["\\"}",{"model":"d"}]}'),
  );
  assert.equal(read?.model, 'c');
  assert.equal(read?.isStream, false);
});

test('what is no JSON object is refused', () => {
  for (const text of [
    '',
    ' ',
    '[]',
    '"x"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}x',
    '{"a":"b}',
    '{a:1}',
    'hello',
  ]) {
    assert.equal(readTopLevel(bytesOf(text)), undefined, text);
  }
});

test('another model takes the place of the first, and no other byte changes', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.jsonValue(), (model, other, rest) => {
      const text = JSON.stringify({ rest, model, stream: true });
      const body = bytesOf(text);
      const at = readTopLevel(body)?.modelAt;
      assert.ok(at);
      assert.equal(
        new TextDecoder().decode(withModel(body, at, other)),
        JSON.stringify({ rest, model: other, stream: true }),
      );
    }),
  );
});

test('texts of any length, with escapes and quotes anywhere in them, are passed over whole', () => {
  for (const odd of ['\\', '"', '\n', '\\"', '"\\', '\\\\"', 'é']) {
    for (let before = 0; before < 110; before += 1) {
      const content = `${'x'.repeat(before)}${odd}${'y'.repeat(70)}${odd}`;
      const text = JSON.stringify({ messages: [{ content, model: 'not this' }, content], model: 'm', stream: true });
      const top = readTopLevel(Buffer.from(text));
      assert.equal(top?.model, 'm', `${odd} after ${before}`);
      assert.equal(top.isStream, true);
      // The same, cut inside the last text, is no object.
      assert.equal(readTopLevel(Buffer.from(`{"a":${JSON.stringify(content).slice(0, -1)}`)), undefined);
    }
  }
});
