import type { CauseCode } from '../../diagnosis/catalogue.ts';
import { classify } from '../../diagnosis/classify.ts';
import type { Facts, TlsFacts, TlsTry } from '../facts.ts';
import {
  CLOCK_AHEAD_MS_MAX,
  clockAhead,
  control,
  hasAnchor,
  isTunnelled,
  type Judgement,
  type Rule,
} from './judgement.ts';
import { remote } from './remote.ts';

/** The handshake and the certificate. */
export const TLS_RULES: readonly Rule[] = [
  { name: 'the clock makes a good certificate look bad', judge: withFault(clock) },
  { name: 'somebody reads along', judge: withFault(intercepted) },
  { name: 'the certificate is wrong for everyone', judge: withFault(certificate) },
  { name: 'large packets get lost in the handshake', judge: withSilence(blackHole) },
  { name: 'the name decides whether the handshake lives', judge: withSilence(filtered) },
  { name: 'the handshake fails', judge: withSilence(noHandshake) },
];

function first(facts: Facts): TlsTry | undefined {
  return facts.tls?.tries[0];
}

function withFault(judge: (facts: Facts, seen: TlsTry, fault: string) => Judgement | undefined): Rule['judge'] {
  return (facts) => {
    const seen = first(facts);
    return seen?.fault === undefined || seen.errno !== undefined ? undefined : judge(facts, seen, seen.fault);
  };
}

function withSilence(judge: (facts: Facts, tls: TlsFacts, errno: string) => Judgement | undefined): Rule['judge'] {
  return (facts) => {
    const errno = first(facts)?.errno;
    return facts.tls === undefined || errno === undefined ? undefined : judge(facts, facts.tls, errno);
  };
}

const DATES = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const UNKNOWN_ISSUER = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

function clock(facts: Facts, seen: TlsTry, fault: string): Judgement | undefined {
  const off = clockAhead(facts);
  const leaf = seen.chain[0];
  if (!DATES.has(fault) || off === undefined || leaf === undefined || Math.abs(off.aheadMs) <= CLOCK_AHEAD_MS_MAX)
    return undefined;
  const minutes = Math.round(Math.abs(off.aheadMs) / 60_000);
  return {
    code: 'clock-wrong',
    confidence: off.sources > 1 ? 'confirmed' : 'likely',
    root: 'clock',
    decidedBy: [
      `this clock is ${minutes} minutes ${off.aheadMs > 0 ? 'ahead' : 'behind'}`,
      `the certificate fails with ${fault}`,
    ],
    detail: fault,
  };
}

/** Products that open encrypted connections, by what they write into the certificates that they make. */
const PRODUCTS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/zscaler/i, 'Zscaler'],
  [/fortinet|fortigate/i, 'Fortinet'],
  [/netskope|goskope/i, 'Netskope'],
  [/palo ?alto/i, 'Palo Alto Networks'],
  [/sophos/i, 'Sophos'],
  [/kaspersky/i, 'Kaspersky'],
  [/\beset\b/i, 'ESET'],
  [/avast|\bavg\b/i, 'Avast'],
  [/bitdefender/i, 'Bitdefender'],
  [/cisco umbrella|\bopendns\b/i, 'Cisco Umbrella'],
  [/blue ?coat|symantec web security|proxysg/i, 'Symantec ProxySG'],
  [/forcepoint|websense/i, 'Forcepoint'],
  [/mcafee web gateway|skyhigh/i, 'Skyhigh'],
  [/barracuda/i, 'Barracuda'],
  [/check ?point/i, 'Check Point'],
  [/watchguard/i, 'WatchGuard'],
  [/sonicwall/i, 'SonicWall'],
  [/cloudflare.{0,20}gateway|gateway ca.{0,20}cloudflare/i, 'Cloudflare Gateway'],
  [/mitmproxy/i, 'mitmproxy'],
  [/charles proxy/i, 'Charles'],
  [/portswigger|burp/i, 'Burp'],
  [/fiddler/i, 'Fiddler'],
  [/squid/i, 'Squid'],
];

/** The product that made a certificate, by its issuers' names. */
export function inspectorOf(seen: Pick<TlsTry, 'chain'>): string | undefined {
  const names = seen.chain.map(({ issuer }) => issuer).join('\n');
  return PRODUCTS.find(([pattern]) => pattern.test(names))?.[1];
}

function intercepted(facts: Facts, seen: TlsTry, fault: string): Judgement | undefined {
  const issuer = seen.chain.at(-1)?.issuer ?? 'nobody known';
  const product = inspectorOf(seen);
  const base = { code: 'tls-intercepted', confidence: 'confirmed', root: 'tls', detail: product ?? fault } as const;
  if (product !== undefined)
    return { ...base, decidedBy: [`the certificate was made by ${product}`, `the check fails with ${fault}`] };
  if (!UNKNOWN_ISSUER.has(fault)) return undefined;
  if (seen.isVouchedBySystem) {
    const by = [`the issuer ${issuer} is trusted by this system`, 'and by no public authority'];
    return { ...base, decidedBy: by };
  }
  const helpers = facts.names?.doh ?? [];
  if (
    helpers.some(({ errno }) => errno !== undefined && UNKNOWN_ISSUER.has(errno)) &&
    helpers.every(({ ips }) => ips.length === 0)
  ) {
    return {
      ...base,
      decidedBy: [`the issuer ${issuer} is nobody known`, 'unrelated hosts show such certificates as well'],
    };
  }
  if (control(facts) !== 'reaches') return undefined;
  return { ...base, decidedBy: [`the issuer ${issuer} is nobody known`, 'the gateway finds a good certificate there'] };
}

const CODES: Readonly<Record<string, CauseCode>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  CERT_REVOKED: 'certificate-revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-name',
  HOSTNAME_MISMATCH: 'certificate-name',
};

function certificate(facts: Facts, seen: TlsTry, fault: string): Judgement | undefined {
  const code = CODES[fault] ?? 'certificate-untrusted';
  const by = [`the certificate of ${seen.chain[0]?.subject ?? 'the host'} fails with ${fault}`];
  if (control(facts) === 'reaches') {
    // There is another certificate for others: somebody stands between, and what they show is wrong as well.
    const decidedBy = [...by, 'the gateway finds a good certificate there'];
    return { code: 'tls-intercepted', confidence: 'likely', root: 'tls', decidedBy, detail: fault };
  }
  const isSame = control(facts) === 'fails';
  // Dates and names stand in the certificate for everyone to read; an unknown issuer alone may be somebody between.
  const isPlain = code !== 'certificate-untrusted' && clockAhead(facts) !== undefined;
  return remote(facts, code, {
    confidence: isSame || isPlain ? 'confirmed' : 'likely',
    root: 'tls',
    decidedBy: isSame ? [...by, 'the gateway finds the same'] : by,
    detail: fault,
  });
}

const SILENT = new Set(['ETIMEDOUT']);
const CUT = new Set(['ECONNRESET', 'EOF', 'EPIPE', 'ECONNABORTED']);

function blackHole(facts: Facts, tls: TlsFacts, errno: string): Judgement | undefined {
  if (!SILENT.has(errno)) return undefined;
  const by = ['the handshake gets no answer'];
  const base = {
    code: 'mtu-black-hole',
    root: 'mtu',
    detail: facts.route?.mtu === undefined ? undefined : `mtu ${facts.route.mtu}`,
  } as const;
  if (tls.small === 'open' && tls.otherName !== 'open')
    return { ...base, confidence: 'confirmed', decidedBy: [...by, 'with a small first message it does'] };
  if (tls.isPlainAnswered !== true || tls.otherName !== 'ETIMEDOUT') return undefined;
  const helpers = facts.names?.doh ?? [];
  const areHelpersSilent =
    helpers.length > 0 && helpers.every(({ errno: each }) => each === 'ETIMEDOUT' || each === 'ETIMEOUT');
  const isReached = hasAnchor(facts);
  const decidedBy = [...by, 'a few bytes on the same port are answered at once'];
  if (control(facts) === 'reaches')
    return { ...base, confidence: 'confirmed', decidedBy: [...decidedBy, 'the gateway shakes hands with it'] };
  if (areHelpersSilent && isReached)
    return {
      ...base,
      confidence: 'likely',
      decidedBy: [...decidedBy, 'unrelated hosts connect and then fall silent as well'],
    };
  return undefined;
}

function filtered(facts: Facts, tls: TlsFacts, errno: string): Judgement | undefined {
  if (!CUT.has(errno) && !SILENT.has(errno)) return undefined;
  // An alert about the other name is an answer of the server too: it was let through.
  const isOtherAnswered = tls.otherName === 'open' || tls.otherName?.startsWith('ERR_SSL') === true;
  const by = [`the handshake ends with ${errno}`];
  const base = { code: 'connection-filtered', root: 'tls', detail: errno } as const;
  if (isOtherAnswered)
    return { ...base, confidence: 'confirmed', decidedBy: [...by, 'with another name at the same address it goes on'] };
  if (control(facts) !== 'reaches') return undefined;
  const decidedBy = [...by, 'the gateway shakes hands with it'];
  if (isTunnelled(facts)) return { ...base, code: 'vpn-on-path', confidence: 'likely', decidedBy };
  return { ...base, confidence: 'likely', decidedBy };
}

function noHandshake(facts: Facts, tls: TlsFacts, errno: string): Judgement | undefined {
  const isCut = CUT.has(errno) || SILENT.has(errno);
  const finding = classify({
    phase: 'tls',
    firstEvent: SILENT.has(errno) ? 'our-timer' : isCut ? 'reset' : 'errno',
    clock: 'tls',
    errno,
  });
  // A chain longer than any TLS library takes: too long to be checked is not to be trusted.
  const code = /EXCESSIVE|LONG/.test(errno) && !errno.includes('PACKET') ? 'certificate-untrusted' : finding.code;
  const by = [`the handshake ends with ${errno}`];
  const elsewhere = control(facts);
  if (elsewhere === 'reaches') {
    const decidedBy = [...by, 'the gateway shakes hands with it'];
    return { code: 'filter-answered', confidence: 'likely', root: 'tls', decidedBy, detail: errno };
  }
  const decidedBy = elsewhere === 'fails' ? [...by, 'the gateway does not succeed either'] : by;
  if (elsewhere === 'fails' || facts.target?.reach === 'loopback')
    return remote(facts, code, { confidence: 'confirmed', root: 'tls', decidedBy, detail: errno });
  // A silence with nobody else to ask may be the path's as well as the host's.
  if (SILENT.has(errno) && tls.isPlainAnswered !== true)
    return {
      code: 'not-enough-known',
      confidence: 'inconclusive',
      root: 'tls',
      decidedBy: [...by, 'nobody was asked to try it from elsewhere'],
      detail: errno,
    };
  return remote(facts, code, { confidence: 'likely', root: 'tls', decidedBy, detail: errno });
}
