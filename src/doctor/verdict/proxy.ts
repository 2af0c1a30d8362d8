import type { Facts } from '../facts.ts';
import { control, isWorking, type Judgement, type Rule } from './judgement.ts';
import { remoteFailure } from './remote.ts';

/** A proxy that applies to this target: it stands before everything that comes after. */
export const PROXY_RULES: readonly Rule[] = [
  { name: 'the setting of the proxy cannot be read', judge: unreadable },
  { name: 'the proxy cannot be reached', judge: unreachable },
  { name: 'the proxy refused to open a tunnel', judge: refused },
  { name: 'the proxy script is broken', judge: script },
];

function unreadable({ proxy }: Facts): Judgement | undefined {
  if (proxy?.applies !== true || proxy.fault !== 'not-a-url') return undefined;
  const by = [`${proxy.setting ?? 'the setting'} holds no URL of an HTTP proxy`];
  return {
    code: 'proxy-unreachable',
    confidence: 'confirmed',
    root: 'proxy',
    decidedBy: by,
    side: 'person',
    detail: 'not-a-url',
  };
}

function unreachable(facts: Facts): Judgement | undefined {
  const { proxy } = facts;
  if (proxy?.applies !== true || proxy.errno === undefined || proxy.fault !== undefined) return undefined;
  return {
    code: 'proxy-unreachable',
    confidence: 'confirmed',
    root: 'proxy',
    decidedBy: [`${proxy.proxy ?? 'the proxy'} from ${proxy.setting ?? 'the system'} fails with ${proxy.errno}`],
    detail: proxy.errno,
  };
}

function refused(facts: Facts): Judgement | undefined {
  const { proxy } = facts;
  if (proxy?.applies !== true || proxy.status === undefined || proxy.status < 300) return undefined;
  return proxyAnswer(facts, proxy.status, proxy.vendorCode);
}

/** What the proxy's own answer means: its own refusal, or its failure to reach what we asked for. */
export function proxyAnswer(facts: Facts, status: number, vendorCode: string | undefined): Judgement {
  const { proxy } = facts;
  const said = `the proxy answered ${status}${vendorCode === undefined ? '' : ` (${vendorCode})`}`;
  const base = { root: 'proxy', detail: vendorCode } as const;
  if (status === 407) return { ...base, code: 'proxy-sign-in', confidence: 'confirmed', decidedBy: [said] };
  if (status === 403 || status === 451 || vendorCode === 'err_access_denied')
    return { ...base, code: 'proxy-denied', confidence: 'confirmed', decidedBy: [said] };
  if (proxy?.isOtherReached === false)
    return {
      ...base,
      code: 'proxy-failed',
      confidence: 'confirmed',
      decidedBy: [said, 'it reaches an unrelated host no better'],
    };
  const elsewhere = control(facts);
  if (elsewhere === 'reaches')
    return {
      ...base,
      code: 'proxy-failed',
      confidence: 'confirmed',
      decidedBy: [said, 'the gateway reaches the same target'],
    };
  if (elsewhere === 'fails')
    return remoteFailure(facts, undefined, 'control', [said, 'the gateway does not reach it either']);
  const isDirect = facts.connect?.tries.some(({ errno }) => errno === undefined) === true;
  if (isDirect)
    return {
      ...base,
      code: 'proxy-failed',
      confidence: 'likely',
      decidedBy: [said, 'the target takes direct connections'],
    };
  return {
    ...base,
    code: 'evidence-contradicts',
    confidence: 'inconclusive',
    decidedBy: [said, 'it reaches other hosts'],
  };
}

function script(facts: Facts): Judgement | undefined {
  const { proxy } = facts;
  if (proxy?.fault !== 'script-broken' || isWorking(facts)) return undefined;
  const by = [`${proxy.setting ?? 'the proxy script'} cannot be used (${proxy.errno ?? 'unreadable'})`];
  return { code: 'proxy-script-broken', confidence: 'likely', root: 'proxy', decidedBy: by };
}
