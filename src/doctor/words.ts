import type { CauseCode } from '../diagnosis/catalogue.ts';
import type { Cause } from '../diagnosis/cause.ts';
import type { Facts } from './facts.ts';
import type { Judgement } from './verdict/judgement.ts';
import { inspectorOf } from './verdict/tls.ts';

/** Title and first sentence as the person at this device should read them. */
export type Words = { readonly title: string; readonly sentence: string };

/** Faults of this machine and its network under which nothing on the internet is reached: that is what is said first. */
const NO_INTERNET: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'device-offline',
  'router-unreachable',
  'no-internet',
  'isp-outage',
]);

/** The catalogue speaks of a gateway's account; here it is the person's own. */
const OWN: Readonly<Partial<Record<CauseCode, Words>>> = {
  'credential-refused': {
    title: 'The service refused your key',
    sentence: 'The service does not accept the key that you use.',
  },
  'permission-refused': {
    title: 'Your key may not do this',
    sentence: 'The service knows your key and does not allow it this.',
  },
  'quota-exhausted': { title: 'Your account is used up', sentence: 'The account of your key has used up its budget.' },
  'rate-limited': {
    title: 'Your rate limit was reached',
    sentence: 'You have sent more in a minute than your account may.',
  },
  'region-unsupported': {
    title: 'The service is not offered where you are',
    sentence: 'The service does not answer the place that you come from.',
  },
};

/** The same for whoever reaches for the service without a gateway. */
const DIRECT: Readonly<Partial<Record<CauseCode, string>>> = {
  'dns-not-found': "The name of the service is in nobody's address book, so it cannot be reached by anyone.",
  'dns-failed': 'The address book of the service itself is broken: nobody gets an answer for its name.',
  'dns-timeout': 'The address book of the service itself does not answer.',
  'connect-unroutable': 'There is no road to the service at the moment, for anyone.',
  'tls-alert': 'The service and this program could not agree on a safe way to talk.',
  'tls-not-tls': 'There is no safe connection at this address: the other side does not speak it there.',
  'certificate-untrusted': 'The service cannot prove who it is: nobody who is known vouches for it.',
  'client-certificate-refused': 'The service wants an ID card from this program and did not accept it.',
  'answer-redirected': 'The service sends you to another address than the one that was asked.',
  'head-too-large': 'The answer came with more information in front of it than programs accept.',
  'body-too-large': 'The answer was larger than programs accept.',
};

/** The words of a judgement: the catalogue's, with what this device knows better. */
export function personWords(facts: Facts, judgement: Judgement, cause: Cause): Words {
  const { code } = judgement;
  if (judgement.side === 'person' && judgement.hop === 'service') {
    const own = OWN[code];
    if (own !== undefined) return own;
  }
  if (code === 'works-now' && judgement.root === 'exchange')
    return {
      title: 'It works',
      sentence: `Everything on the way to ${facts.target?.host ?? 'it'} works now. Nothing is wrong on your side.`,
    };
  if (code === 'gateway-unreachable' && facts.target?.reach === 'loopback' && judgement.detail === 'ECONNREFUSED')
    return {
      title: 'Nothing runs at this address',
      sentence: `Nothing on this machine listens at ${facts.target.host}:${facts.target.port}. Start the gateway (goodgate serve), or say where it runs (goodgate doctor URL).`,
    };
  if (NO_INTERNET.has(code)) {
    const rest = code === 'no-internet' ? 'It is on a network, but nothing on the internet answers it.' : cause.person;
    return { title: cause.title, sentence: `This machine has no internet. ${rest}` };
  }
  if (code === 'tls-intercepted') {
    const first = facts.tls?.tries[0];
    const product = first === undefined ? undefined : inspectorOf(first);
    if (product !== undefined)
      return {
        title: `${product} reads the encrypted connection`,
        sentence: `${product} opens your safe connections, and this program does not trust it.`,
      };
  }
  const direct = facts.target?.kind === 'service' && judgement.hop === 'service' ? DIRECT[code] : undefined;
  if (direct !== undefined) return { title: cause.title, sentence: direct };
  if (facts.proxy?.setting !== undefined && code.startsWith('proxy-') && facts.proxy.proxy !== undefined)
    return {
      title: cause.title,
      sentence: `${cause.person} It is ${facts.proxy.proxy}, set by ${facts.proxy.setting}.`,
    };
  return { title: cause.title, sentence: cause.person };
}
