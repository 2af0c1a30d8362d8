import type { Evidence } from '../diagnosis/evidence.ts';

/** Words by which programs tell a failure without an answer, and the evidence they stand for. The first that is found counts. */
const WORDS: readonly (readonly [pattern: RegExp, evidence: Evidence])[] = [
  // Names
  [
    /ENOTFOUND|ERR_NAME_NOT_RESOLVED|Could not resolve host|curl: \(6\)|Name or service not known|nodename nor servname|NXDOMAIN|DNS_PROBE_FINISHED_NXDOMAIN|getaddrinfo failed/i,
    dns('ENOTFOUND'),
  ],
  [/EAI_AGAIN|Temporary failure in name resolution|ESERVFAIL|DNS_PROBE_FINISHED_BAD_CONFIG/i, dns('EAI_AGAIN')],
  // Proxies
  [
    /ERR_TUNNEL_CONNECTION_FAILED|ERR_PROXY_CONNECTION_FAILED|ProxyError|Proxy CONNECT aborted|curl: \(5\)|curl: \(97\)/i,
    { phase: 'proxy-connect', firstEvent: 'errno', errno: 'ECONNREFUSED' },
  ],
  // Certificates and TLS, by the names of OpenSSL, browsers and Python
  [/CERT_HAS_EXPIRED|certificate has expired/i, tls('CERT_HAS_EXPIRED')],
  [/ERR_CERT_DATE_INVALID|CERT_NOT_YET_VALID|certificate is not yet valid/i, tls('CERT_NOT_YET_VALID')],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|ERR_CERT_COMMON_NAME_INVALID|Hostname mismatch|does not match/i,
    tls('ERR_TLS_CERT_ALTNAME_INVALID'),
  ],
  [/SELF_SIGNED_CERT_IN_CHAIN|self[- ]signed certificate in certificate chain/i, tls('SELF_SIGNED_CERT_IN_CHAIN')],
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT\w*|unable to (?:get local issuer|verify the first) certificate|ERR_CERT_AUTHORITY_INVALID|DEPTH_ZERO_SELF_SIGNED_CERT|CERTIFICATE_VERIFY_FAILED|curl: \(60\)/i,
    tls('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'),
  ],
  [/wrong version number|ERR_SSL_PROTOCOL_ERROR/i, tls('ERR_SSL_WRONG_VERSION_NUMBER')],
  // Connecting
  [/ECONNREFUSED|ERR_CONNECTION_REFUSED|Connection refused|curl: \(7\)/i, connect('ECONNREFUSED')],
  [
    /ENETUNREACH|EHOSTUNREACH|ERR_ADDRESS_UNREACHABLE|ERR_INTERNET_DISCONNECTED|No route to host|Network is unreachable/i,
    connect('EHOSTUNREACH'),
  ],
  [
    /UND_ERR_CONNECT_TIMEOUT|ConnectTimeout|ERR_CONNECTION_TIMED_OUT|connect ETIMEDOUT|Connection timed out/i,
    { phase: 'connect', firstEvent: 'our-timer', clock: 'connect' },
  ],
  // The exchange
  [
    /UND_ERR_HEADERS_TIMEOUT|ReadTimeout|APITimeoutError|Request timed out|ERR_TIMED_OUT|curl: \(28\)|ESOCKETTIMEDOUT/i,
    { phase: 'wait-head', firstEvent: 'our-timer', clock: 'head' },
  ],
  [/UND_ERR_BODY_TIMEOUT/i, { phase: 'body', firstEvent: 'our-timer', clock: 'between-bytes' }],
  [
    /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONTENT_LENGTH_MISMATCH|IncompleteRead|incomplete chunked read|terminated|curl: \(18\)/i,
    { phase: 'body', firstEvent: 'reset', errno: 'ECONNRESET', bytesRead: 1 },
  ],
  [
    /socket hang up|ECONNRESET|ERR_CONNECTION_RESET|ERR_CONNECTION_CLOSED|ERR_EMPTY_RESPONSE|RemoteDisconnected|Server disconnected|UND_ERR_SOCKET|curl: \(52\)|curl: \(56\)|EPIPE/i,
    { phase: 'wait-head', firstEvent: 'reset', errno: 'ECONNRESET' },
  ],
];

function dns(errno: string): Evidence {
  return { phase: 'dns', firstEvent: 'name-error', errno };
}

function tls(errno: string): Evidence {
  return { phase: 'tls', firstEvent: 'errno', errno };
}

function connect(errno: string): Evidence {
  return { phase: 'connect', firstEvent: 'errno', errno };
}

/** 64 KiB: a stack trace has four. */
const TEXT_CHARS_MAX = 65_536;

/** The evidence in a program's error message; undefined when it says nothing that is known. */
export function evidenceOfWords(text: string): Evidence | undefined {
  const seen = text.slice(0, TEXT_CHARS_MAX);
  return WORDS.find(([pattern]) => pattern.test(seen))?.[1];
}
