import type { Facts } from './facts.ts';
import { hostPort } from './outside.ts';
import { isAgreed } from './probes/names.ts';
import {
  CLOCK_AHEAD_MS_MAX,
  clockAhead,
  hasAnchor,
  isTunnelled,
  isWorking,
  type Judgement,
} from './verdict/judgement.ts';
import { inspectorOf } from './verdict/tls.ts';

/** 8 remarks: more hide the verdict. */
const REMARKS_MAX = 8;

/** What was seen, is real and is not the cause: said after the verdict, and only where the cause is another. */
export function remarksOf(facts: Facts, judgement: Judgement): readonly string[] {
  const works = isWorking(facts);
  const remarks = [
    ...clockRemark(facts, judgement),
    ...familyRemark(facts, judgement),
    ...(works ? wayRemarks(facts) : []),
    ...feedRemark(facts),
    ...nearRemark(facts),
    ...accountRemark(facts),
  ];
  return remarks.slice(0, REMARKS_MAX);
}

function clockRemark(facts: Facts, { code }: Judgement): string[] {
  const off = clockAhead(facts);
  if (off === undefined || code === 'clock-wrong' || Math.abs(off.aheadMs) <= CLOCK_AHEAD_MS_MAX) return [];
  const minutes = Math.round(Math.abs(off.aheadMs) / 60_000);
  return [
    `This machine's clock is ${minutes} minutes ${off.aheadMs > 0 ? 'ahead' : 'behind'}: set it before certificates and tokens fail.`,
  ];
}

function familyRemark(facts: Facts, { code }: Judgement): string[] {
  const { internet } = facts;
  if (internet === undefined || !hasAnchor(facts) || code === 'address-family-broken') return [];
  const six = internet.filter(({ family }) => family === 6);
  const four = internet.filter(({ family }) => family === 4);
  const isSixDead = six.length > 0 && six.every(({ errno }) => errno === 'ETIMEDOUT' || errno === 'EHOSTUNREACH');
  // ENETUNREACH is a network that has no IPv6 and says so at once, which harms nobody.
  if (!isSixDead || four.length === 0) return [];
  return ['IPv6 is announced in this network and leads nowhere: connections start up to a quarter of a second later.'];
}

function wayRemarks(facts: Facts): string[] {
  const { connect, names, proxy, tls } = facts;
  const dead = connect?.tries.filter(({ isSystem, errno }) => isSystem && errno !== undefined) ?? [];
  const remarks: string[] = [];
  const [first] = dead;
  if (first !== undefined && !(first.ip.includes(':') && first.errno === 'ENETUNREACH'))
    remarks.push(
      `${hostPort(first.ip, first.port)} does not answer (${first.errno ?? ''}); another address of the same name does.`,
    );
  if (isTunnelled(facts))
    remarks.push(`The way leads through a VPN (${facts.route?.interface ?? ''}), which does its work.`);
  if (proxy?.applies === true)
    remarks.push(`The way leads through the proxy ${proxy.proxy ?? ''} (${proxy.setting ?? ''}), which does its work.`);
  if (proxy?.applies === false && proxy.errno !== undefined)
    remarks.push(`${proxy.setting ?? 'A proxy'}: ${proxy.proxy ?? ''} cannot be reached (${proxy.errno}).`);
  if (names !== undefined && names.system.ips.length > 0 && !isAgreed(names))
    remarks.push('The name leads elsewhere here than for others, and the place it leads to works.');
  const dohDead = names?.doh.length !== 0 && names?.doh.every(({ ips }) => ips.length === 0) === true;
  if (dohDead && names?.public.some(({ ips }) => ips.length > 0) === true)
    remarks.push('DNS over HTTPS does not work in this network: a browser with secure DNS may fail.');
  const seen = tls?.tries[0];
  const product = seen === undefined ? undefined : inspectorOf(seen);
  if (product !== undefined) remarks.push(`${product} opens the encrypted connections, and is trusted here.`);
  const end = tls?.tries[0]?.chain[0]?.validToMs;
  const from = tls?.tries[0]?.chain[0]?.validFromMs;
  if (end !== undefined && from !== undefined && Number.isFinite(end))
    remarks.push(`The certificate is valid until ${new Date(end).toISOString().slice(0, 10)}.`);
  return remarks;
}

function feedRemark({ feed }: Facts): string[] {
  return feed?.state === 'incident' ? [`The service reports: ${feed.titles.join('; ')}.`] : [];
}

function nearRemark({ target }: Facts): string[] {
  if (target?.reach === 'loopback' && target.kind === 'service')
    return ['The address is on this machine: what needs the internet was left out.'];
  if (target?.reach === 'private') return ['The address is on your own network: what needs the internet was left out.'];
  return [];
}

function accountRemark({ account, target }: Facts): string[] {
  if (account === undefined || account.hasKey || target?.isApi !== true || account.variable === undefined) return [];
  return [`There is no key in ${account.variable}: whether the account is in order was not looked at.`];
}
