import type { Address, TlsClientOptions } from '../world/world.ts';
import { authority, bareHost } from './addresses.ts';
import type { Origin } from './contract.ts';
import { fieldLines } from './serialise.ts';

/** A step of TLS on the way: with whom, and on what terms. */
export type TlsTerms = Omit<TlsClientOptions, 'session' | 'onSession'>;

/** How an origin is reached: worked out once for each pool. */
export type Route = {
  /** Whose name is looked up and connected to: the proxy's where there is one. Undefined for a Unix socket. */
  readonly hop: { readonly host: string; readonly port: number } | undefined;
  readonly socket: Address | undefined;
  /** TLS with the proxy itself. */
  readonly proxyTls: TlsTerms | undefined;
  /** The `host:port` to ask a proxy for, when every connection is a tunnel. */
  readonly tunnelTo: string | undefined;
  /** What a proxy is told of us with CONNECT; without a tunnel it stands in `ownLines`. */
  readonly proxyAuthorization: string | undefined;
  readonly tls: TlsTerms | undefined;
  /** True for plain HTTP through a proxy: the request target is in absolute form (RFC 9112 §3.2.2). */
  readonly isAbsolute: boolean;
  readonly hasProxy: boolean;
  /** The value of `host`: without the port where it is the scheme's own. */
  readonly hostField: string;
  /** The lines of every request that are ours to write. */
  readonly ownLines: string;
  /** `host:port`, for evidence and for tunnels. */
  readonly authority: string;
};

/** The route to an origin, which says all that may not be shared between connections. */
export function routeOf(origin: Origin, isTunnelled: boolean): Route {
  const { via, socketPath } = origin;
  const host = bareHost(origin.host);
  const whole = authority(host, origin.port);
  const usualPort = origin.isSecure ? 443 : 80;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const hostField = origin.port === usualPort ? bracketed : whole;
  const hop = via === undefined ? { host, port: origin.port } : { host: bareHost(via.host), port: via.port };
  const isTunnel = via !== undefined && (origin.isSecure || isTunnelled);
  const isAbsolute = via !== undefined && !isTunnel;
  const own = ['host', hostField];
  if (isAbsolute && via.authorization !== undefined) own.push('proxy-authorization', via.authorization);
  return {
    hop: socketPath === undefined ? hop : undefined,
    socket: socketPath === undefined ? undefined : { path: socketPath },
    proxyTls: via?.isSecure === true ? { serverName: bareHost(via.host), alpn: ALPN, isVerified: true } : undefined,
    tunnelTo: isTunnel ? whole : undefined,
    proxyAuthorization: via?.authorization,
    tls: origin.isSecure ? termsOf(host, origin.tls) : undefined,
    isAbsolute,
    hasProxy: via !== undefined,
    hostField,
    ownLines: fieldLines(own),
    authority: whole,
  };
}

const ALPN: readonly string[] = ['http/1.1'];

function termsOf(host: string, tls: Origin['tls']): TlsTerms {
  return {
    serverName: tls?.serverName ?? host,
    alpn: ALPN,
    isVerified: tls?.isVerified ?? true,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.certificate === undefined ? {} : { certificate: tls.certificate }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
  };
}

/** Two origins share connections only when everything that shapes a connection is the same. Holds secrets: never to be logged. */
export function poolKey(origin: Origin): string {
  const { tls, via } = origin;
  return JSON.stringify([
    bareHost(origin.host).toLowerCase(),
    origin.port,
    origin.isSecure,
    origin.socketPath,
    tls && [tls.serverName, tls.isVerified, tls.ca, tls.certificate, tls.key],
    via && [via.host.toLowerCase(), via.port, via.isSecure, via.authorization],
  ]);
}
