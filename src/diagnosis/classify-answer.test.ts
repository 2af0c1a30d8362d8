import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from './classify.ts';
import { answered, anthropic, golden, openai } from './golden.testing.ts';

golden([
  {
    row: 'I1 502 with Proxy-Status',
    evidence: answered(502, '', ['proxy-status', 'inner; error=connection_refused, outer; received-status=502']),
    code: 'service-bad-gateway',
    confidence: 'likely',
    detail: 'proxy-status connection_refused',
  },
  {
    row: 'I1 502 that timed out further on',
    evidence: answered(502, '', ['proxy-status', '"a, b"; error=connection_timeout']),
    code: 'service-timeout',
  },
  {
    row: 'I2 502 of unknown making',
    evidence: answered(502, 'bad'),
    code: 'service-bad-gateway',
    confidence: 'likely',
    safety: 'sent-unanswered',
  },
  { row: 'I2 504', evidence: answered(504), code: 'service-timeout', status: 504 },
  { row: 'I2 503', evidence: answered(503), code: 'service-unavailable', status: 503, safety: 'answered' },
  {
    row: 'I3 500',
    evidence: answered(500, openai(null, 'server_error')),
    code: 'service-error',
    status: 502,
    safety: 'sent-unanswered',
  },
  { row: 'I3 500 from Anthropic', evidence: answered(500, anthropic('api_error')), code: 'service-error' },
  {
    row: 'I4 503 for maintenance',
    evidence: answered(503, openai(null, 'server_error', 'We are down for maintenance'), ['retry-after', '120']),
    code: 'service-maintenance',
  },
  {
    row: 'I4 503 overloaded',
    evidence: answered(503, openai(null, 'server_error', 'The engine is currently overloaded')),
    code: 'service-overloaded',
  },
  {
    row: 'I5 429 rate',
    evidence: answered(429, openai('rate_limit_exceeded', 'requests'), ['retry-after', '7']),
    code: 'rate-limited',
    status: 429,
    safety: 'answered',
  },
  {
    row: 'I5 429 quota',
    evidence: answered(429, openai('insufficient_quota', 'insufficient_quota')),
    code: 'quota-exhausted',
  },
  { row: 'I5 429 from Anthropic', evidence: answered(429, anthropic('rate_limit_error')), code: 'rate-limited' },
  { row: 'I5 429 without words', evidence: answered(429), code: 'rate-limited' },
  { row: 'I5 402', evidence: answered(402), code: 'quota-exhausted' },
  {
    row: 'I5 credit, told with 400',
    evidence: answered(
      400,
      anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    ),
    code: 'quota-exhausted',
  },
  { row: 'I6 529', evidence: answered(529), code: 'service-overloaded' },
  {
    row: 'I6 529 from Anthropic',
    evidence: answered(529, anthropic('overloaded_error', 'Overloaded')),
    code: 'service-overloaded',
    status: 503,
    safety: 'answered',
  },
  { row: 'I7 408 on a fresh connection', evidence: answered(408, '', [], { isReused: false }), code: 'upload-slow' },
  {
    row: 'I8 401',
    evidence: answered(401, openai('invalid_api_key', 'invalid_request_error')),
    code: 'credential-refused',
    status: 502,
  },
  { row: 'I8 401 without words', evidence: answered(401), code: 'credential-refused' },
  { row: 'I8 403', evidence: answered(403, anthropic('permission_error')), code: 'permission-refused' },
  {
    row: 'I8 403 region',
    evidence: answered(403, openai('unsupported_country_region_territory', 'request_forbidden')),
    code: 'region-unsupported',
  },
  {
    row: 'I8 Google key, told with 400',
    evidence: answered(400, {
      error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' },
    }),
    code: 'credential-refused',
  },
  {
    row: 'I9 404 model',
    evidence: answered(404, openai('model_not_found', 'invalid_request_error')),
    code: 'model-not-found',
    status: 404,
  },
  {
    row: 'I9 404 model from Anthropic',
    evidence: answered(404, anthropic('not_found_error', 'model: claude-x')),
    code: 'model-not-found',
  },
  {
    row: 'I9 404 model from Ollama',
    evidence: answered(404, { error: "model 'x' not found" }),
    code: 'model-not-found',
  },
  {
    row: 'I9 404 deployment',
    evidence: answered(404, {
      error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
    }),
    code: 'model-not-found',
  },
  { row: 'I9 404 address', evidence: answered(404, '<html><center>nginx</center>'), code: 'resource-not-found' },
  {
    row: 'I9 context length',
    evidence: answered(400, openai('context_length_exceeded', 'invalid_request_error')),
    code: 'context-too-long',
    status: 400,
  },
  {
    row: 'I9 context length from Anthropic',
    evidence: answered(400, anthropic('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum')),
    code: 'context-too-long',
  },
  {
    row: 'I9 context length from vLLM',
    evidence: answered(400, {
      object: 'error',
      message: "This model's maximum context length is 4096 tokens.",
      type: 'BadRequestError',
      code: 400,
    }),
    code: 'context-too-long',
  },
  {
    row: 'I9 content policy',
    evidence: answered(400, openai('content_policy_violation', 'invalid_request_error')),
    code: 'content-refused',
  },
  {
    row: 'I9 content filter of Azure',
    evidence: answered(400, {
      error: { code: 'content_filter', message: 'm', innererror: { code: 'ResponsibleAIPolicyViolation' } },
    }),
    code: 'content-refused',
  },
  {
    row: 'I9 bad request',
    evidence: answered(400, openai(null, 'invalid_request_error', 'Unknown parameter: x')),
    code: 'request-rejected',
  },
  { row: 'I9 422', evidence: answered(422, { detail: [] }), code: 'request-rejected' },
  { row: 'I9 413', evidence: answered(413, anthropic('request_too_large')), code: 'request-too-large', status: 413 },
  {
    row: 'I10 a page in place of JSON',
    evidence: answered(200, '<!doctype html><title>Hello</title>'),
    code: 'answer-html',
  },
  { row: 'I10 no JSON', evidence: answered(200, '{"half":'), code: 'answer-not-json' },
  { row: 'I10 network sign-in by status', evidence: answered(511, '<html>'), code: 'captive-portal' },
  {
    row: 'I10 redirect',
    evidence: answered(302, '', ['location', 'https://elsewhere.example/']),
    code: 'answer-redirected',
  },
  {
    row: 'error object in a 200',
    evidence: answered(200, openai('insufficient_quota', 'insufficient_quota')),
    code: 'quota-exhausted',
  },
]);

test('what a caller writes into its request, and a service quotes, blames no key and no account', () => {
  const says = [
    'your credit balance is too low',
    'You exceeded your current quota',
    'API key not valid',
    'Insufficient Balance',
    'User location is not supported',
    'overloaded',
    'maintenance',
  ];
  for (const words of says) {
    for (const status of [400, 404, 422]) {
      const { code } = classify(answered(status, anthropic('not_found_error', `name: ${words}`)));
      assert.ok(code === 'request-rejected' || code === 'resource-not-found', `${status} ${words}: ${code}`);
    }
  }
});

test("Retry-After is read in seconds, in milliseconds, and as a date against the answer's own date", () => {
  const of = (fields: string[]) => classify(answered(429, '', fields)).retryAfterMs;
  assert.equal(of(['retry-after', '7']), 7_000);
  assert.equal(of(['retry-after', '7', 'retry-after-ms', '1500']), 1_500);
  assert.equal(of(['date', 'Thu, 29 Feb 2024 23:59:50 GMT', 'retry-after', 'Fri, 01 Mar 2024 00:00:20 GMT']), 30_000);
  assert.equal(of(['date', 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after', 'Sun, 06 Nov 1994 08:49:00 GMT']), 0);
  assert.equal(of(['retry-after', 'Fri, 01 Mar 2024 00:00:20 GMT']), undefined);
  assert.equal(of(['retry-after', 'soon']), undefined);
  assert.equal(of(['retry-after', '99999999999']), 86_400_000);
});
