import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strangerLog } from './stranger-log.ts';

test('a bug is told by its kind and place, never by its message', () => {
  const lines: string[] = [];
  const log = strangerLog((line) => lines.push(line), { now: () => 0, wallMs: () => 0 });
  log(new RangeError('my private prompt'));
  log('a string');
  assert.match(lines[0] ?? '', /RangeError at .*stranger-log\.test\.ts/);
  assert.doesNotMatch(lines.join('\n'), /private/);
  assert.match(lines[1] ?? '', /a thrown string$/);
});

test('a storm of them is five lines a second and a count', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = strangerLog((line) => lines.push(line), { now: () => nowMs, wallMs: () => 0 });
  for (let i = 0; i < 100; i += 1) log(new Error('x'));
  assert.equal(lines.length, 5);
  nowMs = 1000;
  log(new Error('x'));
  assert.equal(lines[5], 'goodgate: 95 more bugs were met in the last second');
  assert.equal(lines.length, 7);
});
