import type { CauseCode } from '../../diagnosis/catalogue.ts';
import type { Hop, Side } from '../../diagnosis/cause.ts';
import type { Confidence } from '../../diagnosis/finding.ts';
import type { Facts } from '../facts.ts';
import type { ProbeId } from '../report.ts';

/** What one rule makes of the facts. `hop` and `side` only where the facts know better than the catalogue. */
export type Judgement = {
  readonly code: CauseCode;
  readonly confidence: Confidence;
  /** The probe that saw the cause itself; what the others saw follows from it. */
  readonly root: ProbeId;
  readonly decidedBy: readonly string[];
  readonly hop?: Hop;
  readonly side?: Side;
  readonly detail?: string | undefined;
  readonly retryAfterMs?: number | undefined;
};

/** One row of the table: a name to explain it by, and what it says when it applies. Pure. */
export type Rule = { readonly name: string; readonly judge: (facts: Facts) => Judgement | undefined };

/** True when every try of the exchange was answered well: then nothing on the way can be the cause of a failure. */
export function isWorking({ exchange }: Facts): boolean {
  return (
    exchange !== undefined && exchange.tries.length > 0 && exchange.tries.every(({ finding }) => finding === undefined)
  );
}

/** True when the gateway that tried the same was answered, and by more than a failure. */
export function isWellElsewhere(facts: Facts): boolean {
  return control(facts) === 'reaches' && (facts.control?.status ?? 0) < 500;
}

/** What the gateway saw when it tried the same; undefined when nobody else tried. */
export function control({ control: told }: Facts): 'reaches' | 'fails' | undefined {
  if (told === undefined || told.state === 'unknown') return undefined;
  return told.isReached ? 'reaches' : 'fails';
}

/**
 * Whether this machine reaches anything beyond its own network: unrelated hosts by address, known pages, public resolvers. undefined where too
 * little was looked at to say no.
 */
export function isOnline(facts: Facts): boolean | undefined {
  const { target, internet, portal, names, connect } = facts;
  const isFound = (lookup: { readonly ips: readonly string[] } | undefined): boolean => (lookup?.ips.length ?? 0) > 0;
  // What only somebody far can know: the content of a page, the address of a name.
  if (portal?.some(({ state }) => state === 'online' || state === 'captive') === true) return true;
  if ([...(names?.public ?? []), ...(names?.doh ?? []), names?.knownByPublic].some(isFound)) return true;
  // What a gateway of this machine answers needs no internet.
  if (isWorking(facts) && target?.reach !== 'loopback') return true;
  // A connection proves a host only where not everything takes connections.
  if (facts.isAnsweredForAll !== true) {
    if (hasAnchor(facts)) return true;
    if (target?.reach === 'public' && connect?.tries.some(({ errno }) => errno === undefined) === true) return true;
  }
  // Two kinds of evidence at least: one list of dead anchors may be a list of blocked ones.
  const isLookedAt = internet !== undefined && (names !== undefined || connect !== undefined || portal !== undefined);
  return isLookedAt ? false : undefined;
}

/** Codes of a gateway that got nowhere: on this very machine that may be the machine's own lack of a network. */
const GOT_NOWHERE = /^(?:dns-|connect-|gateway-offline$|tls-timeout$)/;

/** True where the way to the internet can be the cause: the target is far, or it is a gateway of this machine that says that it got nowhere. */
export function concernsInternet(facts: Facts): boolean {
  return facts.target?.reach === 'public' || isGatewayLost(facts);
}

/** A gateway of this machine says that it gets nowhere: by itself, or when it passed a question on. */
export function isGatewayLost({ target, exchange }: Facts): boolean {
  const findings = [...(exchange?.tries ?? []), exchange?.beyond].map((each) => each?.finding?.code ?? '');
  return (
    target?.reach === 'loopback' && exchange?.isGoodgate === true && findings.some((code) => GOT_NOWHERE.test(code))
  );
}

/** True when an unrelated host took a connection, and that means something. */
export function hasAnchor({ internet, isAnsweredForAll }: Facts): boolean {
  return isAnsweredForAll !== true && internet?.some(({ errno }) => errno === undefined) === true;
}

/** True when the path to the target leads through a tunnel. */
export function isTunnelled({ route }: Facts): boolean {
  return route?.isTunnel === true;
}

/** More than five minutes: what certificates and signed tokens forgive is less. */
export const CLOCK_AHEAD_MS_MAX = 300_000;

/** How far this clock is off, where sources that know nothing of each other agree to a minute; `sources` tells how many. */
export function clockAhead({ clock }: Facts): { readonly aheadMs: number; readonly sources: number } | undefined {
  const readings = clock ?? [];
  const first = readings.toSorted((a, b) => a.aheadMs - b.aheadMs)[Math.floor(readings.length / 2)];
  if (first === undefined) return undefined;
  const agreeing = new Set(
    readings.filter(({ aheadMs }) => Math.abs(aheadMs - first.aheadMs) < 60_000).map(({ source }) => source),
  );
  return { aheadMs: first.aheadMs, sources: agreeing.size };
}
