import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseCode } from '../../diagnosis/catalogue.ts';
import { CATALOGUE } from '../../diagnosis/catalogue.ts';
import type { Hop, Side } from '../../diagnosis/cause.ts';
import type { Confidence } from '../../diagnosis/finding.ts';
import { PERSON_STEPS } from '../../diagnosis/person-steps.ts';
import type { ClockReading, Facts } from '../facts.ts';
import { reportOf } from '../report-of.ts';
import {
  answered,
  control,
  exchange,
  FAILS,
  found,
  GOOD,
  HERE,
  knocked,
  lost,
  names,
  OFFLINE,
  ONLINE,
  proxy,
  REACHES,
  route,
  shook,
  THERE,
  target,
  tls,
  well,
} from './facts.testing.ts';
import { judge, RULES } from './verdict.ts';

type Case = {
  readonly rule: string;
  readonly says: string;
  readonly facts: Facts;
  readonly code: CauseCode;
  readonly hop?: Hop;
  readonly side?: Side;
  readonly confidence: Confidence;
};

const shut = (...errnos: string[]): Pick<Facts, 'connect'> => ({
  connect: { tries: errnos.map((each) => knocked(each)), sibling: undefined },
});
const open: Pick<Facts, 'connect'> = { connect: { tries: [knocked()], sibling: undefined } };
const DEAD: Partial<Facts> = {
  internet: OFFLINE,
  portal: [{ url: 'http://known.test/', state: 'silent', status: undefined, location: undefined, writer: undefined }],
  names: names({
    system: lost('system', 'EAI_AGAIN'),
    public: [lost('google', 'ETIMEOUT')],
    knownBySystem: lost('system', 'EAI_AGAIN'),
    knownByPublic: lost('google', 'ETIMEOUT'),
  }),
};
const SINKHOLE = names({ system: found('system', '0.0.0.0') });
const REFUSED = exchange(
  answered(401, '{"error":{"code":"invalid_api_key","message":"Incorrect API key"}}', [
    'content-type',
    'application/json',
  ]),
).tries[0]?.finding;
const ANCHOR = { at: 'x', family: 4, errno: undefined, tookMs: 20 } as const;
const NO_ANSWER = exchange({ phase: 'connect', firstEvent: 'our-timer', clock: 'connect' }).tries[0]?.finding;
const GATEWAY = target('https://gate.test', 'gateway');
const LOCAL = target('http://127.0.0.1:5020', 'gateway');
const CLOUDFLARE = ['content-type', 'text/html', 'server', 'cloudflare', 'cf-ray', '8f00ba-FRA'];
const JSON_TYPE = ['content-type', 'application/json'];
const MINUTE = 60_000;
const FAST: readonly ClockReading[] = [
  { source: 'a', aheadMs: 90 * MINUTE },
  { source: 'b', aheadMs: 90 * MINUTE + 500 },
];
const reset = { phase: 'wait-head', firstEvent: 'reset', errno: 'ECONNRESET', bytesWritten: 90, bytesRead: 0 } as const;

const UNREACHED = { phase: 'connect', firstEvent: 'errno', errno: 'ENETUNREACH' } as const;

const CASES: readonly Case[] = [
  // the record
  {
    rule: 'the failure is on record',
    says: 'a story is believed before any probe',
    facts: {
      target: undefined,
      past: {
        source: 'story',
        code: 'stream-stall',
        hop: 'service',
        side: 'provider',
        confidence: 'confirmed',
        decidedBy: ['x'],
        detail: undefined,
        atMs: undefined,
        status: undefined,
        retryAfterMs: undefined,
      },
    },
    code: 'stream-stall',
    hop: 'service',
    confidence: 'confirmed',
  },
  // the machine
  {
    rule: 'nothing is connected',
    says: 'no address is no network',
    facts: well({ ...DEAD, interface: { hasAddress: false, isSelfAssigned: false } }),
    code: 'device-offline',
    confidence: 'confirmed',
  },
  {
    rule: 'a sign-in page answers in the place of known pages',
    says: 'a redirect of a known page is a portal',
    facts: well({
      portal: [
        { url: 'http://known.test/', state: 'captive', status: 302, location: 'http://login.test/', writer: undefined },
      ],
    }),
    code: 'wifi-sign-in',
    confidence: 'confirmed',
  },
  {
    rule: 'there is no way out of this machine',
    says: 'no default route',
    facts: well({ ...DEAD, route: route({ hasDefault: false, router: undefined }) }),
    code: 'router-unreachable',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'an unknown router leaves it at no internet',
    facts: well(DEAD),
    code: 'no-internet',
    hop: 'network',
    side: 'person',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'a silent router is the cause',
    facts: well({ ...DEAD, route: route({ routerState: 'silent' }) }),
    code: 'router-unreachable',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'behind a living router it is the line',
    facts: well({ ...DEAD, route: route({ routerState: 'alive' }) }),
    code: 'isp-outage',
    confidence: 'likely',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'connections that something near takes for everyone prove nothing',
    facts: well({ ...DEAD, ...open, internet: ONLINE, isAnsweredForAll: true, route: route({ routerState: 'alive' }) }),
    code: 'no-internet',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'a gateway of this machine that got nowhere is not blamed for the line',
    facts: well({
      ...DEAD,
      target: LOCAL,
      route: route({ routerState: 'alive' }),
      exchange: { ...exchange(UNREACHED), isGoodgate: true },
    }),
    code: 'isp-outage',
    confidence: 'likely',
  },
  {
    rule: 'packets get lost to every host',
    says: 'silences here, some losses elsewhere, and the gateway gets through',
    facts: well({
      ...open,
      control: REACHES,
      speed: { count: 10, lost: 4, medianMs: 20, jitterMs: 5, slowMs: 900 },
      exchange: exchange({ phase: 'connect', firstEvent: 'our-timer', clock: 'connect' }, 2, 1),
    }),
    code: 'wifi-weak',
    hop: 'network',
    confidence: 'likely',
  },
  {
    rule: 'packets get lost to every host',
    says: 'the name is not found, while some connections open at once and others when asked again',
    facts: well({
      control: REACHES,
      names: names({ system: lost('system', 'ETIMEOUT') }),
      connect: { tries: [{ ...knocked(undefined, HERE, false), tookMs: 2_040 }], sibling: undefined },
      internet: [20, 1_030, 22, 1_040, 21].map((tookMs) => ({ at: 'x', family: 4, errno: undefined, tookMs })),
    }),
    code: 'wifi-weak',
    hop: 'network',
    confidence: 'likely',
  },
  // the proxy
  {
    rule: 'nothing beyond the own network answers',
    says: 'a proxy script far away is as dead as the rest',
    facts: well({
      ...DEAD,
      route: route({ routerState: 'alive' }),
      proxy: proxy({ applies: false, fault: 'script-broken', scriptHost: 'wpad.example.com', errno: 'ENOTFOUND' }),
    }),
    code: 'isp-outage',
    confidence: 'likely',
  },
  {
    rule: 'the proxy script is broken',
    says: 'a script of the own network cannot be had, and the direct way is shut',
    facts: well({
      ...DEAD,
      route: route({ routerState: 'alive' }),
      proxy: proxy({ applies: false, fault: 'script-broken', scriptHost: '192.168.1.1', errno: 'ECONNREFUSED' }),
    }),
    code: 'proxy-script-broken',
    confidence: 'likely',
  },
  {
    rule: 'the setting of the proxy cannot be read',
    says: 'a variable without a URL',
    facts: well({ proxy: proxy({ fault: 'not-a-url' }) }),
    code: 'proxy-unreachable',
    side: 'person',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy cannot be reached',
    says: 'the proxy refuses connections',
    facts: well({ proxy: proxy({ errno: 'ECONNREFUSED' }) }),
    code: 'proxy-unreachable',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '407',
    facts: well({ proxy: proxy({ status: 407 }) }),
    code: 'proxy-sign-in',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '403',
    facts: well({ proxy: proxy({ status: 403 }) }),
    code: 'proxy-denied',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '503 for us and for everything else',
    facts: well({ proxy: proxy({ status: 503, isOtherReached: false }) }),
    code: 'proxy-failed',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '503 and the gateway gets through',
    facts: well({ proxy: proxy({ status: 503, isOtherReached: true }), control: REACHES }),
    code: 'proxy-failed',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '503 and the gateway fails as well: the service',
    facts: well({ proxy: proxy({ status: 503, isOtherReached: true }), control: FAILS }),
    code: 'connect-refused',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy refused to open a tunnel',
    says: '503 and nobody else to ask',
    facts: well({ proxy: proxy({ status: 503, isOtherReached: true }) }),
    code: 'evidence-contradicts',
    confidence: 'inconclusive',
  },
  {
    rule: 'the proxy script is broken',
    says: 'a script that cannot be read, and a shut direct way',
    facts: well({ ...shut('ETIMEDOUT'), proxy: proxy({ applies: false, fault: 'script-broken' }) }),
    code: 'proxy-script-broken',
    confidence: 'likely',
  },
  {
    rule: 'the proxy cannot be reached',
    says: 'a proxy that refuses is the cause where everything goes through it',
    facts: well({ ...DEAD, proxy: proxy({ errno: 'ECONNREFUSED' }) }),
    code: 'proxy-unreachable',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'a proxy that is silent may be behind the same dead line',
    facts: well({ ...DEAD, proxy: proxy({ errno: 'ETIMEDOUT' }) }),
    code: 'no-internet',
    confidence: 'confirmed',
  },
  {
    rule: 'the proxy cannot be reached',
    says: 'a silent proxy in the own network, whose router is alive',
    facts: well({
      ...DEAD,
      route: route({ routerState: 'alive' }),
      proxy: proxy({ errno: 'ETIMEDOUT', proxy: '192.168.1.50:3128' }),
    }),
    code: 'proxy-unreachable',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'where everything goes through a tunnel, the tunnel is the first to look at',
    facts: well({ ...DEAD, route: route({ routerState: 'alive', interface: 'tun0', isTunnel: true }) }),
    code: 'vpn-on-path',
    hop: 'network',
    confidence: 'likely',
  },
  // names
  {
    rule: 'the hosts file leads elsewhere',
    says: 'a line in the hosts file',
    facts: well({
      ...shut('ECONNREFUSED'),
      names: names({ system: found('system', '192.0.2.5'), hosts: ['192.0.2.5'], public: [found('google', THERE)] }),
    }),
    code: 'hosts-file-override',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'missing here and found elsewhere is a filter',
    facts: well({ names: names({ system: lost('system', 'ENOTFOUND') }) }),
    code: 'dns-filtered',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'a silent resolver beside living ones',
    facts: well({ names: names({ system: lost('system', 'EAI_AGAIN'), knownBySystem: lost('system', 'EAI_AGAIN') }) }),
    code: 'resolver-down',
    hop: 'network',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'missing everywhere is a wrong name',
    facts: well({
      names: names({
        system: lost('system', 'ENOTFOUND'),
        public: [lost('google', 'ENOTFOUND'), lost('quad9', 'ENOTFOUND')],
      }),
    }),
    code: 'name-unknown',
    hop: 'you',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'a known service without its name is its own fault',
    facts: well({
      target: target('https://api.openai.com/v1'),
      names: names({
        system: lost('system', 'ENOTFOUND'),
        public: [lost('google', 'ENOTFOUND'), lost('quad9', 'ENOTFOUND')],
      }),
    }),
    code: 'dns-not-found',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'a gateway without its name is the operator’s fault',
    facts: well({
      target: GATEWAY,
      names: names({ system: lost('system', 'ENOTFOUND'), public: [lost('google', 'ENOTFOUND')] }),
    }),
    code: 'gateway-name-missing',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'resolvers that find nothing at all prove nothing about one name',
    facts: well({
      names: names({
        system: lost('system', 'ENOTFOUND'),
        public: [lost('google', 'ENOTFOUND')],
        knownBySystem: lost('system', 'ENOTFOUND'),
        knownByPublic: lost('google', 'ENOTFOUND'),
      }),
    }),
    code: 'resolver-down',
    confidence: 'likely',
  },
  {
    rule: 'the name is not found here',
    says: 'a zone that fails for all resolvers',
    facts: well({ names: names({ system: lost('system', 'EAI_AGAIN'), public: [lost('google', 'ESERVFAIL')] }) }),
    code: 'dns-failed',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the name is not found here',
    says: 'a private name that the gateway knows',
    facts: well({
      control: REACHES,
      names: names({ system: lost('system', 'ENOTFOUND'), public: [lost('google', 'ENOTFOUND')] }),
    }),
    code: 'split-dns',
    confidence: 'likely',
  },
  {
    rule: 'the name leads elsewhere than for others',
    says: 'a sinkhole',
    facts: well({ ...shut('ECONNREFUSED'), names: SINKHOLE }),
    code: 'dns-filtered',
    confidence: 'confirmed',
  },
  {
    rule: 'the name leads elsewhere than for others',
    says: 'another host with a wrong certificate',
    facts: well({
      names: names({ system: found('system', '192.0.2.66') }),
      tls: {
        ...tls({ fault: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
        tries: [shook({ ip: '192.0.2.66', fault: 'ERR_TLS_CERT_ALTNAME_INVALID' }), shook({ isSystem: false })],
      },
    }),
    code: 'dns-hijacked',
    confidence: 'confirmed',
  },
  {
    rule: 'the name leads elsewhere than for others',
    says: 'an old address at which nobody is',
    facts: well({
      names: names({ system: found('system', '192.0.2.66') }),
      connect: { tries: [knocked('ETIMEDOUT', '192.0.2.66'), knocked(undefined, HERE, false)], sibling: undefined },
      tls: { ...tls({}), tries: [shook({ isSystem: false })] },
    }),
    code: 'dns-stale',
    confidence: 'likely',
  },
  {
    rule: 'the name leads elsewhere than for others',
    says: 'an old address in the same network as the new one',
    facts: well({
      control: REACHES,
      names: names({ system: found('system', '198.51.100.99') }),
      connect: {
        tries: [knocked('EHOSTUNREACH', '198.51.100.99'), knocked(undefined, HERE, false)],
        sibling: undefined,
      },
      tls: { ...tls({}), tries: [shook({ isSystem: false })] },
    }),
    code: 'dns-stale',
    confidence: 'likely',
  },
  {
    rule: 'others reach what this machine does not',
    says: 'one of the addresses that everybody is told',
    facts: well({
      control: REACHES,
      names: names({ public: [found('google', HERE, THERE)] }),
      connect: { tries: [knocked('ETIMEDOUT'), knocked(undefined, THERE, false)], sibling: undefined },
      tls: { ...tls({}), tries: [shook({ isSystem: false })] },
    }),
    code: 'isp-routing',
    confidence: 'confirmed',
  },
  // connecting
  {
    rule: 'this machine has no way to the target',
    says: 'a route that is prohibited',
    facts: well({ ...shut('EACCES'), route: route({ errno: 'EACCES' }) }),
    code: 'route-blocked',
    hop: 'you',
    confidence: 'confirmed',
  },
  {
    rule: 'only one kind of address is broken',
    says: 'IPv6 only, and IPv6 is dead',
    facts: well({
      internet: [...ONLINE, { at: '[2001:db8::1]:443', family: 6, errno: 'ETIMEDOUT', tookMs: 4_000 }],
      connect: { tries: [knocked('ETIMEDOUT', '2001:db8::7')], sibling: undefined },
    }),
    code: 'address-family-broken',
    confidence: 'confirmed',
  },
  {
    rule: 'others reach what this machine does not',
    says: 'silence here and an answer there is the line',
    facts: well({ ...shut('ETIMEDOUT'), control: REACHES }),
    code: 'isp-routing',
    hop: 'network',
    confidence: 'confirmed',
  },
  {
    rule: 'others reach what this machine does not',
    says: 'a refusal here and an answer there is a filter',
    facts: well({ ...shut('ECONNREFUSED'), control: REACHES }),
    code: 'port-blocked',
    confidence: 'confirmed',
  },
  {
    rule: 'others reach what this machine does not',
    says: 'only the port is silent',
    facts: well({ connect: { tries: [knocked('ETIMEDOUT')], sibling: { ...knocked(), port: 80 } }, control: REACHES }),
    code: 'port-blocked',
    confidence: 'confirmed',
  },
  {
    rule: 'others reach what this machine does not',
    says: 'through a tunnel it is the tunnel',
    facts: well({ ...shut('ETIMEDOUT'), control: REACHES, route: route({ interface: 'wg0', isTunnel: true }) }),
    code: 'vpn-on-path',
    confidence: 'likely',
  },
  {
    rule: 'nobody reaches it',
    says: 'refused here and there',
    facts: well({ ...shut('ECONNREFUSED'), control: FAILS }),
    code: 'connect-refused',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'nobody reaches it',
    says: 'a gateway that nobody reaches',
    facts: well({ target: GATEWAY, ...shut('ETIMEDOUT'), control: FAILS }),
    code: 'gateway-unreachable',
    hop: 'gateway',
    confidence: 'confirmed',
  },
  {
    rule: 'nobody else was asked',
    says: 'a silence without a second opinion is inconclusive',
    facts: well(shut('ETIMEDOUT')),
    code: 'not-enough-known',
    confidence: 'inconclusive',
  },
  {
    rule: 'nobody else was asked',
    says: 'a refusal is likely the host’s own',
    facts: well(shut('ECONNREFUSED')),
    code: 'connect-refused',
    confidence: 'likely',
  },
  {
    rule: 'nobody else was asked',
    says: 'on this machine a refusal is certain',
    facts: { target: LOCAL, ...shut('ECONNREFUSED') },
    code: 'gateway-unreachable',
    confidence: 'confirmed',
  },
  // TLS
  {
    rule: 'the clock makes a good certificate look bad',
    says: 'two clocks disagree with ours',
    facts: well({ ...open, clock: FAST, tls: tls({ fault: 'CERT_HAS_EXPIRED' }) }),
    code: 'clock-wrong',
    hop: 'you',
    confidence: 'confirmed',
  },
  {
    rule: 'somebody reads along',
    says: 'a root of this system that is not public',
    facts: well({ ...open, tls: tls({ fault: 'SELF_SIGNED_CERT_IN_CHAIN', isVouchedBySystem: true }) }),
    code: 'tls-intercepted',
    hop: 'you',
    confidence: 'confirmed',
  },
  {
    rule: 'somebody reads along',
    says: 'unrelated hosts show such certificates as well',
    facts: well({
      ...open,
      names: names({ doh: [lost('cloudflare', 'SELF_SIGNED_CERT_IN_CHAIN')] }),
      tls: tls({ fault: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    }),
    code: 'tls-intercepted',
    confidence: 'confirmed',
  },
  {
    rule: 'the certificate is wrong for everyone',
    says: 'expired by a clock that is right',
    facts: well({ ...open, clock: [{ source: 'a', aheadMs: 10 }], tls: tls({ fault: 'CERT_HAS_EXPIRED' }) }),
    code: 'certificate-expired',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the certificate is wrong for everyone',
    says: 'an unknown issuer that the gateway finds too',
    facts: well({ ...open, control: FAILS, tls: tls({ fault: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) }),
    code: 'certificate-untrusted',
    hop: 'service',
    confidence: 'confirmed',
  },
  {
    rule: 'the certificate is wrong for everyone',
    says: 'a gateway’s own certificate',
    facts: well({ target: GATEWAY, ...open, tls: tls({ fault: 'ERR_TLS_CERT_ALTNAME_INVALID' }) }),
    code: 'gateway-certificate',
    confidence: 'likely',
  },
  {
    rule: 'large packets get lost in the handshake',
    says: 'a small hello passes',
    facts: well({
      ...open,
      tls: tls({ errno: 'ETIMEDOUT' }, { small: 'open', otherName: 'ETIMEDOUT', isPlainAnswered: true }),
    }),
    code: 'mtu-black-hole',
    confidence: 'confirmed',
  },
  {
    rule: 'large packets get lost in the handshake',
    says: 'a few bytes pass, and the gateway shakes hands',
    facts: well({
      ...open,
      control: REACHES,
      tls: tls({ errno: 'ETIMEDOUT' }, { small: 'ETIMEDOUT', otherName: 'ETIMEDOUT', isPlainAnswered: true }),
    }),
    code: 'mtu-black-hole',
    confidence: 'confirmed',
  },
  {
    rule: 'the name decides whether the handshake lives',
    says: 'another name goes on',
    facts: well({ ...open, tls: tls({ errno: 'ECONNRESET' }, { otherName: 'open', small: 'ECONNRESET' }) }),
    code: 'connection-filtered',
    confidence: 'confirmed',
  },
  {
    rule: 'the name decides whether the handshake lives',
    says: 'a reset here and a handshake there',
    facts: well({ ...open, control: REACHES, tls: tls({ errno: 'ECONNRESET' }, { otherName: 'ECONNRESET' }) }),
    code: 'connection-filtered',
    confidence: 'likely',
  },
  {
    rule: 'the handshake fails',
    says: 'a reset that the gateway sees too',
    facts: well({ ...open, control: FAILS, tls: tls({ errno: 'ECONNRESET' }, { otherName: 'ECONNRESET' }) }),
    code: 'tls-closed',
    hop: 'service',
    confidence: 'confirmed',
  },
  {
    rule: 'the handshake fails',
    says: 'a chain that is too long to be read',
    facts: well({ ...open, tls: tls({ errno: 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE' }) }),
    code: 'certificate-untrusted',
    confidence: 'likely',
  },
  {
    rule: 'the handshake fails',
    says: 'a silence without a second opinion',
    facts: well({ ...open, tls: tls({ errno: 'ETIMEDOUT' }, { otherName: 'ETIMEDOUT', isPlainAnswered: false }) }),
    code: 'not-enough-known',
    confidence: 'inconclusive',
  },
  // HTTP
  {
    rule: 'small packets pass and large ones do not',
    says: 'in HTTP',
    facts: well({ ...open, mtu: { small: 'answered', large: 'silent' }, control: REACHES }),
    code: 'mtu-black-hole',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'a page of nginx',
    facts: well({
      ...open,
      exchange: exchange(answered(502, '<html><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center>')),
    }),
    code: 'service-bad-gateway',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'what comes and goes is likely, and told as a rate',
    facts: well({ ...open, exchange: exchange(answered(503, 'no'), 2, 3) }),
    code: 'service-unavailable',
    hop: 'service',
    confidence: 'likely',
  },
  {
    rule: 'the exchange fails',
    says: 'Cloudflare’s 521 in front of a gateway',
    facts: well({ target: GATEWAY, ...open, exchange: exchange(answered(521, '<html>cf-error-details', CLOUDFLARE)) }),
    code: 'edge-origin-refused',
    hop: 'gateway',
    side: 'operator',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'a front door that fails here only',
    facts: well({
      ...open,
      control: REACHES,
      exchange: exchange(answered(502, '<hr><center>cloudflare</center>', CLOUDFLARE)),
    }),
    code: 'edge-site-failed',
    hop: 'edge',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'a block page',
    facts: well({ ...open, exchange: exchange(answered(403, '<title>Internet Security by Zscaler</title>')) }),
    code: 'filter-answered',
    hop: 'network',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'closed here and answered there',
    facts: well({ ...open, control: REACHES, exchange: exchange(reset) }),
    code: 'connection-filtered',
    hop: 'network',
    confidence: 'likely',
  },
  {
    rule: 'the exchange fails',
    says: 'closed here and there',
    facts: well({ ...open, control: FAILS, exchange: exchange(reset) }),
    code: 'closed-before-answer',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the exchange fails',
    says: 'a front door that fails for the gateway as well',
    facts: well({
      ...open,
      control: control({ status: 502 }),
      exchange: exchange(answered(502, '<hr><center>cloudflare</center>', CLOUDFLARE)),
    }),
    code: 'edge-failed',
    hop: 'service',
    side: 'provider',
    confidence: 'confirmed',
  },
  {
    rule: 'the service behind the gateway fails',
    says: 'the key of the gateway is refused',
    facts: well({
      target: GATEWAY,
      ...open,
      exchange: { ...GOOD, isGoodgate: true, beyond: { finding: REFUSED } },
    }),
    code: 'credential-refused',
    hop: 'service',
    side: 'operator',
    confidence: 'confirmed',
  },
  {
    rule: 'nothing beyond the own network answers',
    says: 'a gateway of this machine lists models and gets nowhere',
    facts: well({
      ...DEAD,
      target: LOCAL,
      exchange: { ...GOOD, isGoodgate: true, beyond: { finding: NO_ANSWER } },
    }),
    code: 'no-internet',
    confidence: 'confirmed',
  },
  {
    rule: 'everything works',
    says: 'a gateway whose service answers it',
    facts: well({
      target: GATEWAY,
      ...open,
      exchange: { ...GOOD, isGoodgate: true, beyond: { finding: undefined } },
    }),
    code: 'works-now',
    confidence: 'confirmed',
  },
  {
    rule: 'the account is refused',
    says: 'the person’s own key',
    facts: well({
      ...open,
      exchange: GOOD,
      account: {
        variable: 'OPENAI_API_KEY',
        hasKey: true,
        finding: exchange(answered(401, '{"error":{"code":"invalid_api_key"}}', JSON_TYPE), 1).tries[0]?.finding,
      },
    }),
    code: 'credential-refused',
    hop: 'service',
    side: 'person',
    confidence: 'confirmed',
  },
  {
    rule: 'a stream does not arrive as it was sent',
    says: 'all at once',
    facts: well({
      ...open,
      exchange: GOOD,
      stream: { parts: 8, firstMs: 2_000, gapMs: 3, tookMs: 2_003, state: 'buffered', finding: undefined },
    }),
    code: 'stream-buffered',
    hop: 'network',
    confidence: 'likely',
  },
  {
    rule: 'everything works',
    says: 'all tries answered',
    facts: well({ ...open, exchange: GOOD }),
    code: 'works-now',
    confidence: 'confirmed',
  },
];

test('a silent service and one slow neighbour are no lost packets', () => {
  const anchors = [1_050, 20, 20, 20].map((tookMs) => ({ at: 'x', family: 4, errno: undefined, tookMs }) as const);
  const facts = well({ ...shut('ETIMEDOUT', 'ETIMEDOUT'), internet: anchors });
  assert.equal(judge(facts).code, 'not-enough-known');
  assert.equal(judge({ ...facts, control: REACHES }).code, 'isp-routing');
});

test('dead addresses of one kind are no lost packets', () => {
  const six = (ip: string) => ({ ...knocked('ETIMEDOUT', ip), tookMs: 2_200 });
  const facts = well({
    control: REACHES,
    connect: { tries: ['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(six), sibling: undefined },
    internet: [
      ...[1_000, 20, 1_000].map((tookMs) => ({ ...ANCHOR, tookMs })),
      { ...ANCHOR, family: 6, errno: 'ETIMEDOUT' },
    ],
  });
  assert.equal(judge(facts).code, 'address-family-broken');
});

for (const { rule, says, facts, code, hop, side, confidence } of CASES) {
  test(`${rule}: ${says}`, () => {
    const decided = RULES.find((each) => each.judge(facts) !== undefined);
    assert.equal(decided?.name, rule);
    const judgement = judge(facts);
    assert.deepEqual({ code: judgement.code, confidence: judgement.confidence }, { code, confidence });
    const cause = CATALOGUE[judgement.code];
    if (hop !== undefined) assert.equal(judgement.hop ?? cause.hop, hop);
    if (side !== undefined) assert.equal(judgement.side ?? cause.side, side);
    assert.ok(judgement.decidedBy.length > 0);
  });
}

test('every rule has a case', () => {
  const covered = new Set(CASES.map(({ rule }) => rule));
  assert.deepEqual(
    RULES.map(({ name }) => name).filter((name) => !covered.has(name)),
    [],
  );
});

test('with nothing known, it says that nothing is known', () => {
  const judgement = judge({ target: undefined });
  assert.deepEqual([judgement.code, judgement.confidence], ['not-enough-known', 'inconclusive']);
  assert.match(judge({ target: undefined, unfinished: ['names'] }).decidedBy[0] ?? '', /names did not finish/);
});

test('a product that reads along is named', () => {
  const chain = [{ ...shook().chain[0], issuer: 'CN=Zscaler Intermediate Root CA, O=Zscaler Inc.' }] as never;
  const judgement = judge(well({ ...open, tls: tls({ fault: 'SELF_SIGNED_CERT_IN_CHAIN', chain }) }));
  assert.deepEqual([judgement.code, judgement.detail], ['tls-intercepted', 'Zscaler']);
});

test('taking the second opinion away never makes a remote verdict more certain', () => {
  const order = { confirmed: 2, likely: 1, inconclusive: 0 } as const;
  for (const { facts } of CASES) {
    if (facts.control === undefined) continue;
    const { control: told, ...alone } = facts;
    assert.ok(told !== undefined);
    const judgement = judge(alone);
    if ((judgement.hop ?? CATALOGUE[judgement.code].hop) !== 'service') continue;
    assert.ok(order[judgement.confidence] <= order[judge(facts).confidence], judgement.code);
  }
});

test('no local step is shown for a fault that somebody else has to act on', () => {
  for (const { facts } of CASES) {
    const judgement = judge(facts);
    const report = reportOf({
      asked: '',
      wallMs: 0,
      platform: 'linux',
      facts,
      judgement,
      probes: [],
      firstVerdictMs: 0,
      totalMs: 0,
      contacted: [],
    });
    const { hop, side, steps } = report.verdict;
    if (hop === 'you' || hop === 'network' || side === 'person') continue;
    const kinds = steps.person.map(({ id }) => PERSON_STEPS[id as keyof typeof PERSON_STEPS].kind);
    assert.ok(
      kinds.every((kind) => kind === 'wait' || kind === 'retry' || kind === 'status' || kind === 'tell'),
      `${judgement.code}: ${kinds.join()}`,
    );
  }
});

test('a machine without internet is told so in the first words, whatever the cause', () => {
  for (const { facts } of CASES.filter(
    ({ code }) => code === 'no-internet' || code === 'isp-outage' || code === 'device-offline',
  )) {
    const report = reportOf({
      asked: '',
      wallMs: 0,
      platform: 'linux',
      facts,
      judgement: judge(facts),
      probes: [],
      firstVerdictMs: 0,
      totalMs: 0,
      contacted: [],
    });
    assert.match(report.verdict.sentence, /^This machine has no internet\./);
    assert.notEqual(report.verdict.side, 'provider');
  }
});

test('a control check that could not be made is no second opinion', () => {
  const unknown = control({ state: 'unknown', isReached: false, reason: 'status 403' });
  assert.equal(judge(well({ ...shut('ETIMEDOUT'), control: unknown })).code, 'not-enough-known');
});
