import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptSafety, callSafety } from './safety.ts';

test('an attempt that wrote nothing, or could not have, is not sent', () => {
  assert.equal(attemptSafety({ phase: 'send', bytesWritten: 0 }), 'not-sent');
  assert.equal(attemptSafety({ phase: 'connect' }), 'not-sent');
  assert.equal(attemptSafety({ phase: 'tls' }), 'not-sent');
});

test('a proxy that refuses the way has answered, and still nothing of the message has left', () => {
  for (const status of [407, 502]) {
    assert.equal(attemptSafety({ phase: 'proxy-connect', bytesWritten: 0, answer: { status } }), 'not-sent');
    // Without a tunnel the proxy was sent the message itself.
    assert.notEqual(attemptSafety({ phase: 'proxy-connect', bytesWritten: 9, answer: { status } }), 'not-sent');
  }
});

test('a single written byte without a whole answer puts the message in doubt', () => {
  assert.equal(attemptSafety({ phase: 'send', bytesWritten: 1 }), 'sent-unanswered');
  assert.equal(attemptSafety({ phase: 'body', bytesWritten: 500, answer: { status: 200 } }), 'sent-unanswered');
});

test('where nobody counted and it cannot be excluded, the message is in doubt', () => {
  assert.equal(attemptSafety({ phase: 'wait-head' }), 'sent-unanswered');
});

test('a refusal is an answer; a 500, 502 or 504 proves nothing about what was done', () => {
  for (const status of [400, 401, 429, 501, 503, 529]) {
    assert.equal(attemptSafety({ phase: 'head', bytesWritten: 9, answer: { status } }), 'answered', String(status));
  }
  for (const status of [500, 502, 504, 520, 524]) {
    assert.equal(
      attemptSafety({ phase: 'head', bytesWritten: 9, answer: { status } }),
      'sent-unanswered',
      String(status),
    );
  }
  assert.equal(
    attemptSafety({ phase: 'body', bytesWritten: 9, answer: { status: 200 }, isAnswerWhole: true }),
    'answered',
  );
});

test('one attempt in doubt puts the call in doubt, and no attempt means nothing was sent', () => {
  assert.equal(callSafety([]), 'not-sent');
  assert.equal(callSafety(['not-sent', 'not-sent']), 'not-sent');
  assert.equal(callSafety(['not-sent', 'answered']), 'answered');
  assert.equal(callSafety(['answered', 'sent-unanswered', 'not-sent']), 'sent-unanswered');
});
