import type { ConnectTry, Facts } from '../facts.ts';
import { control, hasAnchor, isTunnelled, isWorking, type Judgement, type Rule } from './judgement.ts';
import { remoteFailure } from './remote.ts';

/** TCP to the target: none of its addresses opens. Who is at fault is told by who else reaches it, never by the silence alone. */
export const CONNECT_RULES: readonly Rule[] = [
  { name: 'this machine has no way to the target', judge: withShut(noRoute) },
  { name: 'only one kind of address is broken', judge: withShut(family) },
  { name: 'others reach what this machine does not', judge: withShut(between) },
  { name: 'nobody reaches it', judge: withShut(nobody) },
  { name: 'nobody else was asked', judge: withShut(alone) },
];

function withShut(judge: (facts: Facts, shut: readonly ConnectTry[]) => Judgement | undefined): Rule['judge'] {
  return (facts) => {
    if (facts.proxy?.applies === true || isWorking(facts)) return undefined;
    const all = facts.connect?.tries ?? [];
    const own = all.some(({ isSystem }) => isSystem) ? all.filter(({ isSystem }) => isSystem) : all;
    if (own.length === 0 || own.some(({ errno }) => errno === undefined)) return undefined;
    return judge(facts, own);
  };
}

/** The failure that tells most: a refusal was sent by somebody, an unreachable by somebody on the way, a silence by nobody. */
function telling(shut: readonly ConnectTry[]): ConnectTry {
  const order = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT'];
  const rank = ({ errno }: ConnectTry): number => (order.indexOf(errno ?? '') + order.length + 1) % (order.length + 1);
  const [first] = shut.toSorted((a, b) => rank(a) - rank(b));
  // Callers pass what `withShut` found, which is never empty.
  if (first === undefined) throw new RangeError('no connection was tried');
  return first;
}

function noRoute(facts: Facts, shut: readonly ConnectTry[]): Judgement | undefined {
  const { route } = facts;
  const isLocal = shut.every(({ errno }) => errno === 'EACCES' || errno === 'EPERM' || errno === 'EINVAL');
  const isUnrouted =
    route?.errno !== undefined && route.hasDefault !== false && shut.every(({ ip }) => !ip.includes(':'));
  if (!isLocal && !isUnrouted) return undefined;
  const errno = route?.errno ?? telling(shut).errno;
  const by = [`the system itself refuses the way to ${telling(shut).ip} (${errno ?? ''})`];
  return { code: 'route-blocked', confidence: 'confirmed', root: 'route', decidedBy: by, detail: errno };
}

function family(facts: Facts, shut: readonly ConnectTry[]): Judgement | undefined {
  const isSix = shut.every(({ ip }) => ip.includes(':'));
  const isFour = shut.every(({ ip }) => !ip.includes(':'));
  const anchors = facts.internet ?? [];
  const works = (which: 4 | 6): boolean | undefined => {
    const of = anchors.filter((each) => each.family === which);
    return of.length === 0 ? undefined : of.some(({ errno }) => errno === undefined);
  };
  const broken = isSix ? 6 : isFour ? 4 : undefined;
  if (broken === undefined || works(broken) !== false || works(broken === 6 ? 4 : 6) !== true) return undefined;
  return {
    code: 'address-family-broken',
    confidence: 'confirmed',
    root: 'connect',
    decidedBy: [
      `IPv${broken} reaches no unrelated host, and the other kind does`,
      'the target has no other kind of address',
    ],
    detail: `ipv${broken}`,
  };
}

function between(facts: Facts, shut: readonly ConnectTry[]): Judgement | undefined {
  if (control(facts) !== 'reaches') return undefined;
  const { errno, ip } = telling(shut);
  const by = [`${ip} fails here with ${errno ?? ''}`, 'the gateway reaches the same target'];
  const base = { confidence: 'confirmed', root: 'connect', detail: errno } as const;
  if (isTunnelled(facts)) {
    const decidedBy = [...by, `the way leads through ${facts.route?.interface ?? 'a tunnel'}`];
    return { ...base, code: 'vpn-on-path', confidence: 'likely', decidedBy };
  }
  if (errno === 'ECONNREFUSED' || errno === 'ECONNRESET') return { ...base, code: 'port-blocked', decidedBy: by };
  if (isSiblingThere(facts))
    return { ...base, code: 'port-blocked', decidedBy: [...by, 'another port of the same host answers'] };
  return { ...base, code: 'isp-routing', decidedBy: by };
}

/** A refusal of the other port is an answer of the host as well. */
function isSiblingThere({ connect }: Facts): boolean {
  const sibling = connect?.sibling;
  return sibling !== undefined && (sibling.errno === undefined || sibling.errno === 'ECONNREFUSED');
}

function nobody(facts: Facts, shut: readonly ConnectTry[]): Judgement | undefined {
  if (control(facts) !== 'fails') return undefined;
  const { errno, ip } = telling(shut);
  const by = [
    `${ip} fails here with ${errno ?? ''}`,
    `the gateway does not reach it either (${facts.control?.code ?? 'no answer'})`,
  ];
  // The gateway's own code is about the same host from another place; where the two differ, both are told and ours counts.
  return remoteFailure(facts, errno, 'connect', by);
}

function alone(facts: Facts, shut: readonly ConnectTry[]): Judgement | undefined {
  const { errno, ip } = telling(shut);
  const said = `${ip} fails with ${errno ?? ''}`;
  if (facts.target?.reach === 'loopback')
    return remoteFailure(facts, errno, 'connect', [said, 'it is on this machine']);
  if (facts.feed?.state === 'incident')
    return remoteFailure(
      facts,
      errno,
      'connect',
      [said, `the service reports ${facts.feed.titles[0] ?? 'an incident'}`],
      'likely',
    );
  const isReached = hasAnchor(facts);
  const isRefused = errno === 'ECONNREFUSED';
  // A refusal is a word of the host itself, or of a filter that speaks for it; a silence is nobody's word.
  if (isRefused && (isReached || facts.target?.reach === 'private'))
    return remoteFailure(facts, errno, 'connect', [said, 'the internet is reached'], 'likely');
  return {
    code: 'not-enough-known',
    confidence: 'inconclusive',
    root: 'connect',
    decidedBy: [said, 'nobody was asked to try it from elsewhere'],
    detail: errno,
  };
}
