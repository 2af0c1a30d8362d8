import type { CauseCode } from '../../src/diagnosis/catalogue.ts';
import { GATEWAY } from '../addresses.ts';
import type { Scenario } from '../scenario.ts';
import { GATEWAY_SILENT, one } from './words.ts';

/** The edge says a recorded answer. */
function edgeSays(name: string, row: string, page: string, code: CauseCode, tells: string): Scenario {
  return one(name, row, 'edge', [{ do: 'edge', as: 'cdn', page }], code, tells);
}

const EDGE: readonly Scenario[] = [
  edgeSays(
    'edge-challenge',
    'A7',
    'cloudflare-challenge.http',
    'edge-challenge',
    'The CDN asks whether a human is there.',
  ),
  edgeSays('edge-blocks', 'A7', 'akamai-403.http', 'edge-blocked', "A rule of the CDN's firewall."),
  edgeSays('edge-rate-limit', 'A8', 'cloudflare-1015.http', 'edge-rate-limited', 'Error 1015 with its time to wait.'),
  edgeSays('edge-site-fails', 'A9', 'cloudflare-502-own.http', 'edge-site-failed', 'The bare page of the CDN itself.'),
  one(
    'origin-refuses',
    'A10',
    'edge',
    [{ do: 'stop', who: 'gateway' }],
    'edge-origin-refused',
    'Nobody listens behind the CDN; it says 521.',
  ),
  one(
    'origin-silent',
    'A10',
    'edge',
    [GATEWAY_SILENT],
    'edge-origin-timeout',
    'A packet filter at the gateway; the CDN says 522 (its clock shortened to 1.5 s).',
  ),
  one(
    'origin-without-route',
    'A10',
    'edge',
    [{ do: 'ip', at: 'core', words: [`route add unreachable ${GATEWAY.v4}/32`] }],
    'edge-origin-unreachable',
    'No route from the CDN to the gateway; it says 523.',
  ),
  edgeSays('edge-tunnel-down', 'A10', 'cloudflare-1033.http', 'edge-tunnel-down', 'Error 1033.'),
  one(
    'origin-speaks-no-tls',
    'A11',
    'edge',
    [{ do: 'gateway', speaksTls: false }],
    'edge-origin-tls',
    'The gateway speaks plain HTTP on its port; the CDN says 525.',
  ),
  one(
    'origin-certificate-expired',
    'A11',
    'edge',
    [{ do: 'gateway', certificate: 'expired' }],
    'edge-origin-certificate',
    'The CDN checks the certificate and says 526.',
  ),
  one(
    'origin-too-late',
    'A12',
    'edge',
    [{ do: 'gateway', page: 'application-500.http', afterMs: 30_000 }],
    'edge-waited-too-long',
    'The gateway takes the request and keeps silent; the CDN says 524 (its clock shortened to 2.5 s).',
  ),
  one(
    'origin-too-late-nginx',
    'A12',
    'edge',
    [
      { do: 'edge', as: 'nginx' },
      { do: 'gateway', page: 'application-500.http', afterMs: 30_000 },
    ],
    'edge-waited-too-long',
    'The same behind nginx, which says 504.',
  ),
  {
    name: 'har-origin-too-late',
    rows: ['A12'],
    way: 'edge',
    given: { kind: 'har', har: 'gateway-late-120' },
    steps: [],
    truth: { kind: 'fault', code: 'edge-waited-too-long' },
    tells: 'A recording: 524 after 120.0 s; all is well now.',
  },
  one(
    'origin-bad-gateway',
    'A13',
    'edge',
    [{ do: 'gateway', page: 'nginx-1.22.1-502.http' }],
    'edge-origin-bad-gateway',
    'Behind the CDN a 502 is answered; the CDN puts its branded page in its place.',
  ),
  {
    name: 'nginx-502',
    rows: ['A10'],
    way: 'edge',
    steps: [
      { do: 'edge', as: 'nginx' },
      { do: 'stop', who: 'gateway' },
    ],
    truth: {
      kind: 'fault',
      code: 'edge-origin-refused',
      orElse: ['edge-origin-bad-gateway', 'gateway-unreachable'],
      because: "nginx's 502 does not say why it has no answer (diagnostics: the body names the proxy only)",
    },
    tells: 'nginx in front of a gateway that is down.',
  },
  {
    name: 'haproxy-503',
    rows: ['A10'],
    way: 'edge',
    steps: [
      { do: 'edge', as: 'haproxy' },
      { do: 'stop', who: 'gateway' },
    ],
    truth: {
      kind: 'fault',
      code: 'edge-origin-refused',
      orElse: ['edge-origin-bad-gateway', 'gateway-unreachable'],
      because: "HAProxy's 503 does not say why it has no answer",
    },
    tells: 'HAProxy in front of a gateway that is down.',
  },
  {
    name: 'page-522',
    rows: ['A10'],
    way: 'edge',
    given: { kind: 'page', fixture: 'cloudflare-522.http' },
    steps: [],
    truth: { kind: 'fault', code: 'edge-origin-timeout' },
    tells: 'A page saved an hour ago; all is well now.',
  },
  {
    name: 'page-502-branded',
    rows: ['A13'],
    way: 'edge',
    given: { kind: 'page', fixture: 'cloudflare-502-of-origin.http' },
    steps: [],
    truth: { kind: 'fault', code: 'edge-origin-bad-gateway' },
    tells: 'The branded 502, saved.',
  },
];

/** Block A, second part: the edge answered. */
export const BLOCK_A_EDGE: readonly Scenario[] = [...EDGE];
