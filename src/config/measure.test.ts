import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, integer, property } from 'fast-check';
import { DURATION_MS_MAX, durationWords, parseDuration, parsePercent, parseSize, sizeWords } from './measure.ts';

test('durations are read in every unit, and a bare number is milliseconds', () => {
  assert.equal(parseDuration('500ms'), 500);
  assert.equal(parseDuration('1.5s'), 1_500);
  assert.equal(parseDuration('2m'), 120_000);
  assert.equal(parseDuration('24h'), DURATION_MS_MAX);
  assert.equal(parseDuration(250), 250);
  assert.equal(parseDuration(0), 0);
});

test('what is no duration is undefined', () => {
  for (const wrong of [
    '',
    '10',
    '10 s',
    '-1s',
    '1d',
    '25h',
    's',
    '1e3s',
    '10S',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.equal(parseDuration(wrong), undefined, String(wrong));
  }
});

test('a printed duration is read as the same duration', () => {
  check(property(integer({ min: 0, max: DURATION_MS_MAX }), (ms) => parseDuration(durationWords(ms)) === ms));
  assert.equal(durationWords(90_000), '90s');
  assert.equal(durationWords(600_000), '10m');
  assert.equal(durationWords(0), '0ms');
});

test('sizes are read in powers of two and of ten, and printed back exactly', () => {
  assert.equal(parseSize('32MiB'), 33_554_432);
  assert.equal(parseSize('1MB'), 1_000_000);
  assert.equal(parseSize('1 MB'), undefined);
  check(property(integer({ min: 0, max: 999_999_999 }), (bytes) => parseSize(sizeWords(bytes)) === bytes));
});

test('shares are percent from 0 to 100', () => {
  assert.equal(parsePercent('20%'), 0.2);
  assert.equal(parsePercent('12.5%'), 0.125);
  assert.equal(parsePercent('100%'), 1);
  for (const wrong of ['101%', '20', '0.2', '-1%', '%']) assert.equal(parsePercent(wrong), undefined, wrong);
});
