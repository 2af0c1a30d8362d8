import type { Facts, ProxyFacts } from '../facts.ts';
import { parseHostPort } from '../outside.ts';
import { reachOf } from '../target.ts';
import {
  concernsInternet,
  isGatewayLost,
  isOnline,
  isTunnelled,
  isWorking,
  type Judgement,
  type Rule,
} from './judgement.ts';

/** The device, the router and the line to the internet, in the order of the way out; each needs that the target does not work. */
export const MACHINE_RULES: readonly Rule[] = [
  { name: 'nothing is connected', judge: offline },
  { name: 'a sign-in page answers in the place of known pages', judge: portal },
  { name: 'there is no way out of this machine', judge: noWayOut },
  { name: 'nothing beyond the own network answers', judge: noInternet },
];

/** The target works, and says nothing that only the way out of this machine explains. */
function isThere(facts: Facts): boolean {
  return isWorking(facts) && !isGatewayLost(facts);
}

function offline(facts: Facts): Judgement | undefined {
  const isNear = facts.target?.reach === 'loopback' && !concernsInternet(facts);
  if (facts.interface?.hasAddress !== false || isThere(facts) || isNear) return undefined;
  const by = facts.interface.isSelfAssigned
    ? 'the only addresses are ones that the machine gave itself'
    : 'no interface has an address';
  return { code: 'device-offline', confidence: 'confirmed', root: 'interface', decidedBy: [by] };
}

function portal(facts: Facts): Judgement | undefined {
  const captive = (facts.portal ?? []).filter(({ state }) => state === 'captive');
  const [first] = captive;
  if (first === undefined || isThere(facts)) return undefined;
  // A page that names itself, or two pages replaced: one page that merely changed is neither.
  const isSure =
    captive.length > 1 || first.writer !== undefined || first.status === 511 || first.location !== undefined;
  const where = first.location === undefined ? '' : ` and leads to ${first.location}`;
  return {
    code: 'wifi-sign-in',
    confidence: isSure ? 'confirmed' : 'likely',
    root: 'portal',
    decidedBy: [`${first.url} was answered ${first.status ?? 0}${where}`],
    detail: first.location,
  };
}

function noWayOut(facts: Facts): Judgement | undefined {
  const { route } = facts;
  if (route?.hasDefault !== false || !concernsInternet(facts) || isOnline(facts) !== false || usesProxy(facts))
    return undefined;
  return {
    code: 'router-unreachable',
    confidence: 'confirmed',
    root: 'route',
    decidedBy: ['there is no default route', 'no unrelated host answers'],
    detail: 'no-default-route',
  };
}

function noInternet(facts: Facts): Judgement | undefined {
  const { route, internet } = facts;
  if (!concernsInternet(facts) || isOnline(facts) !== false || usesProxy(facts)) return undefined;
  const isFaked = facts.isAnsweredForAll === true;
  const all = isFaked
    ? 'something near takes connections in the name of every host, and nothing far answers'
    : `none of ${internet?.length ?? 0} unrelated hosts answers`;
  if (route?.routerState === 'silent') {
    const by = [`the router ${route.router ?? ''} does not answer`, all];
    return { code: 'router-unreachable', confidence: 'confirmed', root: 'route', decidedBy: by };
  }
  if (isTunnelled(facts)) {
    const by = [all, `everything goes through ${route?.interface ?? 'a tunnel'}`];
    return { code: 'vpn-on-path', confidence: 'likely', root: 'route', decidedBy: by };
  }
  if (route?.routerState === 'alive' && !isFaked) {
    const by = [all, `the router ${route.router ?? ''} is alive`];
    return { code: 'isp-outage', confidence: 'likely', root: 'internet', decidedBy: by };
  }
  return {
    code: 'no-internet',
    confidence: 'confirmed',
    root: 'internet',
    decidedBy: [all, 'no public name server finds a name'],
  };
}

/**
 * Behind a proxy the direct way is often shut on purpose, so that its silence says nothing. A proxy that refuses is as near as one that works; one
 * that is silent may be behind the same dead line, unless it stands in the own network and the router there is alive.
 */
function usesProxy({ proxy, route }: Facts): boolean {
  if (proxy?.fault === 'script-broken') return isScriptNear(proxy) && route?.routerState === 'alive';
  if (proxy?.applies !== true) return false;
  if (proxy.fault !== undefined || proxy.errno === undefined || proxy.errno === 'ECONNREFUSED') return true;
  const place = parseHostPort(proxy.proxy ?? '', 80);
  return place !== undefined && reachOf(place.host) !== 'public' && route?.routerState === 'alive';
}

/** The script's own host answered, or it stands in the own network: the dead line does not explain that it cannot be had. */
function isScriptNear({ scriptHost, errno }: ProxyFacts): boolean {
  // Anything but a failure to connect is an answer: a status, or a page that is no script.
  if (errno === undefined) return false;
  if (!/^E[A-Z_]+$|^no answer$/.test(errno)) return true;
  return scriptHost !== undefined && reachOf(scriptHost) !== 'public';
}
