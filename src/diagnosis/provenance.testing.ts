import { realWorld } from '../world/real.ts';
import type { CauseCode } from './catalogue.ts';
import type { WriterKind } from './provenance.data.ts';

/** A recorded answer and who wrote it. */
export type Expected = readonly [
  fixture: string,
  writer: string,
  kind: WriterKind,
  isOwn: boolean | undefined,
  code: CauseCode,
  vendorCode?: string,
];

/**
 * What each recorded answer is. Fixtures with a version in their name are bytes of that very server, taken on loopback; the others
 * are written after the vendors' documents.
 */
export const FIXTURES: readonly Expected[] = [
  ['nginx-1.22.1-400', 'nginx', 'server', true, 'request-rejected'],
  ['nginx-1.22.1-400-cookie', 'nginx', 'server', true, 'request-rejected'],
  ['nginx-1.22.1-403', 'nginx', 'server', true, 'front-door-blocked'],
  ['nginx-1.22.1-404', 'nginx', 'server', true, 'resource-not-found'],
  ['nginx-1.22.1-413', 'nginx', 'server', true, 'request-too-large'],
  ['nginx-1.22.1-429', 'nginx', 'server', true, 'rate-limited'],
  ['nginx-1.22.1-500', 'nginx', 'server', true, 'service-error'],
  ['nginx-1.22.1-502', 'nginx', 'server', true, 'service-bad-gateway'],
  ['nginx-1.22.1-503', 'nginx', 'server', true, 'service-unavailable'],
  ['nginx-1.22.1-504', 'nginx', 'server', true, 'service-timeout'],
  ['openresty-502', 'openresty', 'server', true, 'service-bad-gateway'],
  ['haproxy-2.6.12-400', 'haproxy', 'balancer', true, 'request-rejected'],
  ['haproxy-2.6.12-403', 'haproxy', 'balancer', true, 'front-door-blocked'],
  ['haproxy-2.6.12-408', 'haproxy', 'balancer', true, 'upload-slow'],
  ['haproxy-2.6.12-429', 'haproxy', 'balancer', true, 'rate-limited'],
  ['haproxy-2.6.12-502', 'haproxy', 'balancer', true, 'service-bad-gateway'],
  ['haproxy-2.6.12-503', 'haproxy', 'balancer', true, 'service-unavailable'],
  ['haproxy-2.6.12-504', 'haproxy', 'balancer', true, 'service-timeout'],
  ['apache-2.4.71-400', 'apache', 'server', true, 'request-rejected'],
  ['apache-2.4.71-404', 'apache', 'server', true, 'resource-not-found'],
  ['apache-2.4.71-502', 'apache', 'server', true, 'service-bad-gateway'],
  ['apache-2.4.71-503', 'apache', 'server', true, 'service-unavailable'],
  ['caddy-2.6.2-200-empty', 'caddy', 'server', true, 'answer-not-json'],
  ['caddy-2.6.2-400', 'go', 'server', true, 'request-rejected'],
  ['caddy-2.6.2-404', 'caddy', 'server', true, 'resource-not-found'],
  ['caddy-2.6.2-502', 'caddy', 'server', true, 'service-bad-gateway'],
  ['caddy-2.6.2-503', 'caddy', 'server', true, 'service-unavailable'],
  ['caddy-2.6.2-504', 'caddy', 'server', true, 'service-timeout'],
  ['squid-5.7-400', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_invalid_url'],
  ['squid-5.7-403', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_access_denied'],
  ['squid-5.7-502', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_zero_size_object'],
  ['squid-5.7-503', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_connect_fail'],
  ['squid-5.7-504', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_read_timeout'],
  ['squid-5.7-connect-503', 'squid', 'forward-proxy', true, 'proxy-connect-failed', 'err_connect_fail'],
  ['varnish-7.1.1-404', 'varnish', 'server', true, 'resource-not-found'],
  ['varnish-7.1.1-503', 'varnish', 'server', true, 'service-unavailable'],
  ['envoy-503', 'envoy', 'balancer', true, 'service-unavailable', 'connection'],
  ['envoy-503-renamed', 'envoy', 'balancer', true, 'service-unavailable'],
  ['traefik-404', 'traefik', 'balancer', true, 'resource-not-found'],
  ['traefik-502', 'traefik', 'balancer', true, 'service-bad-gateway'],
  ['cloudflare-502-of-origin', 'cloudflare', 'edge', false, 'service-bad-gateway', '502'],
  ['cloudflare-502-own', 'cloudflare', 'edge', true, 'edge-failed'],
  ['cloudflare-520', 'cloudflare', 'edge', true, 'edge-failed', '520'],
  ['cloudflare-522', 'cloudflare', 'edge', true, 'edge-failed', '522'],
  ['cloudflare-522-json', 'cloudflare', 'edge', true, 'edge-failed', '522'],
  ['cloudflare-524', 'cloudflare', 'edge', true, 'service-timeout', '524'],
  ['cloudflare-1015', 'cloudflare', 'edge', true, 'rate-limited', '1015'],
  ['cloudflare-1033', 'cloudflare', 'edge', true, 'edge-failed', '1033'],
  ['cloudflare-challenge', 'cloudflare', 'edge', true, 'front-door-blocked', 'challenge'],
  ['cloudflare-passing-nginx-502', 'nginx', 'server', true, 'service-bad-gateway'],
  ['openai-edge-502', 'cloudflare', 'edge', true, 'edge-failed'],
  ['openai-429-quota', 'openai', 'application', true, 'quota-exhausted'],
  ['openai-503', 'openai', 'application', true, 'service-overloaded'],
  ['anthropic-400', 'anthropic', 'application', true, 'context-too-long'],
  ['anthropic-529', 'anthropic', 'application', true, 'service-overloaded'],
  ['azure-openai-404', 'azure-openai', 'application', true, 'model-not-found'],
  ['vllm-400', 'application', 'application', true, 'context-too-long'],
  ['application-500', 'application', 'application', true, 'service-error'],
  ['cloudfront-502', 'cloudfront', 'edge', true, 'edge-failed'],
  ['alb-502', 'aws-alb', 'balancer', true, 'service-bad-gateway'],
  ['fastly-503', 'fastly', 'edge', true, 'edge-failed', '54113'],
  ['akamai-403', 'akamai', 'edge', true, 'front-door-blocked'],
  ['akamai-503', 'akamai', 'edge', true, 'edge-failed'],
  ['azure-application-gateway-502', 'azure-application-gateway', 'balancer', true, 'service-bad-gateway'],
  ['azure-front-door-503', 'azure-front-door', 'edge', true, 'edge-failed'],
  ['google-502', 'google', 'edge', true, 'edge-failed'],
  ['google-load-balancer-502', 'google', 'balancer', true, 'service-bad-gateway'],
  ['vercel-504', 'vercel', 'edge', true, 'service-timeout', 'function_invocation_timeout'],
  ['portal-511', 'captive portal', 'portal', true, 'captive-portal'],
  ['portal-page', 'captive portal', 'portal', true, 'captive-portal'],
  ['portal-login', 'captive portal', 'portal', true, 'captive-portal'],
  ['portal-wispr', 'captive portal', 'portal', true, 'captive-portal'],
  ['filter-fortiguard', 'fortiguard', 'filter', true, 'egress-filtered'],
  ['filter-paloalto', 'palo alto networks', 'filter', true, 'egress-filtered'],
  ['filter-umbrella', 'cisco umbrella', 'filter', true, 'egress-filtered'],
  ['filter-zscaler', 'zscaler', 'filter', true, 'egress-filtered'],
  ['goodgate-claimed', 'another goodgate', 'server', undefined, 'service-bad-gateway'],
  ['unknown-502', 'unknown', 'unknown', undefined, 'service-bad-gateway'],
];

const { files } = realWorld();

/** Status line, fields and body. */
export type Recorded = { readonly status: number; readonly fields: string[]; readonly body: Uint8Array };

/** Reads a recorded response: status line, fields, body. */
export async function fixture(name: string): Promise<Recorded> {
  return recorded(await files.read(new URL(`fixtures/${name}.http`, import.meta.url).pathname));
}

/** A response as it came over the wire, in its parts. */
export function recorded(text: string): Recorded {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(start.split(' ')[1]), fields, body: new TextEncoder().encode(text.slice(end + 4)) };
}
