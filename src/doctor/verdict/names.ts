import type { Facts, Lookup, NamesFacts } from '../facts.ts';
import { isAgreed } from '../probes/names.ts';
import { isBogus, reachOf } from '../target.ts';
import { control, hasAnchor, isTunnelled, isWorking, type Judgement, type Rule } from './judgement.ts';
import { remote } from './remote.ts';

/** The name of the target. A proxy looks names up by itself, so behind one they do not matter. */
export const NAMES_RULES: readonly Rule[] = [
  { name: 'the hosts file leads elsewhere', judge: withNames(hostsFile) },
  { name: 'the name is not found here', judge: withNames(notFound) },
  { name: 'the name leads elsewhere than for others', judge: withNames(elsewhere) },
];

function withNames(judge: (facts: Facts, names: NamesFacts) => Judgement | undefined): Rule['judge'] {
  return (facts) =>
    facts.names === undefined || facts.proxy?.applies === true || isWorking(facts)
      ? undefined
      : judge(facts, facts.names);
}

/** Everybody else who was asked: public resolvers and DNS over HTTPS. */
function others({ public: plain, doh }: NamesFacts): readonly Lookup[] {
  return [...plain, ...doh];
}

function hostsFile(facts: Facts, names: NamesFacts): Judgement | undefined {
  const { hosts, system } = names;
  if (!system.ips.some((ip) => hosts.includes(ip)) || facts.target?.reach === 'loopback') return undefined;
  const known = others(names).filter(({ ips }) => ips.length > 0);
  if (known.length > 0 ? isAgreed(names) : facts.connect?.tries.some(({ errno }) => errno === undefined) === true)
    return undefined;
  return {
    code: 'hosts-file-override',
    confidence: known.length > 0 ? 'confirmed' : 'likely',
    root: 'names',
    decidedBy: [
      `the hosts file says ${hosts[0] ?? ''}`,
      ...known.slice(0, 1).map(({ by, ips }) => `${by} says ${ips[0] ?? ''}`),
    ],
    detail: names.hostsLine,
  };
}

function isMissing({ errno }: Lookup): boolean {
  return errno === 'ENOTFOUND' || errno === 'ENODATA';
}

function notFound(facts: Facts, names: NamesFacts): Judgement | undefined {
  const { system, servers } = names;
  if (system.ips.length > 0) return undefined;
  const [server] = servers.filter(({ errno }) => errno !== undefined);
  const errno =
    system.errno === 'EAI_AGAIN' || system.errno === 'ETIMEOUT' ? (server?.errno ?? system.errno) : system.errno;
  const isMissingHere = errno === 'ENOTFOUND' || errno === 'ENODATA';
  const said = `the system's resolver says ${errno ?? 'nothing'}`;
  const found = others(names).find(({ ips }) => ips.length > 0);
  if (found !== undefined) {
    const by = [said, `${found.by} finds it`];
    const isKnownFound = (names.knownBySystem?.ips.length ?? 0) > 0;
    if (isMissingHere || (errno === 'EREFUSED' && isKnownFound))
      return { code: 'dns-filtered', confidence: 'confirmed', root: 'names', decidedBy: by, detail: errno };
    const confidence = isKnownFound ? 'likely' : 'confirmed';
    return { code: 'resolver-down', confidence, root: 'names', decidedBy: by, detail: errno };
  }
  const missing = others(names).filter(isMissing);
  if (missing.length > 0 && !isKnownMissing(names))
    return nameMissing(facts, [...(isMissingHere ? [said] : []), ...missing.map(({ by }) => `${by} says the same`)]);
  if ((names.knownByPublic?.ips.length ?? 0) > 0)
    return zoneBroken(facts, [said, 'public resolvers find other names and not this one']);
  if ((names.knownBySystem?.ips.length ?? 0) > 0) {
    const by = [said, 'it finds other names'];
    return isMissingHere ? nameMissing(facts, by) : zoneBroken(facts, by, 'likely');
  }
  if (isMissingHere && names.knownBySystem === undefined) return nameMissing(facts, [said]);
  if (isKnownMissing(names)) {
    const decidedBy = [said, 'it does not find names either that exist'];
    return { code: 'resolver-down', confidence: 'likely', root: 'names', decidedBy, detail: 'nothing-resolves' };
  }
  const isReached = hasAnchor(facts);
  const by = [said, ...(isReached ? ['hosts answer by their addresses'] : [])];
  return {
    code: 'resolver-down',
    confidence: isReached ? 'confirmed' : 'likely',
    root: 'names',
    decidedBy: by,
    detail: errno,
  };
}

/** Who does not find a name that exists proves nothing by not finding another. */
function isKnownMissing({ knownBySystem, knownByPublic }: NamesFacts): boolean {
  return knownBySystem !== undefined && knownBySystem.ips.length === 0 && (knownByPublic?.ips.length ?? 0) === 0;
}

function nameMissing(facts: Facts, by: readonly string[]): Judgement {
  if (control(facts) === 'reaches') {
    const decidedBy = [...by, 'the gateway reaches it by this name'];
    return { code: 'split-dns', confidence: 'likely', root: 'names', decidedBy, detail: 'private-name' };
  }
  const isSure = by.length > 1 || facts.control?.code === 'dns-not-found';
  const judged = {
    confidence: isSure ? 'confirmed' : 'likely',
    root: 'names',
    decidedBy: by,
    detail: 'NXDOMAIN',
  } as const;
  // A name that everybody knows is not misspelt: its owner lost it.
  if (facts.target?.kind === 'gateway' || facts.target?.service !== undefined)
    return remote(facts, 'dns-not-found', judged);
  return { ...judged, code: 'name-unknown' };
}

function zoneBroken(facts: Facts, by: readonly string[], confidence: 'confirmed' | 'likely' = 'confirmed'): Judgement {
  return remote(facts, 'dns-failed', { confidence, root: 'names', decidedBy: by });
}

/**
 * Near addresses are agreement only while they work: services answer each asker with hosts of their own. Where nothing that the system was told
 * is told to anybody else, and none of it opens while what the others are told does, what the system was told is out of date.
 */
function isDeadHere({ connect }: Facts, names: NamesFacts): boolean {
  const told = new Set(others(names).flatMap(({ ips }) => ips));
  const own = connect?.tries.filter(({ isSystem }) => isSystem) ?? [];
  return (
    own.length > 0 && own.every(({ errno }) => errno !== undefined) && names.system.ips.every((ip) => !told.has(ip))
  );
}

function elsewhere(facts: Facts, names: NamesFacts): Judgement | undefined {
  const { system } = names;
  const known = others(names).find(({ ips }) => ips.length > 0);
  if (system.ips.length === 0 || known === undefined) return undefined;
  if (isAgreed(names) && !isDeadHere(facts, names)) return undefined;
  const by = [`here the name leads to ${system.ips[0] ?? ''}`, `${known.by} says ${known.ips[0] ?? ''}`];
  if (system.ips.every(isBogus))
    return { code: 'dns-filtered', confidence: 'confirmed', root: 'names', decidedBy: by, detail: 'sinkhole' };
  const here = (facts.tls?.tries ?? []).find(({ isSystem }) => isSystem);
  const there = (facts.tls?.tries ?? []).find(({ isSystem }) => !isSystem);
  const isOpenThere = facts.connect?.tries.some(({ isSystem, errno }) => !isSystem && errno === undefined) === true;
  const isGoodThere =
    facts.target?.isSecure === true
      ? there !== undefined && there.errno === undefined && there.fault === undefined
      : isOpenThere;
  const isOpenHere = facts.connect?.tries.some(({ isSystem, errno }) => isSystem && errno === undefined) === true;
  if (here?.fault !== undefined) {
    const decidedBy = [...by, `the host here shows a certificate that fails with ${here.fault}`];
    return {
      code: 'dns-hijacked',
      confidence: isGoodThere ? 'confirmed' : 'likely',
      root: 'names',
      decidedBy,
      detail: here.fault,
    };
  }
  // Both lead nowhere: the name is not what is wrong.
  if (!isGoodThere) return undefined;
  const decidedBy = [...by, 'the other address works'];
  if (isTunnelled(facts)) return { code: 'split-dns', confidence: 'likely', root: 'names', decidedBy };
  const isPrivate =
    system.ips.every((ip) => reachOf(ip) !== 'public') && known.ips.some((ip) => reachOf(ip) === 'public');
  if (isPrivate || isOpenHere)
    return { code: 'dns-hijacked', confidence: isPrivate ? 'confirmed' : 'likely', root: 'names', decidedBy };
  return { code: 'dns-stale', confidence: 'likely', root: 'names', decidedBy };
}
