import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE, type CauseCode } from './catalogue.ts';
import type { Hop, ProxyError } from './cause.ts';
import { classify } from './classify.ts';
import { classifyRequest } from './classify-request.ts';
import type { Answer, ClockName, Evidence, FirstEvent, Phase } from './evidence.ts';
import type { Confidence } from './finding.ts';
import type { PopulationFacts } from './population.ts';

/** One recipe of the taxonomy and all that must come of it. */
type Row = {
  readonly row: string;
  readonly evidence: Evidence;
  readonly facts?: PopulationFacts;
  readonly code: CauseCode;
  readonly confidence?: Confidence;
  readonly hop?: Hop;
  readonly status?: number;
  readonly proxyError?: ProxyError;
  readonly safety?: 'not-sent' | 'sent-unanswered' | 'answered';
  readonly detail?: string;
};

const encoder = new TextEncoder();

function answer(status: number, body: string | object = '', fields: readonly string[] = []): Answer {
  const isJson = typeof body === 'object';
  const type = isJson
    ? ['content-type', 'application/json']
    : body.startsWith('<')
      ? ['content-type', 'text/html']
      : [];
  return { status, fields: [...type, ...fields], body: encoder.encode(isJson ? JSON.stringify(body) : body) };
}

/** Evidence of an answer that is a failure; the request was sent. */
function answered(
  status: number,
  body: string | object = '',
  fields: readonly string[] = [],
  more: Partial<Evidence> = {},
): Evidence {
  return {
    phase: 'head',
    firstEvent: 'answer',
    bytesWritten: 300,
    bytesRead: 200,
    answer: answer(status, body, fields),
    ...more,
  };
}

function openai(code: string | null, type: string, message = 'm'): object {
  return { error: { message, type, param: null, code } };
}

function anthropic(type: string, message = 'm'): object {
  return { type: 'error', error: { type, message }, request_id: 'req_1' };
}

const unsent = { bytesWritten: 0, bytesRead: 0 } as const;
const waiting = { phase: 'wait-head', bytesWritten: 300, bytesRead: 0 } as const;

const ROWS: readonly Row[] = [
  // B: the gateway itself
  {
    row: 'B6 queue wait expired',
    evidence: { phase: 'queue', firstEvent: 'our-timer', clock: 'queue' },
    code: 'queue-timeout',
    status: 503,
    safety: 'not-sent',
  },
  {
    row: 'B8 deadline passed before sending',
    evidence: { phase: 'queue', firstEvent: 'our-timer', clock: 'deadline' },
    code: 'deadline-passed',
    status: 504,
    safety: 'not-sent',
  },
  {
    row: 'B9 deadline passed during an attempt',
    evidence: { ...waiting, firstEvent: 'our-timer', clock: 'deadline' },
    code: 'deadline-passed',
    safety: 'sent-unanswered',
  },
  {
    row: 'B13 descriptors',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EMFILE', ...unsent },
    code: 'gateway-exhausted',
    hop: 'gateway',
    status: 503,
  },
  {
    row: 'B14 source ports',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EADDRNOTAVAIL' },
    code: 'gateway-exhausted',
    proxyError: 'proxy_internal_error',
  },
  { row: 'B15 memory', evidence: { phase: 'send', firstEvent: 'errno', errno: 'ENOMEM' }, code: 'gateway-exhausted' },
  {
    row: 'B16 our exception',
    evidence: { phase: 'queue', firstEvent: 'errno', cause: new TypeError('x') },
    code: 'gateway-bug',
    confidence: 'inconclusive',
    status: 500,
  },
  {
    row: 'B19 egress policy',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EACCES', syscall: 'connect' },
    code: 'connect-forbidden',
    proxyError: 'destination_ip_prohibited',
  },
  {
    row: 'B22 resolver starved by us',
    evidence: { phase: 'dns', firstEvent: 'our-timer', clock: 'dns', limitMs: 2_000, loopLagMs: 900 },
    code: 'gateway-stalled',
    hop: 'gateway',
    status: 504,
    proxyError: 'dns_timeout',
  },
  {
    row: 'B23 loop stalled past the clock',
    evidence: { ...waiting, firstEvent: 'our-timer', clock: 'head', limitMs: 1_000, loopLagMs: 400 },
    code: 'gateway-stalled',
    proxyError: 'connection_read_timeout',
  },
  {
    row: 'B23 a small lag is not ours',
    evidence: { ...waiting, firstEvent: 'our-timer', clock: 'head', limitMs: 1_000, loopLagMs: 200 },
    code: 'answer-timeout',
  },
  // C: names
  {
    row: 'C1 no such name',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'ENOTFOUND', syscall: 'getaddrinfo' },
    code: 'dns-not-found',
    detail: 'rcode=NXDOMAIN',
    safety: 'not-sent',
  },
  {
    row: 'C1 no address for the name',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'ENODATA', syscall: 'queryA' },
    code: 'dns-not-found',
  },
  {
    row: 'C2 server failure',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'ESERVFAIL' },
    code: 'dns-failed',
    detail: 'rcode=SERVFAIL',
  },
  { row: 'C2 temporary', evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'EAI_AGAIN' }, code: 'dns-failed' },
  {
    row: 'C3 resolver silent',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'ETIMEOUT' },
    code: 'dns-timeout',
    status: 504,
    proxyError: 'dns_timeout',
  },
  { row: 'C3 our clock', evidence: { phase: 'dns', firstEvent: 'our-timer', clock: 'dns' }, code: 'dns-timeout' },
  {
    row: 'C4 resolver unreachable',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'ECONNREFUSED', syscall: 'queryA' },
    code: 'dns-failed',
    hop: 'gateway',
  },
  {
    row: 'C5 refused by the resolver',
    evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'EREFUSED' },
    code: 'dns-failed',
    detail: 'rcode=REFUSED',
  },
  { row: 'C5 malformed', evidence: { phase: 'dns', firstEvent: 'name-error', errno: 'EBADRESP' }, code: 'dns-failed' },
  // D: connect
  {
    row: 'D1 refused',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'ECONNREFUSED', syscall: 'connect', ...unsent },
    code: 'connect-refused',
    confidence: 'confirmed',
    status: 502,
    safety: 'not-sent',
  },
  {
    row: 'D2 no answer',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'ETIMEDOUT', syscall: 'connect' },
    code: 'connect-timeout',
    status: 504,
  },
  {
    row: 'D2 our clock',
    evidence: { phase: 'connect', firstEvent: 'our-timer', clock: 'connect' },
    code: 'connect-timeout',
    confidence: 'likely',
  },
  {
    row: 'D4 no route to network',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'ENETUNREACH' },
    code: 'connect-unroutable',
    proxyError: 'destination_ip_unroutable',
  },
  {
    row: 'D4 no route to host',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EHOSTUNREACH' },
    code: 'connect-unroutable',
  },
  {
    row: 'D4 blackhole',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EINVAL' },
    code: 'connect-unroutable',
  },
  {
    row: 'D5 reset while connecting',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'ECONNRESET', syscall: 'connect' },
    code: 'connect-refused',
    confidence: 'likely',
  },
  {
    row: 'D6 socket file missing',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'ENOENT' },
    code: 'connect-refused',
  },
  {
    row: 'D6 socket backlog full',
    evidence: { phase: 'connect', firstEvent: 'errno', errno: 'EAGAIN' },
    code: 'service-overloaded',
    status: 503,
    proxyError: 'connection_limit_reached',
  },
  {
    row: 'D7 CONNECT refused',
    evidence: { phase: 'proxy-connect', firstEvent: 'answer', answer: answer(403, '<html>denied') },
    code: 'proxy-connect-failed',
    detail: 'forward-proxy-403',
  },
  {
    row: 'D7 CONNECT unanswered',
    evidence: { phase: 'proxy-connect', firstEvent: 'our-timer', clock: 'connect' },
    code: 'proxy-connect-failed',
    status: 504,
    proxyError: 'connection_timeout',
  },
  // E: TLS
  {
    row: 'E1 handshake slow',
    evidence: { phase: 'tls', firstEvent: 'our-timer', clock: 'tls' },
    code: 'tls-timeout',
    status: 504,
    safety: 'not-sent',
  },
  {
    row: 'E2 closed in handshake',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ECONNRESET' },
    code: 'tls-closed',
    proxyError: 'tls_protocol_error',
  },
  { row: 'E2 fin in handshake', evidence: { phase: 'tls', firstEvent: 'fin' }, code: 'tls-closed' },
  {
    row: 'E3 alert',
    evidence: { phase: 'tls', firstEvent: 'tls-alert', tlsAlert: 'handshake_failure' },
    code: 'tls-alert',
    proxyError: 'tls_alert_received',
    detail: 'handshake_failure',
  },
  {
    row: 'E3 alert by its OpenSSL name',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' },
    code: 'tls-alert',
    detail: 'protocol_version',
  },
  {
    row: 'E3 no common version',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ERR_SSL_NO_PROTOCOLS_AVAILABLE' },
    code: 'tls-alert',
    proxyError: 'tls_protocol_error',
  },
  {
    row: 'E3b our certificate missing, told after the handshake',
    evidence: { ...waiting, firstEvent: 'errno', errno: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    code: 'client-certificate-refused',
    safety: 'sent-unanswered',
  },
  {
    row: 'E4 not TLS',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    code: 'tls-not-tls',
  },
  {
    row: 'E4 not TLS, other word',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ERR_SSL_PACKET_LENGTH_TOO_LONG' },
    code: 'tls-not-tls',
  },
  {
    row: 'E5 expired',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'CERT_HAS_EXPIRED' },
    code: 'certificate-expired',
    proxyError: 'tls_certificate_error',
  },
  {
    row: 'E5 not yet valid',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'CERT_NOT_YET_VALID' },
    code: 'certificate-not-yet-valid',
  },
  {
    row: 'E6 self-signed',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    code: 'certificate-untrusted',
  },
  {
    row: 'E6 chain',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    code: 'certificate-untrusted',
  },
  {
    row: 'E6 revoked',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'CERT_REVOKED' },
    code: 'certificate-revoked',
  },
  {
    row: 'E7 name',
    evidence: { phase: 'tls', firstEvent: 'errno', errno: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    code: 'certificate-name',
  },
  { row: 'E8 protocol', evidence: { phase: 'tls', firstEvent: 'parse', parse: 'alpn' }, code: 'upgrade-failed' },
  {
    row: 'E9 alert mid-body',
    evidence: { phase: 'body', firstEvent: 'tls-alert', tlsAlert: 'internal_error', bytesWritten: 9, bytesRead: 99 },
    code: 'tls-alert',
    safety: 'sent-unanswered',
  },
  // F: sending, waiting for the head
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
  // G: the body
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
  // I: the service answered with a failure
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
  // Population
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
];

for (const row of ROWS) {
  test(`taxonomy ${row.row}: ${row.code}`, () => {
    const finding = classify(row.evidence, row.facts);
    const cause = CATALOGUE[row.code];
    assert.equal(finding.code, row.code, finding.decidedBy.join('; '));
    if (row.confidence !== undefined) assert.equal(finding.confidence, row.confidence);
    assert.equal(finding.hop, row.hop ?? cause.hop);
    assert.equal(finding.status, row.status ?? cause.status);
    assert.equal(finding.proxyError, row.proxyError ?? cause.proxyError);
    if (row.safety !== undefined) assert.equal(finding.safety, row.safety);
    if (row.detail !== undefined) assert.equal(finding.detail, row.detail);
    assert.ok(finding.decidedBy.length > 0, 'says what decided');
  });
}

const REFUSED: readonly (readonly [row: string, word: string, status: number, code: CauseCode])[] = [
  ['A1 malformed', 'request-line', 400, 'caller-malformed'],
  ['A2 smuggling', 'transfer-encoding-and-content-length', 400, 'caller-malformed'],
  ['A3 head too large', 'head-too-large', 431, 'caller-head-too-large'],
  ['A4 chunks', 'chunk-size', 400, 'caller-malformed'],
  ['A5 too slow', 'head-slow', 408, 'caller-slow'],
  ['A6 body too large', 'body-too-large', 413, 'caller-body-too-large'],
  ['A7 ends early', 'cut', 0, 'caller-left'],
  ['A14 who are you', 'credential', 401, 'caller-unauthorized'],
  ['A14 not you', 'policy', 403, 'caller-forbidden'],
  ['A15 too often', 'rate', 429, 'caller-rate-limited'],
  ['A16 loop', 'via', 502, 'gateway-loop'],
  ['A17 expectation', 'expect', 417, 'expectation-unmet'],
  ['A17 method', 'method', 405, 'method-not-allowed'],
  ['A17 not spoken', 'transfer-coding', 501, 'caller-unsupported'],
  ['A17 version', 'version', 505, 'caller-unsupported'],
  ['A18 authority', 'host', 421, 'caller-misdirected'],
  ['A18 bad host', 'host', 400, 'caller-malformed'],
  ['long address', 'target-too-long', 414, 'caller-target-too-long'],
];

for (const [row, word, status, code] of REFUSED) {
  test(`taxonomy ${row}: ${code}`, () => {
    const finding = classifyRequest({ word, status });
    assert.equal(finding.code, code);
    assert.equal(finding.status, status);
    assert.equal(finding.safety, 'not-sent');
  });
}

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
