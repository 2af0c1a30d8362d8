import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import { type AnswerKind, entryOf, FAULT_WORDS, type Fault } from './faults.ts';
import { parseFault } from './parse-fault.ts';
import { causeOf, isBeforeFirstPart, isSpared } from './true-cause.ts';

function the(text: string): Fault {
  const parsed = parseFault(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.problem);
  return parsed.value;
}

test('with its default values each fault has the cause and the place that its entry says', () => {
  for (const word of FAULT_WORDS) {
    const entry = entryOf(word);
    assert.equal(causeOf(the(word)), entry.cause, word);
    assert.equal(isBeforeFirstPart(the(word)), entry.isBeforeFirstPart, word);
    assert.ok(causeOf(the(word), 'plain') in CATALOGUE, word);
    if (entry.plainCause !== undefined) assert.equal(causeOf(the(word), 'plain'), entry.plainCause, word);
  }
});

test('a plain answer is held whole, so there everything strikes before the first part', () => {
  for (const word of FAULT_WORDS) assert.equal(isBeforeFirstPart(the(word), 'plain'), true, word);
});

test('other values have other causes', () => {
  const cases: [string, AnswerKind, CauseCode][] = [
    ['status(429)', 'plain', 'rate-limited'],
    ['status(401)', 'plain', 'credential-refused'],
    ['status(418)', 'plain', 'request-rejected'],
    ['status(507)', 'plain', 'service-error'],
    ['html-error(502)', 'plain', 'service-bad-gateway'],
    ['html-error(504, nginx)', 'plain', 'service-timeout'],
    ['html-error(502, cloudflare)', 'plain', 'service-bad-gateway'],
    ['html-error(502, cloudflare-edge)', 'plain', 'edge-failed'],
    ['html-error(521, cloudflare)', 'plain', 'edge-failed'],
    ['html-error(524, cloudflare)', 'plain', 'service-timeout'],
    ['html-error(503, cloudflare)', 'plain', 'edge-failed'],
    ['html-error(403)', 'plain', 'front-door-blocked'],
    ['html-error(200)', 'plain', 'answer-html'],
    ['html-error(302)', 'plain', 'answer-redirected'],
    ['edge-error(504)', 'plain', 'service-timeout'],
    ['error-event(says=overloaded)', 'stream', 'service-overloaded'],
    ['error-event(unnamed)', 'stream', 'stream-error'],
    ['cut-after-events(0)', 'stream', 'stream-empty'],
    ['cut-after-events(3)', 'stream', 'stream-incomplete'],
    ['cut-after-events(3)', 'plain', 'answer-not-json'],
    ['cut-after-events(3, reset)', 'stream', 'body-cut'],
    ['cut-after-events(3, fin)', 'stream', 'body-incomplete'],
    ['stall-after-events(0)', 'stream', 'answer-timeout'],
    ['stall-after-events(1)', 'stream', 'stream-stall'],
    ['stall-after-events(1)', 'plain', 'body-stall'],
    ['wrong-content-length(too-short)', 'plain', 'answer-not-json'],
  ];
  for (const [text, kind, cause] of cases) assert.equal(causeOf(the(text), kind), cause, `${text} ${kind}`);
});

test('a count of zero strikes before the first part, any other after it', () => {
  for (const word of [
    'stall-after-events',
    'cut-after-events',
    'error-event',
    'invalid-json-event',
    'bad-chunk-size',
  ]) {
    assert.equal(isBeforeFirstPart(the(`${word}(0)`)), true, word);
    assert.equal(isBeforeFirstPart(the(`${word}(1)`)), false, word);
  }
  assert.equal(isBeforeFirstPart(the('reset-after-bytes(0)')), true);
  assert.equal(isBeforeFirstPart(the('reset-after-bytes(1)')), false);
});

test('what only delays or only leaves out the very last word spares the answer', () => {
  for (const text of ['slow-head(5)', 'slow-drip', 'missing-done', 'idle-close']) {
    assert.equal(isSpared(the(text), 'stream'), true, text);
  }
  assert.equal(isSpared(the('wrong-content-length(too-long)'), 'stream'), true);
  assert.equal(isSpared(the('wrong-content-length(too-long)'), 'plain'), false);
  assert.equal(isSpared(the('invalid-json-event(extra)'), 'stream'), true);
  assert.equal(isSpared(the('invalid-json-event'), 'stream'), false);
  assert.equal(isSpared(the('cut-after-events'), 'stream'), false);
});
