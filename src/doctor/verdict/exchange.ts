import type { CauseCode } from '../../diagnosis/catalogue.ts';
import type { Finding } from '../../diagnosis/finding.ts';
import type { Facts } from '../facts.ts';
import type { ProbeId } from '../report.ts';
import { control, isTunnelled, isWellElsewhere, isWorking, type Judgement, type Rule } from './judgement.ts';
import { proxyAnswer } from './proxy.ts';
import { remote } from './remote.ts';

/** HTTP was spoken, or begun. */
export const EXCHANGE_RULES: readonly Rule[] = [
  { name: 'small packets pass and large ones do not', judge: blackHole },
  { name: 'the exchange fails', judge: exchange },
  { name: 'the service behind the gateway fails', judge: beyond },
  { name: 'the account is refused', judge: account },
  { name: 'a stream does not arrive as it was sent', judge: stream },
];

function blackHole(facts: Facts): Judgement | undefined {
  const { mtu, route } = facts;
  if (mtu?.small !== 'answered' || mtu.large !== 'silent') return undefined;
  const isNarrow = isTunnelled(facts) || (route?.mtu !== undefined && route.mtu < 1_500);
  const by = ['a short question is answered', 'a question of three packets is not'];
  const isElse = control(facts) === 'reaches';
  if (control(facts) === 'fails') return undefined;
  const detail = route?.mtu === undefined ? undefined : `mtu ${route.mtu}`;
  const decidedBy = isElse ? [...by, 'the gateway reaches it'] : by;
  return {
    code: 'mtu-black-hole',
    confidence: isElse || isNarrow ? 'confirmed' : 'likely',
    root: 'mtu',
    decidedBy,
    detail,
  };
}

function exchange(facts: Facts): Judgement | undefined {
  const tries = facts.exchange?.tries ?? [];
  const failed = tries.flatMap(({ finding }) => (finding === undefined ? [] : [finding]));
  const finding = mostOften(failed);
  if (finding === undefined) return undefined;
  const judged = fromDevice(facts, finding, 'exchange', failed.length === tries.length);
  if (failed.length === tries.length) return judged;
  const by = [...judged.decidedBy, `${failed.length} of ${tries.length} tries failed`];
  // What comes and goes was seen to come: nobody who tried once and had luck disproves it.
  return {
    ...judged,
    confidence: 'likely',
    decidedBy: by,
    detail: judged.detail ?? `intermittent ${failed.length}/${tries.length}`,
  };
}

function mostOften(findings: readonly Finding[]): Finding | undefined {
  const count = (code: CauseCode): number => findings.filter((each) => each.code === code).length;
  return findings.toSorted((a, b) => count(b.code) - count(a.code))[0];
}

/** What the edge in front of a gateway says of the gateway, by its own code. */
const EDGE_OF_GATEWAY: Readonly<Record<string, CauseCode>> = {
  'edge-520': 'edge-origin-malformed',
  'edge-521': 'edge-origin-refused',
  'edge-522': 'edge-origin-timeout',
  'edge-523': 'edge-origin-unreachable',
  'edge-524': 'edge-waited-too-long',
  'edge-525': 'edge-origin-tls',
  'edge-526': 'edge-origin-certificate',
  'edge-530': 'edge-origin-name',
  'edge-1016': 'edge-origin-name',
  'edge-1033': 'edge-tunnel-down',
  'edge-1015': 'edge-rate-limited',
  'edge-challenge': 'edge-challenge',
};

/** Answers of a server, balancer or edge that stands before a gateway, as the gateway's own failure. */
const FRONT_OF_GATEWAY: Readonly<Partial<Record<CauseCode, CauseCode>>> = {
  'service-bad-gateway': 'edge-origin-bad-gateway',
  'service-timeout': 'edge-waited-too-long',
  'front-door-blocked': 'edge-blocked',
  'rate-limited': 'edge-rate-limited',
};

const OWN_ACCOUNT: ReadonlySet<CauseCode> = new Set<CauseCode>([
  'credential-refused',
  'permission-refused',
  'quota-exhausted',
  'rate-limited',
  'region-unsupported',
]);

/** A finding in the words of whoever stands at this device: what the catalogue says of the gateway's network is here the person's own. */
export function fromDevice(facts: Facts, finding: Finding, root: ProbeId, isEveryTime: boolean): Judgement {
  const { code, confidence, decidedBy, writer, detail, evidence, retryAfterMs } = finding;
  const base = { confidence, root, decidedBy, detail, retryAfterMs };
  const isAnswer = evidence.firstEvent === 'answer';
  if (code === 'captive-portal') return { ...base, code: 'wifi-sign-in' };
  if (code === 'egress-filtered') return { ...base, code: 'filter-answered', detail: writer?.writer ?? detail };
  if (code === 'proxy-connect-failed') return proxyAnswer(facts, finding.receivedStatus ?? 502, writer?.vendorCode);
  if (facts.exchange?.isGoodgate === true && decidedBy[0] === 'the gateway says so itself')
    return { ...base, code, hop: finding.hop, side: finding.side };
  if (isAnswer && facts.target?.kind === 'gateway') return frontOfGateway(facts, finding, base);
  if (isAnswer) return byService(facts, finding, base);
  const elsewhere = control(facts);
  if (elsewhere === 'reaches' && isEveryTime) return pathBreaks(facts, finding, base);
  const by = elsewhere === 'fails' ? [...decidedBy, 'the gateway does not succeed either'] : decidedBy;
  return remote(facts, code, { ...base, confidence: elsewhere === 'fails' ? 'confirmed' : 'likely', decidedBy: by });
}

type Base = Omit<Judgement, 'code'>;

function frontOfGateway(facts: Facts, finding: Finding, base: Base): Judgement {
  const { code, detail, writer } = finding;
  const byEdge = detail === undefined ? undefined : EDGE_OF_GATEWAY[detail];
  if (byEdge !== undefined) return { ...base, code: byEdge };
  if (writer?.kind === 'edge' && writer.isOwn === true) {
    // A front door that fails by itself for us and not for the gateway's own look is one site of it.
    if (code === 'edge-failed') return { ...base, code: 'edge-site-failed' };
    return { ...base, code: FRONT_OF_GATEWAY[code] ?? 'edge-site-failed' };
  }
  if (writer?.kind === 'edge' || writer?.kind === 'balancer' || writer?.kind === 'server') {
    const front =
      FRONT_OF_GATEWAY[code] ??
      (finding.receivedStatus !== undefined && finding.receivedStatus >= 500 ? 'edge-origin-bad-gateway' : undefined);
    if (front !== undefined) return { ...base, code: front };
  }
  return remote(facts, code, base);
}

function byService(facts: Facts, finding: Finding, base: Base): Judgement {
  const { code, hop, side } = finding;
  if (OWN_ACCOUNT.has(code)) return { ...base, code, hop: 'service', side: 'person' };
  if (hop === 'you') return { ...base, code };
  if (code === 'edge-failed' && isWellElsewhere(facts))
    return {
      ...base,
      code: 'edge-site-failed',
      hop: 'edge',
      side: 'provider',
      decidedBy: [...base.decidedBy, 'another way in works for the gateway'],
    };
  return { ...base, code, hop: hop === 'gateway' ? 'service' : hop, side: side === 'operator' ? 'provider' : side };
}

/** Here the exchange breaks every time, and from elsewhere the same target answers. */
function pathBreaks(facts: Facts, finding: Finding, base: Base): Judgement {
  const decidedBy = [...base.decidedBy, 'the gateway is answered by the same target'];
  const judged = { ...base, confidence: 'likely', decidedBy } as const;
  if (isTunnelled(facts)) return { ...judged, code: 'vpn-on-path' };
  if (finding.code === 'not-http' || finding.code === 'bad-head' || finding.code === 'answer-html')
    return { ...judged, code: 'filter-answered' };
  // A silence after the question is nobody's word: it may be the path's, or the host's for this one question.
  if (finding.evidence.firstEvent === 'our-timer')
    return { ...judged, code: 'evidence-contradicts', confidence: 'inconclusive', detail: finding.code };
  return { ...judged, code: 'connection-filtered', detail: finding.code };
}

/** The gateway is well, and what it passed on came back as a failure: whose it is, the catalogue knows, for it is the gateway that looked. */
function beyond({ exchange: seen }: Facts): Judgement | undefined {
  const finding = seen?.beyond?.finding;
  if (finding === undefined) return undefined;
  const { code, confidence, hop, side, detail, retryAfterMs } = finding;
  const decidedBy = [...finding.decidedBy, 'the gateway itself answers'];
  return { code, confidence, root: 'exchange', decidedBy, hop, side, detail, retryAfterMs };
}

function account(facts: Facts): Judgement | undefined {
  const finding = facts.account?.finding;
  if (finding === undefined || !isWorking(facts)) return undefined;
  return fromDevice(facts, finding, 'account', true);
}

function stream(facts: Facts): Judgement | undefined {
  const { stream: seen } = facts;
  if (seen === undefined || seen.state === 'smooth' || !isWorking(facts)) return undefined;
  if (seen.state === 'buffered') {
    const by = [`${seen.parts} parts came at once after ${Math.round(seen.firstMs ?? 0)} ms`];
    return { code: 'stream-buffered', confidence: 'likely', root: 'stream', decidedBy: by };
  }
  if (seen.finding === undefined) return undefined;
  const judged = fromDevice(facts, seen.finding, 'stream', false);
  if (seen.state === 'failed' || facts.exchange?.isGoodgate !== true) return judged;
  // The gateway's own ticks cannot stall at a service: what cuts them stands in between.
  return { ...judged, code: 'stream-idle-cut', hop: 'network', side: 'network-admin', confidence: 'likely' };
}
