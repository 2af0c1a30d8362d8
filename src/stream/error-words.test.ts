import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorWords } from './error-words.ts';

const of = (value: unknown) => errorWords(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

test('the error is found in every shape in use', () => {
  assert.deepEqual(of({ error: { type: 'server_error', code: null, message: 'boom' } }), {
    type: 'server_error',
    message: 'boom',
  });
  assert.deepEqual(of({ error: { type: 'requests', code: 'rate_limit_exceeded', message: 'x' } }), {
    type: 'rate_limit_exceeded',
    message: 'x',
  });
  assert.deepEqual(of({ type: 'error', error: { type: 'overloaded_error', message: 'x' } }), {
    type: 'overloaded_error',
    message: 'x',
  });
  assert.deepEqual(of({ type: 'error', code: 'server_error', message: 'x' }), { type: 'server_error', message: 'x' });
  assert.deepEqual(of({ type: 'response.failed', response: { error: { code: 'server_error', message: 'x' } } }), {
    type: 'server_error',
    message: 'x',
  });
  assert.deepEqual(of({ object: 'error', code: 400, type: 'BadRequestError', message: 'x' }), {
    type: 'BadRequestError',
    message: 'x',
  });
  assert.deepEqual(of([{ error: { code: 503, status: 'UNAVAILABLE', message: 'x' } }]), { type: '', message: 'x' });
  assert.deepEqual(of({ error: 'broken' }), { type: '', message: 'broken' });
  assert.deepEqual(of('oh no'), { type: '', message: 'oh no' });
});

test('whatever comes is bounded and without control characters', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.json({ maxDepth: 2 })), (text) => {
      const { type, message } = of(text);
      assert.ok(type.length <= 80 && message.length <= 512);
      assert.doesNotMatch(type + message, /\p{Cc}/u);
    }),
  );
  assert.equal(of({ error: { message: 'x'.repeat(10_000) } }).message.length, 512);
});
