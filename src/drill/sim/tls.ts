import type { TlsClientOptions } from '../../world/world.ts';
import type { SimTime } from './time.ts';
import type { SimWire } from './wire.ts';

/** A signature and its verification. */
const SIGN_MS = 1;

/**
 * TLS as delay and failure: one round trip (RFC 8446 §2) and the mood of the other side's certificate; bytes stay as they are.
 * `finish` makes the far end known to its process; without it the far end speaks no TLS.
 */
export function startTls(
  time: SimTime,
  secure: SimWire,
  options: TlsClientOptions,
  finish: (() => void) | undefined,
): void {
  const far = secure.peer;
  secure.signal(() => {
    if (far === undefined || far.isOver) return;
    const mood = far.host.tls ?? 'good';
    if (mood === 'silent') return;
    if (mood === 'cutting') {
      far.reset();
      return;
    }
    time.at(SIGN_MS, () => far.host.hear(() => far.signal(() => answered(secure, far, mood, options, finish))));
  });
}

function answered(
  secure: SimWire,
  far: SimWire,
  mood: string,
  options: TlsClientOptions,
  finish: (() => void) | undefined,
): void {
  if (secure.isOver) return;
  const fault = finish === undefined ? 'ERR_SSL_WRONG_VERSION_NUMBER' : faultOf(mood, options.isVerified);
  if (fault !== undefined) {
    secure.signal(() => far.destroy());
    const tlsAlert = mood === 'refusing' ? 'handshake_failure' : undefined;
    secure.fail(fault, undefined, { tlsAlert, message: fault });
    return;
  }
  const facts = { alpn: options.alpn[0], protocol: 'TLSv1.3', isResumed: false };
  secure.tls = facts;
  far.tls = facts;
  secure.signal(() => far.host.hear(() => finish?.()));
  secure.hearer.open();
}

function faultOf(mood: string, isVerified: boolean): string | undefined {
  switch (mood) {
    case 'refusing':
      return 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE';
    case 'expired':
      return isVerified ? 'CERT_HAS_EXPIRED' : undefined;
    case 'wrong-name':
      return isVerified ? 'ERR_TLS_CERT_ALTNAME_INVALID' : undefined;
    case 'unknown-issuer':
      return isVerified ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : undefined;
    default:
      return undefined;
  }
}
