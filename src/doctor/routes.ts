import type { Outside } from './outside.ts';

/** One entry of the routing table. */
export type Route = {
  /** The first address of the network. */
  readonly network: string;
  readonly bits: number;
  readonly interface: string;
  readonly router: string | undefined;
  /** The entry says that there is no way (unreachable, prohibit, blackhole). */
  readonly isReject: boolean;
};

const TOOL_MS = 2_000;
/** 4,096 entries: a machine that runs a full routing table is no person's. */
const ROUTES_MAX = 4_096;
const REJECT = 0x0200;

/** The routing table, or undefined where it cannot be read. Policy tables are not in it: a connected socket tells the true way. */
export async function readRoutes(outside: Outside): Promise<readonly Route[] | undefined> {
  try {
    if (outside.device.platform === 'linux') {
      const [four, six] = await Promise.all([
        outside.files.read('/proc/net/route'),
        outside.files.read('/proc/net/ipv6_route').catch(() => ''),
      ]);
      return [...linuxRoutes(four), ...linuxRoutes6(six)];
    }
    if (outside.device.platform === 'win32')
      return windowsRoutes(await outside.device.run('route', ['print'], TOOL_MS));
    return bsdRoutes(await outside.device.run('netstat', ['-rn'], TOOL_MS));
  } catch {
    return undefined;
  }
}

/** `/proc/net/route`: hexadecimal, least significant byte first. */
export function linuxRoutes(text: string): Route[] {
  return rows(text).flatMap(([name, destination, gateway, flags, , , , mask]) => {
    if (name === undefined || !isHex(destination, 8) || !isHex(gateway, 8) || !isHex(mask, 8)) return [];
    const router = dotted(gateway);
    return [
      {
        network: dotted(destination),
        bits: [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length,
        interface: name,
        router: router === '0.0.0.0' ? undefined : router,
        isReject: (Number.parseInt(flags ?? '0', 16) & REJECT) !== 0,
      },
    ];
  });
}

/** `/proc/net/ipv6_route`: destination, bits, source, bits, next hop, metric, counts, flags, interface. */
export function linuxRoutes6(text: string): Route[] {
  return rows(text).flatMap(([destination, bits, , , hop, , , , flags, name]) => {
    if (!isHex(destination, 32) || !isHex(hop, 32) || !isHex(bits, 2) || name === undefined || name === 'lo') return [];
    const router = grouped(hop);
    return [
      {
        network: grouped(destination),
        bits: Number.parseInt(bits, 16),
        interface: name,
        router: /^[0:]+$/.test(router) ? undefined : router,
        isReject: (Number.parseInt(flags ?? '0', 16) & REJECT) !== 0,
      },
    ];
  });
}

/** `netstat -rn` of macOS and the BSDs. */
export function bsdRoutes(text: string): Route[] {
  return rows(text).flatMap(([destination, gateway, flags, ...rest]) => {
    const name = rest.findLast((word) => /^[a-z]+\d+$/.test(word));
    if (destination === undefined || gateway === undefined || flags === undefined || name === undefined) return [];
    const isDefault = destination === 'default';
    const isSix = gateway.includes(':') && !/^link#/.test(gateway);
    const [network = '', bits = ''] = isDefault ? [isSix ? '::' : '0.0.0.0', '0'] : destination.split('/');
    if (!isDefault && !/^\d+\.\d+\.\d+\.\d+$/.test(network)) return [];
    return [
      {
        network,
        bits: bits === '' ? 32 : Number(bits),
        interface: name,
        router:
          /^[\d.]+$/.test(gateway) || (isSix && gateway.includes('::'))
            ? (gateway.split('%')[0] ?? gateway)
            : undefined,
        isReject: flags.includes('R') || flags.includes('B'),
      },
    ];
  });
}

/** `route print` of Windows: only the numbers are read, since the words are translated. */
export function windowsRoutes(text: string): Route[] {
  return rows(text).flatMap(([destination = '', mask = '', gateway = '', own = '']) => {
    if (![destination, mask, own].every((word) => /^\d+\.\d+\.\d+\.\d+$/.test(word))) return [];
    const bits = mask
      .split('.')
      .map((octet) => [...Number(octet).toString(2)].filter((bit) => bit === '1').length)
      .reduce((sum, each) => sum + each, 0);
    return [
      {
        network: destination,
        bits,
        interface: own,
        router: /^\d+\./.test(gateway) ? gateway : undefined,
        isReject: false,
      },
    ];
  });
}

function rows(text: string): string[][] {
  return text
    .split('\n')
    .slice(0, ROUTES_MAX)
    .map((line) => line.trim().split(/\s+/));
}

function isHex(text: string | undefined, digits: number): text is string {
  return text !== undefined && text.length === digits && /^[0-9A-Fa-f]+$/.test(text);
}

function dotted(hex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function grouped(hex: string): string {
  return Array.from({ length: 8 }, (_, at) => Number.parseInt(hex.slice(at * 4, at * 4 + 4), 16).toString(16)).join(
    ':',
  );
}
