import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE } from './catalogue.ts';
import { classify } from './classify.ts';
import type { ClockName, Evidence, FirstEvent, Phase } from './evidence.ts';
import { answered, golden, unsent, waiting } from './golden.testing.ts';

golden([
  {
    row: 'F1 stale, nothing written',
    evidence: { phase: 'send', firstEvent: 'errno', errno: 'EPIPE', isReused: true, ...unsent },
    code: 'stale-connection',
    confidence: 'confirmed',
    safety: 'not-sent',
    detail: 'stale-reuse',
  },
  {
    row: 'F2 stale, written',
    evidence: { ...waiting, firstEvent: 'reset', isReused: true, elapsedMs: 3 },
    code: 'stale-connection',
    confidence: 'likely',
    safety: 'sent-unanswered',
  },
  {
    row: 'F3 fresh, closed',
    evidence: { ...waiting, firstEvent: 'fin', isReused: false, elapsedMs: 40 },
    code: 'closed-before-answer',
    proxyError: 'connection_terminated',
  },
  {
    row: 'F3 fresh, reset',
    evidence: { ...waiting, firstEvent: 'errno', errno: 'ECONNRESET', isReused: false, elapsedMs: 1_500 },
    code: 'closed-before-answer',
  },
  {
    row: 'F3 reused but long at work',
    evidence: { ...waiting, firstEvent: 'fin', isReused: true, elapsedMs: 9_000 },
    code: 'closed-before-answer',
  },
  {
    row: 'F4 middlebox',
    evidence: { ...waiting, firstEvent: 'errno', errno: 'ECONNRESET', syscall: 'read', elapsedMs: 60_020 },
    code: 'idle-cut',
    confidence: 'likely',
    detail: 'idle-cut@60s',
  },
  {
    row: 'F4 middlebox seen before',
    evidence: { ...waiting, firstEvent: 'reset', elapsedMs: 45_100 },
    facts: { cutAfterMs: 45_000 },
    code: 'idle-cut',
    confidence: 'confirmed',
    detail: 'idle-cut@45s',
  },
  {
    row: 'F6 does not read',
    evidence: { phase: 'send', firstEvent: 'our-timer', clock: 'write', bytesWritten: 4_096 },
    code: 'write-timeout',
    proxyError: 'connection_write_timeout',
  },
  {
    row: 'F7 no head in time',
    evidence: { ...waiting, firstEvent: 'our-timer', clock: 'head', elapsedMs: 30_000 },
    code: 'answer-timeout',
    status: 504,
    safety: 'sent-unanswered',
  },
  {
    row: 'F7 no first output in time',
    evidence: { phase: 'body', firstEvent: 'our-timer', clock: 'first-output', bytesWritten: 9, bytesRead: 99 },
    code: 'answer-timeout',
  },
  {
    row: 'F8 no status line',
    evidence: { ...waiting, firstEvent: 'parse', parse: 'status-line' },
    code: 'not-http',
    proxyError: 'http_protocol_error',
  },
  { row: 'F8 bad version', evidence: { ...waiting, firstEvent: 'parse', parse: 'version' }, code: 'not-http' },
  { row: 'F9 bad field', evidence: { phase: 'head', firstEvent: 'parse', parse: 'field-name' }, code: 'bad-head' },
  {
    row: 'F9 content-length',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'content-length' },
    code: 'bad-head',
    proxyError: 'http_protocol_error',
  },
  {
    row: 'F9 transfer coding',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'transfer-encoding' },
    code: 'bad-head',
    proxyError: 'http_response_transfer_coding',
  },
  {
    row: 'F10 head too large',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'head-too-large' },
    code: 'head-too-large',
    proxyError: 'http_response_header_section_size',
  },
  {
    row: 'F11 end inside the head',
    evidence: { phase: 'head', firstEvent: 'fin', bytesWritten: 9, bytesRead: 20 },
    code: 'head-cut',
    proxyError: 'http_response_incomplete',
  },
  {
    row: 'F12 unasked answer',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'unasked' },
    code: 'answer-unasked',
  },
  {
    row: 'F13 idle race by 408',
    evidence: answered(408, '', [], { isReused: true, elapsedMs: 2 }),
    code: 'stale-connection',
  },
  { row: 'F14 upgrade', evidence: { phase: 'head', firstEvent: 'parse', parse: 'upgrade' }, code: 'upgrade-failed' },
  { row: 'F15 too early', evidence: answered(425), code: 'service-too-early' },
  { row: 'F15 misdirected', evidence: answered(421), code: 'service-misdirected' },
  {
    row: 'F10 head too large, our word',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'head-size' },
    code: 'head-too-large',
  },
  {
    row: 'F8 TLS on a plain port',
    evidence: { phase: 'wait-head', firstEvent: 'parse', parse: 'tls' },
    code: 'not-http',
  },
  {
    row: 'F9 both framings',
    evidence: { phase: 'head', firstEvent: 'parse', parse: 'length-and-chunked' },
    code: 'bad-head',
  },
  {
    row: 'G6 too large, our word',
    evidence: { phase: 'body', firstEvent: 'parse', parse: 'body-size' },
    code: 'body-too-large',
  },
  {
    row: 'G7 trailers too large',
    evidence: { phase: 'body', firstEvent: 'parse', parse: 'trailer-size' },
    code: 'bad-trailers',
  },
  {
    row: 'G1 lost mid-body',
    evidence: { phase: 'body', firstEvent: 'reset', bytesWritten: 9, bytesRead: 900 },
    code: 'body-cut',
    proxyError: 'connection_terminated',
  },
  {
    row: 'G2 short of its length',
    evidence: { phase: 'body', firstEvent: 'fin', bytesWritten: 9, bytesRead: 900 },
    code: 'body-incomplete',
    proxyError: 'http_response_incomplete',
  },
  {
    row: 'G3 silence between bytes',
    evidence: { phase: 'body', firstEvent: 'our-timer', clock: 'between-bytes' },
    code: 'body-stall',
    status: 504,
  },
  {
    row: 'G3 silence between parts',
    evidence: { phase: 'body', firstEvent: 'our-timer', clock: 'between-parts' },
    code: 'stream-stall',
  },
  {
    row: 'G4 chunking',
    evidence: { phase: 'body', firstEvent: 'parse', parse: 'chunk-size' },
    code: 'bad-chunk',
    proxyError: 'http_response_transfer_coding',
  },
  {
    row: 'G5 decoding',
    evidence: { phase: 'body', firstEvent: 'errno', errno: 'Z_DATA_ERROR' },
    code: 'bad-encoding',
    proxyError: 'http_response_content_coding',
  },
  {
    row: 'G6 too large',
    evidence: { phase: 'body', firstEvent: 'parse', parse: 'body-too-large' },
    code: 'body-too-large',
  },
  {
    row: 'G7 trailers',
    evidence: { phase: 'trailers', firstEvent: 'parse', parse: 'field-name' },
    code: 'bad-trailers',
    proxyError: 'http_response_trailer_section_size',
  },
  {
    row: 'G8 longest duration',
    evidence: { phase: 'body', firstEvent: 'our-timer', clock: 'deadline' },
    code: 'deadline-passed',
    proxyError: 'http_response_timeout',
  },
  {
    row: 'G9 stream without its end',
    evidence: {
      phase: 'body',
      firstEvent: 'answer',
      bytesWritten: 9,
      stream: { events: 5, outputEvents: 4, malformedEvents: 0 },
    },
    code: 'stream-incomplete',
    safety: 'sent-unanswered',
  },
  {
    row: 'G9 stream without output',
    evidence: {
      phase: 'body',
      firstEvent: 'answer',
      bytesWritten: 9,
      stream: { events: 1, outputEvents: 0, malformedEvents: 0 },
    },
    code: 'stream-empty',
  },
  {
    row: 'G9 stream unreadable',
    evidence: {
      phase: 'body',
      firstEvent: 'answer',
      bytesWritten: 9,
      stream: { events: 3, outputEvents: 0, malformedEvents: 3 },
    },
    code: 'stream-malformed',
  },
  {
    row: 'G10 overload in the stream',
    evidence: {
      phase: 'body',
      firstEvent: 'answer',
      bytesWritten: 9,
      stream: { events: 1, outputEvents: 0, malformedEvents: 0, errorType: 'overloaded_error' },
    },
    code: 'service-overloaded',
  },
  {
    row: 'G10 other error in the stream',
    evidence: {
      phase: 'body',
      firstEvent: 'answer',
      bytesWritten: 9,
      stream: { events: 1, outputEvents: 0, malformedEvents: 0, errorType: 'weird', errorMessage: 'x' },
    },
    code: 'stream-error',
  },
  {
    row: 'G11 caller left',
    evidence: { phase: 'body', firstEvent: 'our-cancel', bytesWritten: 9 },
    code: 'caller-left',
    hop: 'you',
    status: 0,
  },
  {
    row: 'all services fail alike',
    evidence: { phase: 'connect', firstEvent: 'our-timer', clock: 'connect' },
    facts: { otherServices: 'failing', otherTargets: 'failing' },
    code: 'gateway-offline',
    hop: 'gateway',
    status: 504,
    proxyError: 'connection_timeout',
  },
  {
    row: 'only this service fails',
    evidence: { phase: 'connect', firstEvent: 'our-timer', clock: 'connect' },
    facts: { otherServices: 'working' },
    code: 'connect-timeout',
    confidence: 'confirmed',
  },
  {
    row: 'this call crashes services',
    evidence: { ...waiting, firstEvent: 'fin', isReused: false },
    facts: { sameCallElsewhere: 'failing', otherCallers: 'working' },
    code: 'request-breaks-service',
    hop: 'you',
  },
]);

const phases: readonly Phase[] = [
  'queue',
  'dns',
  'connect',
  'proxy-connect',
  'tls',
  'send',
  'wait-head',
  'head',
  'body',
  'trailers',
];
const events: readonly FirstEvent[] = [
  'fin',
  'reset',
  'errno',
  'tls-alert',
  'our-timer',
  'our-cancel',
  'parse',
  'answer',
  'name-error',
];
const clocks: readonly ClockName[] = [
  'dns',
  'connect',
  'tls',
  'write',
  'head',
  'first-output',
  'between-parts',
  'between-bytes',
  'deadline',
  'queue',
];

const anyAnswer = fc.record({
  status: fc.integer({ min: -1, max: 1000 }),
  fields: fc.array(fc.string({ maxLength: 30 }), { maxLength: 12 }),
  body: fc.uint8Array({ maxLength: 300 }),
});

const anyEvidence: fc.Arbitrary<Evidence> = fc.record(
  {
    phase: fc.constantFrom(...phases),
    firstEvent: fc.constantFrom(...events),
    errno: fc.oneof(
      fc.string(),
      fc.constantFrom('ECONNRESET', 'EMFILE', '__proto__', 'constructor', 'ERR_SSL_X_ALERT_Y', 'Z_DATA_ERROR'),
    ),
    tlsAlert: fc.string(),
    clock: fc.constantFrom(...clocks),
    parse: fc.string(),
    isReused: fc.boolean(),
    bytesWritten: fc.nat(),
    bytesRead: fc.nat(),
    elapsedMs: fc.double({ noNaN: false }),
    limitMs: fc.double({ noNaN: false }),
    loopLagMs: fc.double({ noNaN: false }),
    answer: anyAnswer,
    stream: fc.record({
      events: fc.nat(),
      outputEvents: fc.nat(),
      malformedEvents: fc.nat(),
      errorType: fc.string(),
      errorMessage: fc.string(),
    }),
  },
  { requiredKeys: ['phase', 'firstEvent'] },
);

test('every evidence, however odd, gets one finding of the catalogue and nothing is thrown', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const finding = classify(evidence, {});
      assert.ok(Object.hasOwn(CATALOGUE, finding.code));
      assert.equal(finding.evidence, evidence);
      // P6: what left us is never called unsent.
      if (finding.safety === 'not-sent') assert.ok((evidence.bytesWritten ?? 0) === 0);
    }),
    { numRuns: 3_000 },
  );
});
