import type { CauseCode } from './catalogue.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, findingOf } from './finding.ts';

/** The gateway's own want: no descriptor, port or memory (rows B13–B15). */
const EXHAUSTED = new Set([
  'EMFILE',
  'ENFILE',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
  'ENOBUFS',
  'ENOMEM',
  'ERR_MEMORY_ALLOCATION_FAILED',
]);

const NAME_MISSING = new Set(['ENOTFOUND', 'ENODATA', 'NXDOMAIN', 'NODATA', 'ENONAME', 'EAI_NONAME', 'EAI_NODATA']);
const NAME_TIMEOUT = new Set(['ETIMEOUT', 'ETIMEDOUT', 'TIMEOUT', 'ECANCELLED']);
/** The response code to name in `rcode` (RFC 9209 §2.3.2), by the resolver library's word. */
const RCODES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'NXDOMAIN',
  NXDOMAIN: 'NXDOMAIN',
  ESERVFAIL: 'SERVFAIL',
  SERVFAIL: 'SERVFAIL',
  EAI_AGAIN: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  REFUSED: 'REFUSED',
  EFORMERR: 'FORMERR',
  FORMERR: 'FORMERR',
};

const UNROUTABLE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EINVAL']);

const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'CERT_SIGNATURE_FAILURE',
]);

const CERTIFICATES: Readonly<Record<string, CauseCode>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  CERT_REVOKED: 'certificate-revoked',
  CRL_HAS_EXPIRED: 'certificate-untrusted',
  HOSTNAME_MISMATCH: 'certificate-name',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-name',
};

const NOT_TLS = ['WRONG_VERSION_NUMBER', 'PACKET_LENGTH_TOO_LONG', 'HTTP_REQUEST', 'UNKNOWN_PROTOCOL'];

/** Alerts by which a server refuses the certificate that we showed, or that we showed none (row E3b). */
const CLIENT_CERTIFICATE_ALERTS = new Set([
  'certificate_required',
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'unknown_ca',
  'access_denied',
]);

/** Alerts that OpenSSL names without the word: those of the extensions, RFC 6066 §9. */
const BARE_ALERTS = new Set([
  'UNRECOGNIZED_NAME',
  'UNSUPPORTED_EXTENSION',
  'CERTIFICATE_UNOBTAINABLE',
  'BAD_CERTIFICATE_STATUS_RESPONSE',
  'BAD_CERTIFICATE_HASH_VALUE',
]);

/** The gateway ran out of something: decided before any other evidence, since it makes the rest meaningless. */
export function classifyExhausted(evidence: Evidence): Finding | undefined {
  const { errno } = evidence;
  if (errno === undefined || !EXHAUSTED.has(errno)) return undefined;
  return findingOf('gateway-exhausted', 'confirmed', [`errno ${errno}`], evidence, { detail: errno });
}

/** Rows C1–C5. `queryA` with ECONNREFUSED is the resolver's refusal, not the service's. */
export function classifyName(evidence: Evidence): Finding {
  const errno = evidence.errno ?? '';
  const by = `name lookup ended with ${errno || evidence.clock || evidence.firstEvent}`;
  const rcode = Object.hasOwn(RCODES, errno) ? { detail: `rcode=${RCODES[errno]}` } : {};
  if (evidence.firstEvent === 'our-timer' || NAME_TIMEOUT.has(errno))
    return findingOf('dns-timeout', 'confirmed', [by], evidence);
  if (NAME_MISSING.has(errno)) return findingOf('dns-not-found', 'confirmed', [by], evidence, rcode);
  return findingOf('dns-failed', errno === '' ? 'likely' : 'confirmed', [by], evidence, rcode);
}

/** Rows D1–D6. */
export function classifyConnect(evidence: Evidence): Finding {
  const errno = evidence.errno ?? '';
  const by = `connect ended with ${errno || evidence.clock || evidence.firstEvent}`;
  // Silence has two explanations, a dead host and a filter that drops; refusal has one.
  if (evidence.firstEvent === 'our-timer' || errno === 'ETIMEDOUT')
    return findingOf('connect-timeout', 'likely', [by], evidence);
  if (UNROUTABLE.has(errno)) return findingOf('connect-unroutable', 'confirmed', [by], evidence);
  if (errno === 'EACCES' || errno === 'EPERM') return findingOf('connect-forbidden', 'confirmed', [by], evidence);
  if (errno === 'EAGAIN') {
    // A Unix socket whose backlog is full says so at once.
    return findingOf('service-overloaded', 'confirmed', [by], evidence, { detail: 'backlog-full' });
  }
  const isPlain = errno === 'ECONNREFUSED' || errno === 'ENOENT';
  return findingOf('connect-refused', isPlain ? 'confirmed' : 'likely', [by], evidence);
}

/** Row D7: the forward proxy stands between; what it answered to CONNECT is its own word, never the service's. */
export function classifyProxy(evidence: Evidence): Finding {
  const status = evidence.answer?.status;
  const by =
    status === undefined
      ? `CONNECT ended with ${evidence.errno ?? evidence.clock ?? evidence.firstEvent}`
      : `CONNECT answered ${status}`;
  const isSilent = evidence.firstEvent === 'our-timer';
  return findingOf('proxy-connect-failed', 'confirmed', [by], evidence, {
    ...(isSilent ? { status: 504, proxyError: 'connection_timeout' as const } : {}),
    detail: status === undefined ? 'forward-proxy' : `forward-proxy-${status}`,
  });
}

/** Rows E1–E9 as far as the errno or the alert tells; undefined when neither speaks of TLS. Valid in any phase: TLS 1.3 refuses us late. */
export function classifyTlsWords(evidence: Evidence): Finding | undefined {
  const errno = evidence.errno ?? '';
  const alert = (evidence.tlsAlert ?? alertOf(errno)).toLowerCase();
  const certificate = Object.hasOwn(CERTIFICATES, errno)
    ? CERTIFICATES[errno]
    : UNTRUSTED.has(errno)
      ? 'certificate-untrusted'
      : undefined;
  if (certificate !== undefined)
    return findingOf(certificate, 'confirmed', [`certificate check ${errno}`], evidence, { detail: errno });
  if (evidence.firstEvent === 'tls-alert' || alert !== '') {
    const isOurs = CLIENT_CERTIFICATE_ALERTS.has(alert);
    const code = isOurs ? 'client-certificate-refused' : 'tls-alert';
    return findingOf(code, 'confirmed', [`TLS alert ${alert || 'received'}`], evidence, { detail: alert || undefined });
  }
  if (NOT_TLS.some((word) => errno.startsWith('ERR_SSL_') && errno.includes(word))) {
    return findingOf('tls-not-tls', 'confirmed', [`first bytes are no TLS: ${errno}`], evidence);
  }
  if (errno.startsWith('ERR_SSL_') || errno === 'EPROTO') {
    const proxyError = 'tls_protocol_error' as const;
    return findingOf('tls-alert', 'likely', [`handshake failed: ${errno}`], evidence, { proxyError, detail: errno });
  }
  return undefined;
}

/** Rows E1 and E2: the handshake that ended without a word about TLS. */
export function classifyTls(evidence: Evidence): Finding {
  if (evidence.firstEvent === 'our-timer')
    return findingOf('tls-timeout', 'confirmed', ['the TLS clock ran out'], evidence);
  if (evidence.parse !== undefined) {
    const code = evidence.parse.includes('alpn') ? 'upgrade-failed' : 'tls-not-tls';
    return findingOf(code, 'confirmed', [`handshake read ${evidence.parse}`], evidence);
  }
  return findingOf(
    'tls-closed',
    'confirmed',
    [`handshake ended with ${evidence.errno ?? evidence.firstEvent}`],
    evidence,
  );
}

/** `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED` → `certificate_required`; Node gives alerts only by such names. */
function alertOf(errno: string): string {
  if (!errno.startsWith('ERR_SSL_')) return '';
  const at = errno.indexOf('_ALERT_');
  if (at !== -1) return errno.slice(at + '_ALERT_'.length).toLowerCase();
  const bare = errno.slice('ERR_SSL_TLSV1_'.length);
  return BARE_ALERTS.has(bare) ? bare.toLowerCase() : '';
}
