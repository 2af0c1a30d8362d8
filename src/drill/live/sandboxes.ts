import type { Address, World } from '../../world/world.ts';
import type { Received } from '../ledger.ts';
import { rawExchange } from '../raw-client.ts';

/** A target of a running gateway, as far as a drill may touch it. */
export type Reached = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `sandbox` can be broken; `loopback` is called and left whole; `real` belongs to somebody, and costs. */
  readonly kind: 'sandbox' | 'loopback' | 'real';
};

/** Requests that a sandbox remembers are fetched so often: it tells the last hundred. */
const LOOK_MS = 300;
const SILENT = { firstMs: 1000, quietMs: 1000 };

/** What the sandboxes received so far, asked for again and again. */
export function watched(world: World, names: readonly string[], sandboxes: ReadonlyMap<string, Reached>) {
  const records = new Map<string, Map<number, Received>>(names.map((name) => [name, new Map()]));
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const [name, target] of sandboxes) {
      const askedMs = world.clock.now();
      const state = await controlled(world, target, 'GET', '/drill', '');
      const { nowMs, last } = { nowMs: askedMs, last: [], ...state };
      // The sandbox tells the time by the clock of its own process, as it is when it is asked; its answer takes a while.
      const aheadMs = nowMs - askedMs;
      for (const each of last as readonly Received[]) {
        const { startMs, endMs } = each;
        const own = { ...each, startMs: startMs - aheadMs, endMs: endMs === undefined ? undefined : endMs - aheadMs };
        records.get(name)?.set(each.serial, own);
      }
    }
  };
  const lookOn = async (): Promise<void> => {
    await look();
    if (!isOver) world.timers.after(LOOK_MS, () => void lookOn());
  };
  void lookOn();
  return {
    stations: async () => {
      await look();
      return names.map((name) => ({ name, received: [...(records.get(name)?.values() ?? [])] }));
    },
    stop: () => {
      isOver = true;
    },
  };
}

/** Strikes a sandbox; what that returns heals it. Of several faults at once the last one counts, until it is over. */
export function striking(world: World): (target: Reached, fault: string) => () => void {
  const standing = new Map<string, readonly { readonly fault: string }[]>();
  return (target, fault) => {
    const own = { fault };
    standing.set(target.name, [...(standing.get(target.name) ?? []), own]);
    void controlled(world, target, 'PUT', '/drill/fault', fault);
    return () => {
      const left = (standing.get(target.name) ?? []).filter((each) => each !== own);
      const last = left.at(-1);
      standing.set(target.name, left);
      void controlled(world, target, last === undefined ? 'DELETE' : 'PUT', '/drill/fault', last?.fault ?? '');
    };
  };
}

/** Asks a sandbox on its own port; undefined when it is none. */
export async function controlled(
  world: World,
  target: Pick<Reached, 'host' | 'port'>,
  method: string,
  path: string,
  body: string,
): Promise<object | undefined> {
  const { host, port } = target;
  const address: Address = { ip: host.endsWith('localhost') ? '127.0.0.1' : host, port };
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`;
  const request = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const { text } = await rawExchange(world, address, request, SILENT);
  if (!text.startsWith('HTTP/1.1 200')) return undefined;
  if (method !== 'GET') return {};
  try {
    const state: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    const isSandbox = typeof state === 'object' && state !== null && 'fault' in state && 'counters' in state;
    return isSandbox ? state : undefined;
  } catch {
    return undefined;
  }
}
