import { classify } from '../../diagnosis/classify.ts';
import type { Evidence } from '../../diagnosis/evidence.ts';
import type {
  AnchorFacts,
  ConnectTry,
  ControlFacts,
  ExchangeFacts,
  Facts,
  Lookup,
  NamesFacts,
  ProxyFacts,
  RouteFacts,
  TlsFacts,
  TlsTry,
} from '../facts.ts';
import type { Target } from '../target.ts';
import { targetOf } from '../target.ts';

export const HERE = '198.51.100.7';
export const THERE = '203.0.113.9';

export function target(url: string, kind: 'service' | 'gateway' = 'service'): Target {
  const made = targetOf(url, { targetIs: kind, gateway: undefined, keyVariable: undefined });
  if (typeof made === 'string') throw new Error(made);
  return made;
}

export function found(by: string, ...ips: string[]): Lookup {
  return { by, ips, errno: undefined, tookMs: 5 };
}

export function lost(by: string, errno: string): Lookup {
  return { by, ips: [], errno, tookMs: 5 };
}

export function names(more: Partial<NamesFacts> = {}): NamesFacts {
  return {
    system: found('system', HERE),
    servers: [],
    public: [found('google', HERE)],
    doh: [],
    hosts: [],
    hostsLine: undefined,
    knownBySystem: found('system', '192.0.2.80'),
    knownByPublic: found('google', '192.0.2.80'),
    ...more,
  };
}

export function route(more: Partial<RouteFacts> = {}): RouteFacts {
  return {
    hasDefault: true,
    router: '192.0.2.1',
    routerState: 'unknown',
    interface: 'eth0',
    isTunnel: false,
    mtu: 1_500,
    errno: undefined,
    ...more,
  };
}

export function knocked(errno?: string, ip = HERE, isSystem = true): ConnectTry {
  return { ip, port: 443, isSystem, errno, tookMs: 5 };
}

export function shook(more: Partial<TlsTry> = {}): TlsTry {
  return {
    ip: HERE,
    isSystem: true,
    errno: undefined,
    fault: undefined,
    isVouchedBySystem: false,
    chain: [
      {
        subject: 'CN=api.test',
        issuer: 'CN=Public CA, O=Public',
        validFromMs: 0,
        validToMs: 4e12,
        fingerprint: 'ab',
        isSelfIssued: false,
      },
    ],
    chainLength: 2,
    protocol: 'TLSv1.3',
    alpn: 'http/1.1',
    tookMs: 5,
    ...more,
  };
}

export function tls(first: Partial<TlsTry>, more: Partial<TlsFacts> = {}): TlsFacts {
  return { tries: [shook(first)], otherName: undefined, small: undefined, isPlainAnswered: undefined, ...more };
}

export function control(more: Partial<ControlFacts>): ControlFacts {
  return {
    state: 'told',
    reason: undefined,
    isReached: true,
    status: 200,
    code: undefined,
    phase: 'done',
    addresses: [],
    ...more,
  };
}

export const REACHES = control({});
export const FAILS = control({ isReached: false, status: undefined, code: 'connect-refused', phase: 'connect' });

export function proxy(more: Partial<ProxyFacts>): ProxyFacts {
  return {
    applies: true,
    setting: 'HTTPS_PROXY',
    proxy: 'proxy.test:3128',
    fault: undefined,
    errno: undefined,
    status: undefined,
    vendorCode: undefined,
    writer: undefined,
    isOtherReached: undefined,
    ...more,
  };
}

/** Tries that failed with this evidence, beside good ones. */
export function exchange(evidence: Evidence, bad = 3, good = 0): ExchangeFacts {
  const finding = classify(evidence);
  return {
    tries: [
      ...Array.from({ length: bad }, () => ({ status: evidence.answer?.status, tookMs: 5, finding })),
      ...Array.from({ length: good }, () => ({ status: 200, tookMs: 5, finding: undefined })),
    ],
    isGoodgate: false,
  };
}

export function answered(
  status: number,
  body: string,
  fields: readonly string[] = ['content-type', 'text/html'],
): Evidence {
  return { phase: 'body', firstEvent: 'answer', answer: { status, fields, body: new TextEncoder().encode(body) } };
}

export const GOOD: ExchangeFacts = { tries: [{ status: 200, tookMs: 5, finding: undefined }], isGoodgate: false };
export const ONLINE: readonly AnchorFacts[] = [{ at: '192.0.2.9:443', family: 4, errno: undefined, tookMs: 5 }];
export const OFFLINE: readonly AnchorFacts[] = [{ at: '192.0.2.9:443', family: 4, errno: 'ETIMEDOUT', tookMs: 4_000 }];

/** A machine on which everything before the target is well. */
export function well(more: Partial<Facts> = {}): Facts {
  return {
    target: target('https://api.test/v1'),
    interface: { hasAddress: true, isSelfAssigned: false },
    route: route(),
    proxy: proxy({ applies: false, setting: undefined, proxy: undefined }),
    internet: ONLINE,
    isAnsweredForAll: false,
    portal: [{ url: 'http://known.test/', state: 'online', status: 204, location: undefined, writer: undefined }],
    names: names(),
    ...more,
  };
}
