import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  createSecureContext,
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
import { faultOf, SocketWire } from './wire.ts';
import type { Wire, WireFault } from './world.ts';

/** One certificate, as far as it tells who vouches for whom. */
export type CertificateFacts = {
  /** `CN=…, O=…` on one line, at most 200 characters, control characters out. */
  readonly subject: string;
  readonly issuer: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** SHA-256, lower-case hex without colons. */
  readonly fingerprint: string;
  readonly isSelfIssued: boolean;
};

/** What a TLS server showed. */
export type TlsSight = {
  /** The server's own certificate first; at most `CHAIN_MAX`. */
  readonly chain: readonly CertificateFacts[];
  /** How many it showed, before the bound. */
  readonly chainLength: number;
  readonly protocol: string;
  readonly alpn: string | undefined;
  /** Why the given roots do not vouch for it, by OpenSSL's name; undefined when they do, and for this name. */
  readonly fault: string | undefined;
  /** True when the chain ends in one of `otherRoots`. */
  readonly isVouchedByOthers: boolean;
};

/** How to look. */
export type TlsLook = {
  /** Sent as SNI unless it is an address or empty; the certificate is held against it. */
  readonly serverName: string;
  /** PEM texts, whole: nothing is added. */
  readonly roots: readonly string[];
  /** PEM texts tried when `roots` do not vouch: this system's own. */
  readonly otherRoots: readonly string[];
  readonly alpn: readonly string[];
  /** A first message of some 200 bytes: without the keys of post-quantum exchange it fits any path. */
  readonly isSmall?: boolean;
};

/** 16 certificates: real chains have up to five. */
export const CHAIN_MAX = 16;
const NAME_CHARS_MAX = 200;

/**
 * Shakes hands on an open wire to see what the server shows, trusted or not; nothing is sent over it, and the wire is closed. Resolves with
 * the fault when there is no handshake. Never rejects; OpenSSL's bound of 100 KB keeps a chain of a thousand certificates out.
 */
export function lookAtTls(wire: Wire, look: TlsLook, timeoutMs: number): Promise<TlsSight | WireFault> {
  if (!(wire instanceof SocketWire)) throw new TypeError('TLS is looked at on a wire of this world only');
  return new Promise((fulfil) => {
    const isName = look.serverName !== '' && isIP(look.serverName) === 0;
    const socket = tlsConnect({
      socket: wire.surrender(),
      host: look.serverName,
      ...(isName ? { servername: look.serverName } : {}),
      ALPNProtocols: [...look.alpn],
      rejectUnauthorized: false,
      secureContext: contextOf(look.roots, look.isSmall === true),
    });
    let isOver = false;
    const over = (result: TlsSight | WireFault): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(alarm);
      socket.destroy();
      fulfil(result);
    };
    const alarm = setTimeout(() => over(fault('ETIMEDOUT', 'the handshake did not finish')), timeoutMs);
    socket.on('error', (error: Error) => over(faultOf(error)));
    socket.on('close', () => over(fault('ECONNRESET', 'the connection ended in the handshake')));
    socket.on('end', () => over(fault('EOF', 'the connection ended in the handshake')));
    socket.once('secureConnect', () => over(sightOf(socket, look)));
  });
}

/** TLS 1.2 with one curve and one family of ciphers. */
const SMALL = {
  maxVersion: 'TLSv1.2',
  ecdhCurve: 'P-256:X25519',
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
} as const;

/** Reading a hundred and fifty authorities takes longer than a handshake: each list is read once. */
const contexts = new WeakMap<readonly string[], { whole?: SecureContext; small?: SecureContext }>();

function contextOf(roots: readonly string[], isSmall: boolean): SecureContext {
  const known = contexts.get(roots) ?? {};
  contexts.set(roots, known);
  const ca = [...roots];
  if (isSmall) known.small ??= createSecureContext({ ca, ...SMALL });
  else known.whole ??= createSecureContext({ ca });
  return (isSmall ? known.small : known.whole) ?? createSecureContext({ ca });
}

function fault(code: string, message: string): WireFault {
  return { code, syscall: undefined, tlsAlert: undefined, message };
}

function sightOf(socket: TLSSocket, look: TlsLook): TlsSight {
  const shown = chainOf(socket.getPeerCertificate(true));
  // Node gives the code here, whatever its type says.
  const error: unknown = socket.authorizationError;
  const code = error === null || error === undefined ? undefined : codeOf(error);
  return {
    chain: shown.slice(0, CHAIN_MAX).map(({ facts }) => facts),
    chainLength: shown.length,
    protocol: socket.getProtocol() ?? 'unknown',
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
    fault: code,
    isVouchedByOthers: code !== undefined && endsIn(shown, look.otherRoots),
  };
}

function codeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'CERT_REJECTED';
}

type Shown = { readonly facts: CertificateFacts; readonly certificate: X509Certificate };

function chainOf(first: DetailedPeerCertificate): Shown[] {
  const shown: Shown[] = [];
  const seen = new Set<string>();
  let next: DetailedPeerCertificate | undefined = first;
  // 1,000: OpenSSL's bound on the message lets fewer through.
  while (next?.raw !== undefined && !seen.has(next.fingerprint256) && shown.length < 1_000) {
    seen.add(next.fingerprint256);
    const certificate = new X509Certificate(next.raw);
    shown.push({ facts: factsOf(certificate), certificate });
    next = next.issuerCertificate;
  }
  return shown;
}

function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    isSelfIssued: certificate.subject === certificate.issuer,
  };
}

function oneLine(name: string): string {
  return name
    .replaceAll('\n', ', ')
    .replace(/\p{Cc}/gu, '')
    .slice(0, NAME_CHARS_MAX);
}

/** True when one of the roots is in the chain or signed its last certificate. */
function endsIn(chain: readonly Shown[], roots: readonly string[]): boolean {
  const last = chain.at(-1)?.certificate;
  if (last === undefined) return false;
  return roots.some((pem) => {
    try {
      const root = new X509Certificate(pem);
      if (chain.some(({ certificate }) => certificate.fingerprint256 === root.fingerprint256)) return true;
      return last.checkIssued(root) && last.verify(root.publicKey);
    } catch {
      // A root that cannot be read vouches for nobody.
      return false;
    }
  });
}
