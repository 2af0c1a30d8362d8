import type { CauseCode } from '../../diagnosis/catalogue.ts';
import type { Confidence } from '../../diagnosis/finding.ts';
import type { Facts } from '../facts.ts';
import type { ProbeId } from '../report.ts';
import type { Judgement } from './judgement.ts';

const BY_ERRNO: Readonly<Record<string, CauseCode>> = {
  ECONNREFUSED: 'connect-refused',
  ECONNRESET: 'connect-refused',
  EHOSTUNREACH: 'connect-unroutable',
  ENETUNREACH: 'connect-unroutable',
};

/** The other side cannot be reached, by nobody: by the errno seen here, or by what the gateway found when nothing was seen here. */
export function remoteFailure(
  facts: Facts,
  errno: string | undefined,
  root: ProbeId,
  by: readonly string[],
  confidence: Confidence = 'confirmed',
): Judgement {
  const told = facts.control?.code;
  const code = errno === undefined ? (told ?? 'connect-timeout') : (BY_ERRNO[errno] ?? 'connect-timeout');
  return remote(facts, code, { confidence, root, decidedBy: by, detail: errno });
}

/** Codes of reaching a host that mean, where the host is a gateway, that nobody can reach the gateway. */
const UNREACHED: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'connect-refused',
  'connect-timeout',
  'connect-unroutable',
  'tls-closed',
  'tls-timeout',
  'tls-not-tls',
  'tls-alert',
]);

const CERTIFICATES: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-untrusted',
  'certificate-name',
  'certificate-revoked',
]);

const NAMES: ReadonlySet<CauseCode> = new Set<CauseCode>(['dns-not-found', 'dns-failed', 'dns-timeout']);

/**
 * A fault of whoever stands at the URL. The catalogue's words for it are those of a gateway that looks at its service; where the URL is the
 * gateway itself, the gateway's own words take their place, and where it is the service, nobody but its provider can act.
 */
export function remote(facts: Facts, code: CauseCode, judged: Omit<Judgement, 'code'>): Judgement {
  if (facts.target?.kind === 'gateway') {
    if (UNREACHED.has(code)) return { ...judged, code: 'gateway-unreachable', detail: judged.detail ?? code };
    if (CERTIFICATES.has(code)) return { ...judged, code: 'gateway-certificate', detail: judged.detail ?? code };
    if (NAMES.has(code)) return { ...judged, code: 'gateway-name-missing', detail: judged.detail ?? code };
    return { hop: 'gateway', side: 'operator', ...judged, code };
  }
  return { hop: 'service', side: 'provider', ...judged, code };
}
