import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_STEPS } from './admin-steps.ts';
import { CATALOGUE, type CauseCode } from './catalogue.ts';
import type { Cause } from './cause.ts';
import { FOLK_STEPS } from './folk-steps.ts';
import { OPERATOR_STEPS } from './operator-steps.ts';
import { PERSON_STEPS, type PersonStep } from './person-steps.ts';

const CAUSES: readonly (readonly [CauseCode, Cause])[] = Object.entries(CATALOGUE) as [CauseCode, Cause][];

/** Words that say nothing, blame, or frighten. */
const VAGUE =
  /\b(something|somehow|oops|whoops|unexpected|unknown error|issue|issues|glitch|unfortunately|sorry|an error occurred|technical difficult|please contact|contact support|internal error|fatal|illegal|abort|crash|failed to|invalid|etc)\b/i;
/** Words of the trade that a person of twelve need not know. */
const TRADE =
  /\b(TCP|TLS|HTTP|DNS lookup|upstream|downstream|socket|timeout|handshake|payload|endpoint|latency|ECONN\w+|5\d\d|4\d\d)\b/;

for (const [code, cause] of CAUSES) {
  test(`${code}: its sentences for a person are short, plain and exact`, () => {
    for (const sentence of [cause.title, cause.person, cause.picture ?? ''])
      assert.doesNotMatch(sentence, VAGUE, sentence);
    assert.doesNotMatch(cause.person, TRADE);
    assert.match(cause.person, /^[A-Z].*\.$/);
    assert.ok(cause.person.length <= 140, `${cause.person.length} characters`);
    for (const sentence of cause.person.split(/(?<=\.) /)) {
      assert.ok(sentence.split(' ').length <= 20, `${sentence.split(' ').length} words: ${sentence}`);
    }
    if (cause.picture !== undefined) assert.match(cause.picture, /^It is like .*\.$/);
    assert.doesNotMatch(cause.title, /\.$/);
    assert.ok(cause.technical.length > 20 && cause.technical.endsWith('.'));
    assert.notEqual(cause.technical, cause.person);
  });

  test(`${code}: the steps fit the side that acts`, () => {
    const kinds = cause.steps.person.map((id) => PERSON_STEPS[id].kind);
    assert.ok(kinds.length > 0, 'a person is never left without a word');
    // The share of failures in which a person is shown a step that cannot help is 0: what is elsewhere asks nothing of the device.
    const isRemote = cause.side === 'operator' || cause.side === 'provider' || cause.side === 'nobody';
    if (isRemote) for (const kind of kinds) assert.ok(['wait', 'retry', 'status', 'tell'].includes(kind), kind);
    if (cause.side === 'network-admin') assert.ok(!kinds.includes('change'), 'what only an administrator can change');
    if (cause.side === 'operator') assert.ok(cause.steps.operator.length > 0, 'the operator acts, so has steps');
    if (cause.side === 'network-admin') assert.ok(cause.steps.admin.length > 0, 'the administrator acts, so has steps');
    assert.equal(new Set(cause.steps.person).size, cause.steps.person.length);
    assert.equal(new Set(cause.steps.operator).size, cause.steps.operator.length);
  });

  test(`${code}: what will not help contradicts no step`, () => {
    assert.ok(cause.wontHelp.length > 0);
    assert.equal(new Set(cause.wontHelp).size, cause.wontHelp.length);
    const shown: readonly string[] = cause.steps.person;
    const folk: readonly string[] = cause.wontHelp;
    for (const [step, contradicted] of CONTRADICTIONS) {
      if (shown.includes(step))
        assert.ok(!folk.includes(contradicted), `${step} is advised and ${contradicted} is denied`);
    }
  });

  test(`${code}: status, retry words and duration agree with each other`, () => {
    const { minS, maxS } = cause.typical;
    assert.ok(minS >= 0 && minS <= maxS);
    assert.ok(cause.status === 0 || (cause.status >= 200 && cause.status <= 599));
    // A cause that nobody but the caller can end does not pass by waiting.
    if (cause.side === 'person' && cause.lasts === 'lasting')
      assert.ok(cause.retry.caller !== 'now' || cause.hop !== 'you');
    // A model unknown to one target may be known to the next, and limits on size differ; every other fault of the caller's goes with it.
    const isOfTarget = code === 'model-not-found' || code === 'request-too-large';
    assert.ok(
      cause.blame !== 'caller' || isOfTarget || cause.retry.ours !== 'elsewhere',
      'no other target is asked to fail at the same request',
    );
    if (cause.status >= 500)
      assert.notEqual(cause.proxyError, undefined, 'RFC 9209 names every failure that we answer');
    if (cause.data === 'not-sent') assert.ok(!/after the request was sent/.test(cause.technical));
  });
}

const CONTRADICTIONS: readonly (readonly [step: string, folk: string])[] = [
  ['private-window', 'private-window'],
  ['private-window', 'extensions-off'],
  ['halve-extensions', 'extensions-off'],
  ['allow-site', 'extensions-off'],
  ['vpn-off', 'vpn-off'],
  ['vpn-exclude', 'vpn-off'],
  ['check-router', 'restart-router'],
  ['public-resolver', 'change-dns'],
  ['flush-names', 'change-dns'],
  ['automatic-secure-dns', 'change-dns'],
  ['try-hotspot', 'other-network'],
  ['clear-site-cookies', 'clear-cookies'],
  ['hard-reload', 'refresh'],
  ['reset-site-cache', 'clear-cache'],
  ['wait-page', 'wait'],
  ['wait-moment', 'wait'],
  ['wait-given', 'wait'],
  ['wait-repair', 'wait'],
  ['retry-now', 'send-again'],
  ['retry-later', 'send-again'],
];

test('every step and every folk step is used by some cause, so that none is written for nobody', () => {
  const all = (pick: (cause: Cause) => readonly string[]) => new Set(CAUSES.flatMap(([, cause]) => pick(cause)));
  for (const [steps, used] of [
    [PERSON_STEPS, all((cause) => cause.steps.person)],
    [ADMIN_STEPS, all((cause) => cause.steps.admin)],
    [OPERATOR_STEPS, all((cause) => cause.steps.operator)],
    [FOLK_STEPS, all((cause) => cause.wontHelp)],
  ] as const) {
    assert.deepEqual(
      Object.keys(steps).filter((id) => !used.has(id)),
      [],
    );
  }
});

test('steps for a person are short orders, without words that say nothing', () => {
  for (const [id, step] of Object.entries(PERSON_STEPS) as [string, PersonStep][]) {
    assert.ok(step.text.length <= 110, `${id}: ${step.text.length}`);
    assert.doesNotMatch(step.text, VAGUE);
    assert.match(step.text, /[.)]$/);
  }
});

/** Every row of the failure taxonomy and of the table of causes, with the causes that stand for it. Both tables are closed: a new row is a new line here. */
const ROWS: Readonly<Record<string, readonly CauseCode[]>> = {
  'caller: malformed request': ['caller-malformed', 'caller-not-json'],
  'caller: smuggling': ['caller-malformed'],
  'caller: head too large': ['caller-head-too-large', 'caller-target-too-long'],
  'caller: chunks': ['caller-malformed'],
  'caller: too slow': ['caller-slow'],
  'caller: body too large': ['caller-body-too-large'],
  'caller: upload breaks off, left while waiting, left mid-answer': ['caller-left'],
  'caller: does not read': ['caller-not-reading'],
  'caller: TLS': ['caller-tls-failed'],
  'caller: unauthenticated, forbidden': ['caller-unauthorized', 'caller-forbidden'],
  'caller: rate': ['caller-rate-limited'],
  'caller: loop': ['gateway-loop'],
  'caller: expectation, method, upgrade': ['expectation-unmet', 'method-not-allowed', 'caller-unsupported'],
  'caller: authority': ['caller-misdirected'],
  'gateway: no route': ['model-unknown'],
  'gateway: unknown pool': ['gateway-misconfigured'],
  'gateway: nobody fit, all resting': ['no-target-fit'],
  'gateway: queue full, waited too long': ['queue-full', 'queue-timeout'],
  'gateway: throttle': ['admission-refused'],
  'gateway: deadline': ['deadline-passed'],
  'gateway: shedding': ['gateway-overloaded'],
  'gateway: descriptors, ports, memory': ['gateway-exhausted'],
  'gateway: exception': ['gateway-bug'],
  'gateway: draining': ['gateway-draining'],
  'gateway: egress policy': ['connect-forbidden'],
  'gateway: cannot stream': ['dialect-unspoken'],
  'gateway: injected': ['fault-injected'],
  'gateway: resolver starved, loop stalled': ['gateway-stalled'],
  'names: missing, failed, silent': ['dns-not-found', 'dns-failed', 'dns-timeout'],
  'connect: refused, silent, no route, forward proxy': [
    'connect-refused',
    'connect-timeout',
    'connect-unroutable',
    'proxy-connect-failed',
  ],
  'TLS: slow, closed, alert, client certificate, not TLS': [
    'tls-timeout',
    'tls-closed',
    'tls-alert',
    'client-certificate-refused',
    'tls-not-tls',
  ],
  'TLS: certificate': [
    'certificate-expired',
    'certificate-not-yet-valid',
    'certificate-revoked',
    'certificate-untrusted',
    'certificate-name',
  ],
  'TLS: protocol': ['upgrade-failed'],
  'waiting: stale, closed, idle cut': ['stale-connection', 'closed-before-answer', 'idle-cut'],
  'waiting: write, head': ['write-timeout', 'answer-timeout'],
  'head: not HTTP, malformed, too large, cut, unasked': [
    'not-http',
    'bad-head',
    'head-too-large',
    'head-cut',
    'answer-unasked',
  ],
  'head: early, misdirected': ['service-too-early', 'service-misdirected'],
  'body: cut, short, silent': ['body-cut', 'body-incomplete', 'body-stall'],
  'body: chunks, coding, size, trailers': ['bad-chunk', 'bad-encoding', 'body-too-large', 'bad-trailers'],
  'stream: no end, error event, silent, unreadable, empty': [
    'stream-incomplete',
    'stream-error',
    'stream-stall',
    'stream-malformed',
    'stream-empty',
  ],
  'answer: 502, 503, 504, 500': ['service-bad-gateway', 'service-unavailable', 'service-timeout', 'service-error'],
  'answer: maintenance, 429, quota, overload': [
    'service-maintenance',
    'rate-limited',
    'quota-exhausted',
    'service-overloaded',
  ],
  'answer: 408': ['upload-slow', 'stale-connection'],
  'answer: 401, 403, region': [
    'credential-refused',
    'credentials-exhausted',
    'permission-refused',
    'region-unsupported',
  ],
  'answer: 404, 400': [
    'model-not-found',
    'resource-not-found',
    'context-too-long',
    'content-refused',
    'request-rejected',
    'request-too-large',
  ],
  'answer: of the wrong kind': [
    'answer-html',
    'answer-not-json',
    'answer-redirected',
    'captive-portal',
    'egress-filtered',
    'edge-failed',
    'front-door-blocked',
  ],
  'A1 portal': ['wifi-sign-in'],
  'A2 filter, interception': ['filter-answered', 'tls-intercepted'],
  'A3 forward proxy': ['proxy-unreachable', 'proxy-sign-in', 'proxy-denied', 'proxy-failed', 'proxy-script-broken'],
  'A4 stale cache': ['stale-cache'],
  'A5 cookies': ['cookies-too-large', 'caller-head-too-large'],
  'A6 extension': ['extension-interferes'],
  'A7 challenge, firewall of the edge': ['edge-challenge', 'edge-blocked'],
  'A8 limit of the edge': ['edge-rate-limited'],
  'A9 one site of the edge': ['edge-site-failed'],
  'A10 521, 522, 523, 1016, 1033': [
    'edge-origin-refused',
    'edge-origin-timeout',
    'edge-origin-unreachable',
    'edge-origin-name',
    'edge-tunnel-down',
  ],
  'A11 525, 526': ['edge-origin-tls', 'edge-origin-certificate'],
  'A12 524': ['edge-waited-too-long'],
  'A13 520, branded 502': ['edge-origin-malformed', 'edge-origin-bad-gateway'],
  'A14 gateway overloaded': ['gateway-overloaded', 'queue-full'],
  'A15 gateway at fault': ['gateway-bug', 'gateway-misconfigured', 'page-blocked-by-policy'],
  'A16 maintenance, drain': ['gateway-maintenance', 'gateway-draining'],
  'A17 gateway cannot look up': ['dns-not-found', 'dns-failed', 'dns-timeout'],
  'A18 gateway cannot connect': ['connect-refused', 'connect-timeout', 'connect-unroutable', 'gateway-offline'],
  'A19 gateway and provider disagree on TLS': ['certificate-untrusted', 'tls-alert'],
  "A20 provider's edge": ['edge-failed'],
  'A21 provider fails': ['service-error', 'closed-before-answer'],
  'A22 provider overloaded': ['service-overloaded', 'rate-limited'],
  'A23 provider slow': ['answer-timeout', 'service-timeout'],
  'A24 provider maintenance': ['service-maintenance'],
  'A25 account': ['credential-refused', 'quota-exhausted', 'model-not-found', 'region-unsupported'],
  'A26 the request itself': ['request-rejected', 'context-too-long', 'content-refused', 'request-breaks-service'],
  'B1 offline': ['device-offline'],
  'B2 clock': ['clock-wrong'],
  'B3 router': ['router-unreachable'],
  'B4 Wi-Fi': ['wifi-weak'],
  'B5 provider of internet': ['isp-outage', 'isp-routing', 'no-internet'],
  'B6 address family': ['address-family-broken'],
  'B7 MTU': ['mtu-black-hole'],
  'B8 QUIC': ['quic-blocked'],
  'B9 resolver': ['resolver-down'],
  'B10 secure DNS': ['secure-dns-broken'],
  'B11 no such name': ['name-unknown', 'gateway-name-missing'],
  'B12 hijack, filter, stale, hosts file': ['dns-hijacked', 'dns-filtered', 'dns-stale', 'hosts-file-override'],
  'B13 split DNS': ['split-dns'],
  'B14 VPN': ['vpn-on-path'],
  'B15 proxy': ['proxy-unreachable', 'proxy-script-broken'],
  'B16 firewall, port': ['firewall-blocked', 'port-blocked', 'route-blocked'],
  'B17 reset by name': ['connection-filtered'],
  'B18 interception': ['tls-intercepted'],
  'B19 our certificate': ['gateway-certificate'],
  'B20 gateway down': ['gateway-unreachable'],
  'B21 blocked by an extension': ['extension-blocked'],
  'B22 page policy': ['page-blocked-by-policy'],
  'B23 local network permission': ['local-access-denied'],
  'C1 left, slept': ['caller-left', 'device-slept'],
  'C2 network switch': ['network-switched'],
  'C3 buffered': ['stream-buffered'],
  'C4 idle limit': ['stream-idle-cut', 'idle-cut'],
  'C5 provider stalled': ['stream-stall'],
  'C6 provider cut': ['stream-incomplete', 'body-cut'],
  'C7 gateway restarted': ['gateway-draining'],
  'C8 edge cut': ['edge-cut'],
  'C9 finish reason': ['length-reached', 'answer-filtered'],
  'Z works now, contradicts, not enough': ['works-now', 'evidence-contradicts', 'not-enough-known'],
};

test('every row of the taxonomy has a cause, and every cause stands for a row', () => {
  const mapped = new Set(Object.values(ROWS).flat());
  const loose = Object.keys(CATALOGUE).filter((code) => !mapped.has(code as CauseCode));
  assert.deepEqual(
    loose,
    ['bad', 'caller-not-json', 'stream-error'].filter((code) => loose.includes(code)),
  );
  for (const codes of Object.values(ROWS)) for (const code of codes) assert.ok(Object.hasOwn(CATALOGUE, code), code);
});
