import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../call/failure.ts';
import { fieldOf } from '../call/fields.ts';
import type { Attempt } from '../call/story.ts';
import { CATALOGUE, type CauseCode } from '../diagnosis/catalogue.ts';
import type { Answer, Evidence } from '../diagnosis/evidence.ts';
import { type FailureContext, failureAnswer, failureStatus, findingBehind, streamBreak } from './failure-answer.ts';
import { hiding } from './hiding.ts';
import { PAGE_POLICY } from './page/policy.ts';

const CONTEXT: FailureContext = {
  requestId: '0123456789abcdef0123456789abcdef',
  attempts: [attempt('a', 12), attempt('b', 12)],
  isCallerCredential: false,
  isEdgeSafe: false,
  hide: hiding(undefined),
  method: 'POST',
  host: 'ai.example',
  acceptLanguage: undefined,
  wallMs: 1_700_000_000_000,
};
const QUEUED: Evidence = { phase: 'queue', firstEvent: 'answer' };

function attempt(target: string, bytesWritten: number, status?: number): Attempt {
  const never = { headMs: undefined, firstPartMs: undefined, endMs: 5, code: undefined, cancel: undefined };
  return { target, pool: 'p', startMs: 1, ...never, status, verdict: 'failed', reason: '', bytesWritten };
}

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
    for (const shape of ['openai', 'anthropic', 'problem'] as const) {
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
  const openai = streamBreak(findingBehind(failure(QUEUED, 'stream-stall')), 'openai', CONTEXT);
  assert.match(openai, /^data: \{"error":.*\n\n$/);
  assert.ok(!openai.includes('[DONE]'));
  const anthropic = streamBreak(findingBehind(failure(QUEUED, 'stream-stall')), 'anthropic', CONTEXT);
  assert.match(anthropic, /^event: error\ndata: \{"type":"error","error":.*\n\n$/);
  assert.equal(JSON.parse(openai.slice(6)).error.code, 'stream-stall');
});

test('a browser gets the page in its language, under a policy of its own, and is never told to repeat a POST', () => {
  const finding = findingBehind(
    failure({ phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED' }, 'connect-refused'),
  );
  const get = failureAnswer(finding, 'page', { ...CONTEXT, method: 'GET', acceptLanguage: 'de-CH, en;q=0.5' });
  assert.equal(get.contentType, 'text/html; charset=utf-8');
  assert.equal(fieldOf(get.more, 'content-security-policy'), PAGE_POLICY);
  assert.equal(fieldOf(get.more, 'content-language'), 'de');
  assert.equal(fieldOf(get.more, 'vary'), 'accept, accept-language');
  assert.equal(fieldOf(get.more, 'goodgate-code'), 'connect-refused');
  assert.match(get.body, /<html lang="de">[\s\S]*<script>/);
  const post = failureAnswer(finding, 'page', CONTEXT);
  assert.doesNotMatch(post.body, /<script>|<form|id="again"/);
});

test('the message is called safe only when no attempt of the whole story can have been processed', () => {
  const refused = failure({ phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED', bytesWritten: 0 });
  const safety = (...attempts: Attempt[]) => findingBehind(refused, attempts).safety;
  assert.equal(safety(attempt('a', 0)), 'not-sent');
  assert.equal(safety(attempt('a', 0), attempt('b', 300)), 'sent-unanswered');
  // Nobody counted, but a head came back: the request had left.
  assert.equal(safety(attempt('a', 0, 500), attempt('b', 0)), 'sent-unanswered');
  assert.equal(safety(attempt('a', 0, 429), attempt('b', 0)), 'answered');
});

test('behind an edge that replaces 502 and 504 the answer is 503, and what failed still stands in it', () => {
  const refused = findingBehind(
    failure({ phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED' }, 'connect-refused'),
  );
  for (const shape of ['openai', 'anthropic', 'problem', 'page'] as const) {
    assert.equal(failureAnswer(refused, shape, CONTEXT).status, 502, shape);
    const safe = failureAnswer(refused, shape, { ...CONTEXT, isEdgeSafe: true });
    assert.equal(safe.status, 503, shape);
    assert.equal(fieldOf(safe.more, 'goodgate-code'), 'connect-refused');
  }
});

test('Proxy-Status names the error, whom we asked and what the hops before us said, and nothing from the body', () => {
  const answer = {
    status: 502,
    fields: ['proxy-status', 'edge; error=connection_refused; details="sk-secret-1234"'],
    body: new TextEncoder().encode('{"error":{"message":"sk-secret"}}'),
  };
  const finding = findingBehind(failure({ phase: 'body', firstEvent: 'answer', answer }));
  const status = failureStatus(finding, 'goodgate-x', 'openai-us', hiding(undefined));
  assert.match(
    status,
    /^edge; error=connection_refused, goodgate-x; error=[a-z_]+; received-status=502; next-hop=openai-us; details=/,
  );
  assert.ok(!status.includes('secret') && status.length < 500);
});
