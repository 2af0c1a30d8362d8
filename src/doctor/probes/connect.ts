import { addressBytes } from '../../http1/networks.ts';
import { knock } from '../connect-once.ts';
import type { ConnectTry, Facts } from '../facts.ts';
import { hostPort } from '../outside.ts';
import { type Probe, type Scene, skipped } from '../probe.ts';

/** Addresses tried for each side: more prove nothing more. */
const ADDRESSES_MAX = 6;

/** Where the system leads, and where others say that the name leads. */
export function addressesOf(facts: Facts): { readonly system: readonly string[]; readonly others: readonly string[] } {
  const { target, names, control } = facts;
  if (target === undefined) return { system: [], others: [] };
  if (addressBytes(target.host) !== undefined) return { system: [target.host], others: [] };
  const system = names?.system.ips ?? [];
  const known = new Set(system);
  const others = [...(names?.public ?? []), ...(names?.doh ?? [])].flatMap(({ ips }) => ips);
  const elsewhere = [...new Set([...others, ...(control?.addresses ?? [])])].filter((ip) => !known.has(ip));
  return { system: system.slice(0, ADDRESSES_MAX), others: elsewhere.slice(0, ADDRESSES_MAX) };
}

/** Whether each address of the target takes a connection; when none does, whether another usual port of it answers. */
export const connectProbe: Probe = {
  id: 'connect',
  needs: ['names'],
  async look(scene) {
    const { target, facts } = scene;
    const { system, others } = addressesOf(facts);
    if (system.length + others.length === 0) return skipped('No address of the target is known.');
    const state = { isOpen: false };
    const noting = async (look: Promise<ConnectTry>): Promise<ConnectTry> => {
      const each = await look;
      state.isOpen ||= each.isSystem && each.errno === undefined;
      return each;
    };
    const sibling = otherPort(scene, system[0] ?? others[0] ?? '', state);
    const tries = await Promise.all([
      ...system.map((ip) => noting(one(scene, ip, target.port, true))),
      ...others.map((ip) => noting(one(scene, ip, target.port, false))),
    ]);
    const own = tries.filter(({ isSystem }) => isSystem);
    const open = own.filter(({ errno }) => errno === undefined);
    const first = own[0] ?? tries[0];
    const where = first === undefined ? target.host : hostPort(first.ip, target.port);
    return {
      state: open.length === own.length && own.length > 0 ? 'pass' : open.length > 0 ? 'warn' : 'fail',
      sentence:
        open.length > 0
          ? `${open.length} of ${own.length} addresses of the target take connections.`
          : `No connection to ${where} (${first?.errno ?? 'none'}).`,
      adds: { connect: { tries, sibling: open.length > 0 ? undefined : await sibling } },
    };
  },
};

/** A port that opens does so within a round trip; after this long another usual port of the same host is asked beside it. */
const SIBLING_AFTER_MS = 700;
const SIBLING_MS = 1_500;

async function otherPort(
  scene: Scene,
  ip: string,
  state: { readonly isOpen: boolean },
): Promise<ConnectTry | undefined> {
  const { outside, target } = scene;
  if (target.reach !== 'public' || ip === '') return undefined;
  await new Promise<void>((fulfil) => void outside.timers.after(SIBLING_AFTER_MS, fulfil));
  return state.isOpen ? undefined : one({ ...scene, timeMs: SIBLING_MS }, ip, siblingOf(target.port), true);
}

function siblingOf(port: number): number {
  return port === 443 ? 80 : 443;
}

async function one(
  { outside, timeMs, contact }: Scene,
  ip: string,
  port: number,
  isSystem: boolean,
): Promise<ConnectTry> {
  contact(hostPort(ip, port));
  return { ip, port, isSystem, ...(await knock(outside, { ip, port }, Math.min(timeMs, CONNECT_MS))) };
}

/** 2.2 s: a SYN lost once is sent again after 1 s, and a round trip on earth takes 0.3 s. */
const CONNECT_MS = 2_200;
