import type { Facts } from '../facts.ts';
import { control, isWorking, type Judgement, type Rule } from './judgement.ts';

/** Before names and connections: each single thing that fails on a line that loses packets looks like a fault of its own. */
export const LOSS_RULES: readonly Rule[] = [{ name: 'packets get lost to every host', judge: loss }];

/** A lost SYN is sent again after a second (RFC 6298): a connection that takes longer than this was one. */
const RESENT_MS = 950;
/** Where some host opens within this, a second is no round trip. */
const QUICK_MS = 500;
/** One may be slow by itself: the first packet to a neighbour waits until it is found. */
const RESENT_MIN = 2;
/** One in five, of at least six: what a busy line loses is under one in fifty. */
const LOST_SHARE = 0.2;
const KNOCKS_MIN = 6;

type Knock = { readonly errno: string | undefined; readonly tookMs: number };

function loss(facts: Facts): Judgement | undefined {
  const { speed } = facts;
  // Who asked for speed asked about this, also where every try got through at last.
  const isMeasured = speed !== undefined && speed.lost / speed.count >= LOST_SHARE;
  if (control(facts) === 'fails' || !(isMeasured || (isTimedOut(facts) && !isWorking(facts)))) return undefined;
  const { others, own } = knocksOf(facts);
  const knocks = [...others, ...own];
  const lost = knocks.filter(isLost).length + (speed?.lost ?? 0);
  const all = knocks.length + (speed?.count ?? 0);
  // A filter drops one host always; a line that loses packets drops each host sometimes, and what is sent again gets through.
  const isSometimes = isMixed(speed) || (knocks.filter(isResent).length >= RESENT_MIN && knocks.some(isQuick));
  const isEverywhere = others.some(isLost) || control(facts) === 'reaches';
  if (all < KNOCKS_MIN || lost / all < LOST_SHARE || !isSometimes || !isEverywhere) return undefined;
  const by = [`${lost} of ${all} connections lost packets`];
  return { code: 'wifi-weak', confidence: 'likely', root: 'speed', decidedBy: by };
}

/** Something ran out of time: nothing else that fails is a sign of lost packets. */
function isTimedOut({ names, connect, tls, exchange }: Facts): boolean {
  return (
    exchange?.tries.some(({ finding }) => finding?.evidence.firstEvent === 'our-timer') === true ||
    connect?.tries.some(({ errno }) => errno === 'ETIMEDOUT') === true ||
    tls?.tries.some(({ errno }) => errno === 'ETIMEDOUT') === true ||
    NO_REPLY.has(names?.system.errno ?? '')
  );
}

const NO_REPLY: ReadonlySet<string> = new Set(['ETIMEOUT', 'EAI_AGAIN']);

/** Connections to unrelated hosts and to the target, of the kinds of address that reach anybody: a kind that is dead is another fault. */
function knocksOf({ internet, connect }: Facts): { readonly others: readonly Knock[]; readonly own: readonly Knock[] } {
  const anchors = internet ?? [];
  const isAlive = (family: 4 | 6): boolean =>
    anchors.some((each) => each.family === family && each.errno === undefined);
  const own = connect?.tries ?? [];
  return {
    others: anchors.filter(({ family }) => isAlive(family)),
    own: own.filter(({ ip }) => isAlive(ip.includes(':') ? 6 : 4)),
  };
}

function isResent({ errno, tookMs }: Knock): boolean {
  return errno === undefined && tookMs >= RESENT_MS;
}

function isQuick({ errno, tookMs }: Knock): boolean {
  return errno === undefined && tookMs <= QUICK_MS;
}

function isLost(knock: Knock): boolean {
  return knock.errno === 'ETIMEDOUT' || isResent(knock);
}

function isMixed(speed: Facts['speed']): boolean {
  return speed !== undefined && speed.lost > 0 && speed.lost < speed.count;
}
