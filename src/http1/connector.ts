import type { Address, Clock, Net, Timers, Wire, WireFault, WireHearer } from '../world/world.ts';
import { addressText, interleaved } from './addresses.ts';
import { codeOf } from './ending.ts';
import { PhaseClock } from './phase-clock.ts';
import { type Lost, type Race, race } from './race.ts';

/** How addresses are tried. Milliseconds. */
export type ConnectorSettings = {
  /** Connection Attempt Delay of RFC 8305 §5. */
  readonly staggerMs: number;
  /** Addresses tried for one connection. 8: at 250 ms apart they all start within 2 s, inside the usual connect clock. */
  readonly addressesMax: number;
  /** How long the address that won is tried first. RFC 8305 §4 leaves it open; 10 min is the upper bound used by browsers. */
  readonly winnerMs: number;
  /** Winners remembered; 1024 origins are more than any config names. The oldest is forgotten. */
  readonly winnersMax: number;
};

/** RFC 8305 §8 recommends the stagger; the reasons of the others stand at each. */
export const CONNECTOR_DEFAULTS: ConnectorSettings = {
  staggerMs: 250,
  addressesMax: 8,
  winnerMs: 600_000,
  winnersMax: 1024,
};

/** An open TCP connection (or Unix socket) and where it leads. */
export type Reached = { readonly wire: Wire; readonly address: string };

/** Why no address could be reached: the most telling failure, the others in `note`. */
export type Unreached = {
  readonly kind: 'errno' | 'clock';
  readonly errno: string | undefined;
  readonly syscall: string | undefined;
  readonly address: string | undefined;
  readonly note: string | undefined;
  /** How late our own loop was, when our clock ended it. */
  readonly loopLagMs?: number;
};

/** Turns addresses into an open wire. */
export type Connector = {
  /**
   * Connects to the first address that answers, staggered and in parallel. `connectMs` bounds the whole set; 0 is off.
   * Returns what gives up, after which nobody hears anything more.
   */
  reach(
    addresses: readonly Address[],
    connectMs: number,
    reached: (reached: Reached) => void,
    failed: (fault: Unreached) => void,
  ): () => void;
};

// Eight IPv6 addresses with ports and codes stay under it.
const NOTE_LENGTH_MAX = 600;

type AddressFault = { readonly address: string; readonly code: string; readonly syscall: string | undefined };

const SILENT = 1;
const UNROUTABLE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EINVAL']);

/**
 * A refusal tells most (a host answered), then what our own machine or its firewall says, then a missing route, then
 * silence. A machine without IPv6 says so for each IPv6 address: that tells nothing when another address stayed silent.
 */
function telling(fault: AddressFault): number {
  if (fault.code === 'ECONNREFUSED' || fault.code === 'ECONNRESET') return 4;
  if (fault.address.startsWith('[') && (fault.code === 'ENETUNREACH' || fault.code === 'EADDRNOTAVAIL')) return 0;
  if (UNROUTABLE.has(fault.code)) return 2;
  return fault.code === 'ETIMEDOUT' ? SILENT : 3;
}

/** A connector by RFC 8305. Node's own tries addresses one by one and gives up on each after 250 ms, which cuts off far services. */
export function createConnector(
  world: { readonly clock: Clock; readonly timers: Timers; readonly net: Net },
  settings: ConnectorSettings = CONNECTOR_DEFAULTS,
): Connector {
  const winners = new Map<string, { readonly text: string; readonly untilMs: number }>();

  const remember = (key: string, text: string): void => {
    winners.delete(key);
    winners.set(key, { text, untilMs: world.clock.now() + settings.winnerMs });
    if (winners.size <= settings.winnersMax) return;
    for (const oldest of winners.keys()) {
      winners.delete(oldest);
      return;
    }
  };

  const ordered = (addresses: readonly Address[], key: string): Address[] => {
    const list = inTurn(addresses);
    const winner = winners.get(key);
    if (winner !== undefined && winner.untilMs <= world.clock.now()) winners.delete(key);
    else if (winner !== undefined) list.sort((a, b) => rank(a, winner.text) - rank(b, winner.text));
    return list.slice(0, settings.addressesMax);
  };

  return {
    reach(addresses, connectMs, reached, failed) {
      // The set itself is the key: an origin whose addresses change starts afresh.
      const key = addresses.map(addressText).sort().join(' ');
      const list = ordered(addresses, key);
      const first = list[0];
      const clock = new PhaseClock(world, (loopLagMs) => {
        const lost = attempt.cancel();
        const silent = list.filter((address) => !lost.some((one) => one.item === address));
        failed({ ...summary(lost, silent.map(addressText)), loopLagMs });
      });
      clock.watch('connect', connectMs, world.clock.now());

      const attempt: Race<Address, AddressFault> = race(world.timers, {
        items: list,
        staggerMs: () => settings.staggerMs,
        start: (address, win: (wire: Wire) => void, lose: (fault: AddressFault) => void) =>
          connectOne(world.net, address, win, lose),
        won(wire, address) {
          clock.dispose();
          // Only a winner that had to overtake is worth remembering; else the rotation that DNS gives would be lost.
          if (address !== first) remember(key, addressText(address));
          reached({ wire, address: addressText(address) });
        },
        lost(faults) {
          clock.dispose();
          failed(summary(faults, []));
        },
      });
      return () => {
        clock.dispose();
        attempt.cancel();
      };
    },
  };
}

function rank(address: Address, winner: string): number {
  return addressText(address) === winner ? 0 : 1;
}

/** Families alternated; a Unix socket stands alone. */
function inTurn(addresses: readonly Address[]): Address[] {
  const byIp = new Map<string, Address>();
  for (const address of addresses) {
    if ('path' in address) return [address];
    byIp.set(address.ip, address);
  }
  return interleaved([...byIp.keys()]).map((ip) => byIp.get(ip) as Address);
}

function connectOne(
  net: Net,
  address: Address,
  win: (wire: Wire) => void,
  lose: (fault: AddressFault) => void,
): () => void {
  const text = addressText(address);
  let wire: Wire | undefined;
  const hearer: WireHearer = {
    open() {
      if (wire !== undefined) win(wire);
    },
    close(fault: WireFault | undefined) {
      lose({ address: text, code: fault?.code ?? 'ECONNRESET', syscall: fault?.syscall ?? 'connect' });
    },
    data() {},
    end() {},
    drain() {},
  };
  try {
    wire = net.connect(address, hearer);
  } catch (error) {
    // The platform refuses some addresses at once (malformed literals): that is this address's failure, no one else's.
    lose({ address: text, code: codeOf(error), syscall: 'connect' });
    return () => {};
  }
  const opened = wire;
  return () => opened.destroy();
}

/** The most telling failure of the set, with the rest beside it in words. */
function summary(lost: readonly Lost<Address, AddressFault>[], silent: readonly string[]): Unreached {
  const faults = lost.map((one) => one.fault).sort((a, b) => telling(b) - telling(a));
  const best = faults[0];
  const isSilent = best === undefined || (silent.length > 0 && telling(best) <= SILENT);
  const others = isSilent ? faults : faults.slice(1);
  const words = [
    ...others.map((fault) => `${fault.address} ${fault.code}`),
    ...(isSilent ? silent.slice(1) : silent).map((address) => `${address} silent`),
  ];
  return {
    kind: isSilent ? 'clock' : 'errno',
    errno: isSilent ? undefined : best.code,
    syscall: isSilent ? 'connect' : best.syscall,
    address: isSilent ? silent[0] : best.address,
    note: words.length === 0 ? undefined : `also tried ${words.join(', ')}`.slice(0, NOTE_LENGTH_MAX),
  };
}
