import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../call/failure.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Answer, Evidence } from '../diagnosis/evidence.ts';
import { failureAnswer, findingBehind, streamBreak } from './failure-answer.ts';

const CONTEXT = { requestId: 'r1', attempts: 2, isCallerCredential: false };
const QUEUED: Evidence = { phase: 'queue', firstEvent: 'answer' };

function answered(status: number, body: string): Evidence {
  const answer: Answer = { status, fields: ['content-type', 'application/json'], body: new TextEncoder().encode(body) };
  return { phase: 'body', firstEvent: 'answer', answer, bytesWritten: 10 };
}

function failure(evidence: Evidence, code?: CauseCode): Failure {
  return new Failure(code ?? findingBehind(new Failure('gateway-bug', evidence)).code, evidence);
}

test('every cause becomes a status from 400 to 599, a body of its code in each shape, and nothing undefined', () => {
  for (const code of Object.keys(CATALOGUE) as CauseCode[]) {
    const finding = findingBehind(new Failure(code, QUEUED));
    assert.equal(finding.code, code);
    for (const shape of ['openai', 'anthropic', 'problem', 'page'] as const) {
      const answer = failureAnswer(finding, shape, CONTEXT);
      assert.ok(answer.status >= 400 && answer.status < 600, `${code}: ${answer.status}`);
      const body = JSON.parse(answer.body);
      assert.equal(body.goodgate_code, code);
      assert.equal(body.status, answer.status);
      assert.ok(!answer.body.includes('undefined'), answer.body);
    }
  }
});

test("what the service says of the request reaches the caller with the service's own status and words", () => {
  const evidence = answered(
    422,
    '{"error":{"message":"temperature must be ≤ 2","type":"invalid_request_error","param":"temperature","code":"bad_range"}}',
  );
  const answer = failureAnswer(findingBehind(failure(evidence, 'request-rejected')), 'openai', CONTEXT);
  assert.equal(answer.status, 422);
  const { error } = JSON.parse(answer.body);
  assert.deepEqual(error, {
    message: 'temperature must be ≤ 2',
    type: 'invalid_request_error',
    param: 'temperature',
    code: 'bad_range',
  });
  assert.ok(answer.more.includes('x-should-retry'));
});

test("a refusal of the gateway's key is never told as if the caller's were wrong", () => {
  const evidence = answered(
    401,
    '{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}',
  );
  const finding = findingBehind(failure(evidence, 'credential-refused'));
  assert.equal(failureAnswer(finding, 'openai', CONTEXT).status, 502);
  assert.equal(failureAnswer(finding, 'openai', { ...CONTEXT, isCallerCredential: true }).status, 401);
});

test('hostile bodies of a service are bounded, without control characters, and never break the answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }), (bytes, text) => {
      for (const body of [bytes, new TextEncoder().encode(JSON.stringify({ error: { message: text, code: text } }))]) {
        const evidence: Evidence = { ...QUEUED, phase: 'body', answer: { status: 500, fields: [], body } };
        const answer = failureAnswer(findingBehind(failure(evidence, 'service-error')), 'openai', CONTEXT);
        const { error } = JSON.parse(answer.body);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals obey them.
        assert.doesNotMatch(error.message, /[\u0000-\u0008\u000b-\u001f\u007f]/);
        assert.ok(answer.body.length < 20_000);
      }
    }),
  );
});

test('a break of a stream is one event in the dialect, with the first cause and no terminal event', () => {
  const openai = streamBreak(failure(QUEUED, 'stream-stall'), 'openai', CONTEXT);
  assert.match(openai, /^data: \{"error":.*\n\n$/);
  assert.ok(!openai.includes('[DONE]'));
  const anthropic = streamBreak(failure(QUEUED, 'stream-stall'), 'anthropic', CONTEXT);
  assert.match(anthropic, /^event: error\ndata: \{"type":"error","error":.*\n\n$/);
  assert.equal(JSON.parse(openai.slice(6)).error.code, 'stream-stall');
});
