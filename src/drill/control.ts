import { fieldOf } from '../call/fields.ts';
import type { PeerAddress } from '../world/world.ts';
import { type Answer, type Ask, jsonAnswer, plainAnswer } from './answers/answer.ts';
import { type FaultOrder, formatFault, parseFaultOrder } from './parse-fault.ts';
import type { Upstream } from './upstream.ts';

/** The upstreams that one port controls. */
export type ControlRoom = {
  readonly own: string;
  readonly family: ReadonlyMap<string, Upstream>;
  readonly nowMs: number;
};

/** Requests that are told one by one. */
const LAST = 100;

const TEXT = ['content-type', 'text/plain; charset=utf-8'];
/** `/drill`, `/drill/fault`, and for another of the family `/drill/NAME`, `/drill/NAME/fault`. */
const PATH = /^\/drill(?:\/((?!fault$)[^/]+))?(\/fault)?$/;

/** What browsers send with whatever could change something from another site's page, and proxies with what they pass on for others. */
const FOREIGN = ['origin', 'via', 'forwarded', 'x-forwarded-for'];

/** Faults are set from this machine only, by whoever connects here directly. To all others the path does not exist. */
export function isControl(ask: Ask, peer: PeerAddress): boolean {
  const { ip } = peer;
  const isNear = ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
  return PATH.test(ask.path) && isNear && FOREIGN.every((name) => fieldOf(ask.fields, name) === undefined);
}

/** `PUT /drill/fault` with a fault as its text sets it, `DELETE /drill/fault` heals, `GET /drill` tells the state. */
export function control(ask: Ask, body: Uint8Array, room: ControlRoom): Answer {
  const [, name = room.own, fault] = PATH.exec(ask.path) ?? [];
  const upstream = room.family.get(name);
  if (upstream === undefined)
    return plainAnswer(
      404,
      TEXT,
      `There is no upstream of this name here; known: ${[...room.family.keys()].join(', ')}.\n`,
    );
  if (fault === undefined) {
    if (ask.method === 'GET' || ask.method === 'HEAD') return jsonAnswer(200, [], stateOf(upstream, room.nowMs));
    return plainAnswer(405, [...TEXT, 'allow', 'GET, HEAD'], 'Use GET.\n');
  }
  if (ask.method === 'DELETE') {
    change(upstream, undefined);
    return plainAnswer(200, TEXT, `${name} is healthy.\n`);
  }
  if (ask.method !== 'PUT') return plainAnswer(405, [...TEXT, 'allow', 'PUT, DELETE'], 'Use PUT or DELETE.\n');
  const order = parseFaultOrder(Buffer.from(body).toString('utf8'));
  if (!order.ok) return plainAnswer(400, TEXT, `${order.problem}\n`);
  change(upstream, order.value);
  const { fault: set, share } = order.value;
  return plainAnswer(200, TEXT, `${name} fails: ${formatFault(set)}${share < 1 ? ` share=${share}` : ''}\n`);
}

/** Nobody waits for it: a port that was taken in the meantime stays refused, and `GET /drill` goes on telling of no fault. */
function change(upstream: Upstream, order: FaultOrder | undefined): void {
  void upstream.setFault(order?.fault, { share: order?.share ?? 1 }).catch(() => undefined);
}

/** `nowMs` is of the clock by which requests are told: another process has another one. */
function stateOf(upstream: Upstream, nowMs: number): object {
  const { order } = upstream;
  return {
    name: upstream.name,
    baseUrl: upstream.baseUrl,
    fault: order === undefined ? null : formatFault(order.fault),
    share: order?.share ?? null,
    counters: upstream.counters,
    nowMs,
    last: upstream.records.slice(-LAST),
  };
}
